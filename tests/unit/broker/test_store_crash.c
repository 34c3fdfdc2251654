/* SPDX-License-Identifier: MIT */
/* The journal under a process that is killed, and under many events. */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/store_fixture.h"

#include <cmocka.h>

#define CYCLES 25

static uint64_t
last_sequence(struct store_reader *reader)
{
	struct store_figures figures;

	assert_int_equal(store_read_figures(reader, &figures, NULL), BATON_OK);
	return figures.last_sequence;
}

/* The child: appends events numbered as their sequences, 5 in a transaction,
 * and says which are committed until it is killed. No assertions here. */
static void
append_until_killed(const struct store_directory *directory, int acknowledge)
{
	struct store_options options = {.directory = directory->path};
	struct store_appended appended = {.sequence = 0};
	struct store_figures figures;
	struct store_reader *reader;
	struct store_draft draft;
	struct store *store;
	uint64_t number;
	int i;

	if (store_open_sqlite(&options, &store, NULL) != BATON_OK ||
	    store_reader_new(store, &reader, NULL) != BATON_OK ||
	    store_read_figures(reader, &figures, NULL) != BATON_OK)
		_exit(1);
	number = figures.last_sequence;
	for (;;) {
		if (store_begin(store, NULL) != BATON_OK)
			_exit(2);
		for (i = 0; i < 5; i++) {
			number++;
			store_draft_fill(&draft, number, number % 11);
			if (store_append(store, &draft.event, &appended,
					 NULL) != BATON_OK)
				_exit(3);
			record_unref(appended.record);
		}
		if (store_commit(store, NULL) != BATON_OK ||
		    store_checkpoint(store, NULL) != BATON_OK)
			_exit(4);
		if (write(acknowledge, &appended.sequence,
			  sizeof(appended.sequence)) !=
		    sizeof(appended.sequence))
			_exit(5);
	}
}

/* Runs the child until it has acknowledged `wanted` transactions, kills it
 * wherever it is then; returns the last sequence it acknowledged. */
static uint64_t
run_and_kill(const struct store_directory *directory, unsigned wanted)
{
	uint64_t acknowledged = 0;
	unsigned count = 0;
	int ends[2];
	int status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(ends[0]);
		append_until_killed(directory, ends[1]);
	}
	assert_int_equal(close(ends[1]), 0);
	while (read(ends[0], &acknowledged, sizeof(acknowledged)) ==
	       sizeof(acknowledged)) {
		if (++count == wanted)
			assert_int_equal(kill(pid, SIGKILL), 0);
	}
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return acknowledged;
}

/* Every record up to last is there, whole, with the id it was given. */
static void
assert_whole(struct store_reader *reader, uint64_t from, uint64_t last)
{
	struct store_range range = {
		.after = from, .max_records = 64, .max_bytes = SIZE_MAX};
	const struct record *records[64];
	char id[BATON_EVENT_ID_MAX + 1];
	size_t count;
	size_t i;

	while (range.after < last) {
		assert_int_equal(
			store_read(reader, &range, records, &count, NULL),
			BATON_OK);
		assert_true(count > 0);
		for (i = 0; i < count; i++) {
			assert_int_equal(records[i]->sequence, ++range.after);
			(void)snprintf(id, sizeof(id), "event-%010" PRIu64,
				       range.after);
			assert_string_equal(records[i]->id, id);
			record_unref(records[i]);
		}
	}
}

static void
store_keeps_what_was_acknowledged_when_killed(void **state)
{
	struct store_directory directory;
	struct store_reader *reader;
	uint64_t acknowledged;
	struct store *store;
	uint64_t checked = 0;
	unsigned cycle;

	(void)state;
	store_directory_make(&directory);
	for (cycle = 0; cycle < CYCLES; cycle++) {
		acknowledged = run_and_kill(&directory, 1 + cycle * 3 % 17);
		store = store_directory_open(&directory);
		assert_int_equal(store_reader_new(store, &reader, NULL),
				 BATON_OK);
		assert_true(last_sequence(reader) >= acknowledged);
		/* A transaction is there as a whole or not at all. */
		assert_int_equal(last_sequence(reader) % 5, 0);
		assert_whole(reader, checked, last_sequence(reader));
		checked = last_sequence(reader);
		store_reader_free(reader);
		store_free(store);
	}
	store_directory_remove(&directory);
}

#define MANY 100000
#define CHILDREN 5000
#define BATCH 500
#define MEMORY_BYTES ((sqlite3_int64)48 << 20)
#define LOG_BYTES ((off_t)32 << 20)

static void
append_many(struct store *store)
{
	struct store_appended appended;
	struct store_draft draft;
	uint64_t i;

	for (i = 1; i <= MANY; i++) {
		if (i % BATCH == 1)
			assert_int_equal(store_begin(store, NULL), BATON_OK);
		/* Spread, so that one child's events are far apart. */
		store_draft_fill(&draft, i, i * 7919 % CHILDREN);
		assert_int_equal(
			store_append(store, &draft.event, &appended, NULL),
			BATON_OK);
		record_unref(appended.record);
		if (i % BATCH == 0) {
			assert_int_equal(store_commit(store, NULL), BATON_OK);
			assert_int_equal(store_checkpoint(store, NULL),
					 BATON_OK);
		}
	}
}

/* Reads one child's events; returns how many. */
static size_t
count_child(struct store_reader *reader, const char *key)
{
	struct store_range range = {.max_records = 64, .max_bytes = SIZE_MAX};
	struct store_head heads[64];
	size_t count;

	assert_int_equal(store_find_child(reader, key, &range.child, NULL),
			 BATON_OK);
	assert_int_equal(store_read_heads(reader, &range, heads, &count, NULL),
			 BATON_OK);
	return count;
}

static void
store_holds_many_events_in_bounded_memory_and_log(void **state)
{
	struct store_directory directory;
	struct store_figures figures;
	struct store_reader *reader;
	struct store *store;
	struct stat status;
	char log[PATH_MAX];

	(void)state;
	store_directory_make(&directory);
	store = store_directory_open(&directory);
	assert_int_equal(store_reader_new(store, &reader, NULL), BATON_OK);
	append_many(store);
	assert_int_equal(store_read_figures(reader, &figures, NULL), BATON_OK);
	assert_int_equal(figures.events, MANY);
	assert_int_equal(figures.children, CHILDREN);
	store_directory_file(&directory, "journal.db-wal", log);
	assert_int_equal(stat(log, &status), 0);
	assert_true(status.st_size < LOG_BYTES);
	assert_int_equal(count_child(reader, "local:/ods/RZZ:C004321"),
			 MANY / CHILDREN);
	assert_true(sqlite3_memory_highwater(0) < MEMORY_BYTES);
	store_reader_free(reader);
	store_free(store);
	store_directory_remove(&directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(store_keeps_what_was_acknowledged_when_killed),
		cmocka_unit_test(
			store_holds_many_events_in_bounded_memory_and_log),
	};

	return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
