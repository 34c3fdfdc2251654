/* SPDX-License-Identifier: MIT */
#include "broker/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/log.h"

/*
 *             event          fetch           verdict, lease over
 *     IDLE ---------> READY --------> LEASED --------------------+
 *      ^  ^             ^ |             ^                        |
 *      |  | none        | | unreadable  | rest of the lease,     v
 *      |  | left   read | +-------------|-- write failed ---> WRITING
 *      |  +-- BEHIND ---+               +----------------------> |
 *      |        ^ ^                                              |
 *      |        | +---- held no more, moved, more to read -------+
 *      |        |                                                |
 *      |        | time is up                                     |
 *      |        +------------ BACKING_OFF <--- back off ---------+
 *      |                                                         |
 *      |                      PARKED <--- attempts spent, or ----+
 *      |                        |         rejected for good      |
 *      |                        +---- operator ---> WRITING      |
 *      +------------------------------ nothing left -------------+
 *
 * Whatever is to be on disk passes through WRITING, and goes back where it
 * came from when the write fails. A replay moves a lane from any state.
 */
#define BIT(state) (1U << (unsigned)(state))

static const unsigned lane_moves[LANE_STATES] = {
	[LANE_IDLE] = BIT(LANE_READY) | BIT(LANE_WRITING),
	[LANE_BEHIND] = BIT(LANE_READY) | BIT(LANE_IDLE) | BIT(LANE_WRITING),
	[LANE_READY] = BIT(LANE_LEASED) | BIT(LANE_WRITING),
	[LANE_LEASED] = BIT(LANE_READY) | BIT(LANE_WRITING),
	[LANE_WRITING] = BIT(LANE_IDLE) | BIT(LANE_BEHIND) | BIT(LANE_READY) |
			 BIT(LANE_LEASED) | BIT(LANE_BACKING_OFF) |
			 BIT(LANE_PARKED),
	[LANE_BACKING_OFF] = BIT(LANE_BEHIND) | BIT(LANE_WRITING),
	[LANE_PARKED] = BIT(LANE_WRITING),
};

static const char *const lane_names[LANE_STATES] = {
	[LANE_IDLE] = "idle",       [LANE_BEHIND] = "behind",
	[LANE_READY] = "ready",     [LANE_LEASED] = "leased",
	[LANE_WRITING] = "writing", [LANE_BACKING_OFF] = "backing_off",
	[LANE_PARKED] = "parked",
};

const char *
lane_state_name(enum lane_state state)
{
	return state < LANE_STATES ? lane_names[state] : "unknown";
}

struct lane *
lane_new(int64_t child, uint64_t settled_to)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL) {
		return NULL;
	}
	lane->child = child;
	lane->settled_to = settled_to;
	return lane;
}

void
lane_free(struct lane *lane)
{
	if (lane == NULL) {
		return;
	}
	while (lane->first != NULL) {
		lane_pop(lane);
	}
	free(lane->change.fault);
	free(lane->fault);
	free(lane);
}

void
lane_move(struct lane *lane, enum lane_state to)
{
	if ((lane_moves[lane->state] & BIT(to)) == 0) {
		/* Going on could lose an event; after a restart the journal
		 * says what is settled. */
		log_error("delivery.bug", "a lane moved from %s to %s",
			  lane_state_name(lane->state), lane_state_name(to));
		abort();
	}
	lane->state = to;
}

static const char *
lane_check_state(const struct lane *lane)
{
	bool empty = lane->first == NULL;

	switch (lane->state) {
	case LANE_IDLE:
		return empty && !lane->behind ? NULL : "idle with events";
	case LANE_BEHIND:
		return lane->behind ? NULL : "behind without saying so";
	case LANE_READY:
		return !empty && lane->leased == 0 ? NULL
						   : "ready without events";
	case LANE_LEASED:
		return !empty && lane->leased > 0 ? NULL
						  : "leased without events";
	case LANE_WRITING:
		return NULL;
	case LANE_BACKING_OFF:
	case LANE_PARKED:
		return empty && lane->behind && lane->fault != NULL &&
				       lane->lease == 0
			       ? NULL
			       : "held without fault, or with events";
	case LANE_STATES:
	default:
		return "in no state";
	}
}

const char *
lane_check(const struct lane *lane)
{
	uint64_t last = lane->settled_to;
	size_t count = 0;

	for (const struct head *head = lane->first; head != NULL;
	     head = head->lane_next) {
		if (head->done || head->lane != lane ||
		    head->sequence <= last) {
			return "queue out of order";
		}
		last = head->sequence;
		count++;
	}
	if ((lane->leased > 0) != (lane->lease != 0) || lane->leased > count) {
		return "lease does not fit the queue";
	}
	return lane_check_state(lane);
}

void
lane_append(struct lane *lane, struct head *head)
{
	assert(lane->last == NULL || lane->last->sequence < head->sequence);
	head->lane = lane;
	head->lane_next = NULL;
	if (lane->last == NULL) {
		lane->first = head;
	} else {
		lane->last->lane_next = head;
	}
	lane->last = head;
}

void
lane_pop(struct lane *lane)
{
	struct head *head = lane->first;

	lane->first = head->lane_next;
	if (lane->first == NULL) {
		lane->last = NULL;
	}
	head->done = true;
	head->lane_next = NULL;
	if (!head->windowed) {
		free(head);
	}
}

/* Open addressing with linear probing, at most half full. */

static size_t
lane_index_home(const struct lane_index *index, uint64_t key)
{
	/* Fibonacci hashing: children and leases are numbered in a row. */
	return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) &
	       (index->capacity - 1);
}

static size_t
lane_index_find(const struct lane_index *index, uint64_t key)
{
	size_t at = lane_index_home(index, key);

	while (index->slots[at].lane != NULL && index->slots[at].key != key) {
		at = (at + 1) & (index->capacity - 1);
	}
	return at;
}

baton_err
lane_index_reserve(struct lane_index *index, size_t count)
{
	struct lane_index grown = {NULL, 0, index->capacity};

	if (index->capacity >= 2 * count) {
		return BATON_OK;
	}
	if (grown.capacity == 0) {
		grown.capacity = 32;
	}
	while (grown.capacity < 2 * count) {
		grown.capacity *= 2;
	}
	grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
	if (grown.slots == NULL) {
		return BATON_NO_MEMORY;
	}
	for (size_t i = 0; i < index->capacity; i++) {
		if (index->slots[i].lane != NULL) {
			lane_index_put(&grown, index->slots[i].key,
				       index->slots[i].lane);
		}
	}
	free(index->slots);
	*index = grown;
	return BATON_OK;
}

void
lane_index_clear(struct lane_index *index)
{
	for (size_t i = 0; i < index->capacity; i++) {
		index->slots[i].lane = NULL;
	}
	index->count = 0;
}

void
lane_index_fini(struct lane_index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

struct lane *
lane_index_get(const struct lane_index *index, uint64_t key)
{
	if (index->count == 0) {
		return NULL;
	}
	return index->slots[lane_index_find(index, key)].lane;
}

void
lane_index_put(struct lane_index *index, uint64_t key, struct lane *lane)
{
	size_t at = lane_index_find(index, key);

	assert(index->slots[at].lane == NULL);
	assert(2 * (index->count + 1) <= index->capacity);
	index->slots[at].key = key;
	index->slots[at].lane = lane;
	index->count++;
}

void
lane_index_remove(struct lane_index *index, uint64_t key)
{
	size_t mask = index->capacity - 1;
	size_t hole;

	if (index->count == 0) {
		return;
	}
	hole = lane_index_find(index, key);
	if (index->slots[hole].lane == NULL) {
		return;
	}
	/* Those after the hole move up unless that is before their home. */
	for (size_t at = (hole + 1) & mask; index->slots[at].lane != NULL;
	     at = (at + 1) & mask) {
		size_t home = lane_index_home(index, index->slots[at].key);

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			index->slots[hole] = index->slots[at];
			hole = at;
		}
	}
	index->slots[hole].lane = NULL;
	index->count--;
}
