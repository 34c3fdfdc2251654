/* SPDX-License-Identifier: MIT */
#include "broker/subscription.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/filter.h"
#include "broker/subscription_state.h"

/** Heads read for a lane that is behind, at most, before it is delivered. */
#define SUBSCRIPTION_LOAD_MAX 64

baton_err
subscription_new(const struct store_subscription *stored,
		 const struct subscription_options *options,
		 struct subscription **subscription)
{
	struct subscription *made = calloc(1, sizeof(*made));

	*subscription = NULL;
	if (made == NULL) {
		return BATON_NO_MEMORY;
	}
	made->stored = *stored;
	made->options = *options;
	made->cursor = stored->position;
	made->swept_at = stored->position;
	made->next_lease = options->seed == 0 ? 1 : options->seed;
	/* Xorshift must not start at 0. */
	made->jitter = options->seed | 1;
	*subscription = made;
	return BATON_OK;
}

void
subscription_clear_window(struct subscription *subscription)
{
	while (subscription->window_first != NULL) {
		struct head *head = subscription->window_first;

		subscription->window_first = head->window_next;
		head->windowed = false;
		if (head->done) {
			free(head);
		}
	}
	subscription->window_last = NULL;
	subscription->window_count = 0;
}

void
subscription_free(struct subscription *subscription)
{
	if (subscription == NULL) {
		return;
	}
	subscription_clear_window(subscription);
	for (size_t i = 0; i < subscription->lanes.capacity; i++) {
		lane_free(subscription->lanes.slots[i].lane);
	}
	lane_index_fini(&subscription->lanes);
	lane_index_fini(&subscription->leases);
	heap_fini(&subscription->ready);
	heap_fini(&subscription->timers);
	free(subscription);
}

const struct store_subscription *
subscription_stored(const struct subscription *subscription)
{
	return &subscription->stored;
}

void
subscription_set_id(struct subscription *subscription, int64_t id)
{
	subscription->stored.id = id;
}

uint64_t
subscription_cursor(const struct subscription *subscription)
{
	return subscription->cursor;
}

uint64_t
subscription_position(const struct subscription *subscription)
{
	if (subscription->window_first == NULL) {
		return subscription->cursor;
	}
	return subscription->window_first->sequence - 1;
}

struct lane *
subscription_lane_of_ready(struct heap_node *node)
{
	return (struct lane *)((char *)node - offsetof(struct lane, ready));
}

struct lane *
subscription_lane_of_timer(struct heap_node *node)
{
	return (struct lane *)((char *)node - offsetof(struct lane, timer));
}

/* Reserves in both heaps and both indices, so that no later move of the lane
 * needs memory. */
struct lane *
subscription_lane(struct subscription *subscription, int64_t child,
		  uint64_t settled_to)
{
	struct lane *lane =
		lane_index_get(&subscription->lanes, (uint64_t)child);
	size_t count = subscription->lanes.count + 1;

	if (lane != NULL) {
		return lane;
	}
	if (heap_reserve(&subscription->ready, count) != BATON_OK ||
	    heap_reserve(&subscription->timers, count) != BATON_OK ||
	    lane_index_reserve(&subscription->leases, count) != BATON_OK ||
	    lane_index_reserve(&subscription->lanes, count) != BATON_OK) {
		return NULL;
	}
	lane = lane_new(child, settled_to);
	if (lane != NULL) {
		lane_index_put(&subscription->lanes, (uint64_t)child, lane);
	}
	return lane;
}

void
subscription_forget_idle(struct subscription *subscription, struct lane *lane)
{
	if (lane->state != LANE_IDLE || lane->windowed > 0 || lane->dirty ||
	    lane->listed_behind || lane->row == LANE_ROW_BEHIND ||
	    lane->settled_to > subscription->stored.position) {
		return;
	}
	lane_index_remove(&subscription->lanes, (uint64_t)lane->child);
	lane_free(lane);
}

static void
subscription_list_behind(struct subscription *subscription, struct lane *lane)
{
	if (lane->listed_behind) {
		return;
	}
	lane->listed_behind = true;
	lane->next_behind = NULL;
	if (subscription->behind_last == NULL) {
		subscription->behind_first = lane;
	} else {
		subscription->behind_last->next_behind = lane;
	}
	subscription->behind_last = lane;
}

void
subscription_rest(struct subscription *subscription, struct lane *lane)
{
	if (lane->first != NULL) {
		lane_move(lane, LANE_READY);
		lane->next_head = lane->first;
		heap_put(&subscription->ready, &lane->ready,
			 lane->first->sequence);
	} else if (lane->behind) {
		lane_move(lane, LANE_BEHIND);
		subscription_list_behind(subscription, lane);
	} else {
		lane_move(lane, LANE_IDLE);
	}
}

void
subscription_make_dirty(struct subscription *subscription, struct lane *lane)
{
	if (lane->dirty) {
		return;
	}
	lane->dirty = true;
	lane->next_dirty = subscription->dirty;
	subscription->dirty = lane;
}

static struct lane_fault *
subscription_restore_fault(const struct subscription *subscription,
			   const struct store_lane *stored,
			   const struct subscription_now *now)
{
	struct lane_fault *fault = calloc(1, sizeof(*fault));
	int64_t longest = (int64_t)subscription->options.backoff_max_ms * 6 / 5;
	int64_t wait_ms = stored->retry_at_ms - now->wall_ms;

	if (fault == NULL) {
		return NULL;
	}
	fault->held_sequence = stored->held_sequence;
	fault->attempts = stored->attempts;
	fault->retry_at_ms = stored->retry_at_ms;
	fault->parked_at_ms = stored->parked_at_ms;
	memcpy(fault->reason, stored->reason, sizeof(fault->reason));
	fault->reason[sizeof(fault->reason) - 1] = '\0';
	/* The wall clock may have been set meanwhile. */
	if (wait_ms < 0) {
		wait_ms = 0;
	}
	if (wait_ms > longest) {
		wait_ms = longest;
	}
	fault->due_ms = now->monotonic_ms + wait_ms;
	return fault;
}

baton_err
subscription_restore(struct subscription *subscription,
		     const struct store_lane *stored,
		     const struct subscription_now *now)
{
	struct lane_fault *fault = NULL;
	struct lane *lane;

	if (!stored->behind && stored->state == STORE_LANE_FLOWING &&
	    stored->settled_to <= subscription->stored.position) {
		return BATON_OK;
	}
	if (stored->state != STORE_LANE_FLOWING) {
		fault = subscription_restore_fault(subscription, stored, now);
		if (fault == NULL) {
			return BATON_NO_MEMORY;
		}
	}
	lane = subscription_lane(subscription, stored->child,
				 stored->settled_to);
	if (lane == NULL) {
		free(fault);
		return BATON_NO_MEMORY;
	}
	lane->fault = fault;
	lane->behind = stored->behind || fault != NULL;
	lane->row = lane->behind ? LANE_ROW_BEHIND : LANE_ROW_AHEAD;
	if (stored->state == STORE_LANE_BACKING_OFF) {
		lane->state = LANE_BACKING_OFF;
		lane->due_ms = fault->due_ms;
		heap_put(&subscription->timers, &lane->timer,
			 (uint64_t)lane->due_ms);
	} else if (stored->state == STORE_LANE_PARKED) {
		lane->state = LANE_PARKED;
	} else if (lane->behind) {
		lane->state = LANE_BEHIND;
		subscription_list_behind(subscription, lane);
	}
	return BATON_OK;
}

/* ---- reading the journal into it ---- */

size_t
subscription_room(const struct subscription *subscription)
{
	size_t window = subscription->options.window_events;

	return subscription->window_count >= window
		       ? 0
		       : window - subscription->window_count;
}

static void
subscription_window_append(struct subscription *subscription, struct lane *lane,
			   struct head *head)
{
	head->windowed = true;
	head->lane = lane;
	if (subscription->window_last == NULL) {
		subscription->window_first = head;
	} else {
		subscription->window_last->window_next = head;
	}
	subscription->window_last = head;
	subscription->window_count++;
	lane->windowed++;
}

baton_err
subscription_push(struct subscription *subscription,
		  const struct store_head *from)
{
	struct lane *lane;
	struct head *head;

	assert(from->sequence > subscription->cursor);
	assert(subscription_room(subscription) > 0);
	if (!filter_matches(&subscription->stored.filter, from)) {
		subscription->cursor = from->sequence;
		return BATON_OK;
	}
	head = calloc(1, sizeof(*head));
	if (head == NULL) {
		return BATON_NO_MEMORY;
	}
	lane = subscription_lane(subscription, from->child, from->sequence - 1);
	if (lane == NULL) {
		free(head);
		return BATON_NO_MEMORY;
	}
	subscription->cursor = from->sequence;
	if (lane->behind) {
		/* It will be read when its turn comes. */
		free(head);
		return BATON_OK;
	}
	head->sequence = from->sequence;
	head->bytes = from->bytes;
	subscription_window_append(subscription, lane, head);
	if (from->sequence <= lane->settled_to) {
		head->done = true;
		subscription_slide(subscription);
		return BATON_OK;
	}
	lane_append(lane, head);
	if (lane->state == LANE_IDLE) {
		subscription_rest(subscription, lane);
	}
	return BATON_OK;
}

bool
subscription_behind(struct subscription *subscription, int64_t *child,
		    uint64_t *after)
{
	for (;;) {
		struct lane *lane = subscription->behind_first;

		if (lane == NULL) {
			return false;
		}
		if (lane->state == LANE_BEHIND) {
			*child = lane->child;
			*after = lane->last == NULL ? lane->settled_to
						    : lane->last->sequence;
			return true;
		}
		/* It was moved meanwhile. */
		subscription->behind_first = lane->next_behind;
		if (subscription->behind_first == NULL) {
			subscription->behind_last = NULL;
		}
		lane->listed_behind = false;
		subscription_forget_idle(subscription, lane);
	}
}

baton_err
subscription_load(struct subscription *subscription, int64_t child,
		  const struct store_head *heads, size_t count, bool *enough)
{
	struct lane *lane =
		lane_index_get(&subscription->lanes, (uint64_t)child);
	size_t loaded = 0;
	uint64_t after;

	assert(lane != NULL && lane->state == LANE_BEHIND);
	after = lane->last == NULL ? lane->settled_to : lane->last->sequence;
	*enough = false;
	for (const struct head *head = lane->first; head != NULL;
	     head = head->lane_next) {
		loaded++;
	}
	for (size_t i = 0; i < count && !*enough; i++) {
		struct head *head;

		if (heads[i].sequence <= after ||
		    heads[i].sequence > subscription->cursor ||
		    !filter_matches(&subscription->stored.filter, &heads[i])) {
			continue;
		}
		head = calloc(1, sizeof(*head));
		if (head == NULL) {
			return BATON_NO_MEMORY;
		}
		head->sequence = heads[i].sequence;
		head->bytes = heads[i].bytes;
		lane_append(lane, head);
		loaded++;
		*enough = loaded >= SUBSCRIPTION_LOAD_MAX;
	}
	return BATON_OK;
}

void
subscription_loaded(struct subscription *subscription, int64_t child)
{
	struct lane *lane =
		lane_index_get(&subscription->lanes, (uint64_t)child);

	assert(lane == subscription->behind_first);
	assert(lane->state == LANE_BEHIND);
	subscription->behind_first = lane->next_behind;
	if (subscription->behind_first == NULL) {
		subscription->behind_last = NULL;
	}
	lane->listed_behind = false;
	if (lane->first == NULL) {
		/* All up to the cursor is settled: it flows again. */
		lane->behind = false;
		free(lane->fault);
		lane->fault = NULL;
		if (lane->row == LANE_ROW_BEHIND) {
			subscription_make_dirty(subscription, lane);
		}
	}
	subscription_rest(subscription, lane);
	subscription_forget_idle(subscription, lane);
}
