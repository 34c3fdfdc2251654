/* SPDX-License-Identifier: MIT */
/* Fetches of a feed and their answers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/feed.h"
#include "broker/protobuf_text.h"
#include "client/log.h"

/** Lanes that are behind and read for one fetch, at most. */
#define FEED_LOADS 64
#define FEED_LEASE_MIN_MS 1000
#define FEED_LEASE_MAX_MS 3600000

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

/* What was taken after an unreadable event of the same lane went back too. */
static void
feed_parcel_forget(struct feed_parcel *parcel, size_t unreadable, size_t taken)
{
	uint64_t lease = parcel->taken[unreadable].lease;

	for (size_t i = unreadable; i < taken; i++) {
		if (parcel->taken[i].lease == lease) {
			parcel->taken[i].lease = 0;
		}
	}
}

/* Reads the bytes of what was taken and keeps what could be read, in order. */
static baton_err
feed_parcel_read(struct delivery *delivery, struct feed *feed,
		 struct feed_parcel *parcel, size_t taken,
		 struct baton_error *error)
{
	baton_err failed = BATON_OK;

	for (size_t i = 0; i < taken; i++) {
		struct subscription_taken *each = &parcel->taken[i];
		const struct record *record = NULL;
		baton_err err = failed;

		if (each->lease == 0) {
			continue;
		}
		if (err == BATON_OK) {
			err = records_get(delivery->records, each->sequence,
					  each->child, RECORDS_OF_ALL, &record,
					  error);
		}
		if (err != BATON_OK) {
			failed = feed_unreadable(delivery, feed, each, err);
			feed_parcel_forget(parcel, i, taken);
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

bool
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
