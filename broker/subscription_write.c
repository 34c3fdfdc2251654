/* SPDX-License-Identifier: MIT */
/* What of a subscription is written, and what becomes of it afterwards. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/subscription.h"
#include "broker/subscription_state.h"

/** A position that moved this far without settlements is worth a write. */
#define SUBSCRIPTION_POSITION_STEP 4096

void
subscription_slide(struct subscription *subscription)
{
	struct head *head;

	while ((head = subscription->window_first) != NULL &&
	       (head->done || head->lane->behind)) {
		struct lane *lane = head->lane;

		subscription->window_first = head->window_next;
		if (subscription->window_first == NULL) {
			subscription->window_last = NULL;
		}
		subscription->window_count--;
		lane->windowed--;
		head->windowed = false;
		head->window_next = NULL;
		if (head->done) {
			free(head);
		}
		subscription_forget_idle(subscription, lane);
	}
}

void
subscription_detach(struct lane *lane)
{
	while (lane->first != NULL) {
		lane_pop(lane);
	}
}

void
subscription_spill(struct subscription *subscription)
{
	const struct head *head = subscription->window_first;
	size_t half = subscription->options.window_events / 2;

	if (subscription_room(subscription) > 0 ||
	    subscription->ready.count > 0) {
		return;
	}
	for (size_t i = 0; head != NULL && i <= half;
	     head = head->window_next, i++) {
		struct lane *lane = head->lane;

		if (!head->done && lane->state == LANE_LEASED &&
		    !lane->behind && !lane->dirty) {
			lane->spilling = true;
			subscription_make_dirty(subscription, lane);
		}
	}
}

/* ---- plan ---- */

bool
subscription_wants_write(const struct subscription *subscription)
{
	return subscription->marked != NULL || subscription->dirty != NULL ||
	       subscription_position(subscription) >=
		       subscription->stored.position +
			       SUBSCRIPTION_POSITION_STEP;
}

/* Whether a lane will be behind once the plan is made. */
static bool
subscription_will_be_behind(const struct lane *lane)
{
	return lane->behind || lane->spilling ||
	       (lane->state == LANE_WRITING &&
		lane->change.kind != LANE_CHANGE_ACK);
}

/* The position the plan leads to: before the first head in the window that
 * neither is settled nor will be. Every mark is in the plan. */
static uint64_t
subscription_planned_position(const struct subscription *subscription)
{
	const struct head *head = subscription->window_first;

	for (; head != NULL; head = head->window_next) {
		const struct lane *lane = head->lane;

		if (!head->done && !subscription_will_be_behind(lane) &&
		    (lane->state != LANE_WRITING ||
		     head->sequence > lane->change.to)) {
			return head->sequence - 1;
		}
	}
	return subscription->cursor;
}

void
subscription_plan_lane(const struct subscription *subscription,
		       struct lane *lane, struct subscription_plan *plan)
{
	bool behind = subscription_will_be_behind(lane);
	struct store_lane *row = &plan->puts[plan->puts_count];
	const struct lane_fault *fault = lane->fault;
	bool parked = lane->state == LANE_PARKED;

	memset(row, 0, sizeof(*row));
	row->subscription = subscription->stored.id;
	row->child = lane->child;
	row->behind = behind;
	row->settled_to = lane->settled_to;
	if (lane->state == LANE_WRITING) {
		row->settled_to = lane->change.to;
		fault = lane->change.fault;
		parked = lane->change.kind == LANE_CHANGE_PARK;
		plan->parked += parked;
	}
	lane->planned_row = behind ? LANE_ROW_BEHIND : LANE_ROW_AHEAD;
	if (!behind && row->settled_to <= plan->position) {
		lane->planned_row = LANE_ROW_NONE;
		if (lane->row == LANE_ROW_BEHIND) {
			plan->drops[plan->drops_count] = lane->child;
			plan->drops_count++;
		}
		return;
	}
	if (fault != NULL) {
		row->state =
			parked ? STORE_LANE_PARKED : STORE_LANE_BACKING_OFF;
		row->held_sequence = fault->held_sequence;
		row->attempts = fault->attempts;
		row->retry_at_ms = fault->retry_at_ms;
		row->parked_at_ms = fault->parked_at_ms;
		memcpy(row->reason, fault->reason, sizeof(row->reason));
	}
	plan->puts_count++;
}

static size_t
subscription_settles(const struct lane *lane)
{
	size_t count = 0;

	if (lane->change.kind == LANE_CHANGE_MOVE) {
		return 0;
	}
	for (const struct head *head = lane->first;
	     head != NULL && head->sequence <= lane->change.to;
	     head = head->lane_next) {
		count++;
	}
	return count;
}

baton_err
subscription_plan_reserve(struct subscription_plan *plan, size_t lanes)
{
	/* One of each is never asked of calloc as none. */
	plan->capacity = lanes + 1;
	plan->puts = calloc(plan->capacity, sizeof(*plan->puts));
	plan->drops = calloc(plan->capacity, sizeof(*plan->drops));
	return plan->puts != NULL && plan->drops != NULL ? BATON_OK
							 : BATON_NO_MEMORY;
}

/* Drops from the dirty list those whose mark mends the row anyway. */
static size_t
subscription_settle_dirty(struct subscription *subscription)
{
	struct lane **link = &subscription->dirty;
	size_t count = 0;

	while (*link != NULL) {
		struct lane *lane = *link;

		if (lane->state == LANE_WRITING) {
			*link = lane->next_dirty;
			lane->dirty = false;
			lane->spilling = false;
			continue;
		}
		count++;
		link = &lane->next_dirty;
	}
	return count;
}

baton_err
subscription_plan(struct subscription *subscription,
		  struct subscription_plan *plan)
{
	size_t lanes = subscription_settle_dirty(subscription);

	assert(subscription->planned == NULL);
	assert(subscription->planned_dirty == NULL);
	memset(plan, 0, sizeof(*plan));
	subscription->planned = subscription->marked;
	subscription->marked = NULL;
	subscription->planned_dirty = subscription->dirty;
	subscription->dirty = NULL;
	for (const struct lane *lane = subscription->planned; lane != NULL;
	     lane = lane->next_writing) {
		plan->settled += subscription_settles(lane);
		lanes++;
	}
	if (subscription_plan_reserve(plan, lanes) != BATON_OK) {
		subscription_plan_fini(plan);
		subscription_revert(subscription);
		return BATON_NO_MEMORY;
	}
	plan->position = subscription_planned_position(subscription);
	for (struct lane *lane = subscription->planned; lane != NULL;
	     lane = lane->next_writing) {
		subscription_plan_lane(subscription, lane, plan);
	}
	for (struct lane *lane = subscription->planned_dirty; lane != NULL;
	     lane = lane->next_dirty) {
		subscription_plan_lane(subscription, lane, plan);
	}
	return BATON_OK;
}

void
subscription_plan_fini(struct subscription_plan *plan)
{
	free(plan->puts);
	free(plan->drops);
	memset(plan, 0, sizeof(*plan));
}

/* ---- commit and revert ---- */

static void
subscription_commit_ack(struct lane *lane)
{
	while (lane->first != NULL &&
	       lane->first->sequence <= lane->change.to) {
		lane_pop(lane);
		if (lane->leased > 0) {
			lane->leased--;
		}
	}
	if (lane->change.to > lane->settled_to) {
		lane->settled_to = lane->change.to;
		free(lane->fault);
		lane->fault = NULL;
	}
}

static void
subscription_commit_held(struct subscription *subscription, struct lane *lane)
{
	subscription_end_lease(subscription, lane);
	subscription_detach(lane);
	free(lane->fault);
	lane->fault = lane->change.fault;
	lane->change.fault = NULL;
	lane->behind = true;
	if (lane->change.kind == LANE_CHANGE_PARK) {
		lane_move(lane, LANE_PARKED);
		return;
	}
	lane_move(lane, LANE_BACKING_OFF);
	lane->due_ms = lane->fault->due_ms;
	heap_put(&subscription->timers, &lane->timer, (uint64_t)lane->due_ms);
}

static void
subscription_commit_lane(struct subscription *subscription, struct lane *lane)
{
	switch (lane->change.kind) {
	case LANE_CHANGE_ACK:
		subscription_commit_ack(lane);
		if (lane->leased > 0) {
			lane_move(lane, LANE_LEASED);
			heap_put(&subscription->timers, &lane->timer,
				 (uint64_t)lane->due_ms);
			return;
		}
		/* leased is 0 and the lease is still in the index. */
		subscription_end_lease(subscription, lane);
		subscription_rest(subscription, lane);
		return;
	case LANE_CHANGE_BACK_OFF:
	case LANE_CHANGE_PARK:
		subscription_commit_ack(lane);
		subscription_commit_held(subscription, lane);
		return;
	case LANE_CHANGE_MOVE:
		subscription_end_lease(subscription, lane);
		subscription_detach(lane);
		free(lane->fault);
		lane->fault = NULL;
		lane->settled_to = lane->change.to;
		lane->behind = true;
		subscription_rest(subscription, lane);
		return;
	default:
		assert(false && "a change has a kind");
	}
}

/* The row is what was planned; a lane that has caught up since has to mend it
 * again. */
static void
subscription_commit_row(struct subscription *subscription, struct lane *lane)
{
	lane->row = lane->planned_row;
	if (lane->row == LANE_ROW_BEHIND && !lane->behind) {
		subscription_make_dirty(subscription, lane);
	}
	subscription_forget_idle(subscription, lane);
}

/* Idle lanes that the position has passed without a head in the window. The
 * walk is paid for by the events since the last one. */
static void
subscription_sweep(struct subscription *subscription)
{
	struct lane_index *lanes = &subscription->lanes;
	size_t at = 0;

	if (subscription->stored.position <
	    subscription->swept_at + subscription->options.window_events) {
		return;
	}
	subscription->swept_at = subscription->stored.position;
	while (at < lanes->capacity) {
		const struct lane *lane = lanes->slots[at].lane;

		if (lane != NULL) {
			subscription_forget_idle(subscription,
						 lanes->slots[at].lane);
		}
		/* Removing may have moved another one here. */
		at += lanes->slots[at].lane == lane;
	}
}

void
subscription_commit(struct subscription *subscription,
		    const struct subscription_plan *plan)
{
	struct lane *lane;

	subscription->stored.position = plan->position;
	while ((lane = subscription->planned) != NULL) {
		subscription->planned = lane->next_writing;
		subscription_commit_lane(subscription, lane);
		subscription_commit_row(subscription, lane);
	}
	while ((lane = subscription->planned_dirty) != NULL) {
		subscription->planned_dirty = lane->next_dirty;
		lane->dirty = false;
		lane->behind = lane->behind || lane->spilling;
		lane->spilling = false;
		subscription_commit_row(subscription, lane);
	}
	subscription_slide(subscription);
	subscription_sweep(subscription);
}

static void
subscription_revert_lane(struct subscription *subscription, struct lane *lane)
{
	enum lane_state from = lane->change.from;

	free(lane->change.fault);
	memset(&lane->change, 0, sizeof(lane->change));
	switch (from) {
	case LANE_LEASED:
		lane_move(lane, LANE_LEASED);
		heap_put(&subscription->timers, &lane->timer,
			 (uint64_t)lane->due_ms);
		break;
	case LANE_BACKING_OFF:
		lane_move(lane, LANE_BACKING_OFF);
		heap_put(&subscription->timers, &lane->timer,
			 (uint64_t)lane->due_ms);
		break;
	case LANE_PARKED:
		lane_move(lane, LANE_PARKED);
		break;
	case LANE_IDLE:
	case LANE_READY:
	case LANE_BEHIND:
		subscription_rest(subscription, lane);
		break;
	case LANE_WRITING:
	case LANE_STATES:
	default:
		assert(false && "a change comes from a state");
	}
}

/* A failed commit may have reached the disk all the same, so what the store
 * holds of these lanes is not known: calling it BEHIND makes the next plan put
 * or drop the row. */
void
subscription_revert(struct subscription *subscription)
{
	struct lane *lane;

	while ((lane = subscription->planned) != NULL) {
		subscription->planned = lane->next_writing;
		subscription_revert_lane(subscription, lane);
		lane->row = LANE_ROW_BEHIND;
		subscription_make_dirty(subscription, lane);
	}
	while ((lane = subscription->planned_dirty) != NULL) {
		subscription->planned_dirty = lane->next_dirty;
		lane->dirty = false;
		lane->row = LANE_ROW_BEHIND;
		subscription_make_dirty(subscription, lane);
	}
}
