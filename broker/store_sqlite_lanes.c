/* SPDX-License-Identifier: MIT */
#include "broker/store_sqlite.h"

enum sql {
	SQL_ADD_SUBSCRIPTION,
	SQL_SET_SUBSCRIPTION,
	SQL_DROP_SUBSCRIPTION,
	SQL_ADD_SOURCE,
	SQL_DROP_SOURCES,
	SQL_SET_POSITION,
	SQL_DROP_OVERTAKEN,
	SQL_PUT_LANE,
	SQL_DROP_LANE,
	SQL_DROP_LANES,
	SQL_COUNT,
};

const char *const store_sqlite_lanes_sql[SQL_COUNT] = {
	[SQL_ADD_SUBSCRIPTION] =
		"INSERT INTO subscription (partner, name, families, child,"
		" child_key, position, created_at_ms)"
		" VALUES (?1, ?2, ?3, nullif(?4, 0), ?5, ?6, ?7)",
	[SQL_SET_SUBSCRIPTION] =
		"UPDATE subscription SET partner = ?1, name = ?2, families = "
		"?3,"
		" child = nullif(?4, 0), child_key = ?5, position = ?6,"
		" created_at_ms = ?7 WHERE id = ?8",
	[SQL_DROP_SUBSCRIPTION] = "DELETE FROM subscription WHERE id = ?1",
	[SQL_ADD_SOURCE] = "INSERT INTO subscription_source"
			   " (subscription, place, source) VALUES (?1, ?2, ?3)",
	[SQL_DROP_SOURCES] =
		"DELETE FROM subscription_source WHERE subscription = ?1",
	[SQL_SET_POSITION] =
		"UPDATE subscription SET position = ?2 WHERE id = ?1",
	[SQL_DROP_OVERTAKEN] =
		"DELETE FROM lane WHERE subscription = ?1 AND settled_to <= ?2"
		" AND state = 0 AND behind = 0",
	[SQL_PUT_LANE] =
		"INSERT INTO lane (subscription, child, settled_to, state,"
		" behind, held_sequence, attempts, retry_at_ms, parked_at_ms,"
		" reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT (subscription, child) DO UPDATE SET"
		" settled_to = ?3, state = ?4, behind = ?5, held_sequence = ?6,"
		" attempts = ?7, retry_at_ms = ?8, parked_at_ms = ?9,"
		" reason = ?10",
	[SQL_DROP_LANE] =
		"DELETE FROM lane WHERE subscription = ?1 AND child = ?2",
	[SQL_DROP_LANES] = "DELETE FROM lane WHERE subscription = ?1",
};

_Static_assert((int)SQL_COUNT == (int)STORE_SQLITE_LANES_SQL,
	       "room in the store");

/* Errors of a broken rule: nothing was written. */
static baton_err
refuse_constraint(sqlite3 *db, baton_err err, struct baton_error *error)
{
	switch (sqlite3_extended_errcode(db)) {
	case SQLITE_CONSTRAINT_UNIQUE:
		return baton_error_set(error, BATON_EXISTS,
				       "journal: subscription exists already");
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return baton_error_set(error, BATON_NOT_FOUND,
				       "journal: no such subscription or "
				       "child");
	default:
		return err;
	}
}

static baton_err
refuse_missing(struct baton_error *error)
{
	return baton_error_set(error, BATON_NOT_FOUND,
			       "journal: no such subscription");
}

/* ---- subscriptions ---- */

static int
bind_subscription(sqlite3_stmt *statement,
		  const struct store_subscription *subscription)
{
	const struct store_filter *filter = &subscription->filter;
	int bound;

	bound = sqlite3_bind_text(statement, 1, subscription->partner, -1,
				  SQLITE_STATIC);
	bound |= sqlite3_bind_text(statement, 2, subscription->name, -1,
				   SQLITE_STATIC);
	bound |= sqlite3_bind_int64(statement, 3,
				    (sqlite3_int64)filter->families);
	bound |= sqlite3_bind_int64(statement, 4, filter->child);
	bound |= sqlite3_bind_text(statement, 5, filter->child_key, -1,
				   SQLITE_STATIC);
	bound |= sqlite3_bind_int64(statement, 6,
				    (sqlite3_int64)subscription->position);
	bound |= sqlite3_bind_int64(statement, 7, subscription->created_at_ms);
	return bound;
}

static baton_err
add_subscription(struct store_sqlite *store,
		 struct store_subscription *subscription,
		 struct baton_error *error)
{
	sqlite3_stmt *statement = store->lanes[SQL_ADD_SUBSCRIPTION];
	baton_err err;

	err = store_sqlite_db_run(statement,
				  bind_subscription(statement, subscription),
				  "add subscription", error);
	if (err != BATON_OK)
		return refuse_constraint(store->db, err, error);
	subscription->id = sqlite3_last_insert_rowid(store->db);
	return BATON_OK;
}

static baton_err
set_subscription(struct store_sqlite *store,
		 const struct store_subscription *subscription,
		 struct baton_error *error)
{
	sqlite3_stmt *statement = store->lanes[SQL_SET_SUBSCRIPTION];
	baton_err err;
	int bound;

	bound = bind_subscription(statement, subscription);
	bound |= sqlite3_bind_int64(statement, 8, subscription->id);
	err = store_sqlite_db_run(statement, bound, "set subscription", error);
	if (err != BATON_OK)
		return refuse_constraint(store->db, err, error);
	if (sqlite3_changes(store->db) == 0)
		return refuse_missing(error);
	statement = store->lanes[SQL_DROP_SOURCES];
	bound = sqlite3_bind_int64(statement, 1, subscription->id);
	return store_sqlite_db_run(statement, bound, "set subscription", error);
}

static baton_err
add_sources(struct store_sqlite *store,
	    const struct store_subscription *subscription,
	    struct baton_error *error)
{
	sqlite3_stmt *statement = store->lanes[SQL_ADD_SOURCE];
	const struct store_filter *filter = &subscription->filter;
	baton_err err;
	int bound;
	size_t i;

	for (i = 0; i < filter->sources_count; i++) {
		bound = sqlite3_bind_int64(statement, 1, subscription->id);
		bound |= sqlite3_bind_int64(statement, 2, (sqlite3_int64)i);
		bound |= sqlite3_bind_text(statement, 3, filter->sources[i], -1,
					   SQLITE_STATIC);
		err = store_sqlite_db_run(statement, bound, "add source",
					  error);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

baton_err
store_sqlite_lanes_subscription_put(struct store *base,
				    struct store_subscription *subscription,
				    struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	baton_err err;

	err = subscription->id == 0
		      ? add_subscription(store, subscription, error)
		      : set_subscription(store, subscription, error);
	if (err != BATON_OK)
		return err;
	return add_sources(store, subscription, error);
}

baton_err
store_sqlite_lanes_position_set(struct store *base, int64_t subscription,
				uint64_t position, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	sqlite3_stmt *statement = store->lanes[SQL_SET_POSITION];
	baton_err err;
	int bound;

	bound = sqlite3_bind_int64(statement, 1, subscription);
	bound |= sqlite3_bind_int64(statement, 2, (sqlite3_int64)position);
	err = store_sqlite_db_run(statement, bound, "set position", error);
	if (err != BATON_OK)
		return err;
	if (sqlite3_changes(store->db) == 0)
		return refuse_missing(error);
	statement = store->lanes[SQL_DROP_OVERTAKEN];
	bound = sqlite3_bind_int64(statement, 1, subscription);
	bound |= sqlite3_bind_int64(statement, 2, (sqlite3_int64)position);
	return store_sqlite_db_run(statement, bound, "set position", error);
}

baton_err
store_sqlite_lanes_subscription_drop(struct store *base, int64_t subscription,
				     struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	sqlite3_stmt *statement = store->lanes[SQL_DROP_SUBSCRIPTION];
	baton_err err;
	int bound;

	bound = sqlite3_bind_int64(statement, 1, subscription);
	err = store_sqlite_db_run(statement, bound, "drop subscription", error);
	if (err != BATON_OK)
		return err;
	if (sqlite3_changes(store->db) == 0)
		return refuse_missing(error);
	return BATON_OK;
}

/* ---- lanes ---- */

baton_err
store_sqlite_lanes_put(struct store *base, const struct store_lane *lane,
		       struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	sqlite3_stmt *statement = store->lanes[SQL_PUT_LANE];
	baton_err err;
	int bound;

	bound = sqlite3_bind_int64(statement, 1, lane->subscription);
	bound |= sqlite3_bind_int64(statement, 2, lane->child);
	bound |= sqlite3_bind_int64(statement, 3,
				    (sqlite3_int64)lane->settled_to);
	bound |= sqlite3_bind_int(statement, 4, (int)lane->state);
	bound |= sqlite3_bind_int(statement, 5, lane->behind ? 1 : 0);
	bound |= sqlite3_bind_int64(statement, 6,
				    (sqlite3_int64)lane->held_sequence);
	bound |= sqlite3_bind_int64(statement, 7, lane->attempts);
	bound |= sqlite3_bind_int64(statement, 8, lane->retry_at_ms);
	bound |= sqlite3_bind_int64(statement, 9, lane->parked_at_ms);
	bound |= sqlite3_bind_text(statement, 10, lane->reason, -1,
				   SQLITE_STATIC);
	err = store_sqlite_db_run(statement, bound, "put lane", error);
	if (err != BATON_OK)
		return refuse_constraint(store->db, err, error);
	return BATON_OK;
}

baton_err
store_sqlite_lanes_drop_one(struct store *base, int64_t subscription,
			    int64_t child, struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	sqlite3_stmt *statement = store->lanes[SQL_DROP_LANE];
	int bound;

	bound = sqlite3_bind_int64(statement, 1, subscription);
	bound |= sqlite3_bind_int64(statement, 2, child);
	return store_sqlite_db_run(statement, bound, "drop lane", error);
}

baton_err
store_sqlite_lanes_drop_all(struct store *base, int64_t subscription,
			    struct baton_error *error)
{
	struct store_sqlite *store = store_sqlite_of(base);
	sqlite3_stmt *statement = store->lanes[SQL_DROP_LANES];
	int bound;

	bound = sqlite3_bind_int64(statement, 1, subscription);
	return store_sqlite_db_run(statement, bound, "drop lanes", error);
}
