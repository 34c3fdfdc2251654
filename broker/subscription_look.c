/* SPDX-License-Identifier: MIT */
/* Looking at a subscription: figures, lanes, invariants. */
#include <string.h>

#include "broker/subscription.h"
#include "broker/subscription_state.h"

void
subscription_each_lane(const struct subscription *subscription,
		       void (*each)(void *context, const struct lane *lane),
		       void *context)
{
	for (size_t i = 0; i < subscription->lanes.capacity; i++) {
		if (subscription->lanes.slots[i].lane != NULL) {
			each(context, subscription->lanes.slots[i].lane);
		}
	}
}

static void
subscription_count_lane(void *context, const struct lane *lane)
{
	struct subscription_figures *figures = context;

	figures->lanes++;
	figures->leased += lane->leased;
	figures->lanes_backing_off += lane->state == LANE_BACKING_OFF;
	figures->lanes_parked += lane->state == LANE_PARKED;
	if (lane->behind) {
		return;
	}
	for (const struct head *head = lane->first; head != NULL;
	     head = head->lane_next) {
		figures->unsettled++;
	}
}

void
subscription_figures(const struct subscription *subscription,
		     struct subscription_figures *figures)
{
	memset(figures, 0, sizeof(*figures));
	subscription_each_lane(subscription, subscription_count_lane, figures);
}

bool
subscription_settled(const struct subscription *subscription, int64_t child,
		     uint64_t sequence)
{
	const struct lane *lane =
		lane_index_get(&subscription->lanes, (uint64_t)child);

	if (lane == NULL) {
		return sequence <= subscription_position(subscription);
	}
	return sequence <= lane->settled_to;
}

static const char *
subscription_check_lane(const struct subscription *subscription,
			const struct lane *lane)
{
	const char *broken = lane_check(lane);
	bool timed =
		lane->state == LANE_LEASED || lane->state == LANE_BACKING_OFF;

	if (broken != NULL) {
		return broken;
	}
	if ((lane->ready.place != 0) != (lane->state == LANE_READY)) {
		return "ready heap does not fit the lane";
	}
	if ((lane->timer.place != 0) != timed) {
		return "timer does not fit the lane";
	}
	if (lane->lease != 0 &&
	    lane_index_get(&subscription->leases, lane->lease) != lane) {
		return "lease is not in the index";
	}
	return NULL;
}

static const char *
subscription_check_window(const struct subscription *subscription)
{
	uint64_t last = subscription_position(subscription);
	size_t count = 0;

	for (const struct head *head = subscription->window_first; head != NULL;
	     head = head->window_next) {
		if (!head->windowed || head->sequence <= last ||
		    head->sequence > subscription->cursor) {
			return "window out of order";
		}
		last = head->sequence;
		count++;
	}
	if (count != subscription->window_count ||
	    count > subscription->options.window_events) {
		return "window miscounted";
	}
	if (subscription_position(subscription) <
	    subscription->stored.position) {
		return "position went back";
	}
	return NULL;
}

const char *
subscription_check(const struct subscription *subscription)
{
	for (size_t i = 0; i < subscription->lanes.capacity; i++) {
		const struct lane *lane = subscription->lanes.slots[i].lane;
		const char *broken =
			lane == NULL
				? NULL
				: subscription_check_lane(subscription, lane);

		if (broken != NULL) {
			return broken;
		}
	}
	return subscription_check_window(subscription);
}
