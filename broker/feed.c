/* SPDX-License-Identifier: MIT */
#include "broker/feed.h"

#include <stdlib.h>
#include <string.h>

#include "client/log.h"

/* ---- life ---- */

static baton_err
feed_restore_lanes(struct delivery *delivery, struct feed *feed,
		   struct baton_error *error)
{
	struct subscription_now now = delivery_now(delivery);
	struct store_lane *lanes = NULL;
	size_t count = 0;
	baton_err err;

	err = store_read_lanes(delivery->reader,
			       subscription_stored(feed->state)->id, &lanes,
			       &count, error);
	for (size_t i = 0; err == BATON_OK && i < count; i++) {
		err = subscription_restore(feed->state, &lanes[i], &now);
		if (err != BATON_OK) {
			(void)baton_error_set(error, err, "out of memory");
		}
	}
	free(lanes);
	return err;
}

static baton_err
feed_add(struct delivery *delivery, struct feed *feed)
{
	size_t capacity = delivery->feeds_capacity * 2 + 8;
	struct feed **feeds;

	if (delivery->feeds_count == delivery->feeds_capacity) {
		feeds = realloc(delivery->feeds,
				capacity * sizeof(struct feed *));
		if (feeds == NULL) {
			return BATON_NO_MEMORY;
		}
		delivery->feeds = feeds;
		delivery->feeds_capacity = capacity;
	}
	delivery->feeds[delivery->feeds_count] = feed;
	delivery->feeds_count++;
	return BATON_OK;
}

baton_err
feed_new(struct delivery *delivery, const struct store_subscription *stored,
	 bool live, struct feed **feed, struct baton_error *error)
{
	struct subscription_options options = {
		.window_events = delivery->options.window_events,
		.max_attempts = delivery->options.max_attempts,
		.backoff_min_ms = delivery->options.backoff_min_ms,
		.backoff_max_ms = delivery->options.backoff_max_ms,
		.seed = delivery->seed,
	};
	struct feed *made = calloc(1, sizeof(*made));
	baton_err err = BATON_NO_MEMORY;

	*feed = NULL;
	if (made == NULL) {
		return baton_error_set(error, err, "out of memory");
	}
	/* A subscription that is dropped and made again must not number its
	 * leases as before. */
	delivery->seed += UINT64_C(1) << 40;
	made->live = live;
	made->unread = true;
	err = subscription_new(stored, &options, &made->state);
	if (err != BATON_OK) {
		(void)baton_error_set(error, err, "out of memory");
		goto err0;
	}
	if (live) {
		err = feed_restore_lanes(delivery, made, error);
		if (err != BATON_OK) {
			goto err0;
		}
	}
	err = feed_add(delivery, made);
	if (err != BATON_OK) {
		(void)baton_error_set(error, err, "out of memory");
		goto err0;
	}
	*feed = made;
	return BATON_OK;
err0:
	feed_free(made);
	return err;
}

void
feed_free(struct feed *feed)
{
	subscription_free(feed->state);
	free(feed);
}

void
feed_remove(struct delivery *delivery, struct feed *feed)
{
	struct exchange *waiting = feed->waiting_first;
	struct exchange *exchange;

	for (size_t i = 0; i < delivery->feeds_count; i++) {
		if (delivery->feeds[i] == feed) {
			delivery->feeds_count--;
			delivery->feeds[i] =
				delivery->feeds[delivery->feeds_count];
			break;
		}
	}
	while ((exchange = fetches_take(&feed->fetches)) != NULL) {
		exchange_refuse(exchange, BATON_NOT_FOUND, 0,
				"the subscription was dropped");
	}
	feed_free(feed);
	while ((exchange = waiting) != NULL) {
		waiting = exchange->next;
		exchange->next = NULL;
		delivery_dispatch(delivery, exchange);
	}
}

struct feed *
feed_find(struct delivery *delivery, const char *partner, const char *name)
{
	for (size_t i = 0; i < delivery->feeds_count; i++) {
		const struct store_subscription *stored =
			subscription_stored(delivery->feeds[i]->state);

		if (strcmp(stored->name, name) == 0 &&
		    strcmp(stored->partner, partner) == 0) {
			return delivery->feeds[i];
		}
	}
	return NULL;
}

struct feed *
feed_of_exchange(struct delivery *delivery, struct exchange *exchange,
		 const char *partner, const char *name)
{
	struct feed *feed = NULL;

	if (partner[0] == '\0') {
		partner = exchange->peer.partner;
	}
	/* Another partner's subscription is as unknown as one that is not. */
	if (admin_sees(&exchange->peer, partner)) {
		feed = feed_find(delivery, partner, name);
	}
	if (feed == NULL || !feed->live) {
		exchange_refuse(exchange, BATON_NOT_FOUND, 0,
				"there is no such subscription: subscribe "
				"first");
		return NULL;
	}
	return feed;
}

void
feed_wait(struct feed *feed, struct exchange *exchange)
{
	exchange->next = NULL;
	if (feed->waiting_first == NULL) {
		feed->waiting_first = exchange;
	} else {
		feed->waiting_last->next = exchange;
	}
	feed->waiting_last = exchange;
}

/* ---- reading ---- */

static baton_err
feed_fill_from_tail(struct delivery *delivery, struct feed *feed)
{
	const struct record *record;
	baton_err err = BATON_OK;

	while (err == BATON_OK && subscription_room(feed->state) > 0 &&
	       (record = tail_get(delivery->tail,
				  subscription_cursor(feed->state) + 1)) !=
		       NULL) {
		struct store_head head = {
			.sequence = record->sequence,
			.child = record->child,
			.family = record->family,
			.bytes = (uint32_t)record->event.len,
		};

		memcpy(head.source, record->source, sizeof(head.source));
		record_unref(record);
		err = subscription_push(feed->state, &head);
	}
	return err;
}

/* Heads that match nothing take no room: so that one subscription's long search
 * does not stop the others, a turn ends after this many reads. */
#define FEED_FILL_READS 16

/* Reads the journal until the window is full, the journal or the turn ends. A
 * failure leaves the feed unread: the next wake or fetch tries again. */
static void
feed_fill(struct delivery *delivery, struct feed *feed)
{
	struct baton_error error = {BATON_OK, ""};
	baton_err err = BATON_OK;

	feed->more = false;
	for (size_t reads = 0;
	     feed->unread && subscription_room(feed->state) > 0; reads++) {
		struct store_range range = {.max_bytes = SIZE_MAX};
		size_t count = 0;

		if (reads == FEED_FILL_READS) {
			feed->more = true;
			break;
		}
		err = feed_fill_from_tail(delivery, feed);
		range.after = subscription_cursor(feed->state);
		range.max_records = subscription_room(feed->state);
		if (err != BATON_OK || range.max_records == 0) {
			break;
		}
		if (range.max_records > DELIVERY_HEADS) {
			range.max_records = DELIVERY_HEADS;
		}
		err = store_read_heads(delivery->reader, &range,
				       delivery->heads, &count, &error);
		for (size_t i = 0; err == BATON_OK && i < count; i++) {
			err = subscription_push(feed->state,
						&delivery->heads[i]);
		}
		if (err != BATON_OK) {
			break;
		}
		feed->unread = count > 0;
	}
	if (err != BATON_OK) {
		log_error("delivery.read", "subscription=%s error=%s text=%s",
			  subscription_stored(feed->state)->name,
			  baton_err_name(err), error.text);
	}
}

/* ---- pump ---- */

void
feed_pump(struct delivery *delivery, struct feed *feed)
{
	struct subscription_now now = delivery_now(delivery);
	struct exchange *exchange;

	if (!feed->live) {
		return;
	}
	if (now.monotonic_ms >= feed->retry_at_ms) {
		size_t leases = subscription_expire(feed->state, &now);

		atomic_fetch_add(&delivery->metrics->leases_expired, leases);
		delivery->changed = delivery->changed || leases > 0;
	}
	feed_fill(delivery, feed);
	subscription_spill(feed->state);
	while (fetches_first(&feed->fetches) != NULL &&
	       feed_serve_one(delivery, feed)) {
		feed_fill(delivery, feed);
	}
	while ((exchange = fetches_take_due(&feed->fetches,
					    now.monotonic_ms)) != NULL) {
		feed_answer_empty(exchange);
	}
	change_begin(delivery, feed);
}

int64_t
feed_deadline_ms(const struct feed *feed)
{
	int64_t state_ms = subscription_deadline_ms(feed->state);
	int64_t fetch_ms = fetches_deadline_ms(&feed->fetches);

	if (feed->more) {
		return 0;
	}
	if (feed->change == NULL && subscription_wants_write(feed->state)) {
		state_ms = feed->retry_at_ms;
	}
	if (state_ms < feed->retry_at_ms) {
		state_ms = feed->retry_at_ms;
	}
	return state_ms < fetch_ms ? state_ms : fetch_ms;
}
