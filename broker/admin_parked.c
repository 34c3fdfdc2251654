/* SPDX-License-Identifier: MIT */
/* Parked events, for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/feed.h"
#include "broker/protobuf_text.h"

#define ADMIN_PARKED_LIMIT 100
#define ADMIN_PARKED_LIMIT_MAX 1000
/** Heads looked at for counting what waits behind, in one answer. */
#define ADMIN_PARKED_COUNT 100000
#define ADMIN_TYPE_BYTES 64

/* One parked lane, and what is read about its event. */
struct admin_parked {
	const struct store_subscription *subscription;
	const struct lane *lane;
	const struct record *record;
	char type[ADMIN_TYPE_BYTES];
	Baton__V1__ParkedEvent message;
};

struct admin_parked_list {
	struct admin_parked *items;
	size_t count;
	size_t capacity;
	bool failed;
	/** Collecting: of which subscription, which events. */
	const struct store_subscription *subscription;
	uint64_t after;
	/** 0: all after `after`. */
	uint64_t sequence;
};

static void
admin_parked_collect(void *context, const struct lane *lane)
{
	struct admin_parked_list *list = context;
	size_t capacity = list->capacity * 2 + 16;
	uint64_t held;

	if (lane->state != LANE_PARKED || list->failed) {
		return;
	}
	held = lane->fault->held_sequence;
	if (held <= list->after ||
	    (list->sequence != 0 && held != list->sequence)) {
		return;
	}
	if (list->count == list->capacity) {
		struct admin_parked *items =
			realloc(list->items, capacity * sizeof(*items));

		if (items == NULL) {
			list->failed = true;
			return;
		}
		list->items = items;
		list->capacity = capacity;
	}
	memset(&list->items[list->count], 0, sizeof(*list->items));
	list->items[list->count].subscription = list->subscription;
	list->items[list->count].lane = lane;
	list->count++;
}

static int
admin_parked_compare(const void *a, const void *b)
{
	const struct admin_parked *one = a;
	const struct admin_parked *other = b;
	uint64_t held = one->lane->fault->held_sequence;
	uint64_t other_held = other->lane->fault->held_sequence;

	if (held != other_held) {
		return held < other_held ? -1 : 1;
	}
	return one->subscription->id < other->subscription->id ? -1 : 1;
}

static bool
admin_parked_wanted(const struct exchange *exchange, const struct feed *feed)
{
	const Baton__V1__ListParked *request = exchange->request->list_parked;
	const struct store_subscription *stored =
		subscription_stored(feed->state);

	if (!feed->live || !admin_sees(&exchange->peer, stored->partner)) {
		return false;
	}
	if (request->partner[0] != '\0' &&
	    strcmp(request->partner, stored->partner) != 0) {
		return false;
	}
	return request->subscription[0] == '\0' ||
	       strcmp(request->subscription, stored->name) == 0;
}

/* The page: at least `limit`, more only where the last sequence is parked in
 * several subscriptions, for the next page begins after it. */
static void
admin_parked_cut(struct admin_parked_list *list, uint32_t limit)
{
	size_t count = limit;

	if (list->count == 0) {
		return;
	}
	qsort(list->items, list->count, sizeof(*list->items),
	      admin_parked_compare);
	while (count < list->count &&
	       list->items[count].lane->fault->held_sequence ==
		       list->items[count - 1].lane->fault->held_sequence) {
		count++;
	}
	if (count < list->count) {
		list->count = count;
	}
}

static void
admin_parked_fill(struct delivery *delivery, struct admin_parked *item,
		  bool with_bytes, size_t *budget)
{
	const struct lane_fault *fault = item->lane->fault;
	Baton__V1__ParkedEvent *message = &item->message;
	struct baton_error error = {BATON_OK, ""};

	baton__v1__parked_event__init(message);
	message->partner = protobuf_text(item->subscription->partner);
	message->subscription = protobuf_text(item->subscription->name);
	message->sequence = fault->held_sequence;
	message->attempts = fault->attempts;
	message->parked_at_ms = fault->parked_at_ms;
	message->reason = protobuf_text(fault->reason);
	message->waiting_behind =
		admin_count(delivery, &item->subscription->filter,
			    item->lane->child, fault->held_sequence, 0, budget);
	/* A corrupt record is listed without what cannot be read. */
	if (records_get(delivery->records, fault->held_sequence,
			item->lane->child, RECORDS_OF_CHILD, &item->record,
			&error) != BATON_OK) {
		return;
	}
	if (contract_family_name(item->record->family) != NULL) {
		(void)snprintf(item->type, sizeof(item->type), "uk.send.%s.v1",
			       contract_family_name(item->record->family));
	}
	message->event_id = protobuf_text(item->record->id);
	message->event_type = item->type;
	if (with_bytes) {
		message->event = protobuf_bytes(item->record->event);
	}
}

static void
admin_parked_answer(struct delivery *delivery, struct exchange *exchange,
		    struct admin_parked_list *list)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__ListParkedResult result =
		BATON__V1__LIST_PARKED_RESULT__INIT;
	Baton__V1__ParkedEvent **pointers = calloc(
		list->count + 1, sizeof(struct Baton__V1__ParkedEvent *));
	size_t budget = ADMIN_PARKED_COUNT;

	if (pointers == NULL) {
		exchange_refuse(exchange, BATON_NO_MEMORY, 1000,
				"the broker is out of memory");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		admin_parked_fill(delivery, &list->items[i],
				  list->sequence != 0, &budget);
		pointers[i] = &list->items[i].message;
	}
	result.parked = pointers;
	result.n_parked = list->count;
	response.op_case = BATON__V1__RESPONSE__OP_LIST_PARKED;
	response.list_parked = &result;
	exchange_answer(exchange, &response);
	free(pointers);
	for (size_t i = 0; i < list->count; i++) {
		record_unref(list->items[i].record);
	}
}

void
admin_list_parked(struct delivery *delivery, struct exchange *exchange)
{
	const Baton__V1__ListParked *request = exchange->request->list_parked;
	struct admin_parked_list list = {
		.after = request->sequence == 0 ? request->after_sequence : 0,
		.sequence = request->sequence,
	};
	uint32_t limit =
		request->limit == 0 ? ADMIN_PARKED_LIMIT : request->limit;

	if (limit > ADMIN_PARKED_LIMIT_MAX) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"limit is at most %d", ADMIN_PARKED_LIMIT_MAX);
		return;
	}
	if (request->subscription[0] != '\0' &&
	    (request->partner[0] != '\0' ||
	     exchange->peer.sector != SECTOR_OPERATOR) &&
	    feed_of_exchange(delivery, exchange, request->partner,
			     request->subscription) == NULL) {
		return;
	}
	for (size_t i = 0; i < delivery->feeds_count; i++) {
		struct feed *feed = delivery->feeds[i];

		if (admin_parked_wanted(exchange, feed)) {
			list.subscription = subscription_stored(feed->state);
			subscription_each_lane(feed->state,
					       admin_parked_collect, &list);
		}
	}
	admin_parked_cut(&list, limit);
	if (list.failed) {
		exchange_refuse(exchange, BATON_NO_MEMORY, 1000,
				"the broker is out of memory");
	} else if (list.sequence != 0 && list.count == 0) {
		exchange_refuse(exchange, BATON_NOT_FOUND, 0,
				"no event is parked at that sequence");
	} else {
		admin_parked_answer(delivery, exchange, &list);
	}
	free(list.items);
}
