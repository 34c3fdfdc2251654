/* SPDX-License-Identifier: MIT */
/* What a request marks in a feed, and its answer once that is on disk. */
#include <stdlib.h>
#include <string.h>

#include "broker/feed.h"
#include "broker/protobuf_text.h"
#include "client/log.h"

#define SETTLE_MAX 1000
#define SETTLE_RETRY_AFTER_MS 100

bool
settle_check(struct exchange *exchange)
{
	const Baton__V1__Settle *settle = exchange->request->settle;

	if (settle->n_settlements == 0 || settle->n_settlements > SETTLE_MAX) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"a request settles 1 to %d events", SETTLE_MAX);
		return false;
	}
	for (size_t i = 0; i < settle->n_settlements; i++) {
		const Baton__V1__Settlement *each = settle->settlements[i];

		if (each->verdict < BATON__V1__VERDICT__VERDICT_ACK ||
		    each->verdict > BATON__V1__VERDICT__VERDICT_EXTEND) {
			exchange_refuse(exchange, BATON_INVALID, 0,
					"settlement %zu has no known verdict",
					i + 1);
			return false;
		}
		if (strlen(each->reason) >= STORE_REASON_BYTES) {
			exchange_refuse(exchange, BATON_INVALID, 0,
					"settlement %zu: the reason is longer "
					"than %d bytes",
					i + 1, STORE_REASON_BYTES - 1);
			return false;
		}
	}
	return true;
}

static struct settle *
settle_new(struct exchange *exchange, size_t count)
{
	struct settle *settle =
		calloc(1, sizeof(*settle) + count * sizeof(baton_err));

	if (settle == NULL) {
		exchange_refuse(exchange, BATON_NO_MEMORY,
				SETTLE_RETRY_AFTER_MS,
				"the broker is out of memory");
		return NULL;
	}
	settle->exchange = exchange;
	settle->count = count;
	return settle;
}

/* An acknowledgement whose lease is gone is a repeat after a lost answer when
 * the event is settled; which lane it is in, the journal knows. */
static baton_err
settle_repeated(struct delivery *delivery, const struct feed *feed,
		uint64_t sequence)
{
	struct store_range range = {
		.after = sequence - 1,
		.to = sequence,
		.max_records = 1,
		.max_bytes = SIZE_MAX,
	};
	struct baton_error error = {BATON_OK, ""};
	struct store_head head;
	size_t count = 0;

	if (sequence == 0 ||
	    store_read_heads(delivery->reader, &range, &head, &count, &error) !=
		    BATON_OK ||
	    count == 0) {
		return BATON_NOT_FOUND;
	}
	return subscription_settled(feed->state, head.child, sequence)
		       ? BATON_OK
		       : BATON_LEASE_LOST;
}

static baton_err
settle_mark_one(struct delivery *delivery, struct feed *feed,
		const Baton__V1__Settlement *each)
{
	struct subscription_now now = delivery_now(delivery);
	baton_err err;

	switch ((int)each->verdict) {
	case BATON__V1__VERDICT__VERDICT_ACK:
		err = subscription_ack(feed->state, each->lease,
				       each->sequence);
		if (err == BATON_LEASE_LOST) {
			err = settle_repeated(delivery, feed, each->sequence);
		}
		return err;
	case BATON__V1__VERDICT__VERDICT_RETRY:
		return subscription_hold(feed->state, each->lease,
					 each->sequence, SUBSCRIPTION_RETRY,
					 each->reason, &now);
	case BATON__V1__VERDICT__VERDICT_REJECT:
		return subscription_hold(feed->state, each->lease,
					 each->sequence, SUBSCRIPTION_REJECT,
					 each->reason, &now);
	default:
		return subscription_extend(feed->state, each->lease,
					   each->sequence, now.monotonic_ms);
	}
}

static struct settle *
settle_mark_settlements(struct delivery *delivery, struct feed *feed,
			struct exchange *exchange)
{
	const Baton__V1__Settle *request = exchange->request->settle;
	struct settle *settle = settle_new(exchange, request->n_settlements);

	for (size_t i = 0; settle != NULL && i < settle->count; i++) {
		settle->codes[i] = settle_mark_one(delivery, feed,
						   request->settlements[i]);
	}
	return settle;
}

static struct settle *
settle_mark_resolution(struct feed *feed, struct exchange *exchange)
{
	const Baton__V1__ResolveParked *request =
		exchange->request->resolve_parked;
	struct settle *settle = settle_new(exchange, 0);
	baton_err err;

	if (settle == NULL) {
		return NULL;
	}
	err = subscription_resolve(
		feed->state, request->sequence,
		request->resolution == BATON__V1__RESOLUTION__RESOLUTION_RETRY
			? SUBSCRIPTION_DELIVER_AGAIN
			: SUBSCRIPTION_DISCARD);
	if (err != BATON_OK) {
		settle_refuse(settle, err,
			      "no event is parked at that sequence");
		return NULL;
	}
	return settle;
}

static struct settle *
settle_mark_replay(struct delivery *delivery, struct feed *feed,
		   struct exchange *exchange)
{
	const Baton__V1__Replay *replay = exchange->request->replay;
	struct settle *settle = settle_new(exchange, 0);
	struct baton_error error = {BATON_OK, ""};
	int64_t child = 0;
	baton_err err;

	if (settle == NULL) {
		return NULL;
	}
	err = store_find_child(delivery->reader, replay->child, &child, &error);
	if (err == BATON_NOT_FOUND) {
		settle_refuse(settle, err,
			      "no event of such a child is in the journal");
		return NULL;
	}
	if (err == BATON_OK) {
		err = admin_start(delivery, replay->from, &settle->position,
				  &error);
	}
	if (err == BATON_OK) {
		err = subscription_move(feed->state, child, settle->position);
	}
	if (err != BATON_OK) {
		settle_refuse(settle, err,
			      error.text[0] == '\0' ? baton_err_text(err)
						    : error.text);
		return NULL;
	}
	return settle;
}

struct settle *
settle_mark(struct delivery *delivery, struct feed *feed,
	    struct exchange *exchange)
{
	switch ((int)exchange->request->op_case) {
	case BATON__V1__REQUEST__OP_SETTLE:
		return settle_mark_settlements(delivery, feed, exchange);
	case BATON__V1__REQUEST__OP_RESOLVE_PARKED:
		return settle_mark_resolution(feed, exchange);
	default:
		return settle_mark_replay(delivery, feed, exchange);
	}
}

/* ---- answers ---- */

static const char *
settle_code_text(baton_err code)
{
	switch ((int)code) {
	case BATON_OK:
		return "";
	case BATON_LEASE_LOST:
		return "the lease is over, or an earlier event of the lane is "
		       "not settled: the event is delivered again";
	case BATON_NOT_FOUND:
		return "there is no such event";
	default:
		return baton_err_text(code);
	}
}

static void
settle_answer_settlements(struct settle *settle)
{
	const Baton__V1__Settle *request = settle->exchange->request->settle;
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__SettleResult result = BATON__V1__SETTLE_RESULT__INIT;
	Baton__V1__SettlementResult *results =
		calloc(settle->count, sizeof(*results));
	Baton__V1__SettlementResult **pointers = calloc(
		settle->count, sizeof(struct Baton__V1__SettlementResult *));
	Baton__V1__Status *statuses = calloc(settle->count, sizeof(*statuses));

	if (results == NULL || pointers == NULL || statuses == NULL) {
		/* They are settled, and a repeat says so. */
		exchange_refuse(settle->exchange, BATON_NO_MEMORY,
				SETTLE_RETRY_AFTER_MS,
				"the broker is out of memory");
		goto err0;
	}
	for (size_t i = 0; i < settle->count; i++) {
		baton__v1__settlement_result__init(&results[i]);
		baton__v1__status__init(&statuses[i]);
		statuses[i].code = (uint32_t)settle->codes[i];
		statuses[i].text =
			protobuf_text(settle_code_text(settle->codes[i]));
		results[i].sequence = request->settlements[i]->sequence;
		results[i].status = &statuses[i];
		pointers[i] = &results[i];
	}
	result.results = pointers;
	result.n_results = settle->count;
	response.op_case = BATON__V1__RESPONSE__OP_SETTLE;
	response.settle = &result;
	exchange_answer(settle->exchange, &response);
err0:
	free(results);
	free(pointers);
	free(statuses);
}

void
settle_answer(struct settle *settle)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__ResolveParkedResult resolved =
		BATON__V1__RESOLVE_PARKED_RESULT__INIT;
	Baton__V1__ReplayResult replayed = BATON__V1__REPLAY_RESULT__INIT;

	switch ((int)settle->exchange->request->op_case) {
	case BATON__V1__REQUEST__OP_SETTLE:
		settle_answer_settlements(settle);
		break;
	case BATON__V1__REQUEST__OP_RESOLVE_PARKED:
		response.op_case = BATON__V1__RESPONSE__OP_RESOLVE_PARKED;
		response.resolve_parked = &resolved;
		exchange_answer(settle->exchange, &response);
		break;
	default:
		replayed.position = settle->position;
		response.op_case = BATON__V1__RESPONSE__OP_REPLAY;
		response.replay = &replayed;
		exchange_answer(settle->exchange, &response);
		break;
	}
	free(settle);
}

void
settle_refuse(struct settle *settle, baton_err code, const char *text)
{
	exchange_refuse(settle->exchange, code,
			code == BATON_NOT_FOUND || code == BATON_INVALID
				? 0
				: SETTLE_RETRY_AFTER_MS,
			"%s", text);
	free(settle);
}
