/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLOCK_H
#define BATON_CLOCK_H

#include <stdint.h>

/**
 * The two clocks of the operating system. What has to be tested in other
 * times takes a `struct clock_source` instead of calling these.
 */

/** UTC epoch milliseconds; may jump. Any thread. */
int64_t clock_wall_ms(void);

/** Milliseconds since some start; never jumps. For waits. Any thread. */
int64_t clock_monotonic_ms(void);

/** Nanoseconds since some start; never jumps. For measuring. Any thread. */
int64_t clock_monotonic_ns(void);

/** An injected clock: both functions are called with context. */
struct clock_source {
	int64_t (*wall_ms)(void *context);
	int64_t (*monotonic_ms)(void *context);
	void *context;
};

/** The operating system's clocks as a source. */
struct clock_source clock_system(void);

#endif /* BATON_CLOCK_H */
