/* SPDX-License-Identifier: MIT */
/* What an operator does to a subscription: resolving and replaying. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/subscription.h"
#include "broker/subscription_state.h"

baton_err
subscription_resolve(struct subscription *subscription, uint64_t sequence,
		     enum subscription_resolution resolution)
{
	for (size_t i = 0; i < subscription->lanes.capacity; i++) {
		struct lane *lane = subscription->lanes.slots[i].lane;
		struct lane_change change = {.kind = LANE_CHANGE_MOVE};

		if (lane == NULL || lane->state != LANE_PARKED ||
		    lane->fault->held_sequence != sequence) {
			continue;
		}
		change.to = resolution == SUBSCRIPTION_DISCARD
				    ? sequence
				    : lane->settled_to;
		subscription_mark(subscription, lane, &change);
		return BATON_OK;
	}
	return BATON_NOT_FOUND;
}

baton_err
subscription_move(struct subscription *subscription, int64_t child,
		  uint64_t settled_to)
{
	struct lane_change change = {.kind = LANE_CHANGE_MOVE,
				     .to = settled_to};
	struct lane *lane = subscription_lane(
		subscription, child, subscription_position(subscription));

	if (lane == NULL) {
		return BATON_NO_MEMORY;
	}
	if (lane->state == LANE_PARKED &&
	    lane->fault->held_sequence <= settled_to) {
		return BATON_OK;
	}
	if (lane->state == LANE_WRITING) {
		/* An expired lease or an unreadable event, not planned yet. */
		free(lane->change.fault);
		change.from = lane->change.from;
		lane->change = change;
	} else {
		subscription_mark(subscription, lane, &change);
	}
	return BATON_OK;
}

static bool
subscription_survives_replay(const struct lane *lane, uint64_t position)
{
	return lane->state == LANE_PARKED &&
	       lane->fault->held_sequence <= position;
}

baton_err
subscription_plan_replay(const struct subscription *subscription,
			 uint64_t position, struct subscription_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	if (subscription_plan_reserve(plan, subscription->lanes.count) !=
	    BATON_OK) {
		subscription_plan_fini(plan);
		return BATON_NO_MEMORY;
	}
	plan->position = position;
	for (size_t i = 0; i < subscription->lanes.capacity; i++) {
		struct lane *lane = subscription->lanes.slots[i].lane;

		if (lane != NULL &&
		    subscription_survives_replay(lane, position)) {
			subscription_plan_lane(subscription, lane, plan);
		}
	}
	return BATON_OK;
}

void
subscription_replayed(struct subscription *subscription, uint64_t position)
{
	struct lane_index *lanes = &subscription->lanes;
	size_t at = 0;

	assert(subscription->planned == NULL);
	subscription_clear_window(subscription);
	lane_index_clear(&subscription->leases);
	subscription->ready.count = 0;
	subscription->timers.count = 0;
	subscription->behind_first = NULL;
	subscription->behind_last = NULL;
	subscription->marked = NULL;
	subscription->dirty = NULL;
	while (at < lanes->capacity) {
		struct lane *lane = lanes->slots[at].lane;

		if (lane != NULL &&
		    !subscription_survives_replay(lane, position)) {
			lane_index_remove(lanes, (uint64_t)lane->child);
			lane_free(lane);
			/* Removing may have moved another one here. */
			continue;
		}
		if (lane != NULL) {
			lane->dirty = false;
			lane->listed_behind = false;
			lane->windowed = 0;
			lane->row = LANE_ROW_BEHIND;
		}
		at++;
	}
	subscription->stored.position = position;
	subscription->cursor = position;
	subscription->swept_at = position;
}
