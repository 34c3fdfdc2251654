/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "broker/store_sqlite.h"

/* Room for one more entry in a list that doubles. */
static baton_err
list_grow(void **list, size_t *room, size_t count, size_t entry_bytes,
	  struct baton_error *error)
{
	size_t wanted = *room == 0 ? 8 : 2 * *room;
	void *grown;

	if (count < *room)
		return BATON_OK;
	grown = reallocarray(*list, wanted, entry_bytes);
	if (grown == NULL) {
		return baton_error_set(error, BATON_NO_MEMORY,
				       "journal: read: out of memory");
	}
	*list = grown;
	*room = wanted;
	return BATON_OK;
}

static baton_err
subscription_of_row(sqlite3_stmt *row, struct store_subscription *subscription,
		    struct baton_error *error)
{
	struct store_filter *filter = &subscription->filter;
	baton_err err;

	memset(subscription, 0, sizeof(*subscription));
	subscription->id = sqlite3_column_int64(row, 0);
	filter->families = (uint64_t)sqlite3_column_int64(row, 3);
	filter->child = sqlite3_column_int64(row, 4);
	subscription->position = (uint64_t)sqlite3_column_int64(row, 6);
	subscription->created_at_ms = sqlite3_column_int64(row, 7);
	err = store_sqlite_db_text(row, 1, subscription->partner, NAME_BYTES,
				   error);
	if (err == BATON_OK) {
		err = store_sqlite_db_text(row, 2, subscription->name,
					   NAME_BYTES, error);
	}
	if (err == BATON_OK) {
		err = store_sqlite_db_text(row, 5, filter->child_key,
					   CONTRACT_CHILD_KEY_BYTES, error);
	}
	return err;
}

/* Adds the row's source, if it has one. */
static baton_err
source_of_row(sqlite3_stmt *row, struct store_filter *filter,
	      struct baton_error *error)
{
	if (sqlite3_column_type(row, 8) == SQLITE_NULL)
		return BATON_OK;
	if (filter->sources_count == STORE_FILTER_SOURCES_MAX) {
		return baton_error_set(error, BATON_CORRUPT,
				       "journal: a subscription has more "
				       "sources than the contract allows");
	}
	return store_sqlite_db_text(row, 8,
				    filter->sources[filter->sources_count++],
				    SOURCE_BYTES, error);
}

/* One row for each source of a subscription, or one without. */
static baton_err
subscriptions_add_row(sqlite3_stmt *row, struct store_subscription **list,
		      size_t *room, size_t *count, struct baton_error *error)
{
	void *grown = *list;
	baton_err err;

	if (*count == 0 ||
	    (*list)[*count - 1].id != sqlite3_column_int64(row, 0)) {
		err = list_grow(&grown, room, *count, sizeof(**list), error);
		if (err != BATON_OK)
			return err;
		*list = grown;
		err = subscription_of_row(row, &(*list)[*count], error);
		if (err != BATON_OK)
			return err;
		(*count)++;
	}
	return source_of_row(row, &(*list)[*count - 1].filter, error);
}

baton_err
store_sqlite_list_subscriptions(sqlite3_stmt *statement,
				struct store_subscription **list, size_t *count,
				struct baton_error *error)
{
	baton_err err = BATON_OK;
	size_t room = 0;
	int rc;

	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		err = subscriptions_add_row(statement, list, &room, count,
					    error);
		if (err != BATON_OK)
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		err = err_from_sqlite(sqlite3_db_handle(statement),
				      "read subscriptions", error);
	}
	(void)sqlite3_reset(statement);
	if (err != BATON_OK) {
		free(*list);
		*list = NULL;
		*count = 0;
	}
	return err;
}

static baton_err
lane_of_row(sqlite3_stmt *row, struct store_lane *lane,
	    struct baton_error *error)
{
	memset(lane, 0, sizeof(*lane));
	lane->subscription = sqlite3_column_int64(row, 0);
	lane->child = sqlite3_column_int64(row, 1);
	lane->settled_to = (uint64_t)sqlite3_column_int64(row, 2);
	lane->state = (enum store_lane_state)sqlite3_column_int(row, 3);
	lane->behind = sqlite3_column_int(row, 4) != 0;
	lane->held_sequence = (uint64_t)sqlite3_column_int64(row, 5);
	lane->attempts = (uint32_t)sqlite3_column_int64(row, 6);
	lane->retry_at_ms = sqlite3_column_int64(row, 7);
	lane->parked_at_ms = sqlite3_column_int64(row, 8);
	return store_sqlite_db_text(row, 9, lane->reason, STORE_REASON_BYTES,
				    error);
}

static baton_err
lanes_add_row(sqlite3_stmt *row, struct store_lane **list, size_t *room,
	      size_t *count, struct baton_error *error)
{
	void *grown = *list;
	baton_err err;

	err = list_grow(&grown, room, *count, sizeof(**list), error);
	if (err != BATON_OK)
		return err;
	*list = grown;
	err = lane_of_row(row, &(*list)[*count], error);
	if (err == BATON_OK)
		(*count)++;
	return err;
}

baton_err
store_sqlite_list_lanes(sqlite3_stmt *statement, struct store_lane **list,
			size_t *count, struct baton_error *error)
{
	baton_err err = BATON_OK;
	size_t room = 0;
	int rc;

	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		err = lanes_add_row(statement, list, &room, count, error);
		if (err != BATON_OK)
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		err = err_from_sqlite(sqlite3_db_handle(statement),
				      "read lanes", error);
	}
	(void)sqlite3_reset(statement);
	if (err != BATON_OK) {
		free(*list);
		*list = NULL;
		*count = 0;
	}
	return err;
}
