/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_fixture.h"

#include <cmocka.h>

#define PUBLISH BATON__V1__REQUEST__OP_PUBLISH
#define TEXT_BYTES 24
#define MANY 2500

/* "event 7" and so on: to the client events are bytes. */
struct events {
	char texts[MANY][TEXT_BYTES];
	struct baton_span spans[MANY];
	struct baton_publish_result results[MANY];
};

static struct events *
events_new(size_t count, unsigned first)
{
	struct events *events = calloc(1, sizeof(*events));

	if (events == NULL)
		abort();
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(events->texts[i], TEXT_BYTES, "event %u",
			       first + (unsigned)i);
		events->spans[i] = (struct baton_span){
			(const uint8_t *)events->texts[i],
			strlen(events->texts[i]),
		};
	}
	return events;
}

static baton_err
publish(struct fixture *fixture, struct events *events, size_t count)
{
	return baton_publish(fixture->client, events->spans, count,
			     events->results, &fixture->error);
}

static void
publish_of_nothing_is_ok(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		baton_publish(fixture->client, NULL, 0, NULL, &fixture->error),
		BATON_OK);
}

static void
publish_answers_with_the_sequence(void **state)
{
	struct fixture *fixture = *state;
	struct events *events = events_new(3, 0);

	assert_int_equal(publish(fixture, events, 3), BATON_OK);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(events->results[i].outcome,
				 BATON_OUTCOME_ACCEPTED);
		assert_int_equal(events->results[i].sequence, i + 1);
	}
	free(events);
}

static void
publish_of_a_repeat_is_ok(void **state)
{
	struct fixture *fixture = *state;
	struct events *events = events_new(1, 0);

	assert_int_equal(publish(fixture, events, 1), BATON_OK);
	assert_int_equal(publish(fixture, events, 1), BATON_OK);
	assert_int_equal(events->results[0].outcome, BATON_OUTCOME_DUPLICATE);
	assert_int_equal(events->results[0].sequence, 1);
	free(events);
}

static void
publish_repeats_the_same_bytes_when_the_answer_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct events *events = events_new(2, 0);
	struct fake_totals totals;

	assert_int_equal(fixture_set_timeout(fixture, 3000), 0);
	fixture_script(fixture, PUBLISH, FAKE_LOSE_ANSWER);
	fixture_script(fixture, PUBLISH, FAKE_HANG_UP);
	assert_int_equal(publish(fixture, events, 2), BATON_OK);
	assert_int_equal(fake_broker_count(fixture->broker, PUBLISH), 3);
	totals = fake_broker_totals(fixture->broker);
	assert_true(totals.publishes_same);
	assert_int_equal(totals.stored, 2);
	free(events);
}

static void
publish_splits_by_the_number_of_events(void **state)
{
	struct fixture *fixture = *state;
	struct events *events = events_new(MANY, 0);

	assert_int_equal(publish(fixture, events, MANY), BATON_OK);
	assert_int_equal(fake_broker_count(fixture->broker, PUBLISH), 3);
	assert_int_equal(fake_broker_totals(fixture->broker).largest_batch,
			 1000);
	free(events);
}

static void
publish_splits_by_the_size_of_the_request(void **state)
{
	struct fixture *fixture = *state;
	struct fake_limits limits = fake_broker_limits(fixture->broker);
	struct events *events = events_new(100, 0);
	struct fake_totals totals;

	limits.max_message_bytes = 200;
	fake_broker_set_limits(fixture->broker, &limits);
	assert_int_equal(publish(fixture, events, 100), BATON_OK);
	totals = fake_broker_totals(fixture->broker);
	assert_in_range(totals.largest_publish_bytes, 100, 200);
	assert_int_equal(totals.stored, 100);
	free(events);
}

static void
publish_keeps_the_order(void **state)
{
	struct fixture *fixture = *state;
	struct fake_limits limits = fake_broker_limits(fixture->broker);
	struct events *events = events_new(100, 0);
	struct baton_span stored;

	limits.max_batch_events = 7;
	fake_broker_set_limits(fixture->broker, &limits);
	fixture_script_refuse(fixture, PUBLISH, BATON_BUSY, 10);
	fixture_script(fixture, PUBLISH, FAKE_HANG_UP);
	assert_int_equal(publish(fixture, events, 100), BATON_OK);
	for (size_t i = 0; i < 100; i++) {
		stored = fake_broker_event(fixture->broker, i);
		assert_int_equal(stored.len, events->spans[i].len);
		assert_memory_equal(stored.data, events->spans[i].data,
				    stored.len);
	}
	free(events);
}

static void
publish_rejects_an_event_too_large_by_itself(void **state)
{
	struct fixture *fixture = *state;
	struct fake_limits limits = fake_broker_limits(fixture->broker);
	struct events *events = events_new(3, 0);

	limits.max_event_bytes = 10;
	fake_broker_set_limits(fixture->broker, &limits);
	events->spans[1].data = (const uint8_t *)"eleven bytes";
	events->spans[1].len = 11;
	assert_int_equal(publish(fixture, events, 3), BATON_OK);
	assert_int_equal(events->results[0].outcome, BATON_OUTCOME_ACCEPTED);
	assert_int_equal(events->results[1].outcome, BATON_OUTCOME_REJECTED);
	assert_int_equal(events->results[1].problem.code, BATON_TOO_LARGE);
	assert_int_equal(events->results[2].outcome, BATON_OUTCOME_ACCEPTED);
	assert_int_equal(fake_broker_totals(fixture->broker).stored, 2);
	free(events);
}

static void
publish_splits_anew_when_the_limits_shrink(void **state)
{
	struct fixture *fixture = *state;
	struct fake_limits limits = fake_broker_limits(fixture->broker);
	struct events *events = events_new(100, 0);

	fixture_script(fixture, PUBLISH, FAKE_HANG_UP);
	fixture_script_refuse(fixture, PUBLISH, BATON_TOO_LARGE, 0);
	assert_int_equal(publish(fixture, events, 1), BATON_TOO_LARGE);
	limits.max_message_bytes = 300;
	fake_broker_set_limits(fixture->broker, &limits);
	fixture_script(fixture, PUBLISH, FAKE_HANG_UP);
	assert_int_equal(publish(fixture, events, 100), BATON_OK);
	assert_int_equal(fake_broker_totals(fixture->broker).stored, 100);
	free(events);
}

static void
publish_waits_while_the_broker_is_busy(void **state)
{
	struct fixture *fixture = *state;
	struct events *events = events_new(1, 0);

	fixture_script_refuse(fixture, PUBLISH, BATON_BUSY, 20);
	fixture_script_refuse(fixture, PUBLISH, BATON_UNAVAILABLE, 20);
	assert_int_equal(publish(fixture, events, 1), BATON_OK);
	assert_int_equal(events->results[0].outcome, BATON_OUTCOME_ACCEPTED);
	free(events);
}

static void
publish_keeps_the_outcomes_it_had_when_time_is_up(void **state)
{
	struct fixture *fixture = *state;
	struct fake_limits limits = fake_broker_limits(fixture->broker);
	struct events *events = events_new(4, 0);

	limits.max_batch_events = 2;
	fake_broker_set_limits(fixture->broker, &limits);
	fixture_script(fixture, PUBLISH, FAKE_ANSWER);
	fixture_script_refuse(fixture, PUBLISH, BATON_BUSY, 60000);
	assert_int_equal(publish(fixture, events, 4), BATON_BUSY);
	assert_int_equal(events->results[0].outcome, BATON_OUTCOME_ACCEPTED);
	assert_int_equal(events->results[1].outcome, BATON_OUTCOME_ACCEPTED);
	assert_int_equal(events->results[2].outcome, BATON_OUTCOME_UNKNOWN);
	assert_int_equal(events->results[3].outcome, BATON_OUTCOME_UNKNOWN);
	free(events);
}

/* What a broker that is broken might say of one event. */
static void
publish_survives_malformed_answers(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} answers[] = {
		/* no result */
		{"\x0a\x00\x5a\x00", 4},
		/* two results */
		{"\x0a\x00\x5a\x0c\x0a\x04\x08\x01\x10\x01\x0a\x04\x08\x01\x10"
		 "\x02",
		 16},
		/* outcome unspecified */
		{"\x0a\x00\x5a\x04\x0a\x02\x10\x01", 8},
		/* outcome 9 */
		{"\x0a\x00\x5a\x06\x0a\x04\x08\x09\x10\x01", 10},
		/* accepted without a sequence */
		{"\x0a\x00\x5a\x04\x0a\x02\x08\x01", 8},
		/* rejected without a code */
		{"\x0a\x00\x5a\x04\x0a\x02\x08\x03", 8},
		/* the answer to a hello */
		{"\x0a\x00\x52\x00", 4},
		/* cut short */
		{"\x0a\x00\x5a\x06\x0a\x04\x08\x01", 8},
		/* nothing at all */
		{"", 0},
	};
	struct fixture *fixture = *state;
	struct events *events = events_new(1, 0);

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct fake_step step = {
			.what = FAKE_RAW,
			.raw = answers[i].bytes,
			.raw_len = answers[i].len,
		};

		fake_broker_script(fixture->broker, PUBLISH, &step);
		assert_int_equal(publish(fixture, events, 1), BATON_MALFORMED);
		assert_int_equal(events->results[0].outcome,
				 BATON_OUTCOME_UNKNOWN);
	}
	free(events);
}

static void
publish_tells_why_an_event_is_rejected(void **state)
{
	static const char answer[] = "\x0a\x00\x5a\x0f\x0a\x0d\x08\x03\x18\x64"
				     "\x22\x02id\x2a\x03why";
	const struct fake_step step = {
		.what = FAKE_RAW,
		.raw = answer,
		.raw_len = sizeof(answer) - 1,
	};
	struct fixture *fixture = *state;
	struct events *events = events_new(1, 0);

	fake_broker_script(fixture->broker, PUBLISH, &step);
	assert_int_equal(publish(fixture, events, 1), BATON_OK);
	assert_int_equal(events->results[0].outcome, BATON_OUTCOME_REJECTED);
	assert_int_equal(events->results[0].problem.code, BATON_FIELD_MISSING);
	assert_string_equal(events->results[0].problem.path, "id");
	assert_string_equal(events->results[0].problem.text, "why");
	free(events);
}

struct publisher {
	struct fixture *fixture;
	unsigned first;
	unsigned acknowledged;
	atomic_bool *stop;
};

/* One event after the other; asserts nothing, that is the test's thread's. */
static void *
publish_on_thread(void *context)
{
	struct publisher *publisher = context;
	struct baton_publish_result result;
	struct baton_error error;
	struct baton_span span;
	char text[TEXT_BYTES];

	while (!atomic_load(publisher->stop) &&
	       publisher->acknowledged < MANY) {
		(void)snprintf(text, sizeof(text), "event %u",
			       publisher->first + publisher->acknowledged);
		span = (struct baton_span){(const uint8_t *)text, strlen(text)};
		if (baton_publish(publisher->fixture->client, &span, 1, &result,
				  &error) != BATON_OK ||
		    result.sequence == 0)
			break;
		publisher->acknowledged++;
	}
	return NULL;
}

#define THREADS 4

static void
publish_works_from_many_threads(void **state)
{
	struct fixture *fixture = *state;
	struct publisher publishers[THREADS];
	pthread_t threads[THREADS];
	atomic_bool stop = false;

	for (unsigned i = 0; i < THREADS; i++) {
		publishers[i] = (struct publisher){
			.fixture = fixture,
			.first = i * 10000,
			.acknowledged = MANY - 200,
			.stop = &stop,
		};
		assert_int_equal(pthread_create(&threads[i], NULL,
						publish_on_thread,
						&publishers[i]),
				 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(publishers[i].acknowledged, MANY);
	}
	assert_int_equal(fake_broker_totals(fixture->broker).stored,
			 THREADS * 200);
}

/* Every event that was acknowledged is there, once; none was given up. */
static void
publish_survives_twenty_restarts_of_the_broker(void **state)
{
	struct fixture *fixture = *state;
	struct publisher publisher = {.fixture = fixture};
	atomic_bool stop = false;
	pthread_t thread;

	assert_int_equal(fixture_set_timeout(fixture, 30000), 0);
	publisher.stop = &stop;
	assert_int_equal(
		pthread_create(&thread, NULL, publish_on_thread, &publisher),
		0);
	for (size_t i = 1; i <= 20; i++) {
		assert_true(fake_broker_wait(
			fixture->broker, PUBLISH,
			fake_broker_count(fixture->broker, PUBLISH) + 3));
		fake_broker_pause(fixture->broker);
		assert_true(fake_broker_resume(fixture->broker));
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(publisher.acknowledged >= 20);
	assert_int_equal(fake_broker_totals(fixture->broker).stored,
			 publisher.acknowledged);
}

/* Answers are on their way when the client goes: nng 1.5 may hang then. */
static void
free_under_traffic_comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct publisher publishers[THREADS];
	pthread_t threads[THREADS];
	atomic_bool stop = false;

	for (unsigned round = 0; round < 30; round++) {
		assert_int_equal(fixture_set_timeout(fixture, 10000), 0);
		for (unsigned i = 0; i < THREADS; i++) {
			publishers[i] = (struct publisher){
				.fixture = fixture,
				.first = i * 10000,
				.stop = &stop,
			};
			assert_int_equal(pthread_create(&threads[i], NULL,
							publish_on_thread,
							&publishers[i]),
					 0);
		}
		assert_true(fake_broker_wait(
			fixture->broker, PUBLISH,
			fake_broker_count(fixture->broker, PUBLISH) + 20));
		baton_client_close(fixture->client);
		for (unsigned i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
}

#define WITH_BROKER(test)                                                      \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BROKER(publish_of_nothing_is_ok),
		WITH_BROKER(publish_answers_with_the_sequence),
		WITH_BROKER(publish_of_a_repeat_is_ok),
		WITH_BROKER(
			publish_repeats_the_same_bytes_when_the_answer_is_lost),
		WITH_BROKER(publish_splits_by_the_number_of_events),
		WITH_BROKER(publish_splits_by_the_size_of_the_request),
		WITH_BROKER(publish_keeps_the_order),
		WITH_BROKER(publish_rejects_an_event_too_large_by_itself),
		WITH_BROKER(publish_splits_anew_when_the_limits_shrink),
		WITH_BROKER(publish_waits_while_the_broker_is_busy),
		WITH_BROKER(publish_keeps_the_outcomes_it_had_when_time_is_up),
		WITH_BROKER(publish_survives_malformed_answers),
		WITH_BROKER(publish_tells_why_an_event_is_rejected),
		WITH_BROKER(publish_works_from_many_threads),
		WITH_BROKER(publish_survives_twenty_restarts_of_the_broker),
		WITH_BROKER(free_under_traffic_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
