#include "requests.h"

#include "cell.h"
#include "moment.h"
#include "stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct requests {
	char *rows[REQUESTS_MAX]; /* NULL: none yet, or lost */
	size_t next;
};

int requests_new(struct requests **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void requests_free(struct requests *requests) {
	if (!requests)
		return;
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		free(requests->rows[i]);
	free(requests);
}

/* What others have written. */
static void field_add(struct buffer *out, const char *text, char separator) {
	size_t len = text ? strlen(text) : 0;
	buffer_byte(out, separator);
	cell_add(out, text, len < REQUEST_FIELD_MAX ? len : REQUEST_FIELD_MAX, separator == ' ');
}

void request_fields(const struct api_exchange *exchange, char separator, struct buffer *out) {
	static const char *const methods[] = {
		[API_GET] = "GET", [API_POST] = "POST", [API_PUT] = "PUT", [API_DELETE] = "DELETE"};
	static const struct cause nobody;
	const struct cause *cause = exchange->tag ? exchange->tag : &nobody;
	int code = stats_code(exchange);
	buffer_add(out, methods[exchange->method]);
	field_add(out, exchange->path, separator);
	if (code < 0)
		buffer_printf(out, "%c%s", separator, error_name(-code));
	else
		buffer_printf(out, "%c%d", separator, code);
	buffer_printf(out, "%c%u%c%" PRIu64, separator, exchange->ms, separator, exchange->received);
	field_add(out, exchange->request_id, separator);
	buffer_printf(out, "%c%u", separator, exchange->attempt + cause->attempts);
	if (cause->pid)
		buffer_printf(out, "%c%d", separator, (int)cause->pid);
	else
		field_add(out, NULL, separator);
	field_add(out, cause->command, separator);
	field_add(out, cause->operation, separator);
	field_add(out, cause->path.error ? NULL : cause->path.data, separator);
}

void requests_add(struct requests *requests, time_t when, const struct api_exchange *exchange) {
	struct buffer row = {0};
	char time[MOMENT_SIZE];
	moment_show(when, time);
	buffer_printf(&row, "%s\t", time);
	request_fields(exchange, '\t', &row);
	buffer_byte(&row, '\n');
	if (row.error) { /* half of it would be another row */
		buffer_free(&row);
		return;
	}
	char *fitting = realloc(row.data, row.len + 1);
	char **place = &requests->rows[requests->next];
	requests->next = (requests->next + 1) % REQUESTS_MAX;
	free(*place);
	*place = fitting ? fitting : row.data;
}

void requests_show(const struct requests *requests, struct buffer *out) {
	buffer_add(out,
		"time\tmethod\trequest\tstatus\tms\tbytes\tx-request-id\tattempt\tpid\tcommand\toperation\tpath\n");
	for (size_t i = 0; i < REQUESTS_MAX; i++) {
		const char *row = requests->rows[(requests->next + i) % REQUESTS_MAX];
		if (row)
			buffer_add(out, row);
	}
}
