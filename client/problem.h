/* SPDX-License-Identifier: MIT */
#ifndef BATON_PROBLEM_H
#define BATON_PROBLEM_H

#include <stddef.h>

#include "baton/event.h"

/**
 * Saying what is wrong with an event, and where. A place is a field and the
 * places it is inside, linked upwards through the caller's stack. Any thread.
 */
struct problem_place {
	/** The field it is inside; NULL at the top. */
	const struct problem_place *parent;
	const char *name;
	/** Entry of a list, or PROBLEM_NO_INDEX. */
	size_t index;
};

#define PROBLEM_NO_INDEX ((size_t)-1)

/**
 * Fills a problem: code, the place as "child.identifiers[1].value" and text.
 *
 * problem: may be NULL. place: borrowed; NULL for the whole. A path too long
 * for the problem loses its outermost names.
 * Returns code.
 */
baton_err problem_set(struct baton_problem *problem, baton_err code,
		      const struct problem_place *place, const char *format,
		      ...) BATON_PRINTF(4, 5);

#endif /* BATON_PROBLEM_H */
