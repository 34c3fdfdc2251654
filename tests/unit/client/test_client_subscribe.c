/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/clock.h"
#include "client_fixture.h"

#include <cmocka.h>

#define FETCH BATON__V1__REQUEST__OP_FETCH
#define SETTLE BATON__V1__REQUEST__OP_SETTLE
#define SUBSCRIBE BATON__V1__REQUEST__OP_SUBSCRIBE

#define ACK BATON__V1__VERDICT__VERDICT_ACK
#define RETRY BATON__V1__VERDICT__VERDICT_RETRY
#define REJECT BATON__V1__VERDICT__VERDICT_REJECT

static const struct baton_subscription_options subscription = {
	.name = "council.send-1",
};

/* A subscriber that follows a plan: verdicts by sequence. */
struct subscriber {
	struct fixture *fixture;
	enum baton_verdict verdicts[16];
	const char *reason;
	uint64_t seen[64];
	size_t seen_count;
	/* Closes the client when this sequence comes. */
	uint64_t close_at;
	baton_err err;
};

static enum baton_verdict
take(void *context, const struct baton_delivery *delivery, char reason[201])
{
	struct subscriber *subscriber = context;
	enum baton_verdict verdict = BATON_ACCEPTED;

	if (subscriber->seen_count < 64)
		subscriber->seen[subscriber->seen_count++] = delivery->sequence;
	if (delivery->sequence < 16 &&
	    subscriber->verdicts[delivery->sequence] != 0)
		verdict = subscriber->verdicts[delivery->sequence];
	if (subscriber->reason != NULL)
		(void)snprintf(reason, 201, "%s", subscriber->reason);
	if (subscriber->close_at == delivery->sequence)
		baton_client_close(subscriber->fixture->client);
	return verdict;
}

static baton_err
fetch(struct fixture *fixture, struct subscriber *subscriber, uint32_t wait_ms,
      size_t *delivered)
{
	subscriber->fixture = fixture;
	return baton_fetch(fixture->client, &subscription, wait_ms, take,
			   subscriber, delivered, &fixture->error);
}

static void
subscribe_refuses_a_bad_name(void **state)
{
	static const char too_long[] = "01234567890123456789012345678901"
				       "012345678901234567890123456789012";
	const char *const names[] = {NULL,  "",    "Council",
				     "a b", "a/b", too_long};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct baton_subscription_options options = {
			.name = names[i],
		};

		assert_int_equal(baton_subscribe(fixture->client, &options,
						 &fixture->error),
				 BATON_INVALID);
	}
}

static void
subscribe_refuses_an_unknown_start(void **state)
{
	struct fixture *fixture = *state;
	struct baton_subscription_options options = subscription;

	options.start = (enum baton_start)9;
	assert_int_equal(
		baton_subscribe(fixture->client, &options, &fixture->error),
		BATON_INVALID);
}

static void
subscribe_says_what_the_broker_refuses(void **state)
{
	struct fixture *fixture = *state;

	fixture_script_refuse(fixture, SUBSCRIBE, BATON_EXISTS, 0);
	assert_int_equal(baton_subscribe(fixture->client, &subscription,
					 &fixture->error),
			 BATON_EXISTS);
	assert_int_equal(baton_subscribe(fixture->client, &subscription,
					 &fixture->error),
			 BATON_OK);
}

static void
fetch_of_nothing_settles_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {0};
	size_t delivered = 7;

	assert_int_equal(fetch(fixture, &subscriber, 0, &delivered), BATON_OK);
	assert_int_equal(delivered, 0);
	assert_int_equal(fake_broker_count(fixture->broker, SETTLE), 0);
}

static void
fetch_refuses_a_wait_too_long(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {0};

	assert_int_equal(fetch(fixture, &subscriber, 30001, NULL),
			 BATON_INVALID);
}

static void
fetch_hands_over_in_order_and_settles_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {0};
	struct fake_settlement settled[8];
	size_t delivered;

	for (uint64_t i = 1; i <= 3; i++)
		fake_broker_offer(fixture->broker, i, i, "event");
	assert_int_equal(fetch(fixture, &subscriber, 0, &delivered), BATON_OK);
	assert_int_equal(delivered, 3);
	assert_int_equal(fake_broker_count(fixture->broker, SETTLE), 1);
	assert_int_equal(fake_broker_settled(fixture->broker, settled, 8), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(subscriber.seen[i], i + 1);
		assert_int_equal(settled[i].sequence, i + 1);
		assert_int_equal(settled[i].lease, i + 1001);
		assert_int_equal(settled[i].verdict, ACK);
	}
}

static void
fetch_holds_back_a_lane_after_retry(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {.verdicts = {[1] = BATON_RETRY}};
	struct fake_settlement settled[8];

	fake_broker_offer(fixture->broker, 1, 5, "child 5");
	fake_broker_offer(fixture->broker, 2, 6, "child 6");
	fake_broker_offer(fixture->broker, 3, 5, "child 5");
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_OK);
	assert_int_equal(subscriber.seen_count, 2);
	assert_int_equal(subscriber.seen[1], 2);
	assert_int_equal(fake_broker_settled(fixture->broker, settled, 8), 2);
	assert_int_equal(settled[0].verdict, RETRY);
	assert_int_equal(settled[1].verdict, ACK);
}

static void
fetch_holds_back_everything_when_lanes_have_no_names(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {.verdicts = {[2] = BATON_REJECTED}};

	for (uint64_t i = 1; i <= 3; i++)
		fake_broker_offer(fixture->broker, i, 0, "event");
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_OK);
	assert_int_equal(subscriber.seen_count, 2);
}

static void
fetch_gives_the_reason_of_a_rejection(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {
		.verdicts = {[1] = BATON_REJECTED},
		.reason = "no case with this reference",
	};
	struct fake_settlement settled[1];

	fake_broker_offer(fixture->broker, 1, 1, "event");
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_OK);
	assert_int_equal(fake_broker_settled(fixture->broker, settled, 1), 1);
	assert_int_equal(settled[0].verdict, REJECT);
	assert_string_equal(settled[0].reason, "no case with this reference");
}

static void
fetch_makes_a_reason_fit_for_the_wire(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {
		.verdicts = {[1] = BATON_RETRY},
		.reason = "a\x01z\xff",
	};
	struct fake_settlement settled[1];

	fake_broker_offer(fixture->broker, 1, 1, "event");
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_OK);
	assert_int_equal(fake_broker_settled(fixture->broker, settled, 1), 1);
	assert_string_equal(settled[0].reason, "a?z?");
}

static void
fetch_takes_an_unknown_verdict_for_retry(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {
		.verdicts = {[1] = (enum baton_verdict)77},
	};
	struct fake_settlement settled[1];

	fake_broker_offer(fixture->broker, 1, 1, "event");
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_OK);
	assert_int_equal(fake_broker_settled(fixture->broker, settled, 1), 1);
	assert_int_equal(settled[0].verdict, RETRY);
	assert_string_equal(settled[0].reason, "no reason given");
}

static void
fetch_tolerates_a_lost_lease(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {0};

	fake_broker_offer(fixture->broker, FAKE_LOST_SEQUENCE, 1, "event");
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_OK);
	assert_int_equal(subscriber.seen_count, 1);
}

static void
fetch_repeats_a_settlement_whose_answer_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {0};

	fake_broker_offer(fixture->broker, 1, 1, "event");
	fixture_script(fixture, SETTLE, FAKE_HANG_UP);
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_OK);
	assert_int_equal(subscriber.seen_count, 1);
	assert_int_equal(fake_broker_count(fixture->broker, SETTLE), 2);
}

static void
fetch_of_an_unknown_subscription_is_not_found(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {0};

	fixture_script_refuse(fixture, FETCH, BATON_NOT_FOUND, 0);
	assert_int_equal(fetch(fixture, &subscriber, 0, NULL), BATON_NOT_FOUND);
}

static void
fetch_refuses_more_than_it_asked_for(void **state)
{
	/* Two deliveries, of sequences 1 and 2. */
	static const char answer[] = "\x0a\x00\x62\x08\x0a\x02\x08\x01"
				     "\x0a\x02\x08\x02";
	const struct fake_step step = {
		.what = FAKE_RAW,
		.raw = answer,
		.raw_len = sizeof(answer) - 1,
	};
	struct fixture *fixture = *state;
	struct subscriber subscriber = {0};
	struct baton_subscription_options options = subscription;

	options.max_events = 1;
	fake_broker_script(fixture->broker, FETCH, &step);
	assert_int_equal(baton_fetch(fixture->client, &options, 0, take,
				     &subscriber, NULL, &fixture->error),
			 BATON_MALFORMED);
	assert_int_equal(subscriber.seen_count, 0);
}

static void *
run_on_thread(void *context)
{
	struct subscriber *subscriber = context;
	struct baton_error error;

	subscriber->err = baton_run(subscriber->fixture->client, &subscription,
				    take, subscriber, &error);
	return NULL;
}

static void
run_ends_promptly_when_closed_in_a_long_poll(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {.fixture = fixture,
					.err = BATON_INTERNAL};
	pthread_t thread;
	int64_t begun_ms;

	assert_int_equal(
		pthread_create(&thread, NULL, run_on_thread, &subscriber), 0);
	assert_true(fake_broker_wait(fixture->broker, FETCH, 1));
	begun_ms = clock_monotonic_ms();
	baton_client_close(fixture->client);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(subscriber.err, BATON_OK);
	assert_true(clock_monotonic_ms() - begun_ms < 1000);
}

static void
run_ends_when_the_callback_closes_and_still_settles(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {.fixture = fixture, .close_at = 2};
	struct fake_settlement settled[4];

	for (uint64_t i = 1; i <= 3; i++)
		fake_broker_offer(fixture->broker, i, i, "event");
	assert_int_equal(baton_run(fixture->client, &subscription, take,
				   &subscriber, &fixture->error),
			 BATON_OK);
	assert_int_equal(subscriber.seen_count, 2);
	assert_int_equal(fake_broker_settled(fixture->broker, settled, 4), 2);
	assert_int_equal(settled[1].sequence, 2);
}

static void
run_survives_restarts_of_the_broker(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {.fixture = fixture, .close_at = 6};
	pthread_t thread;

	assert_int_equal(
		pthread_create(&thread, NULL, run_on_thread, &subscriber), 0);
	for (uint64_t i = 1; i <= 6; i++) {
		fake_broker_offer(fixture->broker, i, i, "event");
		assert_true(fake_broker_wait_settled(fixture->broker, i));
		if (i == 6)
			break;
		fake_broker_pause(fixture->broker);
		assert_true(fake_broker_resume(fixture->broker));
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(subscriber.err, BATON_OK);
	assert_int_equal(subscriber.seen[subscriber.seen_count - 1], 6);
}

static void
run_waits_for_a_broker_that_is_away(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {.fixture = fixture, .close_at = 1};
	pthread_t thread;

	assert_int_equal(fixture_set_timeout(fixture, 100), 0);
	fake_broker_pause(fixture->broker);
	fake_broker_offer(fixture->broker, 1, 1, "event");
	assert_int_equal(
		pthread_create(&thread, NULL, run_on_thread, &subscriber), 0);
	assert_true(fake_broker_resume(fixture->broker));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(subscriber.err, BATON_OK);
	assert_int_equal(subscriber.seen_count, 1);
}

static void
run_ends_with_what_waiting_does_not_mend(void **state)
{
	struct fixture *fixture = *state;
	struct subscriber subscriber = {.fixture = fixture};

	fixture_script_refuse(fixture, SUBSCRIBE, BATON_EXISTS, 0);
	assert_int_equal(baton_run(fixture->client, &subscription, take,
				   &subscriber, &fixture->error),
			 BATON_EXISTS);
	fixture_script_refuse(fixture, FETCH, BATON_NOT_FOUND, 0);
	assert_int_equal(baton_run(fixture->client, &subscription, take,
				   &subscriber, &fixture->error),
			 BATON_NOT_FOUND);
}

#define WITH_BROKER(test)                                                      \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BROKER(subscribe_refuses_a_bad_name),
		WITH_BROKER(subscribe_refuses_an_unknown_start),
		WITH_BROKER(subscribe_says_what_the_broker_refuses),
		WITH_BROKER(fetch_of_nothing_settles_nothing),
		WITH_BROKER(fetch_refuses_a_wait_too_long),
		WITH_BROKER(fetch_hands_over_in_order_and_settles_at_once),
		WITH_BROKER(fetch_holds_back_a_lane_after_retry),
		WITH_BROKER(
			fetch_holds_back_everything_when_lanes_have_no_names),
		WITH_BROKER(fetch_gives_the_reason_of_a_rejection),
		WITH_BROKER(fetch_makes_a_reason_fit_for_the_wire),
		WITH_BROKER(fetch_takes_an_unknown_verdict_for_retry),
		WITH_BROKER(fetch_tolerates_a_lost_lease),
		WITH_BROKER(fetch_repeats_a_settlement_whose_answer_is_lost),
		WITH_BROKER(fetch_of_an_unknown_subscription_is_not_found),
		WITH_BROKER(fetch_refuses_more_than_it_asked_for),
		WITH_BROKER(run_ends_promptly_when_closed_in_a_long_poll),
		WITH_BROKER(
			run_ends_when_the_callback_closes_and_still_settles),
		WITH_BROKER(run_survives_restarts_of_the_broker),
		WITH_BROKER(run_waits_for_a_broker_that_is_away),
		WITH_BROKER(run_ends_with_what_waiting_does_not_mend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
