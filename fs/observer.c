#include "observer.h"

#include "../api/scope.h"
#include "log.h"
#include "requests.h"
#include "stats.h"
#include "status.h"

#include <string.h>
#include <syslog.h>

/* One line: what was done, then the fields of .neevfs/requests but the time. */
static void exchange_log(const struct api_exchange *exchange) {
	const struct cause *cause = exchange->tag;
	static const char *const changes[CAUSES] = {[CAUSE_CREATE] = "create",
		[CAUSE_SCALE] = "scale",
		[CAUSE_DELETE] = "delete",
		[CAUSE_NOTIFY] = "notify"};
	int level = cause_changes(cause) ? LOG_INFO : LOG_DEBUG;
	SCOPED(buffer_free) struct buffer line = {0};
	if (!log_wants(level))
		return;
	if (cause_changes(cause))
		buffer_printf(&line, "%s sent: ", changes[cause->what]);
	else
		buffer_add(&line, "request: ");
	request_fields(exchange, ' ', &line);
	if (!line.error)
		log_safe(level, line.data);
}

static void observe_exchange(void *user, const struct api_exchange *exchange) {
	const struct fs *fs = user;
	stats_exchange(fs->stats, exchange, fs->now);
	requests_add(fs->requests, fs->now, exchange);
	exchange_log(exchange);
}

static void observe_service(void *user, enum api_service service, const struct error *down) {
	const struct fs *fs = user;
	fs->stats->services[service].down = down ? fs->now : 0;
	if (down)
		log_write(LOG_WARNING, "service %s is down: %s", service_names[service], down->message);
	else
		log_write(LOG_WARNING, "service %s is back", service_names[service]);
}

struct api_observer observer_of(struct fs *fs) {
	return (struct api_observer){.exchange = observe_exchange, .service = observe_service, .user = fs};
}
