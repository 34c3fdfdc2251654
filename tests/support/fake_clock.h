/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_FAKE_CLOCK_H
#define BATON_TESTS_FAKE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "client/clock.h"

/** A clock that stands still until it is advanced. Any thread. After
 *  advancing it, wake whoever waits by it. */
struct fake_clock {
	atomic_int_fast64_t wall_ms;
	atomic_int_fast64_t monotonic_ms;
};

void fake_clock_init(struct fake_clock *clock);

/** Advances both clocks. */
void fake_clock_advance(struct fake_clock *clock, int64_t ms);

/** A source that reads clock, which must outlive it. */
struct clock_source fake_clock_source(struct fake_clock *clock);

#endif /* BATON_TESTS_FAKE_CLOCK_H */
