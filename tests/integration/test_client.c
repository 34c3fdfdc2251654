/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baton/client.h"
#include "baton/event.h"
#include "client/clock.h"
#include "harness.h"
#include "send/v1/event.pb-c.h"
#include "tests/support/sample_event.h"

#include <cmocka.h>

#define CLIENT_EVENTS_MAX 5000
#define CLIENT_KILLS 5
#define CLIENT_DEADLINE_MS 30000

/* libbaton and the real batond. */
struct relay {
	struct harness *harness;
	struct baton_client *publisher;
	struct baton_client *subscriber;
	struct baton_error error;
};

static int
relay_setup(void **state)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	struct baton_client_options options = {.name = "test 1.0"};

	if (relay == NULL)
		return -1;
	*state = relay;
	relay->harness = harness_new(&(struct harness_options){0});
	if (relay->harness == NULL || !harness_start(relay->harness))
		return -1;
	options.url = harness_url(relay->harness, "community");
	if (baton_client_new(&options, &relay->publisher, &relay->error) !=
	    BATON_OK)
		return -1;
	options.url = harness_url(relay->harness, "council");
	return baton_client_new(&options, &relay->subscriber, &relay->error) ==
			       BATON_OK
		       ? 0
		       : -1;
}

static int
relay_teardown(void **state)
{
	struct relay *relay = *state;

	baton_client_free(relay->publisher);
	baton_client_free(relay->subscriber);
	harness_free(relay->harness);
	free(relay);
	return 0;
}

/* Publishes the event with this number; children take turns. */
static baton_err
publish_number(struct baton_client *client, unsigned number,
	       struct baton_publish_result *result, struct baton_error *error)
{
	static const char *const children[] = {"9990000018", "9990000026",
					       "9990000034", "9990000042"};
	struct sample_event sample = {.nhs_number = children[number % 4]};
	struct baton_span span;
	uint8_t *bytes;
	char id[32];
	baton_err err;

	(void)snprintf(id, sizeof(id), "number-%u", number);
	sample.id = id;
	err = sample_event_pack(&sample, &bytes, &span.len);
	if (err != BATON_OK)
		return baton_error_set(error, err, "sample event");
	span.data = bytes;
	err = baton_publish(client, &span, 1, result, error);
	baton_event_bytes_free(bytes);
	return err;
}

/* What a subscriber saw. */
struct seen {
	struct baton_client *client;
	const char *name;
	/* How often each number came, and whether one overtook an earlier one
	 * of its child. */
	unsigned times[CLIENT_EVENTS_MAX];
	unsigned last[4];
	bool overtaken;
	atomic_uint distinct;
	/* The first time this number comes, say RETRY. */
	unsigned retry;
	baton_err err;
};

static enum baton_verdict
see(void *context, const struct baton_delivery *delivery, char reason[201])
{
	struct seen *seen = context;
	struct Send__V1__Event *event;
	unsigned number = 0;

	if (baton_event_unpack(delivery->event, &event, NULL) != BATON_OK)
		return BATON_REJECTED;
	number = (unsigned)strtoul(event->id + strlen("number-"), NULL, 10);
	baton_event_free(event);
	if (number >= CLIENT_EVENTS_MAX)
		return BATON_REJECTED;
	if (number != 0 && number == seen->retry) {
		seen->retry = 0;
		(void)snprintf(reason, 201, "not now");
		return BATON_RETRY;
	}
	if (seen->times[number]++ == 0) {
		if (number < seen->last[number % 4])
			seen->overtaken = true;
		seen->last[number % 4] = number;
		atomic_fetch_add(&seen->distinct, 1);
	}
	return BATON_ACCEPTED;
}

static void *
see_all(void *context)
{
	struct seen *seen = context;
	const struct baton_subscription_options options = {.name = seen->name};
	struct baton_error error;

	seen->err = baton_run(seen->client, &options, see, seen, &error);
	return NULL;
}

/* Waits on a condition with a deadline; nothing tells us, so it looks often. */
static bool
wait_distinct(struct seen *seen, unsigned wanted)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int64_t deadline_ms = clock_monotonic_ms() + CLIENT_DEADLINE_MS;

	while (atomic_load(&seen->distinct) < wanted) {
		if (clock_monotonic_ms() > deadline_ms)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

static void
client_hello_names_the_partner(void **state)
{
	struct relay *relay = *state;
	struct baton_hello hello;

	assert_int_equal(
		baton_client_hello(relay->publisher, &hello, &relay->error),
		BATON_OK);
	assert_string_equal(hello.partner, "community");
	assert_string_equal(hello.source, "/ods/RPG");
}

static void
client_publishes_once_however_often_it_is_told(void **state)
{
	struct relay *relay = *state;
	struct baton_publish_result first = {0};
	struct baton_publish_result again = {0};

	assert_int_equal(
		publish_number(relay->publisher, 1, &first, &relay->error),
		BATON_OK);
	assert_int_equal(first.outcome, BATON_OUTCOME_ACCEPTED);
	assert_int_equal(
		publish_number(relay->publisher, 1, &again, &relay->error),
		BATON_OK);
	assert_int_equal(again.outcome, BATON_OUTCOME_DUPLICATE);
	assert_int_equal(again.sequence, first.sequence);
}

static void
client_is_told_why_an_event_is_rejected(void **state)
{
	struct relay *relay = *state;
	struct baton_publish_result result = {0};
	const struct baton_span span = {(const uint8_t *)"\x0a\x01x", 3};

	assert_int_equal(baton_publish(relay->publisher, &span, 1, &result,
				       &relay->error),
			 BATON_OK);
	assert_int_equal(result.outcome, BATON_OUTCOME_REJECTED);
	assert_int_equal(result.problem.code, BATON_FIELD_MISSING);
	assert_true(result.problem.path[0] != '\0');
}

static void
client_may_not_publish_as_another(void **state)
{
	struct relay *relay = *state;
	struct baton_publish_result result = {0};

	assert_int_equal(
		publish_number(relay->subscriber, 1, &result, &relay->error),
		BATON_OK);
	assert_int_equal(result.outcome, BATON_OUTCOME_REJECTED);
	assert_int_equal(result.problem.code, BATON_SOURCE_DENIED);
}

/* The lane of the retried event comes again in order, the others at once. */
static void
client_keeps_a_childs_order_over_a_retry(void **state)
{
	struct relay *relay = *state;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct baton_publish_result result = {0};
	pthread_t thread;

	assert_non_null(seen);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(publish_number(relay->publisher, i, &result,
						&relay->error),
				 BATON_OK);
	}
	seen->client = relay->subscriber;
	seen->name = "retrying";
	seen->retry = 5;
	assert_int_equal(pthread_create(&thread, NULL, see_all, seen), 0);
	assert_true(wait_distinct(seen, 40));
	baton_client_close(relay->subscriber);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(seen->err, BATON_OK);
	assert_false(seen->overtaken);
	free(seen);
}

static void
client_close_ends_a_long_poll_promptly(void **state)
{
	struct relay *relay = *state;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct baton_publish_result result = {0};
	pthread_t thread;
	int64_t begun_ms;

	assert_non_null(seen);
	seen->client = relay->subscriber;
	seen->name = "polling";
	assert_int_equal(pthread_create(&thread, NULL, see_all, seen), 0);
	assert_int_equal(
		publish_number(relay->publisher, 1, &result, &relay->error),
		BATON_OK);
	assert_true(wait_distinct(seen, 1));
	begun_ms = clock_monotonic_ms();
	baton_client_close(relay->subscriber);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(clock_monotonic_ms() - begun_ms < 1000);
	assert_int_equal(seen->err, BATON_OK);
	free(seen);
}

struct stream {
	struct baton_client *client;
	atomic_bool stop;
	atomic_uint acknowledged;
	baton_err err;
};

static void *
publish_stream(void *context)
{
	struct stream *stream = context;
	struct baton_publish_result result = {0};
	struct baton_error error;
	unsigned number = 0;

	while (!atomic_load(&stream->stop) && number < CLIENT_EVENTS_MAX) {
		stream->err =
			publish_number(stream->client, number, &result, &error);
		if (stream->err != BATON_OK || result.sequence == 0)
			break;
		atomic_store(&stream->acknowledged, ++number);
	}
	return NULL;
}

static bool
wait_acknowledged(struct stream *stream, unsigned wanted)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int64_t deadline_ms = clock_monotonic_ms() + CLIENT_DEADLINE_MS;

	while (atomic_load(&stream->acknowledged) < wanted) {
		if (clock_monotonic_ms() > deadline_ms)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

/* Every acknowledged event arrives, in each child's order. */
static void
client_survives_kills_of_the_broker(void **state)
{
	struct relay *relay = *state;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct stream stream = {.client = relay->publisher};
	pthread_t publishing;
	pthread_t seeing;

	assert_non_null(seen);
	seen->client = relay->subscriber;
	seen->name = "surviving";
	assert_int_equal(pthread_create(&seeing, NULL, see_all, seen), 0);
	assert_int_equal(
		pthread_create(&publishing, NULL, publish_stream, &stream), 0);
	for (unsigned i = 0; i < CLIENT_KILLS; i++) {
		assert_true(wait_acknowledged(
			&stream, atomic_load(&stream.acknowledged) + 20));
		harness_kill(relay->harness);
		assert_true(harness_start(relay->harness));
	}
	atomic_store(&stream.stop, true);
	assert_int_equal(pthread_join(publishing, NULL), 0);
	assert_int_equal(stream.err, BATON_OK);
	assert_true(wait_distinct(seen, atomic_load(&stream.acknowledged)));
	baton_client_close(relay->subscriber);
	assert_int_equal(pthread_join(seeing, NULL), 0);
	assert_int_equal(seen->err, BATON_OK);
	assert_false(seen->overtaken);
	free(seen);
}

#define WITH_BATOND(test)                                                      \
	cmocka_unit_test_setup_teardown(test, relay_setup, relay_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BATOND(client_hello_names_the_partner),
		WITH_BATOND(client_publishes_once_however_often_it_is_told),
		WITH_BATOND(client_is_told_why_an_event_is_rejected),
		WITH_BATOND(client_may_not_publish_as_another),
		WITH_BATOND(client_keeps_a_childs_order_over_a_retry),
		WITH_BATOND(client_close_ends_a_long_poll_promptly),
		WITH_BATOND(client_survives_kills_of_the_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
