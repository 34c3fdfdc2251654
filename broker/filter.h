/* SPDX-License-Identifier: MIT */
#ifndef BATON_FILTER_H
#define BATON_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "baton/error.h"
#include "baton/v1/broker.pb-c.h"
#include "broker/store.h"

/** Filters of subscriptions: from the wire, to the wire, and what they match.
 *  Any thread. */

/**
 * Reads a wire filter; NULL matches all. filter->child stays 0: the caller
 * looks filter->child_key up. Sources are sorted, so that the same filter
 * written in another order is the same.
 *
 * Errors: INVALID (unknown type, source or child key of a wrong form),
 * TOO_LARGE (too many sources).
 */
BATON_MUST_CHECK baton_err filter_parse(const Baton__V1__Filter *wire,
					struct store_filter *filter,
					struct baton_error *error);

bool filter_equal(const struct store_filter *a, const struct store_filter *b);

bool filter_matches(const struct store_filter *filter,
		    const struct store_head *head);

/** A filter as wire message; lives in itself, borrows from the store_filter.
 */
struct filter_wire {
	Baton__V1__Filter message;
	char *types[64];
	char *sources[STORE_FILTER_SOURCES_MAX];
};

void filter_format(const struct store_filter *filter, struct filter_wire *wire);

#endif /* BATON_FILTER_H */
