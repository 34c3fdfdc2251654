/* SPDX-License-Identifier: MIT */
#ifndef BATON_FETCHES_H
#define BATON_FETCHES_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/exchange.h"

/**
 * Fetches that wait for events, first come first served. How many there are
 * is bounded by the listener, which parks their contexts. Zero is empty.
 */
struct fetch {
	struct exchange *exchange;
	/** Monotonic time at which it is answered empty. */
	int64_t deadline_ms;
	struct fetch *next;
};

struct fetches {
	struct fetch *first;
	struct fetch *last;
	size_t count;
};

/** Adds at the end; takes exchange. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err fetches_add(struct fetches *fetches,
				       struct exchange *exchange,
				       int64_t deadline_ms);

/** The first one's exchange, borrowed, or NULL. */
struct exchange *fetches_first(const struct fetches *fetches);

/** Takes the first one out; gives its exchange, or NULL. */
struct exchange *fetches_take(struct fetches *fetches);

/** Takes out one that is due at now_ms; NULL when there is none. */
struct exchange *fetches_take_due(struct fetches *fetches, int64_t now_ms);

/** Takes out one of that connection; NULL when there is none. */
struct exchange *fetches_take_pipe(struct fetches *fetches, uint32_t pipe);

/** The earliest deadline; INT64_MAX when empty. */
int64_t fetches_deadline_ms(const struct fetches *fetches);

#endif /* BATON_FETCHES_H */
