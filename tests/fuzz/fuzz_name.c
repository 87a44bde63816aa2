/* Any bytes as a server's name, and as a file name: there and back is the same, and one file name is one name. */
#include "../../fs/name.h"
#include "fuzz.h"

static void check_server_name(const char *name, size_t len) {
	char file[NAME_SIZE];
	char back[NAME_SIZE];
	name_escape(name, len, file);
	size_t file_len = strlen(file);
	require(file_len > 0 && file_len < NAME_SIZE && *file != '.' && !strchr(file, '/'));
	bool cut = strstr(file, "%~") != NULL;
	bool nul = memchr(name, 0, len) != NULL;
	require(name_unescape(file, back, sizeof(back)) == (!cut && !nul));
	require(cut || nul || (strlen(back) == len && memcmp(back, name, len) == 0));
}

static void check_file_name(const char *file) {
	char name[NAME_SIZE];
	char again[NAME_SIZE];
	if (!name_unescape(file, name, sizeof(name)))
		return;
	name_escape(name, strlen(name), again);
	require(strcmp(again, file) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = (const char *)data;
	check_server_name(text ? text : "", size);
	char *file = malloc(size + 1);
	if (!file)
		return 0;
	if (size > 0)
		memcpy(file, text, size);
	file[size] = '\0';
	check_file_name(file);
	free(file);
	return 0;
}
