/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "broker/subscription.h"
#include "tests/support/subscription_model.h"

#include <cmocka.h>

#define SEEDS 1200
#define OPERATIONS_MAX 6000

static void
subscription_agrees_with_the_model_whatever_happens(void **state)
{
	uint8_t operations[OPERATIONS_MAX];

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
		size_t size = 200 + (seed % 30) * 190;
		const char *broken;

		for (size_t i = 0; i < size; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			operations[i] = (uint8_t)(random >> 32);
		}
		broken = subscription_model_run(operations, size);
		if (broken != NULL) {
			fail_msg("seed %" PRIu64 ": %s", seed, broken);
		}
	}
}

/* ---- the everyday: what is written ---- */

static int
setup(void **state)
{
	const struct subscription_options options = {
		.window_events = 100,
		.max_attempts = 3,
		.backoff_min_ms = 1000,
		.backoff_max_ms = 3600000,
		.seed = 42,
	};
	struct store_subscription stored;
	struct subscription *subscription;

	memset(&stored, 0, sizeof(stored));
	stored.id = 1;
	assert_int_equal(subscription_new(&stored, &options, &subscription),
			 BATON_OK);
	*state = subscription;
	return 0;
}

static int
teardown(void **state)
{
	subscription_free(*state);
	return 0;
}

static void
push(struct subscription *subscription, uint64_t sequence, int64_t child)
{
	struct store_head head = {
		.sequence = sequence,
		.child = child,
		.family = CONTRACT_FAMILY_MIN,
		.bytes = 10,
	};

	assert_int_equal(subscription_push(subscription, &head), BATON_OK);
}

static size_t
take(struct subscription *subscription, struct subscription_taken *taken,
     size_t max)
{
	const struct subscription_want want = {
		.max_events = max,
		.max_bytes = 1000,
		.lease_ms = 1000,
		.pipe = 1,
		.now_ms = 0,
	};

	return subscription_take(subscription, &want, taken);
}

static void
settlements_in_order_write_no_lane_rows(void **state)
{
	struct subscription_taken taken[4];
	struct subscription_plan plan;

	for (uint64_t sequence = 1; sequence <= 4; sequence++) {
		push(*state, sequence, (int64_t)(sequence % 2));
	}
	assert_int_equal(take(*state, taken, 4), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(subscription_ack(*state, taken[i].lease,
						  taken[i].sequence),
				 BATON_OK);
	}
	assert_int_equal(subscription_plan(*state, &plan), BATON_OK);
	assert_int_equal(plan.puts_count, 0);
	assert_int_equal(plan.drops_count, 0);
	assert_int_equal(plan.position, 4);
	assert_int_equal(plan.settled, 4);
	subscription_commit(*state, &plan);
	subscription_plan_fini(&plan);
}

static void
settled_lanes_are_forgotten(void **state)
{
	struct subscription_taken taken[4];
	struct subscription_figures figures;
	struct subscription_plan plan;

	push(*state, 1, 1);
	push(*state, 2, 2);
	assert_int_equal(take(*state, taken, 4), 2);
	for (size_t i = 2; i-- > 0;) {
		/* Backwards: the second is ahead of the position. */
		assert_int_equal(subscription_ack(*state, taken[i].lease,
						  taken[i].sequence),
				 BATON_OK);
		assert_int_equal(subscription_plan(*state, &plan), BATON_OK);
		subscription_commit(*state, &plan);
		subscription_plan_fini(&plan);
	}
	subscription_figures(*state, &figures);
	assert_int_equal(figures.lanes, 0);
}

static void
backoff_doubles_with_jitter_of_up_to_a_fifth(void **state)
{
	struct subscription_now now = {.monotonic_ms = 5000, .wall_ms = 9000};
	struct subscription_taken taken[1];
	struct subscription_plan plan;

	push(*state, 1, 1);
	for (int64_t wait_ms = 1000; wait_ms <= 2000; wait_ms *= 2) {
		assert_int_equal(take(*state, taken, 1), 1);
		assert_int_equal(subscription_hold(*state, taken[0].lease, 1,
						   SUBSCRIPTION_RETRY, "",
						   &now),
				 BATON_OK);
		assert_int_equal(subscription_plan(*state, &plan), BATON_OK);
		assert_in_range(plan.puts[0].retry_at_ms, now.wall_ms + wait_ms,
				now.wall_ms + wait_ms * 6 / 5);
		subscription_commit(*state, &plan);
		subscription_plan_fini(&plan);
		now.monotonic_ms = subscription_deadline_ms(*state);
		assert_int_equal(subscription_expire(*state, &now), 0);
		{
			struct store_head head = {.sequence = 1,
						  .child = 1,
						  .family =
							  CONTRACT_FAMILY_MIN};
			uint64_t after;
			int64_t child;
			bool enough;

			assert_true(
				subscription_behind(*state, &child, &after));
			assert_int_equal(subscription_load(*state, child, &head,
							   1, &enough),
					 BATON_OK);
			subscription_loaded(*state, child);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			subscription_agrees_with_the_model_whatever_happens),
		cmocka_unit_test_setup_teardown(
			settlements_in_order_write_no_lane_rows, setup,
			teardown),
		cmocka_unit_test_setup_teardown(settled_lanes_are_forgotten,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			backoff_doubles_with_jitter_of_up_to_a_fifth, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
