/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "broker/store_sqlite.h"

/* "batn", as schema.sql writes it. */
#define APPLICATION_ID "1650553966"

static const char sql_application_id[] = "PRAGMA application_id";
static const char sql_user_version[] = "PRAGMA user_version";
static const char sql_count_schema[] = "SELECT count(*) FROM sqlite_schema";
static const char sql_quick_check[] = "PRAGMA quick_check(1)";
static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
/* Where the journal ends must not lie before what it holds. */
static const char sql_head_lags[] =
	"SELECT (SELECT coalesce(max(sequence), 0) FROM event) > "
	"(SELECT sequence FROM head)";

/* A setting, and what it must read afterwards. */
struct setting {
	const char *set;
	const char *get;
	const char *expected;
};

static const struct setting settings_writer[] = {
	{"PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"},
	/* FULL: the log is on disk when COMMIT returns. */
	{"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"},
	{"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1"},
	{"PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1"},
	/* store_sqlite.c checkpoints when nobody waits for it. */
	{"PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "0"},
	{"PRAGMA journal_size_limit = 67108864", "PRAGMA journal_size_limit",
	 "67108864"},
	{"PRAGMA cache_size = -16384", "PRAGMA cache_size", "-16384"},
};

static const struct setting settings_reader[] = {
	{"PRAGMA query_only = ON", "PRAGMA query_only", "1"},
	{"PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "0"},
	{"PRAGMA cache_size = -4096", "PRAGMA cache_size", "-4096"},
};

static const struct setting settings_both[] = {
	{"PRAGMA busy_timeout = 5000", "PRAGMA busy_timeout", "5000"},
	/* A failing disk must be an error, not a signal. */
	{"PRAGMA mmap_size = 0", "PRAGMA mmap_size", "0"},
	/* Nothing of a child is ever in a temporary file. */
	{"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2"},
	{"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1"},
	{"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "0"},
};

static const struct store_sqlite_migration migrations[] = {
	{1, store_sqlite_schema},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static baton_err
apply_settings(sqlite3 *db, const struct setting *settings, size_t count,
	       struct baton_error *error)
{
	char value[64];
	baton_err err;
	size_t i;

	for (i = 0; i < count; i++) {
		err = store_sqlite_db_value(db, settings[i].set, value,
					    sizeof(value), error);
		if (err != BATON_OK)
			return err;
		err = store_sqlite_db_value(db, settings[i].get, value,
					    sizeof(value), error);
		if (err != BATON_OK)
			return err;
		if (strcmp(value, settings[i].expected) != 0) {
			return baton_error_set(error, BATON_CONFIG,
					       "journal: %s had no effect, it "
					       "reads '%s': is the directory "
					       "on a network file system?",
					       settings[i].set, value);
		}
	}
	return BATON_OK;
}

static baton_err
connect(const char *path, int flags, sqlite3 **db, struct baton_error *error)
{
	baton_err err;

	/* One thread uses a connection at a time: SQLite need not lock. */
	if (sqlite3_open_v2(path, db,
			    flags | SQLITE_OPEN_NOMUTEX |
				    SQLITE_OPEN_PRIVATECACHE |
				    SQLITE_OPEN_EXRESCODE,
			    NULL) != SQLITE_OK) {
		err = *db == NULL ? baton_error_set(error, BATON_NO_MEMORY,
						    "journal: open: out of "
						    "memory")
				  : err_from_sqlite(*db, "open", error);
		goto err0;
	}
	err = apply_settings(*db, settings_both, COUNT(settings_both), error);
	if (err != BATON_OK)
		goto err0;
	return BATON_OK;
err0:
	(void)sqlite3_close(*db);
	*db = NULL;
	return err;
}

/* Is this a journal, or an empty file that may become one? */
static baton_err
check_identity(const struct store_sqlite_files *files, sqlite3 *db,
	       struct baton_error *error)
{
	char application[16];
	char tables[16];
	baton_err err;

	err = store_sqlite_db_value(db, sql_application_id, application,
				    sizeof(application), error);
	if (err == BATON_OK) {
		err = store_sqlite_db_value(db, sql_count_schema, tables,
					    sizeof(tables), error);
	}
	if (err == BATON_CORRUPT &&
	    (sqlite3_extended_errcode(db) & 0xff) == SQLITE_NOTADB) {
		return baton_error_set(error, BATON_CONFIG,
				       "journal: %s is not a database: move it "
				       "away, or restore it from a backup",
				       files->database);
	}
	if (err != BATON_OK)
		return err;
	if (strcmp(application, APPLICATION_ID) == 0 ||
	    (strcmp(application, "0") == 0 && strcmp(tables, "0") == 0))
		return BATON_OK;
	return baton_error_set(
		error, BATON_CONFIG,
		"journal: %s is a database but not baton's: name "
		"another directory",
		files->database);
}

static baton_err
refuse_damaged(const struct store_sqlite_files *files, const char *found,
	       struct baton_error *error)
{
	/* The texts are cut so that the advice is always there. */
	return baton_error_set(error, BATON_CORRUPT,
			       "journal: %.80s is damaged (%.70s): keep the "
			       "file, restore a backup in its place",
			       files->database, found);
}

static baton_err
check_integrity(const struct store_sqlite_files *files, sqlite3 *db,
		struct baton_error *error)
{
	char found[128];
	baton_err err;

	err = store_sqlite_db_value(db, sql_quick_check, found, sizeof(found),
				    error);
	if (err == BATON_CORRUPT) {
		return refuse_damaged(
			files, sqlite3_errstr(sqlite3_extended_errcode(db)),
			error);
	}
	if (err != BATON_OK)
		return err;
	if (strcmp(found, "ok") != 0)
		return refuse_damaged(files, found, error);
	return BATON_OK;
}

static baton_err
check_head(const struct store_sqlite_files *files, sqlite3 *db,
	   struct baton_error *error)
{
	char lags[16];
	baton_err err;

	err = store_sqlite_db_value(db, sql_head_lags, lags, sizeof(lags),
				    error);
	if (err != BATON_OK)
		return err;
	if (strcmp(lags, "0") != 0)
		return refuse_damaged(files, "events after its end", error);
	return BATON_OK;
}

static baton_err
read_version(sqlite3 *db, int *version, struct baton_error *error)
{
	char value[16];
	baton_err err;

	err = store_sqlite_db_value(db, sql_user_version, value, sizeof(value),
				    error);
	*version = (int)strtol(value, NULL, 10);
	return err;
}

static baton_err
execute(sqlite3 *db, const char *sql, const char *operation,
	struct baton_error *error)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return err_from_sqlite(db, operation, error);
	return BATON_OK;
}

/* Runs one step and sees that it left the version it should. */
static baton_err
migrate_step(sqlite3 *db, const struct store_sqlite_migration *step,
	     struct baton_error *error)
{
	baton_err err;
	int version;

	err = execute(db, step->sql, "migrate", error);
	if (err != BATON_OK)
		return err;
	err = read_version(db, &version, error);
	if (err != BATON_OK)
		return err;
	if (version != step->version) {
		return baton_error_set(error, BATON_INTERNAL,
				       "journal: migration to version %d left "
				       "version %d",
				       step->version, version);
	}
	return BATON_OK;
}

baton_err
store_sqlite_open_migrate(const struct store_sqlite_files *files, sqlite3 *db,
			  const struct store_sqlite_migration *list,
			  size_t count, struct baton_error *error)
{
	int known = list[count - 1].version;
	baton_err err;
	int version;
	size_t i;

	err = read_version(db, &version, error);
	if (err != BATON_OK)
		return err;
	if (version > known) {
		return baton_error_set(error, BATON_CONFIG,
				       "journal: %s has version %d, this "
				       "broker knows %d: run a newer one",
				       files->database, version, known);
	}
	if (version == known)
		return BATON_OK;
	err = execute(db, sql_begin, "migrate", error);
	for (i = 0; i < count && err == BATON_OK; i++) {
		if (list[i].version > version)
			err = migrate_step(db, &list[i], error);
	}
	if (err == BATON_OK)
		err = execute(db, sql_commit, "migrate", error);
	if (err != BATON_OK && sqlite3_get_autocommit(db) == 0)
		(void)sqlite3_exec(db, sql_rollback, NULL, NULL, NULL);
	return err;
}

baton_err
store_sqlite_open_writer(const struct store_sqlite_files *files, sqlite3 **db,
			 struct baton_error *error)
{
	baton_err err;

	err = connect(files->database, SQLITE_OPEN_READWRITE, db, error);
	if (err != BATON_OK)
		return err;
	err = check_identity(files, *db, error);
	if (err == BATON_OK)
		err = check_integrity(files, *db, error);
	if (err == BATON_OK) {
		err = apply_settings(*db, settings_writer,
				     COUNT(settings_writer), error);
	}
	if (err == BATON_OK) {
		err = store_sqlite_open_migrate(files, *db, migrations,
						COUNT(migrations), error);
	}
	if (err == BATON_OK)
		err = check_head(files, *db, error);
	if (err != BATON_OK) {
		(void)sqlite3_close(*db);
		*db = NULL;
	}
	return err;
}

baton_err
store_sqlite_open_reader(const struct store_sqlite_files *files, sqlite3 **db,
			 struct baton_error *error)
{
	baton_err err;

	err = connect(files->database, SQLITE_OPEN_READONLY, db, error);
	if (err != BATON_OK)
		return err;
	/* Only the writer's connection checkpoints: SQLite's WAL-reset bug
	 * (sqlite.org/wal.html) damages a journal when two do. */
	(void)sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	err = apply_settings(*db, settings_reader, COUNT(settings_reader),
			     error);
	if (err != BATON_OK) {
		(void)sqlite3_close(*db);
		*db = NULL;
	}
	return err;
}
