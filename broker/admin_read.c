/* SPDX-License-Identifier: MIT */
/* Requests that only look: subscriptions, a child's journey, the broker. */
#include <stdlib.h>
#include <string.h>

#include "baton/version.h"
#include "broker/feed.h"
#include "broker/filter.h"
#include "broker/protobuf_text.h"

/** Lag is exact up to here. */
#define ADMIN_LAG_COUNT 100000
#define ADMIN_JOURNEY_LIMIT 100
#define ADMIN_JOURNEY_LIMIT_MAX 1000

uint64_t
admin_count(struct delivery *delivery, const struct store_filter *filter,
	    int64_t child, uint64_t after, uint64_t to, size_t *budget)
{
	struct store_range range = {
		.after = after,
		.to = to,
		.child = child,
		.max_bytes = SIZE_MAX,
	};
	struct baton_error error = {BATON_OK, ""};
	uint64_t matching = 0;
	size_t count = 1;

	while (count > 0 && *budget > 0) {
		range.max_records =
			*budget < DELIVERY_HEADS ? *budget : DELIVERY_HEADS;
		count = 0;
		if (store_read_heads(delivery->reader, &range, delivery->heads,
				     &count, &error) != BATON_OK) {
			break;
		}
		for (size_t i = 0; i < count; i++) {
			matching += filter_matches(filter, &delivery->heads[i]);
		}
		if (count > 0) {
			range.after = delivery->heads[count - 1].sequence;
		}
		*budget -= count;
	}
	return matching;
}

/* ---- subscriptions ---- */

struct admin_lag {
	struct delivery *delivery;
	const struct subscription *state;
	/** Heads that may still be looked at for this answer. */
	size_t *budget;
	uint64_t lag;
};

static void
admin_lag_lane(void *context, const struct lane *lane)
{
	struct admin_lag *lag = context;
	uint64_t cursor = subscription_cursor(lag->state);

	/* What such a lane has not settled may not be in memory. */
	if (lane->behind && lane->settled_to < cursor) {
		lag->lag += admin_count(
			lag->delivery, &subscription_stored(lag->state)->filter,
			lane->child, lane->settled_to, cursor, lag->budget);
	}
}

static uint64_t
admin_lag(struct delivery *delivery, const struct subscription *state,
	  const struct subscription_figures *figures, size_t *budget)
{
	const struct store_filter *filter = &subscription_stored(state)->filter;
	struct admin_lag lag = {
		.delivery = delivery,
		.state = state,
		.budget = budget,
		.lag = figures->unsettled,
	};

	subscription_each_lane(state, admin_lag_lane, &lag);
	return lag.lag + admin_count(delivery, filter, filter->child,
				     subscription_cursor(state), 0, budget);
}

struct admin_subscription {
	Baton__V1__SubscriptionStatus message;
	struct filter_wire filter;
};

static void
admin_fill_subscription(struct delivery *delivery, const struct feed *feed,
			struct admin_subscription *item, size_t *budget)
{
	const struct store_subscription *stored =
		subscription_stored(feed->state);
	Baton__V1__SubscriptionStatus *message = &item->message;
	struct subscription_figures figures;

	subscription_figures(feed->state, &figures);
	filter_format(&stored->filter, &item->filter);
	baton__v1__subscription_status__init(message);
	message->partner = protobuf_text(stored->partner);
	message->name = protobuf_text(stored->name);
	message->filter = &item->filter.message;
	message->position = subscription_position(feed->state);
	message->lag = admin_lag(delivery, feed->state, &figures, budget);
	message->leased = figures.leased;
	message->lanes_backing_off = figures.lanes_backing_off;
	message->lanes_parked = figures.lanes_parked;
	message->created_at_ms = stored->created_at_ms;
	message->last_fetch_at_ms = feed->last_fetch_at_ms;
}

void
admin_list_subscriptions(struct delivery *delivery, struct exchange *exchange)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__ListSubscriptionsResult result =
		BATON__V1__LIST_SUBSCRIPTIONS_RESULT__INIT;
	struct admin_subscription *items =
		calloc(delivery->feeds_count + 1, sizeof(*items));
	Baton__V1__SubscriptionStatus **pointers =
		calloc(delivery->feeds_count + 1,
		       sizeof(struct Baton__V1__SubscriptionStatus *));
	size_t budget = ADMIN_LAG_COUNT;

	if (items == NULL || pointers == NULL) {
		exchange_refuse(exchange, BATON_NO_MEMORY, 1000,
				"the broker is out of memory");
		goto err0;
	}
	for (size_t i = 0; i < delivery->feeds_count; i++) {
		const struct feed *feed = delivery->feeds[i];

		if (!feed->live ||
		    !admin_sees(&exchange->peer,
				subscription_stored(feed->state)->partner)) {
			continue;
		}
		pointers[result.n_subscriptions] =
			&items[result.n_subscriptions].message;
		admin_fill_subscription(delivery, feed,
					&items[result.n_subscriptions],
					&budget);
		result.n_subscriptions++;
	}
	result.subscriptions = pointers;
	response.op_case = BATON__V1__RESPONSE__OP_LIST_SUBSCRIPTIONS;
	response.list_subscriptions = &result;
	exchange_answer(exchange, &response);
err0:
	free(items);
	free(pointers);
}

void
admin_set_gauges(struct delivery *delivery)
{
	struct metrics_subscription *list =
		calloc(delivery->feeds_count + 1, sizeof(*list));
	uint64_t last = atomic_load(&delivery->metrics->last_sequence);
	size_t count = 0;

	for (size_t i = 0; list != NULL && i < delivery->feeds_count; i++) {
		const struct feed *feed = delivery->feeds[i];
		uint64_t cursor = subscription_cursor(feed->state);
		struct metrics_subscription *item = &list[count];
		struct subscription_figures figures;

		if (!feed->live) {
			continue;
		}
		subscription_figures(feed->state, &figures);
		memcpy(item->partner, subscription_stored(feed->state)->partner,
		       sizeof(item->partner));
		memcpy(item->name, subscription_stored(feed->state)->name,
		       sizeof(item->name));
		item->position = subscription_position(feed->state);
		/* What the full window left unread is taken to match. */
		item->lag =
			figures.unsettled + (last > cursor ? last - cursor : 0);
		item->leased = figures.leased;
		item->lanes_backing_off = figures.lanes_backing_off;
		item->lanes_parked = figures.lanes_parked;
		count++;
	}
	if (list != NULL) {
		/* Out of memory: the old gauges stand for another second. */
		(void)metrics_set_subscriptions(delivery->metrics, list, count);
	}
	free(list);
}

/* ---- journey ---- */

/* Events of one answer are bounded like those of a fetch. */
static void
admin_answer_journey(const struct record **records, size_t count, bool more,
		     struct exchange *exchange)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__JourneyResult result = BATON__V1__JOURNEY_RESULT__INIT;
	Baton__V1__JourneyEntry *entries = calloc(count + 1, sizeof(*entries));
	Baton__V1__JourneyEntry **pointers =
		calloc(count + 1, sizeof(struct Baton__V1__JourneyEntry *));

	if (entries == NULL || pointers == NULL) {
		exchange_refuse(exchange, BATON_NO_MEMORY, 1000,
				"the broker is out of memory");
		goto err0;
	}
	for (size_t i = 0; i < count; i++) {
		baton__v1__journey_entry__init(&entries[i]);
		entries[i].sequence = records[i]->sequence;
		entries[i].accepted_at_ms = records[i]->accepted_at_ms;
		entries[i].partner = protobuf_text(records[i]->partner);
		entries[i].event = protobuf_bytes(records[i]->event);
		pointers[i] = &entries[i];
	}
	result.entries = pointers;
	result.n_entries = count;
	result.more = more;
	response.op_case = BATON__V1__RESPONSE__OP_JOURNEY;
	response.journey = &result;
	exchange_answer(exchange, &response);
err0:
	free(entries);
	free(pointers);
}

static void
admin_read_journey(struct delivery *delivery, struct exchange *exchange,
		   struct store_range *range)
{
	struct baton_error error = {BATON_OK, ""};
	const struct record **records =
		calloc(range->max_records, sizeof(struct record *));
	struct store_head next;
	size_t more = 0;
	size_t count = 0;
	baton_err err = BATON_NO_MEMORY;

	if (records != NULL) {
		err = store_read(delivery->reader, range, records, &count,
				 &error);
	}
	if (err == BATON_OK && count > 0) {
		range->after = records[count - 1]->sequence;
		range->max_records = 1;
		err = store_read_heads(delivery->reader, range, &next, &more,
				       &error);
	}
	if (err != BATON_OK) {
		exchange_refuse(exchange, err, err == BATON_CORRUPT ? 0 : 1000,
				"%s", error.text);
	} else {
		admin_answer_journey(records, count, more > 0, exchange);
	}
	for (size_t i = 0; i < count; i++) {
		record_unref(records[i]);
	}
	free(records);
}

void
admin_journey(struct delivery *delivery, struct exchange *exchange)
{
	const Baton__V1__Journey *request = exchange->request->journey;
	struct store_range range = {
		.after = request->after_sequence,
		.max_records = request->limit == 0 ? ADMIN_JOURNEY_LIMIT
						   : request->limit,
		.max_bytes = delivery->options.max_fetch_bytes,
	};
	struct baton_error error = {BATON_OK, ""};
	baton_err err;

	if (range.max_records > ADMIN_JOURNEY_LIMIT_MAX ||
	    !contract_child_key_valid(request->child)) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"child must be of the form "
				"nhs_number:9990000018, limit at most %d",
				ADMIN_JOURNEY_LIMIT_MAX);
		return;
	}
	err = store_find_child(delivery->reader, request->child, &range.child,
			       &error);
	if (err != BATON_OK) {
		exchange_refuse(exchange, err, 0, "%s",
				err == BATON_NOT_FOUND
					? "no event of such a child is in the "
					  "journal"
					: error.text);
		return;
	}
	admin_read_journey(delivery, exchange, &range);
}

/* ---- status ---- */

static void
admin_fill_counters(const struct delivery *delivery,
		    Baton__V1__GetStatusResult *result)
{
	struct metrics *metrics = delivery->metrics;
	uint64_t created = atomic_load(&metrics->pipes_created);
	uint64_t removed = atomic_load(&metrics->pipes_removed);

	result->published = atomic_load(&metrics->published);
	result->duplicates = atomic_load(&metrics->duplicates);
	for (size_t i = 0; i < METRICS_CODE_MAX; i++) {
		result->rejected += atomic_load(&metrics->rejected[i]);
	}
	result->delivered = atomic_load(&metrics->delivered);
	result->settled = atomic_load(&metrics->settled);
	result->peers = created > removed ? created - removed : 0;
	result->queued_commands = atomic_load(&metrics->queued_commands);
	for (size_t i = 0; i < delivery->feeds_count; i++) {
		struct subscription_figures figures;

		subscription_figures(delivery->feeds[i]->state, &figures);
		result->parked_lanes += figures.lanes_parked;
		result->subscriptions += delivery->feeds[i]->live;
	}
}

void
admin_get_status(struct delivery *delivery, struct exchange *exchange)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__GetStatusResult result;
	struct baton_error error = {BATON_OK, ""};
	struct store_figures figures = {0, 0, 0, 0};
	char health[BATON_ERROR_TEXT_BYTES] = "";

	baton__v1__get_status_result__init(&result);
	writer_health(delivery->writer, health);
	if (store_read_figures(delivery->reader, &figures, &error) !=
		    BATON_OK &&
	    health[0] == '\0') {
		memcpy(health, error.text, sizeof(health));
	}
	result.broker_version = protobuf_text(BATON_VERSION);
	result.started_at_ms = delivery->options.started_at_ms;
	result.ready = health[0] == '\0';
	result.not_ready_reason = health;
	result.last_sequence = figures.last_sequence;
	result.events = figures.events;
	result.children = figures.children;
	result.journal_bytes = figures.bytes;
	admin_fill_counters(delivery, &result);
	response.op_case = BATON__V1__RESPONSE__OP_GET_STATUS;
	response.get_status = &result;
	exchange_answer(exchange, &response);
}
