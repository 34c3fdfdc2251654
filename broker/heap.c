/* SPDX-License-Identifier: MIT */
#include "broker/heap.h"

#include <assert.h>
#include <stdlib.h>

baton_err
heap_reserve(struct heap *heap, size_t count)
{
	struct heap_node **nodes;
	size_t capacity = heap->capacity == 0 ? 16 : heap->capacity;

	if (count <= heap->capacity) {
		return BATON_OK;
	}
	while (capacity < count) {
		capacity *= 2;
	}
	nodes = realloc(heap->nodes, capacity * sizeof(struct heap_node *));
	if (nodes == NULL) {
		return BATON_NO_MEMORY;
	}
	heap->nodes = nodes;
	heap->capacity = capacity;
	return BATON_OK;
}

void
heap_fini(struct heap *heap)
{
	free(heap->nodes);
	heap->nodes = NULL;
	heap->count = 0;
	heap->capacity = 0;
}

static void
heap_place(struct heap *heap, struct heap_node *node, size_t place)
{
	heap->nodes[place - 1] = node;
	node->place = place;
}

static void
heap_rise(struct heap *heap, struct heap_node *node)
{
	size_t place = node->place;

	while (place > 1 && heap->nodes[place / 2 - 1]->key > node->key) {
		heap_place(heap, heap->nodes[place / 2 - 1], place);
		place /= 2;
	}
	heap_place(heap, node, place);
}

static void
heap_sink(struct heap *heap, struct heap_node *node)
{
	size_t place = node->place;

	while (place * 2 <= heap->count) {
		size_t child = place * 2;

		if (child < heap->count &&
		    heap->nodes[child]->key < heap->nodes[child - 1]->key) {
			child++;
		}
		if (heap->nodes[child - 1]->key >= node->key) {
			break;
		}
		heap_place(heap, heap->nodes[child - 1], place);
		place = child;
	}
	heap_place(heap, node, place);
}

void
heap_put(struct heap *heap, struct heap_node *node, uint64_t key)
{
	node->key = key;
	if (node->place == 0) {
		assert(heap->count < heap->capacity);
		heap->count++;
		heap_place(heap, node, heap->count);
	}
	heap_rise(heap, node);
	heap_sink(heap, node);
}

void
heap_remove(struct heap *heap, struct heap_node *node)
{
	struct heap_node *moved;
	size_t place = node->place;

	if (place == 0) {
		return;
	}
	moved = heap->nodes[heap->count - 1];
	heap->count--;
	node->place = 0;
	if (moved == node) {
		return;
	}
	heap_place(heap, moved, place);
	heap_rise(heap, moved);
	heap_sink(heap, moved);
}

struct heap_node *
heap_first(const struct heap *heap)
{
	return heap->count == 0 ? NULL : heap->nodes[0];
}
