/* SPDX-License-Identifier: MIT */
#include "fake_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *
fake_allocate(size_t count, size_t size)
{
	void *block = calloc(count + 1, size);

	if (block == NULL)
		abort();
	return block;
}

struct baton_span
fake_copy(const void *data, size_t len)
{
	uint8_t *copy = fake_allocate(len, 1);

	if (len > 0)
		memcpy(copy, data, len);
	return (struct baton_span){copy, len};
}

void
fake_discard(struct baton_span span)
{
	free((void *)(uintptr_t)span.data);
}

bool
fake_same(struct baton_span a, struct baton_span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Packs an answer with this status. */
static struct baton_span
fake_pack(Baton__V1__Response *response, baton_err code,
	  uint32_t retry_after_ms)
{
	Baton__V1__Status status;
	char text[] = "the fake broker says so";
	uint8_t *bytes;
	size_t len;

	baton__v1__status__init(&status);
	status.code = (uint32_t)code;
	status.retry_after_ms = retry_after_ms;
	if (code != BATON_OK)
		status.text = text;
	response->status = &status;
	len = baton__v1__response__get_packed_size(response);
	bytes = fake_allocate(len, 1);
	(void)baton__v1__response__pack(response, bytes);
	response->status = NULL;
	return (struct baton_span){bytes, len};
}

struct baton_span
fake_refuse(baton_err code, uint32_t retry_after_ms)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;

	return fake_pack(&response, code, retry_after_ms);
}

static struct baton_span
fake_hello(const struct fake_broker *broker)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__HelloResult hello;
	char version[] = "fake";
	char partner[] = "test-trust";
	char scheme[] = "ods";
	char code[] = "RPG";

	baton__v1__hello_result__init(&hello);
	hello.protocol_min = broker->limits.protocol_min;
	hello.protocol_max = broker->limits.protocol_max;
	hello.broker_version = version;
	hello.partner = partner;
	hello.organisation_scheme = scheme;
	hello.organisation_code = code;
	hello.max_message_bytes = broker->limits.max_message_bytes;
	hello.max_event_bytes = broker->limits.max_event_bytes;
	hello.max_batch_events = broker->limits.max_batch_events;
	hello.max_fetch_events = broker->limits.max_fetch_events;
	hello.max_wait_ms = broker->limits.max_wait_ms;
	response.hello = &hello;
	response.op_case = BATON__V1__RESPONSE__OP_HELLO;
	return fake_pack(&response, BATON_OK, 0);
}

/* Stores an event unless it is there; tells which. */
static void
fake_store(struct fake_broker *broker, struct baton_span event,
	   Baton__V1__PublishEventResult *result)
{
	baton__v1__publish_event_result__init(result);
	for (size_t i = 0; i < broker->events_count; i++) {
		if (!fake_same(broker->events[i], event))
			continue;
		result->outcome =
			BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_DUPLICATE;
		result->sequence = i + 1;
		return;
	}
	if (broker->events_count == FAKE_EVENTS)
		abort();
	broker->events[broker->events_count++] =
		fake_copy(event.data, event.len);
	result->outcome = BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_ACCEPTED;
	result->sequence = broker->events_count;
}

static struct baton_span
fake_publish(struct fake_broker *broker, const Baton__V1__Publish *request)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__PublishResult body = BATON__V1__PUBLISH_RESULT__INIT;
	size_t count = request->n_events;
	Baton__V1__PublishEventResult *results =
		fake_allocate(count, sizeof(*results));
	struct baton_span packed;

	body.results = fake_allocate(count, sizeof(void *));
	body.n_results = count;
	for (size_t i = 0; i < count; i++) {
		fake_store(broker,
			   (struct baton_span){request->events[i].data,
					       request->events[i].len},
			   &results[i]);
		body.results[i] = &results[i];
	}
	if (count > broker->largest_batch)
		broker->largest_batch = count;
	response.publish = &body;
	response.op_case = BATON__V1__RESPONSE__OP_PUBLISH;
	packed = fake_pack(&response, BATON_OK, 0);
	free(body.results);
	free(results);
	return packed;
}

bool
fake_wait(struct fake_broker *broker, const struct timespec *until)
{
	return pthread_cond_timedwait(&broker->changed, &broker->lock, until) ==
	       0;
}

struct timespec
fake_after_ms(uint32_t ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return until;
}

/* The long poll: holds the lock, but not while it waits. */
static struct baton_span
fake_fetch(struct fake_broker *broker, const Baton__V1__Fetch *request)
{
	struct timespec until = fake_after_ms(request->wait_ms);
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__FetchResult body = BATON__V1__FETCH_RESULT__INIT;
	Baton__V1__Delivery deliveries[FAKE_OFFERS];
	Baton__V1__Delivery *pointers[FAKE_OFFERS];
	char partner[] = "test-trust";
	struct fake_offer *offer;
	struct baton_span packed;

	while (broker->serving && broker->offers_count == 0 &&
	       request->wait_ms > 0 && fake_wait(broker, &until))
		continue;
	while (body.n_deliveries < broker->offers_count &&
	       body.n_deliveries < request->max_events) {
		offer = &broker->offers[body.n_deliveries];
		pointers[body.n_deliveries] = &deliveries[body.n_deliveries];
		baton__v1__delivery__init(&deliveries[body.n_deliveries]);
		deliveries[body.n_deliveries].sequence = offer->sequence;
		deliveries[body.n_deliveries].lane = offer->lane;
		deliveries[body.n_deliveries].lease = offer->sequence + 1000;
		deliveries[body.n_deliveries].attempt = 1;
		deliveries[body.n_deliveries].partner = partner;
		deliveries[body.n_deliveries].event.data =
			(uint8_t *)offer->text;
		deliveries[body.n_deliveries].event.len = strlen(offer->text);
		body.n_deliveries++;
	}
	body.deliveries = pointers;
	response.fetch = &body;
	response.op_case = BATON__V1__RESPONSE__OP_FETCH;
	packed = fake_pack(&response, BATON_OK, 0);
	return packed;
}

/* What is acknowledged or rejected is offered no more. */
static void
fake_withdraw(struct fake_broker *broker, uint64_t sequence)
{
	size_t kept = 0;

	for (size_t i = 0; i < broker->offers_count; i++) {
		if (broker->offers[i].sequence != sequence)
			broker->offers[kept++] = broker->offers[i];
	}
	broker->offers_count = kept;
}

static struct baton_span
fake_settle(struct fake_broker *broker, const Baton__V1__Settle *request)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__SettleResult body = BATON__V1__SETTLE_RESULT__INIT;
	size_t count = request->n_settlements;
	Baton__V1__SettlementResult *results =
		fake_allocate(count, sizeof(*results));
	Baton__V1__Status ok;
	Baton__V1__Status lost;
	struct fake_settlement *kept;
	struct baton_span packed;

	baton__v1__status__init(&lost);
	baton__v1__status__init(&ok);
	lost.code = BATON_LEASE_LOST;
	body.results = fake_allocate(count, sizeof(void *));
	body.n_results = count;
	for (size_t i = 0; i < count; i++) {
		const Baton__V1__Settlement *from = request->settlements[i];

		baton__v1__settlement_result__init(&results[i]);
		results[i].sequence = from->sequence;
		results[i].status =
			from->sequence == FAKE_LOST_SEQUENCE ? &lost : &ok;
		body.results[i] = &results[i];
		if (broker->settlements_count == FAKE_SETTLEMENTS)
			abort();
		if (from->verdict != BATON__V1__VERDICT__VERDICT_RETRY)
			fake_withdraw(broker, from->sequence);
		kept = &broker->settlements[broker->settlements_count++];
		kept->sequence = from->sequence;
		kept->lease = from->lease;
		kept->verdict = from->verdict;
		(void)snprintf(kept->reason, sizeof(kept->reason), "%s",
			       from->reason);
	}
	(void)pthread_cond_broadcast(&broker->changed);
	response.settle = &body;
	response.op_case = BATON__V1__RESPONSE__OP_SETTLE;
	packed = fake_pack(&response, BATON_OK, 0);
	free(body.results);
	free(results);
	return packed;
}

struct baton_span
fake_carry_out(struct fake_broker *broker, const Baton__V1__Request *request)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__SubscribeResult subscribe =
		BATON__V1__SUBSCRIBE_RESULT__INIT;
	Baton__V1__GetStatusResult status;

	baton__v1__get_status_result__init(&status);
	switch ((int)request->op_case) {
	case BATON__V1__REQUEST__OP_HELLO:
		return fake_hello(broker);
	case BATON__V1__REQUEST__OP_PUBLISH:
		return fake_publish(broker, request->publish);
	case BATON__V1__REQUEST__OP_FETCH:
		return fake_fetch(broker, request->fetch);
	case BATON__V1__REQUEST__OP_SETTLE:
		return fake_settle(broker, request->settle);
	case BATON__V1__REQUEST__OP_SUBSCRIBE:
		response.subscribe = &subscribe;
		response.op_case = BATON__V1__RESPONSE__OP_SUBSCRIBE;
		return fake_pack(&response, BATON_OK, 0);
	case BATON__V1__REQUEST__OP_GET_STATUS:
		response.get_status = &status;
		response.op_case = BATON__V1__RESPONSE__OP_GET_STATUS;
		return fake_pack(&response, BATON_OK, 0);
	default:
		return fake_refuse(BATON_UNSUPPORTED, 0);
	}
}
