/* SPDX-License-Identifier: MIT */
#include "client/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t
clock_read_ns(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
clock_wall_ms(void)
{
	return clock_read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t
clock_monotonic_ms(void)
{
	return clock_read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t
clock_monotonic_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

static int64_t
clock_system_wall_ms(void *context)
{
	(void)context;
	return clock_wall_ms();
}

static int64_t
clock_system_monotonic_ms(void *context)
{
	(void)context;
	return clock_monotonic_ms();
}

struct clock_source
clock_system(void)
{
	struct clock_source source = {
		.wall_ms = clock_system_wall_ms,
		.monotonic_ms = clock_system_monotonic_ms,
		.context = NULL,
	};

	return source;
}
