/* SPDX-License-Identifier: MIT */
#include "broker/store_sqlite.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store.h"

enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_READ_HEAD,
	SQL_WRITE_HEAD,
	SQL_TOUCH,
	SQL_COUNT,
};

static const char *const sql_texts[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_READ_HEAD] =
		"SELECT sequence, events, children, chain,"
		" (SELECT max(accepted_at_ms) FROM event_time) FROM head",
	[SQL_WRITE_HEAD] = "UPDATE head SET sequence = ?1, events = ?2,"
			   " children = ?3, chain = ?4",
	[SQL_TOUCH] = "UPDATE head SET probes = probes + 1",
};

_Static_assert((int)SQL_COUNT == (int)STORE_SQLITE_OWN_SQL,
	       "room in the store");

/* Pages in the log from which on it is moved into the database: 16 MiB. */
#define CHECKPOINT_PAGES 4096

static baton_err
refuse_closed(struct baton_error *error)
{
	return baton_error_set(error, BATON_UNAVAILABLE,
			       "journal: closed after a failure");
}

/* ---- transactions ---- */

static baton_err
store_sqlite_begin(struct store *base, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);

	if (store->db == NULL)
		return refuse_closed(error);
	store->head = store->committed;
	return store_sqlite_db_run(store->own[SQL_BEGIN], SQLITE_OK, "begin",
				   error);
}

static void
store_sqlite_rollback(struct store *base)
{
	struct store_sqlite *store = store_sqlite_of(base);

	/* After some errors SQLite has rolled back by itself. */
	if (store->db == NULL || sqlite3_get_autocommit(store->db) != 0)
		return;
	(void)sqlite3_step(store->own[SQL_ROLLBACK]);
	(void)sqlite3_reset(store->own[SQL_ROLLBACK]);
}

static baton_err
write_head(struct store_sqlite *store, struct baton_error *error)
{
	sqlite3_stmt *statement = store->own[SQL_WRITE_HEAD];
	const struct store_sqlite_head *head = &store->head;
	int bound;

	if (head->sequence == store->committed.sequence)
		return BATON_OK;
	bound = sqlite3_bind_int64(statement, 1, (sqlite3_int64)head->sequence);
	bound |= sqlite3_bind_int64(statement, 2, (sqlite3_int64)head->events);
	bound |=
		sqlite3_bind_int64(statement, 3, (sqlite3_int64)head->children);
	bound |= sqlite3_bind_blob(statement, 4, head->chain,
				   sizeof(head->chain), SQLITE_STATIC);
	return store_sqlite_db_run(statement, bound, "commit", error);
}

static baton_err
store_sqlite_commit(struct store *base, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	baton_err err;

	err = write_head(store, error);
	if (err == BATON_OK) {
		err = store_sqlite_db_run(store->own[SQL_COMMIT], SQLITE_OK,
					  "commit", error);
	}
	if (err != BATON_OK) {
		store_sqlite_rollback(base);
		return err;
	}
	store->committed = store->head;
	return BATON_OK;
}

static baton_err
store_sqlite_touch(struct store *base, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);

	return store_sqlite_db_run(store->own[SQL_TOUCH], SQLITE_OK, "probe",
				   error);
}

static baton_err
read_head(struct store_sqlite *store, struct baton_error *error)
{
	sqlite3_stmt *statement = store->own[SQL_READ_HEAD];
	struct store_sqlite_head *head = &store->committed;
	baton_err err = BATON_OK;

	if (sqlite3_step(statement) != SQLITE_ROW) {
		err = err_from_sqlite(store->db, "read head", error);
	} else if (sqlite3_column_bytes(statement, 3) != RECORD_DIGEST_BYTES) {
		err = baton_error_set(error, BATON_CORRUPT,
				      "journal: its head is damaged");
	} else {
		head->sequence = (uint64_t)sqlite3_column_int64(statement, 0);
		head->events = (uint64_t)sqlite3_column_int64(statement, 1);
		head->children = (uint64_t)sqlite3_column_int64(statement, 2);
		memcpy(head->chain, sqlite3_column_blob(statement, 3),
		       RECORD_DIGEST_BYTES);
		head->accepted_at_ms =
			sqlite3_column_type(statement, 4) == SQLITE_NULL
				? INT64_MIN
				: sqlite3_column_int64(statement, 4);
	}
	(void)sqlite3_reset(statement);
	return err;
}

/* ---- checkpoint ---- */

static int
note_log_pages(void *context, sqlite3 *db, const char *name, int pages)
{
	struct store_sqlite *store = context;

	(void)db;
	(void)name;
	store->log_pages = pages;
	return SQLITE_OK;
}

/* PASSIVE waits for nobody. When a reader held back a part, the next attempt
 * is made as much log later, not at every commit. */
static baton_err
store_sqlite_checkpoint(struct store *base, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	int pages = 0;
	int moved = 0;
	int rc;

	if (store->db == NULL)
		return refuse_closed(error);
	if (store->log_pages < store->checkpoint_at)
		return BATON_OK;
	rc = sqlite3_wal_checkpoint_v2(
		store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
	store->checkpoint_at = rc == SQLITE_OK && moved == pages
				       ? CHECKPOINT_PAGES
				       : store->log_pages + CHECKPOINT_PAGES;
	/* All moved: the next commit starts the log from its beginning. */
	if (rc == SQLITE_OK && moved == pages)
		store->log_pages = 0;
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		return err_from_sqlite(store->db, "checkpoint", error);
	return BATON_OK;
}

static uint64_t
store_sqlite_bytes(struct store *base)
{
	return store_sqlite_files_bytes(&store_sqlite_of(base)->files);
}

/* ---- open and close ---- */

static void
disconnect(struct store_sqlite *store)
{
	store_sqlite_db_finalize(store->own, STORE_SQLITE_OWN_SQL);
	store_sqlite_db_finalize(store->append, STORE_SQLITE_APPEND_SQL);
	store_sqlite_db_finalize(store->lanes, STORE_SQLITE_LANES_SQL);
	/* As the last connection it moves the log into the database. */
	(void)sqlite3_close(store->db);
	store->db = NULL;
}

static baton_err
prepare(struct store_sqlite *store, struct baton_error *error)
{
	baton_err err;

	err = store_sqlite_db_prepare(store->db, sql_texts,
				      STORE_SQLITE_OWN_SQL, store->own, error);
	if (err == BATON_OK) {
		err = store_sqlite_db_prepare(
			store->db, store_sqlite_append_sql,
			STORE_SQLITE_APPEND_SQL, store->append, error);
	}
	if (err == BATON_OK) {
		err = store_sqlite_db_prepare(store->db, store_sqlite_lanes_sql,
					      STORE_SQLITE_LANES_SQL,
					      store->lanes, error);
	}
	return err;
}

static baton_err
reconnect(struct store_sqlite *store, struct baton_error *error)
{
	baton_err err;

	err = store_sqlite_open_writer(&store->files, &store->db, error);
	if (err != BATON_OK)
		return err;
	err = prepare(store, error);
	if (err == BATON_OK)
		err = read_head(store, error);
	if (err != BATON_OK) {
		disconnect(store);
		return err;
	}
	store->log_pages = 0;
	store->checkpoint_at = CHECKPOINT_PAGES;
	(void)sqlite3_wal_hook(store->db, note_log_pages, store);
	return BATON_OK;
}

/*
 * After a failed fsync the system may hold pages of the log that never
 * reached the disk and no longer count as dirty. A later commit behind them
 * would be lost with them, so everything in the log is written anew, into the
 * database, and the log starts empty.
 */
static baton_err
empty_log(struct store_sqlite *store, struct baton_error *error)
{
	if (sqlite3_wal_checkpoint_v2(store->db, NULL,
				      SQLITE_CHECKPOINT_TRUNCATE, NULL,
				      NULL) != SQLITE_OK)
		return err_from_sqlite(store->db, "reopen", error);
	return BATON_OK;
}

static baton_err
store_sqlite_reopen(struct store *base, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	baton_err err;

	disconnect(store);
	err = reconnect(store, error);
	if (err != BATON_OK)
		return err;
	err = empty_log(store, error);
	if (err != BATON_OK)
		disconnect(store);
	return err;
}

static baton_err
store_sqlite_reader_new(struct store *base, struct store_reader **reader,
			struct baton_error *error)
{
	return store_sqlite_read_new(&store_sqlite_of(base)->files, reader,
				     error);
}

static void
store_sqlite_free(struct store *base)
{
	struct store_sqlite *store = store_sqlite_of(base);

	disconnect(store);
	(void)close(store->lock_fd);
	free(store);
}

static const struct store_ops store_sqlite_ops = {
	.free = store_sqlite_free,
	.reopen = store_sqlite_reopen,
	.begin = store_sqlite_begin,
	.commit = store_sqlite_commit,
	.rollback = store_sqlite_rollback,
	.touch = store_sqlite_touch,
	.append = store_sqlite_append,
	.subscription_put = store_sqlite_lanes_subscription_put,
	.position_set = store_sqlite_lanes_position_set,
	.subscription_drop = store_sqlite_lanes_subscription_drop,
	.lane_put = store_sqlite_lanes_put,
	.lane_drop = store_sqlite_lanes_drop_one,
	.lanes_drop = store_sqlite_lanes_drop_all,
	.checkpoint = store_sqlite_checkpoint,
	.bytes = store_sqlite_bytes,
	.reader_new = store_sqlite_reader_new,
};

baton_err
store_open_sqlite(const struct store_options *options, struct store **store,
		  struct baton_error *error)
{
	struct store_sqlite *made;
	baton_err err;

	*store = NULL;
	if (sodium_init() < 0) {
		return baton_error_set(error, BATON_INTERNAL,
				       "journal: libsodium cannot start");
	}
	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		return baton_error_set(error, BATON_NO_MEMORY,
				       "journal: open: out of memory");
	}
	made->base.ops = &store_sqlite_ops;
	err = store_sqlite_files_open(options->directory, &made->files,
				      &made->lock_fd, error);
	if (err != BATON_OK)
		goto err0;
	err = reconnect(made, error);
	if (err != BATON_OK)
		goto err1;
	*store = &made->base;
	return BATON_OK;
err1:
	(void)close(made->lock_fd);
err0:
	free(made);
	return err;
}
