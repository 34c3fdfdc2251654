/* SPDX-License-Identifier: MIT */
/* The journal's file: who may open it, what is refused, how it is migrated. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/store_sqlite.h"
#include "tests/support/store_fixture.h"

#include <cmocka.h>

struct fixture {
	struct store_directory directory;
	char database[PATH_MAX];
	struct baton_error error;
};

static struct fixture the_fixture;

static int
setup(void **state)
{
	store_directory_make(&the_fixture.directory);
	store_directory_file(&the_fixture.directory, "journal.db",
			     the_fixture.database);
	*state = &the_fixture;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	store_directory_remove(&fixture->directory);
	return 0;
}

static baton_err
try_open(struct fixture *fixture)
{
	struct store_options options = {.directory = fixture->directory.path};
	struct store *store;
	baton_err err;

	memset(&fixture->error, 0, sizeof(fixture->error));
	err = store_open_sqlite(&options, &store, &fixture->error);
	store_free(store);
	return err;
}

static void
assert_says(const struct fixture *fixture, const char *words)
{
	if (strstr(fixture->error.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, fixture->error.text);
}

/* Runs SQL on the closed journal, as somebody with the file could. */
static void
tamper(const struct fixture *fixture, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fixture->database, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* One whole number out of the closed journal. */
static sqlite3_int64
look_up(const struct fixture *fixture, const char *sql)
{
	sqlite3_stmt *statement;
	sqlite3_int64 value;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fixture->database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return value;
}

static void
fill(struct fixture *fixture, uint64_t events)
{
	struct store *store = store_directory_open(&fixture->directory);
	uint64_t i;

	for (i = 1; i <= events; i++)
		(void)store_append_numbered(store, i, i % 3);
	store_free(store);
}

/* ---- files ---- */

static void
assert_mode(const char *path, mode_t mode)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, mode);
}

static void
assert_private_under(const struct fixture *fixture, mode_t mask)
{
	static const char *const files[] = {"journal.db", "journal.db-wal",
					    "journal.db-shm", "lock"};
	struct store_directory inner;
	struct store *store;
	char path[PATH_MAX];
	mode_t before;
	size_t i;

	(void)snprintf(inner.path, sizeof(inner.path), "%.200s/inner",
		       fixture->directory.path);
	before = umask(mask);
	store = store_directory_open(&inner);
	(void)umask(before);
	(void)store_append_numbered(store, 1, 1);
	assert_mode(inner.path, 0700);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		store_directory_file(&inner, files[i], path);
		assert_mode(path, 0600);
	}
	store_free(store);
	store_directory_remove(&inner);
}

static void
store_open_makes_private_files_under_open_umask(void **state)
{
	assert_private_under(*state, 0);
}

static void
store_open_makes_usable_files_under_closed_umask(void **state)
{
	assert_private_under(*state, 0277);
}

static void
store_open_refuses_directory_others_may_write_to(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(chmod(fixture->directory.path, 0770), 0);
	assert_int_equal(try_open(fixture), BATON_CONFIG);
	assert_says(fixture, "chmod 700");
}

static void
store_open_refuses_second_broker(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = store_directory_open(&fixture->directory);

	assert_int_equal(try_open(fixture), BATON_CONFIG);
	assert_says(fixture, "another broker");
	store_free(store);
}

static void
store_open_works_after_the_other_has_closed(void **state)
{
	struct fixture *fixture = *state;

	store_free(store_directory_open(&fixture->directory));
	assert_int_equal(try_open(fixture), BATON_OK);
}

/* ---- identity ---- */

static void
store_open_refuses_somebody_elses_database(void **state)
{
	struct fixture *fixture = *state;

	tamper(fixture, "CREATE TABLE recipe (name TEXT)");
	assert_int_equal(try_open(fixture), BATON_CONFIG);
	assert_says(fixture, "not baton's");
}

static void
store_open_leaves_somebody_elses_database_alone(void **state)
{
	struct fixture *fixture = *state;

	tamper(fixture, "CREATE TABLE recipe (name TEXT)");
	(void)try_open(fixture);
	assert_int_equal(look_up(fixture, "SELECT count(*) FROM sqlite_schema"),
			 1);
	assert_int_equal(look_up(fixture, "SELECT journal_mode = 'delete'"
					  " FROM pragma_journal_mode"),
			 1);
}

static void
store_open_refuses_a_file_that_is_no_database(void **state)
{
	struct fixture *fixture = *state;
	FILE *file = fopen(fixture->database, "we");
	int i;

	assert_non_null(file);
	for (i = 0; i < 500; i++)
		assert_true(fputs("not a database\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(try_open(fixture), BATON_CONFIG);
	assert_says(fixture, "not a database");
}

static void
store_open_refuses_newer_version(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture, 1);
	tamper(fixture, "PRAGMA user_version = 1000");
	assert_int_equal(try_open(fixture), BATON_CONFIG);
	assert_says(fixture, "version 1000");
}

/* ---- damage ---- */

static void
store_open_refuses_damaged_page(void **state)
{
	struct fixture *fixture = *state;
	static const char rubbish[512] = "rubbish";
	FILE *file;

	fill(fixture, 500);
	file = fopen(fixture->database, "r+e");
	assert_non_null(file);
	assert_int_equal(fseek(file, 12L * 4096, SEEK_SET), 0);
	assert_int_equal(fwrite(rubbish, sizeof(rubbish), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(try_open(fixture), BATON_CORRUPT);
	assert_says(fixture, "journal.db");
	assert_says(fixture, "restore a backup");
}

static void
store_open_refuses_events_after_the_end(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture, 3);
	tamper(fixture, "UPDATE head SET sequence = 2");
	assert_int_equal(try_open(fixture), BATON_CORRUPT);
}

static void
store_read_stops_before_a_flipped_byte(void **state)
{
	struct fixture *fixture = *state;
	struct store_range range = {.max_records = 8, .max_bytes = SIZE_MAX};
	const struct record *records[8];
	struct store_reader *reader;
	struct store *store;
	size_t count;

	fill(fixture, 4);
	tamper(fixture,
	       "UPDATE event SET body = CAST(x'00' || substr(body, 2) AS BLOB)"
	       " WHERE sequence = 3");
	store = store_directory_open(&fixture->directory);
	assert_int_equal(store_reader_new(store, &reader, NULL), BATON_OK);
	assert_int_equal(store_read(reader, &range, records, &count, NULL),
			 BATON_OK);
	assert_int_equal(count, 2);
	record_unref(records[0]);
	record_unref(records[1]);
	range.after = 2;
	assert_int_equal(
		store_read(reader, &range, records, &count, &fixture->error),
		BATON_CORRUPT);
	assert_int_equal(count, 0);
	assert_says(fixture, "record 3 ");
	range.after = 3;
	assert_int_equal(store_read(reader, &range, records, &count, NULL),
			 BATON_OK);
	assert_int_equal(count, 1);
	record_unref(records[0]);
	store_reader_free(reader);
	store_free(store);
}

static void
store_read_finds_a_changed_sender(void **state)
{
	struct fixture *fixture = *state;
	struct store_range range = {.max_records = 1, .max_bytes = SIZE_MAX};
	const struct record *record;
	struct store_reader *reader;
	struct store *store;
	size_t count;

	fill(fixture, 1);
	tamper(fixture, "UPDATE event SET partner = 'other'");
	store = store_directory_open(&fixture->directory);
	assert_int_equal(store_reader_new(store, &reader, NULL), BATON_OK);
	assert_int_equal(store_read(reader, &range, &record, &count, NULL),
			 BATON_CORRUPT);
	store_reader_free(reader);
	store_free(store);
}

/* ---- what is kept ---- */

static void
store_chain_links_every_record_to_the_last(void **state)
{
	struct fixture *fixture = *state;
	uint8_t chain[RECORD_DIGEST_BYTES] = {0};
	sqlite3_stmt *statement;
	sqlite3 *db;
	int rows = 0;

	fill(fixture, 2);
	/* Also over a restart. */
	store_free(store_directory_open(&fixture->directory));
	assert_int_equal(sqlite3_open(fixture->database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT digest, chain FROM event"
					    " ORDER BY sequence",
					    -1, &statement, NULL),
			 SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		record_chain(chain, sqlite3_column_blob(statement, 0));
		assert_memory_equal(chain, sqlite3_column_blob(statement, 1),
				    RECORD_DIGEST_BYTES);
		rows++;
	}
	assert_int_equal(rows, 2);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
store_sequence_is_not_used_again_after_a_deletion(void **state)
{
	struct fixture *fixture = *state;
	struct store *store;

	fill(fixture, 3);
	tamper(fixture, "DELETE FROM event WHERE sequence >= 2");
	store = store_directory_open(&fixture->directory);
	assert_int_equal(store_append_numbered(store, 9, 1), 4);
	store_free(store);
}

static void
store_identifier_is_dated_by_first_and_last_event(void **state)
{
	struct fixture *fixture = *state;

	/* Events 1, 4 and 7 are of child 1. */
	fill(fixture, 8);
	assert_int_equal(look_up(fixture,
				 "SELECT first_sequence * 100 + last_sequence"
				 " FROM child_identifier"
				 " WHERE key = 'local:/ods/RZZ:C000001'"),
			 107);
}

static void
store_reopened_journal_goes_on_where_it_was(void **state)
{
	struct fixture *fixture = *state;
	struct store_appended appended;
	struct store_draft draft;
	struct store *store;

	fill(fixture, 5);
	store = store_directory_open(&fixture->directory);
	store_draft_fill(&draft, 5, 2);
	assert_int_equal(store_begin(store, NULL), BATON_OK);
	assert_int_equal(store_append(store, &draft.event, &appended, NULL),
			 BATON_OK);
	assert_int_equal(store_commit(store, NULL), BATON_OK);
	assert_int_equal(appended.outcome, STORE_DUPLICATE);
	assert_int_equal(appended.sequence, 5);
	assert_int_equal(store_append_numbered(store, 6, 1), 6);
	store_free(store);
}

/* ---- migration ---- */

static const struct store_sqlite_migration good_steps[] = {
	{1, store_sqlite_schema},
	{2, "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;"
	    "PRAGMA user_version = 2;"},
	{3, "ALTER TABLE extra ADD COLUMN more TEXT; PRAGMA user_version = 3;"},
};

static baton_err
migrate(struct fixture *fixture, const struct store_sqlite_migration *steps,
	size_t count)
{
	struct store_sqlite_files files = {.database = "journal.db"};
	baton_err err;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(fixture->database, &db), SQLITE_OK);
	err = store_sqlite_open_migrate(&files, db, steps, count,
					&fixture->error);
	assert_int_equal(sqlite3_get_autocommit(db), 1);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return err;
}

static void
store_migration_runs_the_missing_steps(void **state)
{
	struct fixture *fixture = *state;

	fill(fixture, 2);
	assert_int_equal(migrate(fixture, good_steps, 3), BATON_OK);
	assert_int_equal(look_up(fixture, "PRAGMA user_version"), 3);
	assert_int_equal(look_up(fixture, "SELECT count(more) FROM extra"), 0);
	assert_int_equal(look_up(fixture, "SELECT count(*) FROM event"), 2);
}

static void
store_migration_of_current_journal_does_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(migrate(fixture, good_steps, 3), BATON_OK);
	assert_int_equal(migrate(fixture, good_steps, 3), BATON_OK);
}

static void
store_migration_that_fails_changes_nothing(void **state)
{
	static const struct store_sqlite_migration steps[] = {
		{1, store_sqlite_schema},
		{2, "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;"
		    "PRAGMA user_version = 2;"},
		{3, "ALTER TABLE missing ADD COLUMN more TEXT;"
		    "PRAGMA user_version = 3;"},
	};
	struct fixture *fixture = *state;

	fill(fixture, 2);
	assert_int_equal(migrate(fixture, steps, 3), BATON_INTERNAL);
	assert_int_equal(look_up(fixture, "PRAGMA user_version"), 1);
	assert_int_equal(look_up(fixture, "SELECT count(*) FROM sqlite_schema"
					  " WHERE name = 'extra'"),
			 0);
	assert_int_equal(try_open(fixture), BATON_OK);
}

static void
store_migration_must_set_its_version(void **state)
{
	static const struct store_sqlite_migration steps[] = {
		{1, store_sqlite_schema},
		{2, "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;"},
	};
	struct fixture *fixture = *state;

	assert_int_equal(migrate(fixture, steps, 2), BATON_INTERNAL);
	assert_int_equal(look_up(fixture, "SELECT count(*) FROM sqlite_schema"),
			 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(store_open_makes_private_files_under_open_umask),
		CASE(store_open_makes_usable_files_under_closed_umask),
		CASE(store_open_refuses_directory_others_may_write_to),
		CASE(store_open_refuses_second_broker),
		CASE(store_open_works_after_the_other_has_closed),
		CASE(store_open_refuses_somebody_elses_database),
		CASE(store_open_leaves_somebody_elses_database_alone),
		CASE(store_open_refuses_a_file_that_is_no_database),
		CASE(store_open_refuses_newer_version),
		CASE(store_open_refuses_damaged_page),
		CASE(store_open_refuses_events_after_the_end),
		CASE(store_read_stops_before_a_flipped_byte),
		CASE(store_read_finds_a_changed_sender),
		CASE(store_chain_links_every_record_to_the_last),
		CASE(store_sequence_is_not_used_again_after_a_deletion),
		CASE(store_identifier_is_dated_by_first_and_last_event),
		CASE(store_reopened_journal_goes_on_where_it_was),
		CASE(store_migration_runs_the_missing_steps),
		CASE(store_migration_of_current_journal_does_nothing),
		CASE(store_migration_that_fails_changes_nothing),
		CASE(store_migration_must_set_its_version),
	};

	return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
