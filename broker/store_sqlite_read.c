/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "broker/store_sqlite.h"

enum sql {
	SQL_READ,
	SQL_READ_CHILD,
	SQL_HEADS,
	SQL_HEADS_CHILD,
	SQL_FIND_CHILD,
	SQL_FIND_TIME,
	SQL_SUBSCRIPTIONS,
	SQL_LANES,
	SQL_FIGURES,
	SQL_COUNT,
};

/* Columns of a whole record and of its head. */
#define RECORD_COLUMNS                                                         \
	"sequence, child, family, action, occurred_at_ms, accepted_at_ms,"     \
	" partner, source, id, digest, body"
#define HEAD_COLUMNS "sequence, child, family, source, length(body)"

static const char *const sql_texts[SQL_COUNT] = {
	[SQL_READ] = "SELECT " RECORD_COLUMNS " FROM event"
		     " WHERE sequence > ?1 AND sequence <= ?2"
		     " ORDER BY sequence",
	[SQL_READ_CHILD] = "SELECT " RECORD_COLUMNS " FROM event"
			   " WHERE child = ?3 AND sequence > ?1"
			   " AND sequence <= ?2 ORDER BY sequence",
	[SQL_HEADS] = "SELECT " HEAD_COLUMNS " FROM event"
		      " WHERE sequence > ?1 AND sequence <= ?2"
		      " ORDER BY sequence",
	[SQL_HEADS_CHILD] = "SELECT " HEAD_COLUMNS " FROM event"
			    " WHERE child = ?3 AND sequence > ?1"
			    " AND sequence <= ?2 ORDER BY sequence",
	[SQL_FIND_CHILD] = "SELECT child FROM child_identifier WHERE key = ?1",
	[SQL_FIND_TIME] =
		"SELECT coalesce((SELECT sequence FROM event_time"
		" WHERE accepted_at_ms >= ?1 ORDER BY accepted_at_ms LIMIT 1),"
		" (SELECT sequence + 1 FROM head))",
	[SQL_SUBSCRIPTIONS] =
		"SELECT id, partner, name, families, coalesce(child, 0),"
		" child_key, position, created_at_ms, source"
		" FROM subscription LEFT JOIN subscription_source"
		" ON subscription = id ORDER BY id, place",
	[SQL_LANES] =
		"SELECT subscription, child, settled_to, state, behind,"
		" held_sequence, attempts, retry_at_ms, parked_at_ms, reason"
		" FROM lane WHERE subscription = ?1 ORDER BY child",
	[SQL_FIGURES] = "SELECT sequence, events, children FROM head",
};

struct store_sqlite_reader {
	struct store_reader base;
	struct store_sqlite_files files;
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
};

static struct store_sqlite_reader *
store_sqlite_reader_of(struct store_reader *reader)
{
	return (struct store_sqlite_reader *)reader;
}

static void
store_sqlite_reader_free(struct store_reader *base)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);

	store_sqlite_db_finalize(reader->statements, SQL_COUNT);
	(void)sqlite3_close(reader->db);
	free(reader);
}

static uint64_t
column_u64(sqlite3_stmt *statement, int column)
{
	return (uint64_t)sqlite3_column_int64(statement, column);
}

/* ---- events ---- */

static int
bind_range(sqlite3_stmt *statement, const struct store_range *range)
{
	sqlite3_int64 to = range->to == 0 || range->to > INT64_MAX
				   ? INT64_MAX
				   : (sqlite3_int64)range->to;
	sqlite3_int64 after = range->after > INT64_MAX
				      ? INT64_MAX
				      : (sqlite3_int64)range->after;
	int bound;

	bound = sqlite3_bind_int64(statement, 1, after);
	bound |= sqlite3_bind_int64(statement, 2, to);
	if (range->child != 0)
		bound |= sqlite3_bind_int64(statement, 3, range->child);
	return bound;
}

/* Whether the range has room for one more of so many bytes. */
static bool
range_has_room(const struct store_range *range, size_t count, size_t used,
	       size_t bytes)
{
	if (count >= range->max_records)
		return false;
	return count == 0 ||
	       (used <= range->max_bytes && bytes <= range->max_bytes - used);
}

static baton_err
refuse_record(const struct record *record, struct baton_error *error)
{
	return baton_error_set(error, BATON_CORRUPT,
			       "journal: record %llu fails its checksum",
			       (unsigned long long)record->sequence);
}

/* The row as a record that borrows the row's bytes, checksum checked. */
static baton_err
record_of_row(sqlite3_stmt *row, struct record *record,
	      struct baton_error *error)
{
	uint8_t digest[RECORD_DIGEST_BYTES];
	const void *stored;
	baton_err err;

	memset(record, 0, sizeof(*record));
	record->sequence = column_u64(row, 0);
	record->child = sqlite3_column_int64(row, 1);
	record->family = sqlite3_column_int(row, 2);
	record->action = sqlite3_column_int(row, 3);
	record->occurred_at_ms = sqlite3_column_int64(row, 4);
	record->accepted_at_ms = sqlite3_column_int64(row, 5);
	err = store_sqlite_db_text(row, 6, record->partner, NAME_BYTES, error);
	if (err == BATON_OK) {
		err = store_sqlite_db_text(row, 7, record->source, SOURCE_BYTES,
					   error);
	}
	if (err == BATON_OK) {
		err = store_sqlite_db_text(row, 8, record->id,
					   sizeof(record->id), error);
	}
	if (err == BATON_CORRUPT)
		return refuse_record(record, error);
	if (err != BATON_OK)
		return err;
	stored = sqlite3_column_blob(row, 9);
	record->event.data = sqlite3_column_blob(row, 10);
	record->event.len = (size_t)sqlite3_column_bytes(row, 10);
	record_digest(record, digest);
	if (sqlite3_column_bytes(row, 9) != RECORD_DIGEST_BYTES ||
	    memcmp(stored, digest, RECORD_DIGEST_BYTES) != 0)
		return refuse_record(record, error);
	return BATON_OK;
}

static baton_err
store_sqlite_read(struct store_reader *base, const struct store_range *range,
		  const struct record **records, size_t *count,
		  struct baton_error *error)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);
	sqlite3_stmt *statement =
		reader->statements[range->child == 0 ? SQL_READ
						     : SQL_READ_CHILD];
	struct record record;
	baton_err err = BATON_OK;
	size_t used = 0;
	int rc;

	rc = bind_range(statement, range);
	if (rc != SQLITE_OK)
		return err_from_sqlite(reader->db, "read", error);
	while (*count < range->max_records &&
	       (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		err = record_of_row(statement, &record, error);
		if (err != BATON_OK ||
		    !range_has_room(range, *count, used, record.event.len))
			break;
		records[*count] = record_new(&record);
		if (records[*count] == NULL) {
			err = baton_error_set(error, BATON_NO_MEMORY,
					      "journal: read: out of memory");
			break;
		}
		used += record.event.len;
		(*count)++;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE && rc != SQLITE_OK)
		err = err_from_sqlite(reader->db, "read", error);
	(void)sqlite3_reset(statement);
	/* What was read is good; the next call meets the error first. */
	return *count > 0 ? BATON_OK : err;
}

static baton_err
head_of_row(sqlite3_stmt *row, struct store_head *head,
	    struct baton_error *error)
{
	head->sequence = column_u64(row, 0);
	head->child = sqlite3_column_int64(row, 1);
	head->family = sqlite3_column_int(row, 2);
	head->bytes = (uint32_t)sqlite3_column_int64(row, 4);
	return store_sqlite_db_text(row, 3, head->source, SOURCE_BYTES, error);
}

static baton_err
store_sqlite_read_heads(struct store_reader *base,
			const struct store_range *range,
			struct store_head *heads, size_t *count,
			struct baton_error *error)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);
	sqlite3_stmt *statement =
		reader->statements[range->child == 0 ? SQL_HEADS
						     : SQL_HEADS_CHILD];
	baton_err err = BATON_OK;
	struct store_head head;
	size_t used = 0;
	int rc;

	rc = bind_range(statement, range);
	if (rc != SQLITE_OK)
		return err_from_sqlite(reader->db, "read", error);
	while (*count < range->max_records &&
	       (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		err = head_of_row(statement, &head, error);
		if (err != BATON_OK ||
		    !range_has_room(range, *count, used, head.bytes))
			break;
		used += head.bytes;
		heads[(*count)++] = head;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE && rc != SQLITE_OK)
		err = err_from_sqlite(reader->db, "read", error);
	(void)sqlite3_reset(statement);
	return *count > 0 ? BATON_OK : err;
}

/* ---- single values ---- */

/* Steps a bound statement once. Errors: NOT_FOUND without a row. The caller
 * resets it. */
static baton_err
step_row(struct store_sqlite_reader *reader, sqlite3_stmt *statement, int bound,
	 const char *operation, struct baton_error *error)
{
	int rc = bound == SQLITE_OK ? sqlite3_step(statement) : bound;

	if (rc == SQLITE_ROW)
		return BATON_OK;
	if (rc == SQLITE_DONE) {
		return baton_error_set(error, BATON_NOT_FOUND,
				       "journal: %s: not found", operation);
	}
	return err_from_sqlite(reader->db, operation, error);
}

static baton_err
store_sqlite_find_child(struct store_reader *base, const char *key,
			int64_t *child, struct baton_error *error)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);
	sqlite3_stmt *statement = reader->statements[SQL_FIND_CHILD];
	baton_err err;
	int bound;

	bound = sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	err = step_row(reader, statement, bound, "find child", error);
	if (err == BATON_OK)
		*child = sqlite3_column_int64(statement, 0);
	(void)sqlite3_reset(statement);
	return err;
}

static baton_err
store_sqlite_find_time(struct store_reader *base, int64_t time_ms,
		       uint64_t *sequence, struct baton_error *error)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);
	sqlite3_stmt *statement = reader->statements[SQL_FIND_TIME];
	baton_err err;
	int bound;

	bound = sqlite3_bind_int64(statement, 1, time_ms);
	err = step_row(reader, statement, bound, "find time", error);
	if (err == BATON_OK)
		*sequence = column_u64(statement, 0);
	(void)sqlite3_reset(statement);
	return err;
}

static baton_err
store_sqlite_read_figures(struct store_reader *base,
			  struct store_figures *figures,
			  struct baton_error *error)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);
	sqlite3_stmt *statement = reader->statements[SQL_FIGURES];
	baton_err err;

	err = step_row(reader, statement, SQLITE_OK, "figures", error);
	if (err == BATON_OK) {
		figures->last_sequence = column_u64(statement, 0);
		figures->events = column_u64(statement, 1);
		figures->children = column_u64(statement, 2);
		figures->bytes = store_sqlite_files_bytes(&reader->files);
	}
	(void)sqlite3_reset(statement);
	return err;
}

/* ---- lists ---- */

static baton_err
store_sqlite_read_subscriptions(struct store_reader *base,
				struct store_subscription **list, size_t *count,
				struct baton_error *error)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);

	return store_sqlite_list_subscriptions(
		reader->statements[SQL_SUBSCRIPTIONS], list, count, error);
}

static baton_err
store_sqlite_read_lanes(struct store_reader *base, int64_t subscription,
			struct store_lane **list, size_t *count,
			struct baton_error *error)
{
	struct store_sqlite_reader *reader = store_sqlite_reader_of(base);
	sqlite3_stmt *statement = reader->statements[SQL_LANES];

	if (sqlite3_bind_int64(statement, 1, subscription) != SQLITE_OK)
		return err_from_sqlite(reader->db, "read lanes", error);
	return store_sqlite_list_lanes(statement, list, count, error);
}

static const struct store_reader_ops store_sqlite_reader_ops = {
	.free = store_sqlite_reader_free,
	.read = store_sqlite_read,
	.read_heads = store_sqlite_read_heads,
	.find_child = store_sqlite_find_child,
	.find_time = store_sqlite_find_time,
	.read_subscriptions = store_sqlite_read_subscriptions,
	.read_lanes = store_sqlite_read_lanes,
	.read_figures = store_sqlite_read_figures,
};

baton_err
store_sqlite_read_new(const struct store_sqlite_files *files,
		      struct store_reader **reader, struct baton_error *error)
{
	struct store_sqlite_reader *made;
	baton_err err;

	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		return baton_error_set(error, BATON_NO_MEMORY,
				       "journal: reader: out of memory");
	}
	made->base.ops = &store_sqlite_reader_ops;
	made->files = *files;
	err = store_sqlite_open_reader(files, &made->db, error);
	if (err != BATON_OK)
		goto err0;
	err = store_sqlite_db_prepare(made->db, sql_texts, SQL_COUNT,
				      made->statements, error);
	if (err != BATON_OK)
		goto err1;
	*reader = &made->base;
	return BATON_OK;
err1:
	(void)sqlite3_close(made->db);
err0:
	free(made);
	return err;
}
