/* SPDX-License-Identifier: MIT */
#ifndef BATON_STORE_SQLITE_H
#define BATON_STORE_SQLITE_H

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store_ops.h"

/**
 * What the files of the SQLite journal share; nobody else includes this.
 *
 * store_sqlite.c         the writer's side: transactions, checkpoint, reopening
 * store_sqlite_append.c  events and children
 * store_sqlite_lanes.c   subscriptions and lanes
 * store_sqlite_read.c    the readers' side
 * store_sqlite_list.c    rows into lists of subscriptions and lanes
 * store_sqlite_open.c    connections: identity, settings, migration, check
 * store_sqlite_files.c   directory, lock, modes
 * store_sqlite_db.c      one connection: errors, statements
 */

/* ---- store_sqlite_db.c: any connection, the thread that uses it ---- */

/**
 * The one place where SQLite's errors become ours: UNAVAILABLE (FULL, BUSY),
 * IO, CORRUPT, NO_MEMORY, INTERNAL. The text names operation and SQLite's
 * error, never a value.
 */
baton_err err_from_sqlite(sqlite3 *db, const char *operation,
			  struct baton_error *error);

/** Prepares count statements; on failure none is left. */
BATON_MUST_CHECK baton_err store_sqlite_db_prepare(sqlite3 *db,
						   const char *const *sql,
						   size_t count,
						   sqlite3_stmt **statements,
						   struct baton_error *error);

void store_sqlite_db_finalize(sqlite3_stmt **statements, size_t count);

/** Runs a bound statement that gives no rows, and resets it. bound: what the
 *  sqlite3_bind calls returned, or-ed together. */
BATON_MUST_CHECK baton_err store_sqlite_db_run(sqlite3_stmt *statement,
					       int bound, const char *operation,
					       struct baton_error *error);

/** Runs SQL without parameters and gives the first value of its first row as
 *  text ("" without rows). */
BATON_MUST_CHECK baton_err store_sqlite_db_value(sqlite3 *db, const char *sql,
						 char *value, size_t size,
						 struct baton_error *error);

/** Copies a text column. Errors: CORRUPT when it does not fit, NO_MEMORY. */
BATON_MUST_CHECK baton_err store_sqlite_db_text(sqlite3_stmt *statement,
						int column, char *text,
						size_t size,
						struct baton_error *error);

/* ---- store_sqlite_files.c ---- */

/** Where the journal is; fixed once opened, so any thread may read it. */
struct store_sqlite_files {
	char directory[PATH_MAX];
	char database[PATH_MAX];
	char log[PATH_MAX];
	char lock[PATH_MAX];
};

/** Makes directory and database file where missing, takes the lock.
 *  *lock_fd: given, close() it to let go. */
BATON_MUST_CHECK baton_err
store_sqlite_files_open(const char *directory, struct store_sqlite_files *files,
			int *lock_fd, struct baton_error *error);

/** Database and log on disk. */
uint64_t store_sqlite_files_bytes(const struct store_sqlite_files *files);

/* ---- store_sqlite_open.c ---- */

/** Opens the writer's connection: identity, check, settings, migration.
 *  *db: given, sqlite3_close() it. */
BATON_MUST_CHECK baton_err
store_sqlite_open_writer(const struct store_sqlite_files *files, sqlite3 **db,
			 struct baton_error *error);

/** Opens a connection that can only read and never checkpoints. */
BATON_MUST_CHECK baton_err
store_sqlite_open_reader(const struct store_sqlite_files *files, sqlite3 **db,
			 struct baton_error *error);

/** One step of the journal's versions: its SQL also sets user_version. */
struct store_sqlite_migration {
	int version;
	const char *sql;
};

/**
 * Brings a database to the last version of the list, in one transaction.
 *
 * migrations: by rising version from 1, count of at least 1.
 * Errors: CONFIG (the database is newer than the list), INTERNAL (a step did
 * not set its version or is not valid), and those of the disk.
 */
BATON_MUST_CHECK baton_err
store_sqlite_open_migrate(const struct store_sqlite_files *files, sqlite3 *db,
			  const struct store_sqlite_migration *migrations,
			  size_t count, struct baton_error *error);

/* ---- store_sqlite.c ---- */

/** Statements of each of the writer's files, in their own order. */
enum {
	STORE_SQLITE_OWN_SQL = 6,
	STORE_SQLITE_APPEND_SQL = 6,
	STORE_SQLITE_LANES_SQL = 10,
};

/** Where the journal ends. */
struct store_sqlite_head {
	uint64_t sequence;
	uint64_t events;
	uint64_t children;
	uint8_t chain[RECORD_DIGEST_BYTES];
	/** Latest accepted_at_ms of all events; INT64_MIN without any. */
	int64_t accepted_at_ms;
};

/** The writer's handle. */
struct store_sqlite {
	struct store base;
	struct store_sqlite_files files;
	int lock_fd;
	/** NULL after a reopening that failed. */
	sqlite3 *db;
	sqlite3_stmt *own[STORE_SQLITE_OWN_SQL];
	sqlite3_stmt *append[STORE_SQLITE_APPEND_SQL];
	sqlite3_stmt *lanes[STORE_SQLITE_LANES_SQL];
	struct store_sqlite_head committed;
	/** Of the transaction under way. */
	struct store_sqlite_head head;
	int log_pages;
	/** Log pages from which on to checkpoint. */
	int checkpoint_at;
};

static inline struct store_sqlite *
store_sqlite_of(struct store *store)
{
	return (struct store_sqlite *)store;
}

/* ---- store_sqlite_append.c ---- */

extern const char *const store_sqlite_append_sql[STORE_SQLITE_APPEND_SQL];

BATON_MUST_CHECK baton_err store_sqlite_append(struct store *base,
					       const struct store_event *event,
					       struct store_appended *appended,
					       struct baton_error *error);

/* ---- store_sqlite_lanes.c ---- */

extern const char *const store_sqlite_lanes_sql[STORE_SQLITE_LANES_SQL];

BATON_MUST_CHECK baton_err store_sqlite_lanes_subscription_put(
	struct store *base, struct store_subscription *subscription,
	struct baton_error *error);
BATON_MUST_CHECK baton_err
store_sqlite_lanes_position_set(struct store *base, int64_t subscription,
				uint64_t position, struct baton_error *error);
BATON_MUST_CHECK baton_err store_sqlite_lanes_subscription_drop(
	struct store *base, int64_t subscription, struct baton_error *error);
BATON_MUST_CHECK baton_err store_sqlite_lanes_put(struct store *base,
						  const struct store_lane *lane,
						  struct baton_error *error);
BATON_MUST_CHECK baton_err
store_sqlite_lanes_drop_one(struct store *base, int64_t subscription,
			    int64_t child, struct baton_error *error);
BATON_MUST_CHECK baton_err store_sqlite_lanes_drop_all(
	struct store *base, int64_t subscription, struct baton_error *error);

/* ---- store_sqlite_read.c ---- */

BATON_MUST_CHECK baton_err
store_sqlite_read_new(const struct store_sqlite_files *files,
		      struct store_reader **reader, struct baton_error *error);

/* ---- store_sqlite_list.c ---- */

/** Steps a bound statement over all subscriptions, one row for each of their
 *  sources, and resets it. *list: given, free(). */
BATON_MUST_CHECK baton_err store_sqlite_list_subscriptions(
	sqlite3_stmt *statement, struct store_subscription **list,
	size_t *count, struct baton_error *error);

/** The same over lanes. */
BATON_MUST_CHECK baton_err store_sqlite_list_lanes(sqlite3_stmt *statement,
						   struct store_lane **list,
						   size_t *count,
						   struct baton_error *error);

/* ---- schema.sql, embedded by the build ---- */

extern const char store_sqlite_schema[];

#endif /* BATON_STORE_SQLITE_H */
