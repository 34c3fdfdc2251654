/* SPDX-License-Identifier: MIT */
#include "tests/support/store_fixture.h"

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void
store_directory_make(struct store_directory *directory)
{
	const char *parent = getenv("TMPDIR");

	(void)snprintf(directory->path, sizeof(directory->path),
		       "%s/baton-store-XXXXXX",
		       parent == NULL ? "/tmp" : parent);
	assert_non_null(mkdtemp(directory->path));
}

void
store_directory_file(const struct store_directory *directory, const char *name,
		     char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/%s", directory->path, name);
}

void
store_directory_remove(const struct store_directory *directory)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	dir = opendir(directory->path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%.63s", directory->path,
			       entry->d_name);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(rmdir(directory->path), 0);
}

struct store *
store_directory_open(const struct store_directory *directory)
{
	struct store_options options = {.directory = directory->path};
	struct baton_error error;
	struct store *store;

	if (store_open_sqlite(&options, &store, &error) != BATON_OK)
		fail_msg("%s", error.text);
	return store;
}

void
store_draft_fill(struct store_draft *draft, uint64_t number, uint64_t child)
{
	struct store_event *event = &draft->event;
	size_t i;

	memset(draft, 0, sizeof(*draft));
	(void)snprintf(draft->id, sizeof(draft->id), "event-%010" PRIu64,
		       number);
	for (i = 0; i < 64; i++)
		draft->body[i] = (uint8_t)(number >> (8 * (i % 8)));
	event->partner = "trust";
	event->source = "/ods/RZZ";
	event->id = draft->id;
	event->family = CONTRACT_FAMILY_MIN;
	event->action = 1;
	event->occurred_at_ms = 1700000000000 + (int64_t)number;
	event->accepted_at_ms = 1700000001000 + (int64_t)number;
	event->event.data = draft->body;
	event->event.len = 64;
	event->child_keys =
		(const char(*)[CONTRACT_CHILD_KEY_BYTES])draft->keys;
	(void)snprintf(draft->keys[0], sizeof(draft->keys[0]),
		       "local:/ods/RZZ:C%06" PRIu64, child);
	event->child_keys_count = 1;
}

void
store_draft_add_key(struct store_draft *draft, const char *key)
{
	assert_true(draft->event.child_keys_count < STORE_DRAFT_KEYS);
	(void)snprintf(draft->keys[draft->event.child_keys_count++],
		       CONTRACT_CHILD_KEY_BYTES, "%s", key);
}

uint64_t
store_draft_append(struct store *store, const struct store_draft *draft)
{
	struct store_appended appended = {.record = NULL};
	struct baton_error error;

	if (store_begin(store, &error) != BATON_OK ||
	    store_append(store, &draft->event, &appended, &error) != BATON_OK ||
	    store_commit(store, &error) != BATON_OK)
		fail_msg("%s", error.text);
	assert_int_equal(appended.outcome, STORE_ACCEPTED);
	record_unref(appended.record);
	return appended.sequence;
}

uint64_t
store_append_numbered(struct store *store, uint64_t number, uint64_t child)
{
	struct store_draft draft;

	store_draft_fill(&draft, number, child);
	return store_draft_append(store, &draft);
}
