/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "client/channel.h"
#include "client/clock.h"
#include "client_fixture.h"

#include <cmocka.h>

#define HELLO BATON__V1__REQUEST__OP_HELLO
#define STATUS BATON__V1__REQUEST__OP_GET_STATUS

/* Time enough for every connection that is cut off. */
#define PATIENCE_MS 60000

/* A call, which must succeed once the broker serves. */
static void
hello_outlives(struct fixture *fixture, enum fake_cut cut, size_t count)
{
	struct baton_hello hello;

	assert_int_equal(fixture_set_timeout(fixture, PATIENCE_MS), 0);
	fake_broker_cut(fixture->broker, cut, count);
	assert_int_equal(
		baton_client_hello(fixture->client, &hello, &fixture->error),
		BATON_OK);
	assert_int_equal(fake_broker_cuts(fixture->broker), 0);
}

static void
call_outlives_a_broker_that_dies_before_greeting(void **state)
{
	hello_outlives(*state, FAKE_CUT_AT_ONCE, 50);
}

static void
call_outlives_a_broker_that_dies_while_greeting(void **state)
{
	hello_outlives(*state, FAKE_CUT_IN_GREETING, 5);
}

static void
call_outlives_a_stranger_on_the_brokers_address(void **state)
{
	hello_outlives(*state, FAKE_CUT_FOREIGN, 5);
}

static void
call_outlives_a_broker_that_dies_in_a_replys_head(void **state)
{
	hello_outlives(*state, FAKE_CUT_IN_HEAD, 3);
}

static void
call_outlives_a_broker_that_dies_between_head_and_body(void **state)
{
	hello_outlives(*state, FAKE_CUT_BEFORE_BODY, 3);
}

static void
call_outlives_a_broker_that_dies_in_a_replys_body(void **state)
{
	hello_outlives(*state, FAKE_CUT_IN_BODY, 3);
}

static void
reply_beyond_the_limit_costs_the_connection(void **state)
{
	int64_t begun_ms = clock_monotonic_ms();

	hello_outlives(*state, FAKE_CUT_TOO_LONG, 2);
	assert_true(clock_monotonic_ms() - begun_ms < 5000);
}

static void
client_is_freed_while_its_broker_keeps_dying(void **state)
{
	struct fixture *fixture = *state;
	struct baton_hello hello;
	int64_t begun_ms;

	assert_int_equal(fixture_set_timeout(fixture, 300), 0);
	fake_broker_cut(fixture->broker, FAKE_CUT_AT_ONCE, SIZE_MAX);
	assert_int_equal(
		baton_client_hello(fixture->client, &hello, &fixture->error),
		BATON_UNREACHABLE);
	begun_ms = clock_monotonic_ms();
	baton_client_free(fixture->client);
	fixture->client = NULL;
	assert_true(clock_monotonic_ms() - begun_ms < 1000);
}

/* An exchange on a thread of its own, with a packed request. */
struct asking {
	struct channel *channel;
	struct baton_span request;
	int64_t deadline_ms;
	nng_msg *reply;
	struct baton_error error;
	baton_err err;
	pthread_t thread;
};

static void *
ask_on_thread(void *context)
{
	struct asking *asking = context;

	asking->err = channel_exchange(
		asking->channel, asking->request, asking->deadline_ms,
		CHANNEL_UNTIL_CLOSED, &asking->reply, &asking->error);
	return NULL;
}

static void
exchanges_under_way_are_told_of_the_loss_at_once(void **state)
{
	/* Status, with an empty body. */
	static const uint8_t bytes[] = {0x08, 0x01, 0xda, 0x01, 0x00};
	struct fixture *fixture = *state;
	struct asking asking[4];
	struct channel *channel;
	uint64_t generation;
	int64_t begun_ms = clock_monotonic_ms();

	assert_int_equal(channel_new(fixture->url, &channel), BATON_OK);
	assert_int_equal(channel_connect(channel, begun_ms + 10000, &generation,
					 &fixture->error),
			 BATON_OK);
	for (size_t i = 0; i < 4; i++) {
		fixture_script(fixture, STATUS, FAKE_LOSE_ANSWER);
		asking[i] = (struct asking){
			.channel = channel,
			.request = {bytes, sizeof(bytes)},
			.deadline_ms = begun_ms + 30000,
		};
		assert_int_equal(pthread_create(&asking[i].thread, NULL,
						ask_on_thread, &asking[i]),
				 0);
	}
	assert_true(fake_broker_wait(fixture->broker, STATUS, 4));
	fake_broker_pause(fixture->broker);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(asking[i].thread, NULL), 0);
		assert_int_equal(asking[i].err, BATON_UNREACHABLE);
		assert_null(asking[i].reply);
	}
	assert_true(clock_monotonic_ms() - begun_ms < 10000);
	channel_free(channel);
}

#define WITH_BROKER(name)                                                      \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BROKER(call_outlives_a_broker_that_dies_before_greeting),
		WITH_BROKER(call_outlives_a_broker_that_dies_while_greeting),
		WITH_BROKER(call_outlives_a_stranger_on_the_brokers_address),
		WITH_BROKER(call_outlives_a_broker_that_dies_in_a_replys_head),
		WITH_BROKER(
			call_outlives_a_broker_that_dies_between_head_and_body),
		WITH_BROKER(call_outlives_a_broker_that_dies_in_a_replys_body),
		WITH_BROKER(reply_beyond_the_limit_costs_the_connection),
		WITH_BROKER(client_is_freed_while_its_broker_keeps_dying),
		WITH_BROKER(exchanges_under_way_are_told_of_the_loss_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
