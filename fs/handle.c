#include "handle.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	uint64_t ino;
	mode_t type;
};

struct handle *handle_new(enum row_write write) {
	struct handle *handle = calloc(1, sizeof *handle);
	if (handle)
		handle->write = write;
	return handle;
}

void handle_free(struct handle *handle) {
	if (!handle)
		return;
	if (handle->bytes.data)
		explicit_bzero(handle->bytes.data, handle->bytes.cap); /* credentials are files too */
	buffer_free(&handle->bytes);
	free(handle);
}

void handle_add_entry(struct handle *handle, const char *name, uint64_t ino, mode_t type) {
	struct entry entry = {.ino = ino, .type = type};
	buffer_append(&handle->bytes, &entry, sizeof entry);
	buffer_append(&handle->bytes, name, strlen(name) + 1);
}

bool handle_entry(const struct handle *handle, size_t offset, const char **ret_name, uint64_t *ret_ino, mode_t *ret_type, size_t *ret_next) {
	struct entry entry;
	if (offset >= handle->bytes.len)
		return false;
	memcpy(&entry, handle->bytes.data + offset, sizeof entry); /* records are packed, not aligned */
	const char *name = handle->bytes.data + offset + sizeof entry;
	*ret_name = name;
	*ret_ino = entry.ino;
	*ret_type = entry.type;
	*ret_next = offset + sizeof entry + strlen(name) + 1;
	return true;
}
