#include "ledger.h"

#include <stdlib.h>

void ledger_add(struct ledger *ledger, const struct ledger_entry *entry) {
	if (!ledger->entries)
		ledger->entries = calloc(LEDGER_MAX, sizeof *ledger->entries);
	ledger->last++;
	if (!ledger->entries)
		return;
	struct ledger_entry *slot = &ledger->entries[ledger->last % LEDGER_MAX];
	*slot = *entry;
	slot->serial = ledger->last;
}

static void entry_write(const struct ledger_entry *entry, struct json *json) {
	json_open(json, NULL, '{');
	json_integer(json, "serial", (int64_t)entry->serial);
	json_integer(json, "arrived_ms", entry->arrived_ms);
	json_integer(json, "ended_ms", entry->ended_ms);
	json_string(json, "operation", entry->operation);
	json_string(json, "name", *entry->name ? entry->name : NULL);
	json_string(json, "id", *entry->id ? entry->id : NULL);
	if (entry->replicas)
		json_integer(json, "replicas", entry->replicas);
	json_integer(json, "status", entry->status);
	json_boolean(json, "carried", entry->carried);
	json_close(json, '}');
}

void ledger_write(const struct ledger *ledger, uint64_t after, struct json *json) {
	uint64_t first = ledger->last < LEDGER_MAX ? 1 : ledger->last - LEDGER_MAX + 1;
	json_open(json, NULL, '[');
	for (uint64_t serial = after >= first ? after + 1 : first; ledger->entries && serial <= ledger->last; serial++)
		if (ledger->entries[serial % LEDGER_MAX].serial == serial)
			entry_write(&ledger->entries[serial % LEDGER_MAX], json);
	json_close(json, ']');
}

void ledger_clear(struct ledger *ledger) {
	free(ledger->entries);
	*ledger = (struct ledger){.last = ledger->last};
}
