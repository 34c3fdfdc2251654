/* SPDX-License-Identifier: MIT */
#ifndef BATON_SUBSCRIPTION_STATE_H
#define BATON_SUBSCRIPTION_STATE_H

#include "broker/subscription.h"

/** The inside of a subscription, for subscription*.c alone. */
struct subscription {
	struct store_subscription stored;
	struct subscription_options options;
	uint64_t cursor;
	/** In order of sequence; heads that are done stay until all before
	 *  them are. */
	struct head *window_first;
	struct head *window_last;
	size_t window_count;
	/** By child, and by lease. */
	struct lane_index lanes;
	struct lane_index leases;
	/** Deliverable lanes by next sequence: oldest event first, so that
	 *  a lone subscriber settles in order and writes no lane rows. */
	struct heap ready;
	struct heap timers;
	/** Lanes to be read, first come first. */
	struct lane *behind_first;
	struct lane *behind_last;
	/** WRITING lanes that no plan has yet, and those of the plan. */
	struct lane *marked;
	struct lane *planned;
	/** Lanes whose row is to be mended, and those of the plan. */
	struct lane *dirty;
	struct lane *planned_dirty;
	/** Position when idle lanes were last looked for. */
	uint64_t swept_at;
	uint64_t next_lease;
	uint64_t jitter;
};

/** The lane that a node of the ready or of the timer heap is in. */
struct lane *subscription_lane_of_ready(struct heap_node *node);
struct lane *subscription_lane_of_timer(struct heap_node *node);

/** The child's lane; made idle when there is none; NULL: memory is out. */
struct lane *subscription_lane(struct subscription *subscription, int64_t child,
			       uint64_t settled_to);

/** Removes a lane that says nothing the position does not. */
void subscription_forget_idle(struct subscription *subscription,
			      struct lane *lane);

/** Where a lane without lease goes: READY, BEHIND or IDLE. */
void subscription_rest(struct subscription *subscription, struct lane *lane);

/** Lists a lane for the next plan to mend its row. */
void subscription_make_dirty(struct subscription *subscription,
			     struct lane *lane);

/** Removes done heads, and those of lanes that are behind, from the window's
 *  front. */
void subscription_slide(struct subscription *subscription);

/** Forgets all that is queued in a lane. */
void subscription_detach(struct lane *lane);

void subscription_end_lease(struct subscription *subscription,
			    struct lane *lane);

/** Takes a lane out of whatever it stands in and marks it; takes
 *  change->fault. */
void subscription_mark(struct subscription *subscription, struct lane *lane,
		       const struct lane_change *change);

/** Makes room for the rows of that many lanes. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err
subscription_plan_reserve(struct subscription_plan *plan, size_t lanes);

/** Adds the row that a lane needs under plan->position, if any, and notes it in
 *  the lane. */
void subscription_plan_lane(const struct subscription *subscription,
			    struct lane *lane, struct subscription_plan *plan);

/** Empties the window; lanes keep what is in their queues. */
void subscription_clear_window(struct subscription *subscription);

#endif /* BATON_SUBSCRIPTION_STATE_H */
