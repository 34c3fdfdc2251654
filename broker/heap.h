/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEAP_H
#define BATON_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"

/**
 * A binary min-heap of nodes embedded in their owners' structs. Space is
 * reserved beforehand, so that adding a node cannot fail.
 */
struct heap_node {
	uint64_t key;
	/** Place in the heap, from 1; 0: in none. */
	size_t place;
};

struct heap {
	struct heap_node **nodes;
	size_t count;
	size_t capacity;
};

/** Makes room for count nodes in all. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err heap_reserve(struct heap *heap, size_t count);

/** Frees the heap's own memory; the nodes stay their owners'. */
void heap_fini(struct heap *heap);

/** Adds a node, or moves it when it is in the heap already. */
void heap_put(struct heap *heap, struct heap_node *node, uint64_t key);

/** Takes a node out; does nothing when it is in none. */
void heap_remove(struct heap *heap, struct heap_node *node);

/** The node with the smallest key, borrowed, or NULL. */
struct heap_node *heap_first(const struct heap *heap);

#endif /* BATON_HEAP_H */
