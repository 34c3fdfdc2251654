/* SPDX-License-Identifier: MIT */
/*
 * Events delivered and settled a second through one subscription, fetch by
 * fetch, over the journal in memory and on disk:
 *
 *   bench_delivery
 *
 * The journal on disk lies in $TMPDIR. Prints lines of
 * name=... value=... unit=...
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/delivery_fixture.h"
#include "tests/support/store_fixture.h"

#include <cmocka.h>

#define BENCH_EVENTS 50000
#define BENCH_CHILDREN 5000
#define BENCH_BATCH 1000

static void
bench_run(struct store *store, const char *name, size_t fetch_events)
{
	struct delivery_fixture fixture;
	struct delivered got[BENCH_BATCH];
	uint64_t children[BENCH_BATCH];
	size_t settled = 0;
	int64_t began_ns;

	delivery_fixture_open(&fixture, store);
	assert_int_equal(delivery_fixture_subscribe(&fixture, "bench"),
			 BATON_OK);
	for (size_t i = 0; i < BENCH_EVENTS; i += BENCH_BATCH) {
		for (size_t j = 0; j < BENCH_BATCH; j++) {
			children[j] = (i + j) * 7919 % BENCH_CHILDREN;
		}
		delivery_fixture_publish(&fixture, children, BENCH_BATCH);
	}
	began_ns = clock_monotonic_ns();
	while (settled < BENCH_EVENTS) {
		size_t count = delivery_fixture_fetch(&fixture, "bench", got,
						      fetch_events);

		assert_int_equal(delivery_fixture_settle(
					 &fixture, "bench", got, count,
					 BATON__V1__VERDICT__VERDICT_ACK, NULL),
				 BATON_OK);
		settled += count;
	}
	(void)printf("name=delivery_%s_fetch_%zu value=%.0f unit=events/s\n",
		     name, fetch_events,
		     (double)settled * 1e9 /
			     (double)(clock_monotonic_ns() - began_ns));
	delivery_fixture_close(&fixture);
}

static void
bench_stores(void **state)
{
	static const size_t sizes[] = {100, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct store_directory directory;
		struct baton_error error;
		struct store *store;

		assert_int_equal(store_open_memory(&store, &error), BATON_OK);
		bench_run(store, "memory", sizes[i]);
		store_directory_make(&directory);
		bench_run(store_directory_open(&directory), "sqlite", sizes[i]);
		store_directory_remove(&directory);
	}
}

int
main(void)
{
	/* The fixture asserts, so this runs as a test. */
	const struct CMUnitTest tests[] = {cmocka_unit_test(bench_stores)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
