/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_clock.h"

void
fake_clock_init(struct fake_clock *clock)
{
	/* 1 September 2026; the other began some time before. */
	atomic_init(&clock->wall_ms, INT64_C(1788220800000));
	atomic_init(&clock->monotonic_ms, 1000000);
}

void
fake_clock_advance(struct fake_clock *clock, int64_t ms)
{
	atomic_fetch_add(&clock->wall_ms, ms);
	atomic_fetch_add(&clock->monotonic_ms, ms);
}

static int64_t
fake_clock_wall_ms(void *context)
{
	return atomic_load(&((struct fake_clock *)context)->wall_ms);
}

static int64_t
fake_clock_monotonic_ms(void *context)
{
	return atomic_load(&((struct fake_clock *)context)->monotonic_ms);
}

struct clock_source
fake_clock_source(struct fake_clock *clock)
{
	struct clock_source source = {
		.wall_ms = fake_clock_wall_ms,
		.monotonic_ms = fake_clock_monotonic_ms,
		.context = clock,
	};

	return source;
}
