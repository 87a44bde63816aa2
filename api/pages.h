/*
 * The pages of a list, as the API answered them. A page belongs to all who hold it, and nobody changes it: a list that
 * is fetched again has in common with the one before what did not change.
 */
#ifndef NEEVFS_API_PAGES_H
#define NEEVFS_API_PAGES_H

#include "json.h"

struct api_page {
	char *body;
	size_t body_len;
	struct json root;
	struct json items; /* as api_page_items() finds them, which reads all of the page */
	size_t count;      /* of items */
	unsigned holders;
};

struct api_pages {
	struct api_page **pages; /* in order, each held */
	size_t count;
	unsigned age_s;   /* of the oldest when it came (struct api_response) */
	unsigned apart_s; /* between the first and the last that was made, by the API's clock; 0 if it does not say */
};

/* A page with one holder. Takes over `body`, a text of `root` and nothing else, in any case. NULL without memory. */
struct api_page *api_page_new(char *body, size_t body_len, struct json root);
struct api_page *api_page_hold(struct api_page *page);
void api_page_release(struct api_page *page); /* takes NULL */

/* Whether the page is byte for byte that text. */
bool api_page_is(const struct api_page *page, const char *body, size_t body_len);

void api_pages_free(struct api_pages *pages); /* takes NULL */

/* Whether both have the very same pages. */
bool api_pages_same(const struct api_pages *a, const struct api_pages *b);

/* The array of a list's page: under `data`, under `items`, or the page itself. JSON_ABSENT if there is none. */
struct json api_page_items(struct json root);

#endif
