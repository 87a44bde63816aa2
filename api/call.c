#include "call.h"

void call_push(struct call_queue *queue, struct api_call *call) {
	call->queue = queue;
	call->next = NULL;
	call->prev = queue->last;
	*(queue->last ? &queue->last->next : &queue->first) = call;
	queue->last = call;
	queue->count++;
}

void call_push_front(struct call_queue *queue, struct api_call *call) {
	call->queue = queue;
	call->prev = NULL;
	call->next = queue->first;
	*(queue->first ? &queue->first->prev : &queue->last) = call;
	queue->first = call;
	queue->count++;
}

void call_remove(struct api_call *call) {
	struct call_queue *queue = call->queue;

	if (!queue)
		return;
	*(call->prev ? &call->prev->next : &queue->first) = call->next;
	*(call->next ? &call->next->prev : &queue->last) = call->prev;
	queue->count--;
	call->next = call->prev = NULL;
	call->queue = NULL;
}
