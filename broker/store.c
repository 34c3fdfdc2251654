/* SPDX-License-Identifier: MIT */
#include "broker/store.h"

#include <string.h>

#include "broker/store_ops.h"

/* Errors after which a transaction goes on: nothing was written. */
static bool
store_err_is_harmless(baton_err err)
{
	return err == BATON_OK || err == BATON_INVALID ||
	       err == BATON_NOT_FOUND || err == BATON_EXISTS;
}

/* Whether something may be written now. */
static baton_err
store_check_writable(const struct store *store, struct baton_error *error)
{
	if (!store->in_transaction) {
		return baton_error_set(error, BATON_INTERNAL,
				       "journal: write without a transaction");
	}
	if (store->failed) {
		return baton_error_set(
			error, BATON_UNAVAILABLE,
			"journal: an earlier write of this transaction failed");
	}
	return BATON_OK;
}

/* Remembers that a write failed; returns err. */
static baton_err
store_note(struct store *store, baton_err err)
{
	if (!store_err_is_harmless(err))
		store->failed = true;
	return err;
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	store_rollback(store);
	store->ops->free(store);
}

baton_err
store_reopen(struct store *store, struct baton_error *error)
{
	store_rollback(store);
	return store->ops->reopen(store, error);
}

baton_err
store_begin(struct store *store, struct baton_error *error)
{
	baton_err err;

	if (store->in_transaction) {
		return baton_error_set(error, BATON_INTERNAL,
				       "journal: transaction within another");
	}
	err = store->ops->begin(store, error);
	if (err != BATON_OK)
		return err;
	store->in_transaction = true;
	store->failed = false;
	return BATON_OK;
}

baton_err
store_commit(struct store *store, struct baton_error *error)
{
	baton_err err;

	err = store_check_writable(store, error);
	if (err != BATON_OK) {
		store_rollback(store);
		return err;
	}
	store->in_transaction = false;
	return store->ops->commit(store, error);
}

void
store_rollback(struct store *store)
{
	if (!store->in_transaction)
		return;
	store->in_transaction = false;
	store->ops->rollback(store);
}

baton_err
store_probe(struct store *store, struct baton_error *error)
{
	baton_err err;

	err = store_begin(store, error);
	if (err != BATON_OK)
		return err;
	err = store_note(store, store->ops->touch(store, error));
	if (err != BATON_OK) {
		store_rollback(store);
		return err;
	}
	return store_commit(store, error);
}

/* Whether text has 1 to room - 1 characters. */
static bool
store_text_fits(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	return len > 0 && len < room;
}

static bool
store_event_fits(const struct store_event *event)
{
	size_t i;

	for (i = 0; i < event->child_keys_count; i++) {
		if (!store_text_fits(event->child_keys[i],
				     CONTRACT_CHILD_KEY_BYTES))
			return false;
	}
	return event->child_keys_count > 0 &&
	       event->event.len <= BATON_EVENT_MAX_BYTES &&
	       store_text_fits(event->partner, NAME_BYTES) &&
	       store_text_fits(event->source, SOURCE_BYTES) &&
	       store_text_fits(event->id, BATON_EVENT_ID_MAX + 1);
}

baton_err
store_append(struct store *store, const struct store_event *event,
	     struct store_appended *appended, struct baton_error *error)
{
	baton_err err;

	memset(appended, 0, sizeof(*appended));
	err = store_check_writable(store, error);
	if (err != BATON_OK)
		return err;
	if (!store_event_fits(event)) {
		return baton_error_set(error, BATON_INVALID,
				       "journal: event does not fit a record");
	}
	return store_note(store,
			  store->ops->append(store, event, appended, error));
}

baton_err
store_subscription_put(struct store *store,
		       struct store_subscription *subscription,
		       struct baton_error *error)
{
	baton_err err;

	err = store_check_writable(store, error);
	if (err != BATON_OK)
		return err;
	if (!store_text_fits(subscription->partner, NAME_BYTES) ||
	    !store_text_fits(subscription->name, NAME_BYTES) ||
	    subscription->filter.sources_count > STORE_FILTER_SOURCES_MAX) {
		return baton_error_set(error, BATON_INVALID,
				       "journal: subscription has no name or "
				       "too many sources");
	}
	return store_note(store, store->ops->subscription_put(
					 store, subscription, error));
}

baton_err
store_position_set(struct store *store, int64_t subscription, uint64_t position,
		   struct baton_error *error)
{
	baton_err err;

	err = store_check_writable(store, error);
	if (err != BATON_OK)
		return err;
	return store_note(store, store->ops->position_set(store, subscription,
							  position, error));
}

baton_err
store_subscription_drop(struct store *store, int64_t subscription,
			struct baton_error *error)
{
	baton_err err;

	err = store_check_writable(store, error);
	if (err != BATON_OK)
		return err;
	return store_note(store, store->ops->subscription_drop(
					 store, subscription, error));
}

baton_err
store_lane_put(struct store *store, const struct store_lane *lane,
	       struct baton_error *error)
{
	baton_err err;

	err = store_check_writable(store, error);
	if (err != BATON_OK)
		return err;
	return store_note(store, store->ops->lane_put(store, lane, error));
}

baton_err
store_lane_drop(struct store *store, int64_t subscription, int64_t child,
		struct baton_error *error)
{
	baton_err err;

	err = store_check_writable(store, error);
	if (err != BATON_OK)
		return err;
	return store_note(store, store->ops->lane_drop(store, subscription,
						       child, error));
}

baton_err
store_lanes_drop(struct store *store, int64_t subscription,
		 struct baton_error *error)
{
	baton_err err;

	err = store_check_writable(store, error);
	if (err != BATON_OK)
		return err;
	return store_note(store,
			  store->ops->lanes_drop(store, subscription, error));
}

baton_err
store_checkpoint(struct store *store, struct baton_error *error)
{
	if (store->in_transaction) {
		return baton_error_set(error, BATON_INTERNAL,
				       "journal: checkpoint in a transaction");
	}
	return store->ops->checkpoint(store, error);
}

uint64_t
store_bytes(struct store *store)
{
	return store->ops->bytes(store);
}

baton_err
store_reader_new(struct store *store, struct store_reader **reader,
		 struct baton_error *error)
{
	*reader = NULL;
	return store->ops->reader_new(store, reader, error);
}

void
store_reader_free(struct store_reader *reader)
{
	if (reader != NULL)
		reader->ops->free(reader);
}

baton_err
store_read(struct store_reader *reader, const struct store_range *range,
	   const struct record **records, size_t *count,
	   struct baton_error *error)
{
	*count = 0;
	return reader->ops->read(reader, range, records, count, error);
}

baton_err
store_read_heads(struct store_reader *reader, const struct store_range *range,
		 struct store_head *heads, size_t *count,
		 struct baton_error *error)
{
	*count = 0;
	return reader->ops->read_heads(reader, range, heads, count, error);
}

baton_err
store_find_child(struct store_reader *reader, const char *key, int64_t *child,
		 struct baton_error *error)
{
	*child = 0;
	return reader->ops->find_child(reader, key, child, error);
}

baton_err
store_find_time(struct store_reader *reader, int64_t time_ms,
		uint64_t *sequence, struct baton_error *error)
{
	*sequence = 0;
	return reader->ops->find_time(reader, time_ms, sequence, error);
}

baton_err
store_read_subscriptions(struct store_reader *reader,
			 struct store_subscription **list, size_t *count,
			 struct baton_error *error)
{
	*list = NULL;
	*count = 0;
	return reader->ops->read_subscriptions(reader, list, count, error);
}

baton_err
store_read_lanes(struct store_reader *reader, int64_t subscription,
		 struct store_lane **list, size_t *count,
		 struct baton_error *error)
{
	*list = NULL;
	*count = 0;
	return reader->ops->read_lanes(reader, subscription, list, count,
				       error);
}

baton_err
store_read_figures(struct store_reader *reader, struct store_figures *figures,
		   struct baton_error *error)
{
	memset(figures, 0, sizeof(*figures));
	return reader->ops->read_figures(reader, figures, error);
}
