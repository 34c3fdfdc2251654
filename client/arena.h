/* SPDX-License-Identifier: MIT */
#ifndef BATON_ARENA_H
#define BATON_ARENA_H

#include <stddef.h>

#include "baton/error.h"

/**
 * Memory that is given back all at once and may not grow beyond a budget:
 * what hostile input is unpacked into. An arena belongs to one thread at a
 * time.
 */
struct arena;

/**
 * first_bytes: room made at once, in one block with the arena itself.
 * budget_bytes: the most that all blocks may take together, first_bytes
 * included.
 * Gives the arena, free with arena_free(); NULL when out of memory.
 */
struct arena *arena_new(size_t first_bytes, size_t budget_bytes);

/**
 * Room for size bytes, aligned for any type, not cleared; NULL when out of
 * memory or budget. Lives as long as the arena.
 */
void *arena_alloc(struct arena *arena, size_t size);

/** Why an allocation failed: TOO_LARGE for want of budget, NO_MEMORY; OK when
 *  none did. */
baton_err arena_error(const struct arena *arena);

/** The arena whose first allocation was memory (and fitted first_bytes). */
struct arena *arena_of(void *memory);

/** NULL is allowed. */
void arena_free(struct arena *arena);

#endif /* BATON_ARENA_H */
