#include "dump.h"

#include "../api/scope.h"
#include "kept.h"
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_WORK = 256 /* bytes: what a line takes beside the text of its entry */ };

static const char head[] = "[\n", tail[] = "]\n";

/* The line of an item: all but the last end with a comma. */
static void line_add(const struct list *list, size_t index, struct buffer *out) {
	json_line(list->items[index].json, out);
	buffer_add(out, index + 1 < list->count ? ",\n" : "\n");
}

int dump_open(const struct view *view, struct demand *demand, const struct list **ret) {
	const struct list *list;
	SCOPED(buffer_free) struct buffer line = {0};
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	if (rc)
		return rc;
	struct list_made *made = &list->self->made;
	if (!made->ends)
		made->ends = malloc((list->count ? list->count : 1) * sizeof *made->ends);
	if (!made->ends)
		return -ENOMEM;
	for (; made->ended < list->count; made->ended++) {
		if (!fs_work(view->fs, list->items[made->ended].json.len + LINE_WORK))
			return demand_work(demand);
		buffer_clear(&line);
		line_add(list, made->ended, &line);
		if (line.error)
			return line.error;
		made->ends[made->ended] = (made->ended ? made->ends[made->ended - 1] : strlen(head)) + line.len;
	}
	*ret = list;
	return 0;
}

size_t dump_size(const struct list *list) {
	return (list->count ? list->made.ends[list->count - 1] : strlen(head)) + strlen(tail);
}

uint64_t dump_text(const struct list *list) {
	/* The key is random: no other list at this address has it. */
	const uint64_t parts[] = {(uintptr_t)list, list->key[0], list->key[1], dump_size(list)};
	return kept_text((const char *)parts, sizeof parts);
}

/* The first item whose line ends behind the offset. */
static size_t item_at(const struct list *list, size_t offset) {
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->made.ends[middle] > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void dump_read(const struct list *list, size_t offset, size_t size, struct buffer *out) {
	SCOPED(buffer_free) struct buffer text = {0};
	size_t index = item_at(list, offset), from = index ? list->made.ends[index - 1] : 0;
	size_t end = dump_size(list);
	if (offset >= end)
		return;
	size = size < end - offset ? size : end - offset;
	if (!index)
		buffer_add(&text, head);
	while (index < list->count && from + text.len < offset + size && !text.error)
		line_add(list, index++, &text);
	if (index == list->count)
		buffer_add(&text, tail);
	if (text.error)
		out->error = text.error;
	else
		buffer_append(out, text.data + (offset - from), size);
}
