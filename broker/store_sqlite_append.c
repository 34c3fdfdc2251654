/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "broker/store_sqlite.h"

enum sql {
	SQL_FIND_EVENT,
	SQL_FIND_CHILD,
	SQL_ADD_CHILD,
	SQL_NAME_CHILD,
	SQL_ADD_EVENT,
	SQL_ADD_TIME,
	SQL_COUNT,
};

const char *const store_sqlite_append_sql[SQL_COUNT] = {
	[SQL_FIND_EVENT] = "SELECT sequence, body FROM event"
			   " WHERE source = ?1 AND id = ?2",
	[SQL_FIND_CHILD] = "SELECT child FROM child_identifier WHERE key = ?1",
	[SQL_ADD_CHILD] = "INSERT INTO child (first_sequence) VALUES (?1)",
	[SQL_NAME_CHILD] =
		"INSERT INTO child_identifier"
		" (key, child, first_sequence, last_sequence)"
		" VALUES (?1, ?2, ?3, ?3)"
		" ON CONFLICT (key) DO UPDATE SET last_sequence = ?3",
	[SQL_ADD_EVENT] =
		"INSERT INTO event (sequence, child, family, action,"
		" occurred_at_ms, accepted_at_ms, partner, source, id, digest,"
		" chain, body)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[SQL_ADD_TIME] = "INSERT INTO event_time (accepted_at_ms, sequence)"
			 " VALUES (?1, ?2)",
};

_Static_assert((int)SQL_COUNT == (int)STORE_SQLITE_APPEND_SQL,
	       "room in the store");

/* Finds an event that is there already: a repeat or another one. Leaves
 * appended->outcome 0 when there is none. */
static baton_err
find_event(struct store_sqlite *store, const struct store_event *event,
	   struct store_appended *appended, struct baton_error *error)
{
	sqlite3_stmt *statement = store->append[SQL_FIND_EVENT];
	size_t len;
	int bound;
	int rc;

	bound = sqlite3_bind_text(statement, 1, event->source, -1,
				  SQLITE_STATIC);
	bound |= sqlite3_bind_text(statement, 2, event->id, -1, SQLITE_STATIC);
	rc = bound == SQLITE_OK ? sqlite3_step(statement) : bound;
	if (rc == SQLITE_ROW) {
		appended->sequence =
			(uint64_t)sqlite3_column_int64(statement, 0);
		len = (size_t)sqlite3_column_bytes(statement, 1);
		if (len == event->event.len &&
		    (len == 0 || memcmp(sqlite3_column_blob(statement, 1),
					event->event.data, len) == 0)) {
			appended->outcome = STORE_DUPLICATE;
		} else {
			appended->outcome = STORE_REJECTED;
			appended->reason = BATON_ID_REUSED;
		}
	}
	(void)sqlite3_reset(statement);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return err_from_sqlite(store->db, "find event", error);
	return BATON_OK;
}

/* *child: 0 when the key is not known. */
static baton_err
find_child(struct store_sqlite *store, const char *key, int64_t *child,
	   struct baton_error *error)
{
	sqlite3_stmt *statement = store->append[SQL_FIND_CHILD];
	int rc;

	*child = 0;
	rc = sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		*child = sqlite3_column_int64(statement, 0);
	(void)sqlite3_reset(statement);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return err_from_sqlite(store->db, "find child", error);
	return BATON_OK;
}

/* The one child that the event's keys name: *child 0 when none is known;
 * rejects when they name two. */
static baton_err
resolve_child(struct store_sqlite *store, const struct store_event *event,
	      int64_t *child, struct store_appended *appended,
	      struct baton_error *error)
{
	int64_t named;
	baton_err err;
	size_t i;

	*child = 0;
	for (i = 0; i < event->child_keys_count; i++) {
		err = find_child(store, event->child_keys[i], &named, error);
		if (err != BATON_OK)
			return err;
		if (named != 0 && *child != 0 && named != *child) {
			appended->outcome = STORE_REJECTED;
			appended->reason = BATON_IDENTITY_CONFLICT;
			return BATON_OK;
		}
		if (named != 0)
			*child = named;
	}
	return BATON_OK;
}

static baton_err
add_child(struct store_sqlite *store, int64_t *child, struct baton_error *error)
{
	sqlite3_stmt *statement = store->append[SQL_ADD_CHILD];
	baton_err err;
	int bound;

	bound = sqlite3_bind_int64(statement, 1,
				   (sqlite3_int64)store->head.sequence + 1);
	err = store_sqlite_db_run(statement, bound, "add child", error);
	if (err != BATON_OK)
		return err;
	*child = sqlite3_last_insert_rowid(store->db);
	store->head.children++;
	return BATON_OK;
}

/* Makes each key an alias of the child, or dates it when it is one. */
static baton_err
name_child(struct store_sqlite *store, const struct store_event *event,
	   int64_t child, struct baton_error *error)
{
	sqlite3_stmt *statement = store->append[SQL_NAME_CHILD];
	baton_err err;
	int bound;
	size_t i;

	for (i = 0; i < event->child_keys_count; i++) {
		bound = sqlite3_bind_text(statement, 1, event->child_keys[i],
					  -1, SQLITE_STATIC);
		bound |= sqlite3_bind_int64(statement, 2, child);
		bound |= sqlite3_bind_int64(
			statement, 3, (sqlite3_int64)store->head.sequence + 1);
		err = store_sqlite_db_run(statement, bound, "name child",
					  error);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

static baton_err
add_event(struct store_sqlite *store, const struct record *record,
	  const uint8_t *digest, const uint8_t *chain,
	  struct baton_error *error)
{
	sqlite3_stmt *statement = store->append[SQL_ADD_EVENT];
	int bound;

	bound = sqlite3_bind_int64(statement, 1,
				   (sqlite3_int64)record->sequence);
	bound |= sqlite3_bind_int64(statement, 2, record->child);
	bound |= sqlite3_bind_int(statement, 3, record->family);
	bound |= sqlite3_bind_int(statement, 4, record->action);
	bound |= sqlite3_bind_int64(statement, 5, record->occurred_at_ms);
	bound |= sqlite3_bind_int64(statement, 6, record->accepted_at_ms);
	bound |= sqlite3_bind_text(statement, 7, record->partner, -1,
				   SQLITE_STATIC);
	bound |= sqlite3_bind_text(statement, 8, record->source, -1,
				   SQLITE_STATIC);
	bound |= sqlite3_bind_text(statement, 9, record->id, -1, SQLITE_STATIC);
	bound |= sqlite3_bind_blob(statement, 10, digest, RECORD_DIGEST_BYTES,
				   SQLITE_STATIC);
	bound |= sqlite3_bind_blob(statement, 11, chain, RECORD_DIGEST_BYTES,
				   SQLITE_STATIC);
	/* Data of length 0 may be NULL, which would bind NULL. */
	bound |=
		record->event.len == 0
			? sqlite3_bind_zeroblob(statement, 12, 0)
			: sqlite3_bind_blob64(statement, 12, record->event.data,
					      record->event.len, SQLITE_STATIC);
	return store_sqlite_db_run(statement, bound, "append", error);
}

/* Notes where a later time than any before begins. */
static baton_err
add_time(struct store_sqlite *store, const struct record *record,
	 struct baton_error *error)
{
	sqlite3_stmt *statement = store->append[SQL_ADD_TIME];
	int bound;

	if (record->accepted_at_ms <= store->head.accepted_at_ms)
		return BATON_OK;
	bound = sqlite3_bind_int64(statement, 1, record->accepted_at_ms);
	bound |= sqlite3_bind_int64(statement, 2,
				    (sqlite3_int64)record->sequence);
	return store_sqlite_db_run(statement, bound, "append", error);
}

/* Writes the event of a child that is there. */
static baton_err
write_event(struct store_sqlite *store, const struct store_event *event,
	    int64_t child, struct store_appended *appended,
	    struct baton_error *error)
{
	struct record record = {
		.sequence = store->head.sequence + 1,
		.child = child,
		.family = event->family,
		.action = event->action,
		.occurred_at_ms = event->occurred_at_ms,
		.accepted_at_ms = event->accepted_at_ms,
		.event = event->event,
	};
	uint8_t digest[RECORD_DIGEST_BYTES];
	struct store_sqlite_head *head = &store->head;
	baton_err err;

	(void)snprintf(record.partner, NAME_BYTES, "%s", event->partner);
	(void)snprintf(record.source, SOURCE_BYTES, "%s", event->source);
	(void)snprintf(record.id, sizeof(record.id), "%s", event->id);
	record_digest(&record, digest);
	record_chain(head->chain, digest);
	err = add_event(store, &record, digest, head->chain, error);
	if (err == BATON_OK)
		err = add_time(store, &record, error);
	if (err != BATON_OK)
		return err;
	appended->record = record_new(&record);
	if (appended->record == NULL) {
		return baton_error_set(error, BATON_NO_MEMORY,
				       "journal: append: out of memory");
	}
	if (record.accepted_at_ms > head->accepted_at_ms)
		head->accepted_at_ms = record.accepted_at_ms;
	head->sequence = record.sequence;
	head->events++;
	appended->sequence = record.sequence;
	appended->outcome = STORE_ACCEPTED;
	return BATON_OK;
}

/* Decides everything first, so that a rejection leaves no trace. */
baton_err
store_sqlite_append(struct store *base, const struct store_event *event,
		    struct store_appended *appended, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	int64_t child;
	baton_err err;

	err = find_event(store, event, appended, error);
	if (err != BATON_OK || appended->outcome != 0)
		return err;
	err = resolve_child(store, event, &child, appended, error);
	if (err != BATON_OK || appended->outcome != 0)
		return err;
	if (child == 0)
		err = add_child(store, &child, error);
	if (err == BATON_OK)
		err = name_child(store, event, child, error);
	if (err == BATON_OK)
		err = write_event(store, event, child, appended, error);
	return err;
}
