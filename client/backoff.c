/* SPDX-License-Identifier: MIT */
#include "client/backoff.h"

#include <sys/random.h>

#include "client/clock.h"

static uint32_t
backoff_random(void)
{
	uint32_t value;

	/* Early in a boot the kernel may have no randomness yet; a jitter
	 * need not be secret, so the clock does as well. */
	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(value))
		value = (uint32_t)clock_monotonic_ns();
	return value;
}

void
backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t max_ms)
{
	backoff->first_ms = first_ms;
	backoff->max_ms = max_ms;
	backoff->span_ms = first_ms;
}

uint32_t
backoff_next_ms(struct backoff *backoff)
{
	uint32_t span_ms = backoff->span_ms;
	uint32_t half_ms = span_ms / 2;

	backoff->span_ms =
		span_ms > backoff->max_ms / 2 ? backoff->max_ms : span_ms * 2;
	return span_ms - half_ms + backoff_random() % (half_ms + 1);
}

void
backoff_reset(struct backoff *backoff)
{
	backoff->span_ms = backoff->first_ms;
}
