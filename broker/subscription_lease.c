/* SPDX-License-Identifier: MIT */
/* What a subscription gives out and gets back. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/subscription.h"
#include "broker/subscription_state.h"

bool
subscription_ready(const struct subscription *subscription)
{
	return subscription->ready.count > 0;
}

static uint64_t
subscription_new_lease(struct subscription *subscription)
{
	uint64_t lease = subscription->next_lease;

	subscription->next_lease++;
	if (subscription->next_lease == 0) {
		subscription->next_lease = 1;
	}
	return lease;
}

static void
subscription_start_lease(struct subscription *subscription, struct lane *lane,
			 const struct subscription_want *want)
{
	heap_remove(&subscription->ready, &lane->ready);
	lane_move(lane, LANE_LEASED);
	lane->leased = lane->taken;
	lane->taken = 0;
	lane->pipe = want->pipe;
	lane->lease_ms = want->lease_ms;
	lane->due_ms = want->now_ms + want->lease_ms;
	heap_put(&subscription->timers, &lane->timer, (uint64_t)lane->due_ms);
	lane_index_put(&subscription->leases, lane->lease, lane);
}

/* Merges the ready lanes by sequence: takes the oldest event of all, which
 * makes its lane's next one a candidate. */
size_t
subscription_take(struct subscription *subscription,
		  const struct subscription_want *want,
		  struct subscription_taken *taken)
{
	struct lane *lanes = NULL;
	struct heap_node *node;
	size_t count = 0;
	size_t bytes = 0;

	while (count < want->max_events &&
	       (node = heap_first(&subscription->ready)) != NULL) {
		struct lane *lane = subscription_lane_of_ready(node);
		const struct head *head = lane->next_head;
		const struct lane_fault *fault = lane->fault;

		if (count > 0 && bytes + head->bytes > want->max_bytes) {
			break;
		}
		bytes += head->bytes;
		if (lane->taken == 0) {
			lane->lease = subscription_new_lease(subscription);
			lane->next_taken = lanes;
			lanes = lane;
		}
		lane->taken++;
		taken[count].sequence = head->sequence;
		taken[count].child = lane->child;
		taken[count].lease = lane->lease;
		taken[count].attempt = 1;
		if (fault != NULL && fault->held_sequence == head->sequence) {
			taken[count].attempt = fault->attempts + 1;
		}
		count++;
		lane->next_head = head->lane_next;
		if (lane->next_head == NULL) {
			heap_remove(&subscription->ready, &lane->ready);
		} else {
			heap_put(&subscription->ready, &lane->ready,
				 lane->next_head->sequence);
		}
	}
	for (; lanes != NULL; lanes = lanes->next_taken) {
		subscription_start_lease(subscription, lanes, want);
	}
	return count;
}

void
subscription_end_lease(struct subscription *subscription, struct lane *lane)
{
	if (lane->lease == 0) {
		return;
	}
	lane_index_remove(&subscription->leases, lane->lease);
	heap_remove(&subscription->timers, &lane->timer);
	lane->lease = 0;
	lane->leased = 0;
	lane->pipe = 0;
}

void
subscription_untake(struct subscription *subscription,
		    const struct subscription_taken *taken)
{
	struct lane *lane = lane_index_get(&subscription->leases, taken->lease);
	size_t kept = 0;

	if (lane == NULL || lane->state != LANE_LEASED) {
		return;
	}
	for (const struct head *head = lane->first;
	     head->sequence < taken->sequence && kept < lane->leased;
	     head = head->lane_next) {
		kept++;
	}
	lane->leased = kept;
	if (kept == 0) {
		subscription_end_lease(subscription, lane);
		subscription_rest(subscription, lane);
	}
}

void
subscription_mark(struct subscription *subscription, struct lane *lane,
		  const struct lane_change *change)
{
	lane->change = *change;
	lane->change.from = lane->state;
	heap_remove(&subscription->ready, &lane->ready);
	heap_remove(&subscription->timers, &lane->timer);
	lane_move(lane, LANE_WRITING);
	lane->next_writing = subscription->marked;
	subscription->marked = lane;
}

/* The first event of a lease that no mark settles yet, or NULL when the lease
 * is not held or is marked to end. */
static const struct head *
subscription_leased_head(const struct lane *lane)
{
	const struct head *head = lane->first;
	size_t left = lane->leased;

	if (lane->state == LANE_WRITING) {
		if (lane->change.kind != LANE_CHANGE_ACK) {
			return NULL;
		}
		while (left > 0 && head->sequence <= lane->change.to) {
			head = head->lane_next;
			left--;
		}
	}
	return left > 0 ? head : NULL;
}

baton_err
subscription_ack(struct subscription *subscription, uint64_t lease,
		 uint64_t sequence)
{
	struct lane *lane = lane_index_get(&subscription->leases, lease);
	struct lane_change change = {.kind = LANE_CHANGE_ACK, .to = sequence};
	const struct head *head;

	if (lane == NULL) {
		return BATON_LEASE_LOST;
	}
	if (sequence <= lane->settled_to ||
	    (lane->state == LANE_WRITING && sequence <= lane->change.to)) {
		return BATON_OK;
	}
	head = subscription_leased_head(lane);
	if (head == NULL || head->sequence != sequence) {
		return BATON_LEASE_LOST;
	}
	if (lane->state == LANE_WRITING) {
		lane->change.to = sequence;
	} else {
		subscription_mark(subscription, lane, &change);
	}
	return BATON_OK;
}

/* First back-off, doubling, at most, and up to a fifth of it more. */
static int64_t
subscription_backoff_ms(struct subscription *subscription, uint32_t attempts)
{
	const struct subscription_options *options = &subscription->options;
	int64_t wait_ms = options->backoff_min_ms;

	for (uint32_t i = 1;
	     i < attempts && wait_ms < (int64_t)options->backoff_max_ms; i++) {
		wait_ms *= 2;
	}
	if (wait_ms > (int64_t)options->backoff_max_ms) {
		wait_ms = options->backoff_max_ms;
	}
	subscription->jitter ^= subscription->jitter << 13;
	subscription->jitter ^= subscription->jitter >> 7;
	subscription->jitter ^= subscription->jitter << 17;
	return wait_ms +
	       (int64_t)(subscription->jitter % (uint64_t)(wait_ms / 5 + 1));
}

static struct lane_fault *
subscription_fault(struct subscription *subscription, const struct lane *lane,
		   uint64_t sequence, enum subscription_verdict verdict,
		   const char *reason, const struct subscription_now *now,
		   enum lane_change_kind *kind)
{
	struct lane_fault *fault = calloc(1, sizeof(*fault));
	int64_t wait_ms;

	if (fault == NULL) {
		return NULL;
	}
	fault->held_sequence = sequence;
	fault->attempts = 1;
	if (lane->fault != NULL && lane->fault->held_sequence == sequence) {
		fault->attempts += lane->fault->attempts;
	}
	(void)snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
	if (verdict == SUBSCRIPTION_REJECT ||
	    fault->attempts >= subscription->options.max_attempts) {
		fault->parked_at_ms = now->wall_ms;
		*kind = LANE_CHANGE_PARK;
		return fault;
	}
	wait_ms = subscription_backoff_ms(subscription, fault->attempts);
	fault->retry_at_ms = now->wall_ms + wait_ms;
	fault->due_ms = now->monotonic_ms + wait_ms;
	*kind = LANE_CHANGE_BACK_OFF;
	return fault;
}

static baton_err
subscription_hold_lane(struct subscription *subscription, struct lane *lane,
		       uint64_t sequence, enum subscription_verdict verdict,
		       const char *reason, const struct subscription_now *now)
{
	struct lane_change change = {.to = lane->settled_to};

	change.fault = subscription_fault(subscription, lane, sequence, verdict,
					  reason, now, &change.kind);
	if (change.fault == NULL) {
		return BATON_NO_MEMORY;
	}
	if (lane->state == LANE_WRITING) {
		/* Acknowledgements marked before it stand. */
		lane->change.kind = change.kind;
		lane->change.fault = change.fault;
	} else {
		subscription_mark(subscription, lane, &change);
	}
	return BATON_OK;
}

baton_err
subscription_hold(struct subscription *subscription, uint64_t lease,
		  uint64_t sequence, enum subscription_verdict verdict,
		  const char *reason, const struct subscription_now *now)
{
	struct lane *lane = lane_index_get(&subscription->leases, lease);
	const struct head *head =
		lane == NULL ? NULL : subscription_leased_head(lane);

	if (head == NULL || head->sequence != sequence) {
		return BATON_LEASE_LOST;
	}
	return subscription_hold_lane(subscription, lane, sequence, verdict,
				      reason, now);
}

baton_err
subscription_extend(struct subscription *subscription, uint64_t lease,
		    uint64_t sequence, int64_t now_ms)
{
	struct lane *lane = lane_index_get(&subscription->leases, lease);
	const struct head *head =
		lane == NULL ? NULL : subscription_leased_head(lane);
	const struct head *end = head;

	for (size_t i = 0; end != NULL && end->sequence < sequence; i++) {
		end = i + 1 < lane->leased ? end->lane_next : NULL;
	}
	if (end == NULL || end->sequence != sequence) {
		return BATON_LEASE_LOST;
	}
	lane->due_ms = now_ms + lane->lease_ms;
	if (lane->state == LANE_LEASED) {
		heap_put(&subscription->timers, &lane->timer,
			 (uint64_t)lane->due_ms);
	}
	return BATON_OK;
}

baton_err
subscription_park(struct subscription *subscription, int64_t child,
		  uint64_t sequence, const char *reason,
		  const struct subscription_now *now)
{
	struct lane *lane =
		lane_index_get(&subscription->lanes, (uint64_t)child);

	if (lane == NULL || lane->state != LANE_READY ||
	    lane->first->sequence != sequence) {
		return BATON_OK;
	}
	return subscription_hold_lane(subscription, lane, sequence,
				      SUBSCRIPTION_REJECT, reason, now);
}

size_t
subscription_expire(struct subscription *subscription,
		    const struct subscription_now *now)
{
	struct heap_node *node;
	size_t leases = 0;

	while ((node = heap_first(&subscription->timers)) != NULL &&
	       (int64_t)node->key <= now->monotonic_ms) {
		struct lane *lane = subscription_lane_of_timer(node);

		if (lane->state == LANE_BACKING_OFF) {
			heap_remove(&subscription->timers, node);
			subscription_rest(subscription, lane);
			continue;
		}
		if (subscription_hold_lane(subscription, lane,
					   lane->first->sequence,
					   SUBSCRIPTION_RETRY, "lease expired",
					   now) != BATON_OK) {
			/* Out of memory: look again in a second. */
			heap_put(&subscription->timers, node,
				 (uint64_t)now->monotonic_ms + 1000);
			continue;
		}
		leases++;
	}
	return leases;
}

void
subscription_peer_gone(struct subscription *subscription, uint32_t pipe)
{
	for (size_t i = 0; i < subscription->leases.capacity; i++) {
		struct lane *lane = subscription->leases.slots[i].lane;

		if (lane == NULL || lane->pipe != pipe) {
			continue;
		}
		lane->due_ms = 0;
		if (lane->state == LANE_LEASED) {
			heap_put(&subscription->timers, &lane->timer, 0);
		}
	}
}

int64_t
subscription_deadline_ms(const struct subscription *subscription)
{
	const struct heap_node *node = heap_first(&subscription->timers);

	return node == NULL ? INT64_MAX : (int64_t)node->key;
}
