/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "broker/store_sqlite.h"

static baton_err
err_of_code(int extended)
{
	if (extended == SQLITE_IOERR_NOMEM)
		return BATON_NO_MEMORY;
	switch (extended & 0xff) {
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return BATON_UNAVAILABLE;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_PROTOCOL:
		return BATON_IO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return BATON_CORRUPT;
	case SQLITE_NOMEM:
		return BATON_NO_MEMORY;
	default:
		return BATON_INTERNAL;
	}
}

baton_err
err_from_sqlite(sqlite3 *db, const char *operation, struct baton_error *error)
{
	int extended = sqlite3_extended_errcode(db);

	return baton_error_set(error, err_of_code(extended),
			       "journal: %s: %s (SQLite %d)", operation,
			       sqlite3_errstr(extended), extended);
}

baton_err
store_sqlite_db_prepare(sqlite3 *db, const char *const *sql, size_t count,
			sqlite3_stmt **statements, struct baton_error *error)
{
	size_t i;

	for (i = 0; i < count; i++)
		statements[i] = NULL;
	for (i = 0; i < count; i++) {
		if (sqlite3_prepare_v3(db, sql[i], -1,
				       SQLITE_PREPARE_PERSISTENT,
				       &statements[i], NULL) != SQLITE_OK) {
			(void)err_from_sqlite(db, "prepare", error);
			store_sqlite_db_finalize(statements, count);
			return err_of_code(sqlite3_extended_errcode(db));
		}
	}
	return BATON_OK;
}

void
store_sqlite_db_finalize(sqlite3_stmt **statements, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		(void)sqlite3_finalize(statements[i]);
		statements[i] = NULL;
	}
}

baton_err
store_sqlite_db_run(sqlite3_stmt *statement, int bound, const char *operation,
		    struct baton_error *error)
{
	baton_err err = BATON_OK;

	if (bound != SQLITE_OK || sqlite3_step(statement) != SQLITE_DONE) {
		err = err_from_sqlite(sqlite3_db_handle(statement), operation,
				      error);
	}
	(void)sqlite3_reset(statement);
	return err;
}

baton_err
store_sqlite_db_value(sqlite3 *db, const char *sql, char *value, size_t size,
		      struct baton_error *error)
{
	sqlite3_stmt *statement;
	const unsigned char *text;
	baton_err err = BATON_OK;
	int rc;

	value[0] = '\0';
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return err_from_sqlite(db, sql, error);
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		text = sqlite3_column_text(statement, 0);
		if (text != NULL)
			(void)snprintf(value, size, "%s", (const char *)text);
	} else if (rc != SQLITE_DONE) {
		err = err_from_sqlite(db, sql, error);
	}
	(void)sqlite3_finalize(statement);
	return err;
}

baton_err
store_sqlite_db_text(sqlite3_stmt *statement, int column, char *text,
		     size_t size, struct baton_error *error)
{
	const unsigned char *from = sqlite3_column_text(statement, column);
	size_t len = (size_t)sqlite3_column_bytes(statement, column);

	if (from == NULL) {
		return baton_error_set(error, BATON_NO_MEMORY,
				       "journal: read: out of memory");
	}
	if (len >= size) {
		return baton_error_set(error, BATON_CORRUPT,
				       "journal: read: text of column %d is "
				       "longer than the contract allows",
				       column);
	}
	memcpy(text, from, len);
	text[len] = '\0';
	return BATON_OK;
}
