/* SPDX-License-Identifier: MIT */
#include "tests/support/delivery_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/protobuf_text.h"
#include "tests/support/store_fixture.h"

#include <cmocka.h>

static void
delivery_fixture_committed(void *context)
{
	struct delivery_fixture *fixture = context;

	if (fixture->delivery != NULL) {
		delivery_wake(fixture->delivery);
	}
}

static void
delivery_fixture_start(struct delivery_fixture *fixture)
{
	struct writer_options options = {
		.max_commands = 4096,
		.max_bytes = (size_t)64 << 20,
		.batch_commands = 256,
		.batch_bytes = (size_t)8 << 20,
	};
	struct baton_error error = {BATON_OK, ""};

	assert_int_equal(tail_new(fixture->tail_bytes, &fixture->tail),
			 BATON_OK);
	assert_int_equal(writer_new(fixture->store, fixture->metrics, &options,
				    &fixture->writer, &error),
			 BATON_OK);
	if (delivery_new(fixture->store, fixture->writer, fixture->tail,
			 fixture->metrics, &fixture->options,
			 &fixture->delivery, &error) != BATON_OK) {
		fail_msg("%s", error.text);
	}
}

static void
delivery_fixture_end(struct delivery_fixture *fixture)
{
	delivery_stop(fixture->delivery);
	writer_stop(fixture->writer);
	delivery_free(fixture->delivery);
	writer_free(fixture->writer);
	tail_free(fixture->tail);
}

void
delivery_fixture_open(struct delivery_fixture *fixture, struct store *store)
{
	memset(fixture, 0, sizeof(*fixture));
	fake_clock_init(&fixture->clock);
	fixture->store = store;
	fixture->tail_bytes = (size_t)1 << 20;
	fixture->options = delivery_options_default();
	fixture->options.clock = fake_clock_source(&fixture->clock);
	fixture->options.max_attempts = 3;
	fixture->options.lease_ms = 10000;
	fixture->number = 1;
	(void)snprintf(fixture->peer.partner, NAME_BYTES, "council");
	(void)snprintf(fixture->peer.source, SOURCE_BYTES, "/la/887");
	fixture->peer.sector = SECTOR_SEND;
	fixture->peer.pipe = 7;
	assert_int_equal(metrics_new(&fixture->metrics), BATON_OK);
	delivery_fixture_start(fixture);
}

void
delivery_fixture_close(struct delivery_fixture *fixture)
{
	delivery_fixture_end(fixture);
	store_free(fixture->store);
	metrics_free(fixture->metrics);
}

void
delivery_fixture_restart(struct delivery_fixture *fixture)
{
	delivery_fixture_end(fixture);
	delivery_fixture_start(fixture);
}

/* ---- publishing ---- */

struct delivery_fixture_append {
	struct writer_command command;
	struct delivery_fixture *fixture;
	const uint64_t *children;
	const struct record **records;
	size_t count;
	baton_err err;
	sem_t done;
};

static baton_err
delivery_fixture_apply(struct writer_command *command, struct store *store,
		       struct baton_error *error)
{
	struct delivery_fixture_append *append =
		(struct delivery_fixture_append *)command;
	baton_err err = BATON_OK;

	for (size_t i = 0; i < append->count && err == BATON_OK; i++) {
		struct store_appended appended;
		struct store_draft draft;

		store_draft_fill(&draft, append->fixture->number + i,
				 append->children[i]);
		err = store_append(store, &draft.event, &appended, error);
		append->records[i] = appended.record;
	}
	return err;
}

static void
delivery_fixture_done(struct writer_command *command, baton_err err,
		      const struct baton_error *error)
{
	struct delivery_fixture_append *append =
		(struct delivery_fixture_append *)command;

	(void)error;
	append->err = err;
	for (size_t i = 0; err == BATON_OK && i < append->count; i++) {
		tail_push(append->fixture->tail, append->records[i]);
	}
	delivery_fixture_committed(append->fixture);
	(void)sem_post(&append->done);
}

void
delivery_fixture_publish(struct delivery_fixture *fixture,
			 const uint64_t *children, size_t count)
{
	struct delivery_fixture_append append = {
		.command = {.apply = delivery_fixture_apply,
			    .done = delivery_fixture_done,
			    .bytes = 64 * count},
		.fixture = fixture,
		.children = children,
		.records = calloc(count, sizeof(struct record *)),
		.count = count,
	};

	assert_non_null(append.records);
	assert_int_equal(sem_init(&append.done, 0, 0), 0);
	assert_int_equal(writer_submit(fixture->writer, &append.command),
			 BATON_OK);
	assert_int_equal(sem_wait(&append.done), 0);
	assert_int_equal(append.err, BATON_OK);
	for (size_t i = 0; i < count; i++) {
		record_unref(append.records[i]);
	}
	free(append.records);
	(void)sem_destroy(&append.done);
	fixture->number += count;
}

void
delivery_fixture_child_key(uint64_t child, char key[128])
{
	(void)snprintf(key, 128, "local:/ods/RZZ:C%06" PRIu64, child);
}

void
delivery_fixture_advance(struct delivery_fixture *fixture, int64_t ms)
{
	fake_clock_advance(&fixture->clock, ms);
	delivery_wake(fixture->delivery);
}

/* ---- asking ---- */

struct fake_exchange *
delivery_fixture_post(struct delivery_fixture *fixture,
		      const Baton__V1__Request *request)
{
	struct fake_exchange *fake = fake_exchange_new(&fixture->peer, request);

	assert_non_null(fake);
	delivery_post(fixture->delivery, fake_exchange_get(fake));
	return fake;
}

baton_err
delivery_fixture_ask(struct delivery_fixture *fixture,
		     const Baton__V1__Request *request,
		     Baton__V1__Response **response)
{
	struct fake_exchange *fake = delivery_fixture_post(fixture, request);
	const Baton__V1__Response *answer = fake_exchange_wait(fake);
	baton_err err;

	assert_non_null(answer);
	assert_non_null(answer->status);
	err = (baton_err)answer->status->code;
	if (response != NULL) {
		*response = fake_exchange_take(fake);
	}
	fake_exchange_free(fake);
	return err;
}

baton_err
delivery_fixture_subscribe(struct delivery_fixture *fixture, const char *name)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Subscribe subscribe;
	Baton__V1__Start start = BATON__V1__START__INIT;

	baton__v1__subscribe__init(&subscribe);
	start.at = BATON__V1__START_AT__START_AT_BEGINNING;
	subscribe.name = protobuf_text(name);
	subscribe.start = &start;
	request.op_case = BATON__V1__REQUEST__OP_SUBSCRIBE;
	request.subscribe = &subscribe;
	return delivery_fixture_ask(fixture, &request, NULL);
}

struct fake_exchange *
delivery_fixture_post_fetch(struct delivery_fixture *fixture, const char *name,
			    uint32_t max_events, uint32_t wait_ms)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Fetch fetch;

	baton__v1__fetch__init(&fetch);
	fetch.subscription = protobuf_text(name);
	fetch.max_events = max_events;
	fetch.wait_ms = wait_ms;
	request.op_case = BATON__V1__REQUEST__OP_FETCH;
	request.fetch = &fetch;
	return delivery_fixture_post(fixture, &request);
}

size_t
delivery_fixture_fetch(struct delivery_fixture *fixture, const char *name,
		       struct delivered *delivered, size_t max)
{
	struct fake_exchange *fake =
		delivery_fixture_post_fetch(fixture, name, (uint32_t)max, 0);
	const Baton__V1__Response *response = fake_exchange_wait(fake);
	size_t count;

	assert_non_null(response);
	assert_int_equal(response->status->code, BATON_OK);
	count = response->fetch->n_deliveries;
	assert_true(count <= max);
	for (size_t i = 0; i < count; i++) {
		const Baton__V1__Delivery *each =
			response->fetch->deliveries[i];

		delivered[i].sequence = each->sequence;
		delivered[i].lease = each->lease;
		delivered[i].lane = each->lane;
		delivered[i].attempt = each->attempt;
	}
	fake_exchange_free(fake);
	return count;
}

static void
delivery_fixture_read_codes(const Baton__V1__Response *response, size_t count,
			    baton_err *codes)
{
	assert_int_equal(response->settle->n_results, count);
	for (size_t i = 0; i < count; i++) {
		codes[i] =
			(baton_err)response->settle->results[i]->status->code;
	}
}

baton_err
delivery_fixture_settle(struct delivery_fixture *fixture, const char *name,
			const struct delivered *delivered, size_t count,
			Baton__V1__Verdict verdict, baton_err *codes)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Settle settle;
	Baton__V1__Settlement *each = calloc(count, sizeof(*each));
	Baton__V1__Settlement **pointers =
		calloc(count, sizeof(struct Baton__V1__Settlement *));
	Baton__V1__Response *response = NULL;
	baton_err err;

	baton__v1__settle__init(&settle);
	assert_non_null(each);
	assert_non_null(pointers);
	for (size_t i = 0; i < count; i++) {
		baton__v1__settlement__init(&each[i]);
		each[i].sequence = delivered[i].sequence;
		each[i].lease = delivered[i].lease;
		each[i].verdict = verdict;
		each[i].reason = protobuf_text("invented reason");
		pointers[i] = &each[i];
	}
	settle.subscription = protobuf_text(name);
	settle.settlements = pointers;
	settle.n_settlements = count;
	request.op_case = BATON__V1__REQUEST__OP_SETTLE;
	request.settle = &settle;
	err = delivery_fixture_ask(fixture, &request, &response);
	if (err == BATON_OK && codes != NULL) {
		delivery_fixture_read_codes(response, count, codes);
	}
	baton__v1__response__free_unpacked(response, NULL);
	free(each);
	free(pointers);
	return err;
}

baton_err
delivery_fixture_replay(struct delivery_fixture *fixture, const char *name,
			uint64_t sequence, const char *child)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Replay replay;
	Baton__V1__Start start = BATON__V1__START__INIT;

	baton__v1__replay__init(&replay);
	start.at = BATON__V1__START_AT__START_AT_SEQUENCE;
	start.sequence = sequence;
	replay.subscription = protobuf_text(name);
	replay.from = &start;
	replay.child = protobuf_text(child);
	request.op_case = BATON__V1__REQUEST__OP_REPLAY;
	request.replay = &replay;
	return delivery_fixture_ask(fixture, &request, NULL);
}

baton_err
delivery_fixture_resolve(struct delivery_fixture *fixture, const char *name,
			 uint64_t sequence, Baton__V1__Resolution resolution)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__ResolveParked resolve;

	baton__v1__resolve_parked__init(&resolve);
	resolve.subscription = protobuf_text(name);
	resolve.sequence = sequence;
	resolve.resolution = resolution;
	resolve.reason = protobuf_text("invented reason");
	request.op_case = BATON__V1__REQUEST__OP_RESOLVE_PARKED;
	request.resolve_parked = &resolve;
	return delivery_fixture_ask(fixture, &request, NULL);
}

Baton__V1__SubscriptionStatus
delivery_fixture_status(struct delivery_fixture *fixture, const char *name)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__ListSubscriptions list = BATON__V1__LIST_SUBSCRIPTIONS__INIT;
	Baton__V1__SubscriptionStatus status;
	Baton__V1__Response *response = NULL;
	bool found = false;

	baton__v1__subscription_status__init(&status);
	request.op_case = BATON__V1__REQUEST__OP_LIST_SUBSCRIPTIONS;
	request.list_subscriptions = &list;
	assert_int_equal(delivery_fixture_ask(fixture, &request, &response),
			 BATON_OK);
	for (size_t i = 0; i < response->list_subscriptions->n_subscriptions;
	     i++) {
		const Baton__V1__SubscriptionStatus *each =
			response->list_subscriptions->subscriptions[i];

		if (strcmp(each->name, name) == 0) {
			status = *each;
			found = true;
		}
	}
	baton__v1__response__free_unpacked(response, NULL);
	assert_true(found);
	return status;
}
