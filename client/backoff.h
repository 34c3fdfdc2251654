/* SPDX-License-Identifier: MIT */
#ifndef BATON_BACKOFF_H
#define BATON_BACKOFF_H

#include <stdint.h>

/**
 * Exponential back-off with jitter: each wait is drawn from the upper half of
 * a span that doubles up to a ceiling, so that clients that lost the broker
 * together do not come back together. One thread.
 */
struct backoff {
	uint32_t first_ms;
	uint32_t max_ms;
	uint32_t span_ms;
};

/** first_ms: the first span, at least 1; max_ms: the ceiling of the span. */
void backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t max_ms);

/** The next wait: from half the span to the whole of it. */
uint32_t backoff_next_ms(struct backoff *backoff);

/** Starts over with the first span, after a success. */
void backoff_reset(struct backoff *backoff);

#endif /* BATON_BACKOFF_H */
