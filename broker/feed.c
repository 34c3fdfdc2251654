/* SPDX-License-Identifier: MIT */
#include "broker/feed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/protobuf_text.h"
#include "client/log.h"

/** Lanes that are behind and read for one fetch, at most. */
#define FEED_LOADS 64
#define FEED_LEASE_MIN_MS 1000
#define FEED_LEASE_MAX_MS 3600000

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

/* Reads the journal until the window is full or it ends. A failure leaves the
 * feed unread: the next wake or fetch tries again. */
static void
feed_fill(struct delivery *delivery, struct feed *feed)
{
	struct baton_error error = {BATON_OK, ""};
	baton_err err = BATON_OK;

	while (feed->unread && subscription_room(feed->state) > 0) {
		struct store_range range = {.max_bytes = SIZE_MAX};
		size_t count = 0;

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

/* Reads lanes that are behind, so that they can be delivered. */
static baton_err
feed_load(struct delivery *delivery, struct feed *feed,
	  struct baton_error *error)
{
	struct store_range range = {.max_bytes = SIZE_MAX};

	for (size_t loads = 0; loads < FEED_LOADS; loads++) {
		size_t count = 0;
		bool enough = false;
		baton_err err = BATON_OK;

		if (!subscription_behind(feed->state, &range.child,
					 &range.after)) {
			break;
		}
		range.to = subscription_cursor(feed->state);
		do {
			range.max_records = DELIVERY_HEADS;
			if (range.after >= range.to) {
				break;
			}
			err = store_read_heads(delivery->reader, &range,
					       delivery->heads, &count, error);
			if (err == BATON_OK) {
				err = subscription_load(
					feed->state, range.child,
					delivery->heads, count, &enough);
			}
			if (err != BATON_OK) {
				return err;
			}
			if (count > 0) {
				range.after =
					delivery->heads[count - 1].sequence;
			}
		} while (count > 0 && !enough);
		subscription_loaded(feed->state, range.child);
	}
	return BATON_OK;
}

/* ---- fetching ---- */

void
feed_answer_empty(struct exchange *exchange)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__FetchResult result = BATON__V1__FETCH_RESULT__INIT;

	response.op_case = BATON__V1__RESPONSE__OP_FETCH;
	response.fetch = &result;
	exchange_answer(exchange, &response);
}

/* One fetch being answered. */
struct feed_parcel {
	struct subscription_taken *taken;
	const struct record **records;
	size_t count;
	Baton__V1__Delivery *messages;
	Baton__V1__Delivery **pointers;
};

static void
feed_parcel_fini(struct feed_parcel *parcel)
{
	for (size_t i = 0; parcel->records != NULL && i < parcel->count; i++) {
		record_unref(parcel->records[i]);
	}
	free(parcel->taken);
	free(parcel->records);
	free(parcel->messages);
	free(parcel->pointers);
}

static baton_err
feed_parcel_init(struct feed_parcel *parcel, size_t max_events)
{
	memset(parcel, 0, sizeof(*parcel));
	parcel->taken = calloc(max_events, sizeof(*parcel->taken));
	parcel->records = calloc(max_events, sizeof(struct record *));
	parcel->messages = calloc(max_events, sizeof(*parcel->messages));
	parcel->pointers =
		calloc(max_events, sizeof(struct Baton__V1__Delivery *));
	if (parcel->taken == NULL || parcel->records == NULL ||
	    parcel->messages == NULL || parcel->pointers == NULL) {
		feed_parcel_fini(parcel);
		return BATON_NO_MEMORY;
	}
	return BATON_OK;
}

/* An event that cannot be read parks its lane, once it is the lane's next;
 * everything else flows. */
static baton_err
feed_unreadable(struct delivery *delivery, struct feed *feed,
		const struct subscription_taken *taken, baton_err err)
{
	struct subscription_now now = delivery_now(delivery);

	subscription_untake(feed->state, taken);
	if (err != BATON_CORRUPT && err != BATON_NOT_FOUND) {
		return err;
	}
	log_error("delivery.unreadable",
		  "subscription=%s sequence=%" PRIu64 " error=%s",
		  subscription_stored(feed->state)->name, taken->sequence,
		  baton_err_name(err));
	return subscription_park(feed->state, taken->child, taken->sequence,
				 baton_err_text(err), &now);
}

/* Reads the bytes of what was taken and keeps what could be read, in order. */
static baton_err
feed_parcel_read(struct delivery *delivery, struct feed *feed,
		 struct feed_parcel *parcel, size_t taken,
		 struct baton_error *error)
{
	baton_err failed = BATON_OK;
	uint64_t lost_lease = 0;

	for (size_t i = 0; i < taken; i++) {
		struct subscription_taken *each = &parcel->taken[i];
		const struct record *record = NULL;
		baton_err err = failed;

		if (each->lease == lost_lease) {
			continue;
		}
		if (err == BATON_OK) {
			err = records_get(delivery->records, each->sequence,
					  each->child, RECORDS_OF_ALL, &record,
					  error);
		}
		if (err != BATON_OK) {
			lost_lease = each->lease;
			failed = feed_unreadable(delivery, feed, each, err);
			continue;
		}
		parcel->records[parcel->count] = record;
		parcel->taken[parcel->count] = *each;
		parcel->count++;
	}
	return failed;
}

static void
feed_parcel_answer(struct delivery *delivery, struct feed_parcel *parcel,
		   struct exchange *exchange)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__FetchResult result = BATON__V1__FETCH_RESULT__INIT;

	for (size_t i = 0; i < parcel->count; i++) {
		const struct record *record = parcel->records[i];
		Baton__V1__Delivery *message = &parcel->messages[i];

		baton__v1__delivery__init(message);
		message->sequence = record->sequence;
		message->event = protobuf_bytes(record->event);
		message->lease = parcel->taken[i].lease;
		message->attempt = parcel->taken[i].attempt;
		message->accepted_at_ms = record->accepted_at_ms;
		message->partner = protobuf_text(record->partner);
		message->lane = (uint64_t)record->child;
		parcel->pointers[i] = message;
		if (message->attempt > 1) {
			atomic_fetch_add(&delivery->metrics->redelivered, 1);
		}
	}
	atomic_fetch_add(&delivery->metrics->delivered, parcel->count);
	delivery->changed = true;
	result.deliveries = parcel->pointers;
	result.n_deliveries = parcel->count;
	response.op_case = BATON__V1__RESPONSE__OP_FETCH;
	response.fetch = &result;
	exchange_answer(exchange, &response);
}

/* Answers the first waiting fetch; false when it has to wait on. */
static bool
feed_serve_one(struct delivery *delivery, struct feed *feed)
{
	const struct exchange *asking = fetches_first(&feed->fetches);
	const Baton__V1__Fetch *fetch = asking->request->fetch;
	const struct delivery_options *options = &delivery->options;
	struct baton_error error = {BATON_OK, ""};
	struct subscription_want want = {
		.max_events = fetch->max_events,
		.max_bytes = options->max_fetch_bytes,
		.lease_ms = fetch->lease_ms == 0 ? options->lease_ms
						 : fetch->lease_ms,
		.pipe = asking->peer.pipe,
		.now_ms = delivery_now(delivery).monotonic_ms,
	};
	struct feed_parcel parcel;
	size_t taken;
	baton_err err;

	if (want.max_events > options->max_fetch_events) {
		want.max_events = options->max_fetch_events;
	}
	if (fetch->max_bytes > 0 && fetch->max_bytes < want.max_bytes) {
		want.max_bytes = fetch->max_bytes;
	}
	err = feed_load(delivery, feed, &error);
	if (err == BATON_OK && !subscription_ready(feed->state)) {
		return false;
	}
	if (err == BATON_OK) {
		err = feed_parcel_init(&parcel, want.max_events);
	}
	if (err != BATON_OK) {
		exchange_refuse(fetches_take(&feed->fetches), BATON_UNAVAILABLE,
				1000, "the journal cannot be read now: %s",
				baton_err_text(err));
		return true;
	}
	taken = subscription_take(feed->state, &want, parcel.taken);
	err = feed_parcel_read(delivery, feed, &parcel, taken, &error);
	if (parcel.count > 0) {
		feed_parcel_answer(delivery, &parcel,
				   fetches_take(&feed->fetches));
	} else if (err != BATON_OK) {
		exchange_refuse(fetches_take(&feed->fetches), BATON_UNAVAILABLE,
				1000, "the journal cannot be read now: %s",
				baton_err_text(err));
	}
	feed_parcel_fini(&parcel);
	return true;
}

void
feed_fetch(struct delivery *delivery, struct exchange *exchange)
{
	const Baton__V1__Fetch *fetch = exchange->request->fetch;
	struct subscription_now now = delivery_now(delivery);
	uint32_t wait_ms = fetch->wait_ms;
	struct feed *feed;

	if (fetch->max_events == 0 ||
	    (fetch->lease_ms != 0 && (fetch->lease_ms < FEED_LEASE_MIN_MS ||
				      fetch->lease_ms > FEED_LEASE_MAX_MS))) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"max_events must be at least 1 and lease_ms 0 "
				"or %d to %d",
				FEED_LEASE_MIN_MS, FEED_LEASE_MAX_MS);
		return;
	}
	feed = feed_of_exchange(delivery, exchange, "", fetch->subscription);
	if (feed == NULL) {
		return;
	}
	if (wait_ms > delivery->options.max_wait_ms) {
		wait_ms = delivery->options.max_wait_ms;
	}
	feed->last_fetch_at_ms = now.wall_ms;
	if (fetches_add(&feed->fetches, exchange, now.monotonic_ms + wait_ms) !=
	    BATON_OK) {
		exchange_refuse(exchange, BATON_NO_MEMORY, 1000,
				"the broker is out of memory");
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

	if (feed->change == NULL && subscription_wants_write(feed->state)) {
		state_ms = feed->retry_at_ms;
	}
	if (state_ms < feed->retry_at_ms) {
		state_ms = feed->retry_at_ms;
	}
	return state_ms < fetch_ms ? state_ms : fetch_ms;
}
