/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "client/clock.h"

#include <cmocka.h>

static void
clock_wall_is_utc_epoch_milliseconds(void **state)
{
	int64_t before = (int64_t)time(NULL) * 1000;
	int64_t now = clock_wall_ms();

	(void)state;
	assert_true(now >= before - 1000 && now <= before + 60000);
}

static void
clock_monotonic_never_goes_back(void **state)
{
	int64_t last = clock_monotonic_ns();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int64_t now = clock_monotonic_ns();

		assert_true(now >= last);
		last = now;
	}
}

static void
clock_monotonic_units_agree(void **state)
{
	int64_t ns = clock_monotonic_ns();
	int64_t ms = clock_monotonic_ms();

	(void)state;
	assert_true(ms >= ns / 1000000 && ms < ns / 1000000 + 60000);
}

static void
clock_system_reads_both_clocks(void **state)
{
	struct clock_source source = clock_system();
	int64_t wall = clock_wall_ms();
	int64_t monotonic = clock_monotonic_ms();

	(void)state;
	assert_true(source.wall_ms(source.context) >= wall - 1000);
	assert_true(source.monotonic_ms(source.context) >= monotonic);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_wall_is_utc_epoch_milliseconds),
		cmocka_unit_test(clock_monotonic_never_goes_back),
		cmocka_unit_test(clock_monotonic_units_agree),
		cmocka_unit_test(clock_system_reads_both_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
