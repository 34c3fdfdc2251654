/* SPDX-License-Identifier: MIT */
/* Many events with random verdicts and restarts: counts and order exact. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delivery.h"
#include "tests/support/delivery_fixture.h"

#include <cmocka.h>

#define VOLUME_EVENTS 100000
#define VOLUME_CHILDREN 5000
#define VOLUME_BATCH 1000
#define VOLUME_FETCH 500
#define VOLUME_RESTART_EVERY 97

/* What one subscription must give: for every event its child, and for every
 * child the events that are settled. */
struct volume {
	const uint64_t *children;
	/** By child: its last settled sequence. */
	uint64_t settled_to[VOLUME_CHILDREN];
	/** Sequences: each child's first, each event's successor. */
	uint64_t first[VOLUME_CHILDREN];
	uint64_t next[VOLUME_EVENTS + 1];
	uint64_t settled;
	uint64_t redelivered;
	uint64_t random;
};

static uint64_t
volume_random(struct volume *volume)
{
	volume->random ^= volume->random << 13;
	volume->random ^= volume->random >> 7;
	volume->random ^= volume->random << 17;
	return volume->random >> 16;
}

/* Links every event to its child's next one. */
static void
volume_link(struct volume *volume, const uint64_t *children)
{
	uint64_t last[VOLUME_CHILDREN] = {0};

	volume->children = children;
	for (uint64_t i = 0; i < VOLUME_EVENTS; i++) {
		uint64_t child = children[i];

		if (last[child] == 0) {
			volume->first[child] = i + 1;
		} else {
			volume->next[last[child]] = i + 1;
		}
		last[child] = i + 1;
	}
}

/* The child's next event to be delivered. */
static uint64_t
volume_expected(const struct volume *volume, uint64_t child)
{
	uint64_t settled_to = volume->settled_to[child];

	return settled_to == 0 ? volume->first[child]
			       : volume->next[settled_to];
}

/* Settles one fetch: mostly acknowledged, some nacked, after which the lane's
 * later ones are left alone. */
static void
volume_settle(struct delivery_fixture *fixture, const char *name,
	      struct volume *volume, const struct delivered *got, size_t count)
{
	struct delivered acks[VOLUME_FETCH];
	struct delivered retries[VOLUME_FETCH];
	uint64_t lost[VOLUME_FETCH];
	size_t acks_count = 0;
	size_t retries_count = 0;
	size_t lost_count = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t child = volume->children[got[i].sequence - 1];
		bool skip = false;

		for (size_t j = 0; j < lost_count; j++) {
			skip = skip || lost[j] == got[i].lease;
		}
		if (skip) {
			continue;
		}
		if (got[i].sequence != volume_expected(volume, child)) {
			fail_msg("%s: %" PRIu64 " is out of order", name,
				 got[i].sequence);
		}
		volume->redelivered += got[i].attempt > 1;
		if (volume_random(volume) % 50 == 0) {
			retries[retries_count++] = got[i];
			lost[lost_count++] = got[i].lease;
			continue;
		}
		acks[acks_count++] = got[i];
		volume->settled_to[child] = got[i].sequence;
		volume->settled++;
	}
	if (acks_count > 0) {
		assert_int_equal(delivery_fixture_settle(
					 fixture, name, acks, acks_count,
					 BATON__V1__VERDICT__VERDICT_ACK, NULL),
				 BATON_OK);
	}
	if (retries_count > 0) {
		assert_int_equal(delivery_fixture_settle(
					 fixture, name, retries, retries_count,
					 BATON__V1__VERDICT__VERDICT_RETRY,
					 NULL),
				 BATON_OK);
	}
}

/* Fetches until all is settled. */
static void
volume_drain(struct delivery_fixture *fixture, const char *name,
	     struct volume *volume)
{
	struct delivered got[VOLUME_FETCH];

	for (size_t round = 1; volume->settled < VOLUME_EVENTS; round++) {
		size_t count = delivery_fixture_fetch(fixture, name, got,
						      VOLUME_FETCH);

		volume_settle(fixture, name, volume, got, count);
		if (count < VOLUME_FETCH / 4) {
			delivery_fixture_advance(fixture, 5000);
		}
		if (round % VOLUME_RESTART_EVERY == 0) {
			delivery_fixture_restart(fixture);
		}
		assert_true(round < 10000);
	}
}

static void
every_event_is_settled_once_in_order_over_restarts(void **state)
{
	struct delivery_fixture fixture;
	struct baton_error error;
	struct store *store;
	uint64_t *children = calloc(VOLUME_EVENTS, sizeof(*children));
	struct volume *volumes = calloc(2, sizeof(*volumes));
	const char *const names[] = {"sen", "care"};

	(void)state;
	assert_non_null(children);
	assert_non_null(volumes);
	assert_int_equal(store_open_memory(&store, &error), BATON_OK);
	delivery_fixture_open(&fixture, store);
	/* Far smaller than what has to pass through it. */
	fixture.options.window_events = 2000;
	fixture.options.max_attempts = 20;
	delivery_fixture_restart(&fixture);
	volumes[0].random = 88172645463325252U;
	volumes[1].random = 88172645463325253U;
	for (size_t i = 0; i < VOLUME_EVENTS; i++) {
		children[i] = volume_random(&volumes[0]) % VOLUME_CHILDREN;
	}
	for (size_t i = 0; i < 2; i++) {
		volume_link(&volumes[i], children);
		assert_int_equal(delivery_fixture_subscribe(&fixture, names[i]),
				 BATON_OK);
	}
	for (size_t i = 0; i < VOLUME_EVENTS; i += VOLUME_BATCH) {
		delivery_fixture_publish(&fixture, children + i, VOLUME_BATCH);
	}
	for (size_t i = 0; i < 2; i++) {
		struct delivered one;

		volume_drain(&fixture, names[i], &volumes[i]);
		assert_int_equal(volumes[i].settled, VOLUME_EVENTS);
		assert_true(volumes[i].redelivered > 0);
		assert_int_equal(
			delivery_fixture_fetch(&fixture, names[i], &one, 1), 0);
		assert_int_equal(
			delivery_fixture_status(&fixture, names[i]).lag, 0);
	}
	delivery_fixture_close(&fixture);
	free(volumes);
	free(children);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_event_is_settled_once_in_order_over_restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
