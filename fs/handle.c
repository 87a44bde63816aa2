#include "handle.h"

#include "list.h"

#include <stdlib.h>
#include <string.h>

/* Without a gap, whose bytes nobody sets: what is listed is told apart by all bytes. */
struct entry {
	uint64_t ino, type;
};

struct handle *handle_new(struct handle **all, enum row_write write) {
	struct handle *handle = calloc(1, sizeof *handle);
	if (!handle)
		return NULL;
	*handle = (struct handle){.write = write, .next = *all, .link = all};
	if (handle->next)
		handle->next->link = &handle->next;
	*all = handle;
	return handle;
}

struct handle *handle_of_scratch(struct handle **all, struct scratch *scratch) {
	struct handle *handle = handle_new(all, WRITE_NEVER);
	if (handle)
		handle->scratch = scratch_hold(scratch);
	return handle;
}

void handle_free(struct handle *handle) {
	if (!handle)
		return;
	if (handle->bytes.data)
		explicit_bzero(handle->bytes.data, handle->bytes.cap); /* credentials are files too */
	*handle->link = handle->next;
	if (handle->next)
		handle->next->link = handle->link;
	scratch_release(handle->scratch);
	watch_unfollow(&handle->follower);
	list_release(handle->list);
	if (handle->pinned)
		handle->pinned->pins--;
	buffer_free(&handle->bytes);
	buffer_free(&handle->starts);
	free(handle);
}

int handle_settle(struct handle *handle, int outcome, bool sent) {
	if (!handle)
		return outcome;
	handle->settled = true;
	handle->sent |= sent;
	handle->outcome = outcome;
	return outcome;
}

void handle_add_entry(struct handle *handle, const char *name, uint64_t ino, mode_t type) {
	struct entry entry = {.ino = ino, .type = type};
	size_t start = handle->bytes.len;
	buffer_append(&handle->bytes, &entry, sizeof entry);
	buffer_append(&handle->bytes, name, strlen(name) + 1);
	if (handle->bytes.error) /* an entry that is half there has no start */
		return;
	buffer_append(&handle->starts, &start, sizeof start);
	handle->bytes.error = handle->starts.error;
}

size_t handle_entries(const struct handle *handle) {
	return handle->starts.len / sizeof(size_t);
}

bool handle_entry(
	const struct handle *handle, size_t index, const char **ret_name, uint64_t *ret_ino, mode_t *ret_type) {
	struct entry entry;
	size_t start;
	if (index >= handle_entries(handle))
		return false;
	memcpy(&start, handle->starts.data + index * sizeof start, sizeof start);
	memcpy(&entry, handle->bytes.data + start, sizeof entry); /* records are packed, not aligned */
	*ret_name = handle->bytes.data + start + sizeof entry;
	*ret_ino = entry.ino;
	*ret_type = (mode_t)entry.type;
	return true;
}
