/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baton/client.h"
#include "client/borrow.h"
#include "client/call.h"
#include "client/client.h"
#include "client/clock.h"
#include "client/log.h"
#include "client/utf8.h"

#define FETCH_EVENTS 100
/* What one Settle may hold. */
#define FETCH_EVENTS_MAX 1000
#define FETCH_WAIT_MAX_MS 30000
/* Leaves room for the rest of the answer. */
#define FETCH_BYTES_MAX (CHANNEL_MESSAGE_MAX_BYTES / 4)

/* How long verdicts that were given when the client was closed may take to
 * the broker. */
#define FETCH_LAST_WORD_MS 500

/* 200 bytes and a NUL. */
#define FETCH_REASON_BYTES 201

/* What was said of one delivery. */
struct fetch_verdict {
	Baton__V1__Settlement settlement;
	uint64_t lane;
	char reason[FETCH_REASON_BYTES];
};

struct fetch {
	struct baton_client *client;
	const struct baton_subscription_options *options;
	baton_deliver_fn deliver;
	void *context;
	struct baton_error *error;
	/* One for each event handed over. */
	struct fetch_verdict *verdicts;
	size_t count;
};

static uint32_t
fetch_min(size_t a, size_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* Asks for events; the response is the caller's. */
static baton_err
fetch_events(const struct fetch *fetch, uint32_t wait_ms,
	     Baton__V1__Response **response)
{
	const struct baton_subscription_options *options = fetch->options;
	struct call_terms terms = call_terms_now(fetch->client);
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Fetch body;
	struct baton_hello hello;
	baton_err err;

	baton__v1__fetch__init(&body);
	*response = NULL;
	err = call_limits(fetch->client, &terms, &hello, fetch->error);
	if (err != BATON_OK)
		return err;
	body.subscription = borrow_text(options->name);
	body.max_events =
		options->max_events == 0 ? FETCH_EVENTS : options->max_events;
	body.max_events = fetch_min(body.max_events, hello.max_fetch_events);
	body.max_events = fetch_min(body.max_events, FETCH_EVENTS_MAX);
	body.max_bytes = fetch_min(hello.max_message_bytes, FETCH_BYTES_MAX);
	body.wait_ms = fetch_min(wait_ms, hello.max_wait_ms);
	body.lease_ms = options->lease_ms;
	request.op_case = BATON__V1__REQUEST__OP_FETCH;
	request.fetch = &body;
	terms.deadline_ms += body.wait_ms;
	terms.extra_wait_ms = body.wait_ms;
	err = call_make(fetch->client, &request, &terms, response,
			fetch->error);
	if (*response != NULL &&
	    (*response)->fetch->n_deliveries > body.max_events) {
		baton_call_free(*response);
		*response = NULL;
		return baton_error_set(fetch->error, BATON_MALFORMED,
				       "the broker sends more events than "
				       "were asked for");
	}
	return err;
}

/* Makes a subscriber's reason fit for the wire: the broker would refuse all
 * of the verdicts for one bad byte. */
static void
fetch_clean_reason(char reason[FETCH_REASON_BYTES])
{
	size_t len;

	reason[FETCH_REASON_BYTES - 1] = '\0';
	len = strlen(reason);
	if (len == 0) {
		(void)snprintf(reason, FETCH_REASON_BYTES, "no reason given");
		return;
	}
	if (utf8_text_valid((const uint8_t *)reason, len))
		return;
	for (size_t i = 0; i < len; i++) {
		if (reason[i] < 0x20 || reason[i] > 0x7e)
			reason[i] = '?';
	}
}

static Baton__V1__Verdict
fetch_wire_verdict(enum baton_verdict verdict)
{
	switch (verdict) {
	case BATON_ACCEPTED:
		return BATON__V1__VERDICT__VERDICT_ACK;
	case BATON_REJECTED:
		return BATON__V1__VERDICT__VERDICT_REJECT;
	case BATON_RETRY:
		break;
	}
	/* What a subscriber's mistake says is no reason to lose an event. */
	return BATON__V1__VERDICT__VERDICT_RETRY;
}

/* Whether an earlier event of the lane was not accepted. */
static bool
fetch_lane_stopped(const struct fetch *fetch, uint64_t lane)
{
	for (size_t i = 0; i < fetch->count; i++) {
		if (fetch->verdicts[i].lane == lane &&
		    fetch->verdicts[i].settlement.verdict !=
			    BATON__V1__VERDICT__VERDICT_ACK) {
			return true;
		}
	}
	return false;
}

static void
fetch_deliver(struct fetch *fetch, const Baton__V1__Delivery *from)
{
	struct fetch_verdict *verdict = &fetch->verdicts[fetch->count];
	const struct baton_delivery delivery = {
		.sequence = from->sequence,
		.event = {from->event.data, from->event.len},
		.lease = from->lease,
		.attempt = from->attempt,
		.accepted_at_ms = from->accepted_at_ms,
		.partner = from->partner,
	};

	baton__v1__settlement__init(&verdict->settlement);
	verdict->lane = from->lane;
	verdict->settlement.sequence = from->sequence;
	verdict->settlement.lease = from->lease;
	verdict->settlement.verdict = fetch_wire_verdict(
		fetch->deliver(fetch->context, &delivery, verdict->reason));
	if (verdict->settlement.verdict != BATON__V1__VERDICT__VERDICT_ACK) {
		fetch_clean_reason(verdict->reason);
		verdict->settlement.reason = verdict->reason;
	}
	fetch->count++;
}

/* A lost lease means that the event comes again: at least once. */
static baton_err
fetch_read_settled(const struct fetch *fetch,
		   const Baton__V1__SettleResult *answer)
{
	size_t lost = 0;

	if (answer->n_results != fetch->count) {
		return baton_error_set(fetch->error, BATON_MALFORMED,
				       "the broker's answer has not one "
				       "outcome for each settlement");
	}
	for (size_t i = 0; i < answer->n_results; i++) {
		const Baton__V1__Status *status = answer->results[i]->status;

		lost += status != NULL && status->code != BATON_OK;
	}
	if (lost > 0) {
		log_info("client.not_settled", "subscription=%s events=%zu",
			 fetch->options->name, lost);
	}
	return BATON_OK;
}

static baton_err
fetch_settle(const struct fetch *fetch)
{
	struct call_terms terms = call_terms_now(fetch->client);
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Settle body;
	Baton__V1__Settlement *settlements[FETCH_EVENTS_MAX];
	Baton__V1__Response *response;
	baton_err err;

	baton__v1__settle__init(&body);
	for (size_t i = 0; i < fetch->count; i++)
		settlements[i] = &fetch->verdicts[i].settlement;
	body.subscription = borrow_text(fetch->options->name);
	body.settlements = settlements;
	body.n_settlements = fetch->count;
	request.op_case = BATON__V1__REQUEST__OP_SETTLE;
	request.settle = &body;
	err = call_make(fetch->client, &request, &terms, &response,
			fetch->error);
	if (err == BATON_CLOSED) {
		/* The work is done: saying so spares doing it twice. */
		terms.deadline_ms = clock_monotonic_ms() + FETCH_LAST_WORD_MS;
		terms.phase = CHANNEL_AFTER_CLOSE;
		err = call_make(fetch->client, &request, &terms, &response,
				fetch->error);
	}
	if (response == NULL)
		return err;
	err = fetch_read_settled(fetch, response->settle);
	baton_call_free(response);
	return err;
}

/* Hands over what was fetched, until the client is closed. */
static baton_err
fetch_hand_over(struct fetch *fetch, const Baton__V1__FetchResult *fetched)
{
	const Baton__V1__Delivery *delivery;
	baton_err err = BATON_OK;

	if (fetched->n_deliveries == 0)
		return BATON_OK;
	fetch->verdicts =
		calloc(fetched->n_deliveries, sizeof(*fetch->verdicts));
	if (fetch->verdicts == NULL) {
		return baton_error_set(fetch->error, BATON_NO_MEMORY,
				       "out of memory");
	}
	for (size_t i = 0; i < fetched->n_deliveries; i++) {
		delivery = fetched->deliveries[i];
		if (fetch_lane_stopped(fetch, delivery->lane))
			continue;
		if (channel_check(client_channel(fetch->client)) != BATON_OK)
			break;
		fetch_deliver(fetch, delivery);
	}
	if (fetch->count > 0)
		err = fetch_settle(fetch);
	free(fetch->verdicts);
	return err;
}

baton_err
baton_fetch(struct baton_client *client,
	    const struct baton_subscription_options *options, uint32_t wait_ms,
	    baton_deliver_fn deliver, void *context, size_t *delivered,
	    struct baton_error *error)
{
	struct fetch fetch = {
		.client = client,
		.options = options,
		.deliver = deliver,
		.context = context,
		.error = error,
	};
	Baton__V1__Response *response;
	baton_err err;

	if (delivered != NULL)
		*delivered = 0;
	if (options->name == NULL || wait_ms > FETCH_WAIT_MAX_MS) {
		return baton_error_set(error, BATON_INVALID,
				       "fetch: needs a subscription's name and "
				       "a wait of at most %d ms",
				       FETCH_WAIT_MAX_MS);
	}
	err = client_enter(client, error);
	if (err != BATON_OK)
		return err;
	err = fetch_events(&fetch, wait_ms, &response);
	if (response != NULL)
		err = fetch_hand_over(&fetch, response->fetch);
	baton_call_free(response);
	if (delivered != NULL)
		*delivered = fetch.count;
	client_leave(client);
	return err;
}
