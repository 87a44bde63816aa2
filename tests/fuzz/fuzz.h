/*
 * What the targets share: conditions that must hold, and the input read as choices.
 *
 * An input that is read to its end goes on as zeros: each input is a whole run.
 */
#ifndef NEEVFS_TESTS_FUZZ_H
#define NEEVFS_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool holds) {
	if (!holds)
		abort();
}

struct input {
	const uint8_t *at; /* lent */
	size_t left;
};

static inline unsigned input_byte(struct input *input) {
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

/* Up to `most` bytes, as many as the next byte says. */
static inline const char *input_bytes(struct input *input, size_t most, size_t *ret_len) {
	size_t len = input_byte(input);
	len = len > most ? most : len;
	len = len > input->left ? input->left : len;
	const char *at = (const char *)input->at;
	input->at += len;
	input->left -= len;
	*ret_len = len;
	return len ? at : "";
}

/* A copy of exactly so many bytes, or with a NUL behind them: reading past it is seen. To be freed. */
static inline char *bytes_copy(const char *data, size_t len, bool nul) {
	char *copy = malloc(len + (nul || !len));
	require(copy != NULL);
	if (len)
		memcpy(copy, data, len);
	if (nul)
		copy[len] = '\0';
	return copy;
}

#endif
