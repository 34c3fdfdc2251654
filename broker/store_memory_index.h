/* SPDX-License-Identifier: MIT */
#ifndef BATON_STORE_MEMORY_INDEX_H
#define BATON_STORE_MEMORY_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"

/**
 * A hash table from text to number that can be cut back to an earlier size,
 * as a rollback needs: entries keep the order in which they were added. One
 * thread at a time.
 */
struct store_memory_index;

/** Room for a text with its NUL. */
#define STORE_MEMORY_TEXT_BYTES 128

BATON_MUST_CHECK baton_err
store_memory_index_new(struct store_memory_index **index);

/** NULL is allowed. */
void store_memory_index_free(struct store_memory_index *index);

/** Adds a text that is not there yet and fits. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err store_memory_index_add(
	struct store_memory_index *index, const char *text, int64_t value);

/** The value among the first `count` entries; 0 when there is none. */
int64_t store_memory_index_find(const struct store_memory_index *index,
				size_t count, const char *text);

size_t store_memory_index_count(const struct store_memory_index *index);

/** Removes all entries but the first `count`. */
void store_memory_index_cut(struct store_memory_index *index, size_t count);

#endif /* BATON_STORE_MEMORY_INDEX_H */
