/*
 * Any JSON as a resource, of the kind that the first byte chooses: its whole directory is walked and read.
 *
 * Each name in it can be looked up, stands once, and is as long as it says; what is JSON by its name is JSON.
 */
#include "../../api/scope.h"
#include "fuzz.h"
#include "play.h"

#include <fcntl.h>
#include <stdio.h>

enum { DEPTH_MAX = 6, NAMES_MAX = 512 };

static const char *const dirs[] = {RUNTIMES_DIR, MODELS_DIR, TEMPLATES_DIR, "templates", "inventory/r", "catalog"};
static char *list_text, *item_text;
static bool priced; /* by an inventory that answers well: else costs cannot be looked up */

static const char *answer_of(const struct api_call *call) {
	if (priced && !strcmp(call->path, kinds[KIND_INVENTORY].docs[DOC_LIST].path))
		return "{\"data\":[]}";
	bool list = call->list || strstr(call->path, "/notify-availability");
	return list ? list_text : item_text;
}

static fuse_req_t settled(struct stage *stage, fuse_req_t req) {
	require(play_settle(stage, req, answer_of));
	return req;
}

static void check_file(struct stage *stage, const char *name, const struct fuse_entry_param *entry) {
	fuse_req_t opened = settled(stage, stage_open_file(stage, entry->ino, O_RDONLY));
	if (opened->answer != ANSWER_OPEN) {
		require(opened->code > 0);
		return;
	}
	fuse_req_t read = stage_read(stage, opened, 1 << 20, 0);
	require(read->answer == ANSWER_BUF && read->len == (size_t)entry->attr.st_size);
	size_t name_len = strlen(name);
	bool json = name_len > 5 && !strcmp(name + name_len - 5, ".json") && S_ISREG(entry->attr.st_mode);
	if (json && read->len && strcmp(name, "spec.schema.json") != 0) {
		require(read->data[read->len - 1] == '\n');
		require(json_scan(read->data, read->len, NULL, NULL) == JSON_OK);
	}
	kernel_release(opened);
}

static void check_dir(struct stage *stage, fuse_ino_t ino, int depth) {
	fuse_req_t opened = settled(stage, stage_opendir(stage, ino));
	if (opened->answer != ANSWER_OPEN) {
		require(opened->code > 0);
		return;
	}
	struct dirent_seen seen = {0};
	char *names[NAMES_MAX];
	size_t count = 0;
	for (size_t before = SIZE_MAX; before != count && count < NAMES_MAX;) {
		fuse_req_t read = stage_readdir(stage, opened, 4096, seen.next);
		before = count;
		for (size_t at = 0; count < NAMES_MAX && dirent_next(read, &at, &seen);)
			if (strcmp(seen.name, ".") != 0 && strcmp(seen.name, "..") != 0)
				names[count++] = bytes_copy(seen.name, strlen(seen.name), true);
	}
	kernel_release(opened);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i && count < 64; j++)
			require(strcmp(names[i], names[j]) != 0);
		fuse_req_t lookup = settled(stage, stage_lookup(stage, ino, names[i]));
		require(lookup->answer == ANSWER_ENTRY);
		mode_t mode = lookup->attr.st_mode;
		if (S_ISDIR(mode) && depth < DEPTH_MAX)
			check_dir(stage, lookup->entry.ino, depth + 1);
		else if (S_ISLNK(mode))
			require(settled(stage, stage_readlink(stage, lookup->entry.ino))->answer == ANSWER_READLINK);
		else if (S_ISREG(mode))
			check_file(stage, names[i], &lookup->entry);
	}
	for (size_t i = 0; i < count; i++)
		free(names[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct stage stage;
	struct json root;
	if (size < 3)
		return 0;
	play_init();
	SCOPED(scope_free) char *text = bytes_copy((const char *)data + 1, size - 1, true);
	if (strlen(text) != size - 1 || json_scan(text, size - 1, &root, NULL) != JSON_OK || root.type != JSON_OBJECT)
		return 0;
	SCOPED(buffer_free) struct buffer list = {0};
	buffer_printf(&list, "{\"data\":[%s]}", text);
	list_text = list.data;
	item_text = text;
	if (json_scan(list.data, list.len, NULL, NULL) != JSON_OK) /* one level deeper */
		return 0;
	stage_begin(&stage);
	char path[64];
	fuse_ino_t ino = FUSE_ROOT_ID;
	bool there = true;
	snprintf(path, sizeof(path), "%s", dirs[data[0] % (sizeof(dirs) / sizeof(*dirs))]);
	priced = strncmp(path, "inventory", strlen("inventory")) != 0;
	for (char *name = strtok(path, "/"); there && name; name = strtok(NULL, "/")) {
		fuse_req_t lookup = settled(&stage, stage_lookup(&stage, ino, name));
		there = lookup->answer == ANSWER_ENTRY;
		ino = there ? lookup->entry.ino : ino;
	}
	if (there)
		check_dir(&stage, ino, 0);
	play_close(&stage);
	return 0;
}
