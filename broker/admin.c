/* SPDX-License-Identifier: MIT */
/* Requests that make, drop, move and repair subscriptions. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "broker/feed.h"
#include "broker/filter.h"
#include "client/log.h"

bool
admin_sees(const struct peer *peer, const char *partner)
{
	return peer->sector == SECTOR_OPERATOR ||
	       strcmp(peer->partner, partner) == 0;
}

static bool
admin_name_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < NAME_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

baton_err
admin_start(struct delivery *delivery, const Baton__V1__Start *start,
	    uint64_t *position, struct baton_error *error)
{
	int at = start == NULL ? 0 : (int)start->at;
	int64_t time_ms = INT64_MAX;
	uint64_t sequence = 1;
	baton_err err;

	*position = 0;
	if (at < BATON__V1__START_AT__START_AT_BEGINNING ||
	    at > BATON__V1__START_AT__START_AT_TIME) {
		return baton_error_set(error, BATON_INVALID,
				       "start must say where: beginning, now, "
				       "a sequence or a time");
	}
	if (at == BATON__V1__START_AT__START_AT_BEGINNING) {
		return BATON_OK;
	}
	if (at == BATON__V1__START_AT__START_AT_TIME) {
		time_ms = start->time_ms;
	}
	/* No event is accepted at the end of time: one after the last. */
	err = store_find_time(delivery->reader, time_ms, &sequence, error);
	if (err != BATON_OK) {
		return err;
	}
	if (at == BATON__V1__START_AT__START_AT_SEQUENCE) {
		if (start->sequence == 0 || start->sequence > sequence) {
			return baton_error_set(
				error, BATON_INVALID,
				"the journal has sequences 1 to %" PRIu64
				", and %" PRIu64 " comes next",
				sequence - 1, sequence);
		}
		sequence = start->sequence;
	}
	*position = sequence - 1;
	return BATON_OK;
}

static size_t
admin_count_subscriptions(const struct delivery *delivery, const char *partner)
{
	size_t count = 0;

	for (size_t i = 0; i < delivery->feeds_count; i++) {
		const struct store_subscription *stored =
			subscription_stored(delivery->feeds[i]->state);

		count += strcmp(stored->partner, partner) == 0;
	}
	return count;
}

/* Everything of a Subscribe that can be refused before it is written. */
static baton_err
admin_read_subscribe(struct delivery *delivery, const struct exchange *exchange,
		     struct store_subscription *stored,
		     struct baton_error *error)
{
	const Baton__V1__Subscribe *request = exchange->request->subscribe;
	baton_err err;

	memset(stored, 0, sizeof(*stored));
	if (!admin_name_valid(request->name)) {
		return baton_error_set(error, BATON_INVALID,
				       "a subscription's name is 1 to 64 of "
				       "a-z 0-9 . _ -");
	}
	(void)snprintf(stored->partner, sizeof(stored->partner), "%s",
		       exchange->peer.partner);
	(void)snprintf(stored->name, sizeof(stored->name), "%s", request->name);
	stored->created_at_ms = delivery_now(delivery).wall_ms;
	err = filter_parse(request->filter, &stored->filter, error);
	if (err == BATON_OK && stored->filter.child_key[0] != '\0') {
		err = store_find_child(delivery->reader,
				       stored->filter.child_key,
				       &stored->filter.child, error);
		if (err == BATON_NOT_FOUND) {
			return baton_error_set(
				error, err,
				"the filter's child is in no event yet");
		}
	}
	return err;
}

static void
admin_confirm_subscribe(struct exchange *exchange, const struct feed *feed,
			const struct store_subscription *asked)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__SubscribeResult result = BATON__V1__SUBSCRIBE_RESULT__INIT;

	if (!filter_equal(&subscription_stored(feed->state)->filter,
			  &asked->filter)) {
		exchange_refuse(exchange, BATON_EXISTS, 0,
				"the subscription has another filter: drop it "
				"or choose another name");
		return;
	}
	response.op_case = BATON__V1__RESPONSE__OP_SUBSCRIBE;
	response.subscribe = &result;
	exchange_answer(exchange, &response);
}

void
admin_subscribe(struct delivery *delivery, struct exchange *exchange)
{
	const Baton__V1__Subscribe *request = exchange->request->subscribe;
	struct baton_error error = {BATON_OK, ""};
	struct store_subscription stored;
	struct feed *feed;
	baton_err err;

	err = admin_read_subscribe(delivery, exchange, &stored, &error);
	if (err != BATON_OK) {
		exchange_refuse(exchange, err, 0, "%s", error.text);
		return;
	}
	feed = feed_find(delivery, stored.partner, stored.name);
	if (feed != NULL && feed->change != NULL) {
		/* It may be in the making, or be dropped. */
		feed_wait(feed, exchange);
		return;
	}
	if (feed != NULL) {
		admin_confirm_subscribe(exchange, feed, &stored);
		return;
	}
	if (admin_count_subscriptions(delivery, stored.partner) >=
	    delivery->options.max_subscriptions) {
		exchange_refuse(exchange, BATON_TOO_LARGE, 0,
				"the partner has its %zu subscriptions: drop "
				"one that is not used",
				delivery->options.max_subscriptions);
		return;
	}
	err = admin_start(delivery, request->start, &stored.position, &error);
	if (err == BATON_OK) {
		err = feed_new(delivery, &stored, false, &feed, &error);
	}
	if (err != BATON_OK) {
		exchange_refuse(exchange, err, 0, "%s", error.text);
		return;
	}
	change_subscribe(delivery, feed, exchange);
}

void
admin_unsubscribe(struct delivery *delivery, struct exchange *exchange)
{
	struct feed *feed = feed_of_exchange(
		delivery, exchange, "", exchange->request->unsubscribe->name);

	if (feed != NULL) {
		feed_wait(feed, exchange);
	}
}

void
admin_replay(struct delivery *delivery, struct exchange *exchange)
{
	const Baton__V1__Replay *request = exchange->request->replay;
	struct feed *feed;

	if (request->child[0] != '\0' &&
	    !contract_child_key_valid(request->child)) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"child is not of the form "
				"nhs_number:9990000018");
		return;
	}
	feed = feed_of_exchange(delivery, exchange, request->partner,
				request->subscription);
	if (feed != NULL) {
		feed_wait(feed, exchange);
	}
}

void
admin_resolve_parked(struct delivery *delivery, struct exchange *exchange)
{
	const Baton__V1__ResolveParked *request =
		exchange->request->resolve_parked;
	bool discard = request->resolution ==
		       BATON__V1__RESOLUTION__RESOLUTION_DISCARD;
	struct feed *feed;

	if (!discard &&
	    request->resolution != BATON__V1__RESOLUTION__RESOLUTION_RETRY) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"resolution must be retry or discard");
		return;
	}
	if (strlen(request->reason) >= STORE_REASON_BYTES ||
	    (discard && request->reason[0] == '\0')) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"a discard says why in 1 to %d bytes",
				STORE_REASON_BYTES - 1);
		return;
	}
	feed = feed_of_exchange(delivery, exchange, request->partner,
				request->subscription);
	if (feed != NULL) {
		feed_wait(feed, exchange);
	}
}
