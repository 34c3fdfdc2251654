/* SPDX-License-Identifier: MIT */
#include "client/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define ARENA_ALIGN _Alignof(max_align_t)
#define ARENA_BLOCK_BYTES ((size_t)16384)

struct arena_block {
	struct arena_block *next;
	_Alignas(max_align_t) unsigned char data[];
};

/* The first block's room follows the arena itself, so that most messages
 * cost one malloc() and the arena is found from the first allocation. */
struct arena {
	struct arena_block *blocks;
	unsigned char *at;
	size_t left_bytes;
	size_t budget_bytes;
	baton_err error;
	_Alignas(max_align_t) unsigned char first[];
};

struct arena *
arena_new(size_t first_bytes, size_t budget_bytes)
{
	size_t room = first_bytes < budget_bytes ? first_bytes : budget_bytes;
	struct arena *arena = malloc(sizeof(*arena) + room);

	if (arena == NULL)
		return NULL;
	arena->blocks = NULL;
	arena->at = arena->first;
	arena->left_bytes = room;
	arena->budget_bytes = budget_bytes - room;
	arena->error = BATON_OK;
	return arena;
}

static bool
arena_grow(struct arena *arena, size_t size)
{
	size_t room = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
	struct arena_block *block;

	if (size > arena->budget_bytes) {
		arena->error = BATON_TOO_LARGE;
		return false;
	}
	if (room > arena->budget_bytes)
		room = arena->budget_bytes;
	block = malloc(sizeof(*block) + room);
	if (block == NULL) {
		arena->error = BATON_NO_MEMORY;
		return false;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	arena->at = block->data;
	arena->left_bytes = room;
	arena->budget_bytes -= room;
	return true;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	void *memory;

	if (size > SIZE_MAX - ARENA_ALIGN) {
		arena->error = BATON_TOO_LARGE;
		return NULL;
	}
	size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (size > arena->left_bytes && !arena_grow(arena, size))
		return NULL;
	memory = arena->at;
	arena->at += size;
	arena->left_bytes -= size;
	return memory;
}

baton_err
arena_error(const struct arena *arena)
{
	return arena->error;
}

struct arena *
arena_of(void *memory)
{
	return (struct arena *)((unsigned char *)memory -
				offsetof(struct arena, first));
}

void
arena_free(struct arena *arena)
{
	struct arena_block *block;

	if (arena == NULL)
		return;
	while ((block = arena->blocks) != NULL) {
		arena->blocks = block->next;
		free(block);
	}
	free(arena);
}
