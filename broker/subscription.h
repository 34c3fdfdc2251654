/* SPDX-License-Identifier: MIT */
#ifndef BATON_SUBSCRIPTION_H
#define BATON_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/lane.h"
#include "broker/store.h"

/**
 * The state of one durable subscription: what it has read, which events are
 * unsettled, who holds them. Pure state: no thread, no clock, no input or
 * output. Its owner reads the journal into it and writes to the journal what
 * it plans:
 *
 *	push/load -> take -> ack/hold/expire (marks) -> plan
 *		  -> [write] -> commit or revert
 *
 * Terms: the *cursor* is how far the journal has been read; the *position* is
 * how far everything is settled, but for lanes that are stored as behind; the
 * *window* holds the heads between the two.
 */
struct subscription;

struct subscription_options {
	/** Most heads in the window. */
	size_t window_events;
	/** Attempts before an event is parked. */
	uint32_t max_attempts;
	uint32_t backoff_min_ms;
	uint32_t backoff_max_ms;
	/** For leases (unlikely to be an earlier process's) and jitter. */
	uint64_t seed;
};

/** A moment on both clocks. */
struct subscription_now {
	int64_t monotonic_ms;
	int64_t wall_ms;
};

/** stored is copied. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err
subscription_new(const struct store_subscription *stored,
		 const struct subscription_options *options,
		 struct subscription **subscription);

void subscription_free(struct subscription *subscription);

/** Takes up a stored lane, before anything is pushed. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err subscription_restore(
	struct subscription *subscription, const struct store_lane *lane,
	const struct subscription_now *now);

/** As it is stored; position is the one on disk. Borrowed. */
const struct store_subscription *
subscription_stored(const struct subscription *subscription);

/** A new subscription has been given its id. */
void subscription_set_id(struct subscription *subscription, int64_t id);

uint64_t subscription_cursor(const struct subscription *subscription);
/** The position as it will be stored with the next write. */
uint64_t subscription_position(const struct subscription *subscription);

/* ---- reading the journal into it ---- */

/** Heads that still fit into the window. */
size_t subscription_room(const struct subscription *subscription);

/**
 * Moves the cursor to head and takes it up when it matches and its lane is
 * not behind. Sequences must rise; room must be at least 1.
 * Errors: NO_MEMORY, and nothing has changed.
 */
BATON_MUST_CHECK baton_err subscription_push(struct subscription *subscription,
					     const struct store_head *head);

/** A lane whose events have to be read, child and after filled, or false.
 *  The caller reads heads of that child after `after` up to the cursor and
 *  calls subscription_load() until it answers true or there is no more, then
 *  subscription_loaded(). */
bool subscription_behind(struct subscription *subscription, int64_t *child,
			 uint64_t *after);

/** Takes up the matching ones of heads. *enough: no more is needed now.
 *  Errors: NO_MEMORY; what was taken up stays. */
BATON_MUST_CHECK baton_err subscription_load(struct subscription *subscription,
					     int64_t child,
					     const struct store_head *heads,
					     size_t count, bool *enough);

/** The lane is ready, or flows again when nothing was loaded. */
void subscription_loaded(struct subscription *subscription, int64_t child);

/* ---- delivering ---- */

/** Whether a take would give something without further reading. */
bool subscription_ready(const struct subscription *subscription);

struct subscription_want {
	size_t max_events;
	/** One event is always given. */
	size_t max_bytes;
	uint32_t lease_ms;
	/** The connection that takes, for subscription_peer_gone(). */
	uint32_t pipe;
	int64_t now_ms;
};

struct subscription_taken {
	uint64_t sequence;
	int64_t child;
	uint64_t lease;
	uint32_t attempt;
};

/**
 * Leases the oldest deliverable events, in order of sequence, of as many lanes
 * as it takes. One lease number for each lane.
 *
 * taken: room for want->max_events. Returns how many were taken.
 */
size_t subscription_take(struct subscription *subscription,
			 const struct subscription_want *want,
			 struct subscription_taken *taken);

/** Puts a taken event and those after it in its lane back. */
void subscription_untake(struct subscription *subscription,
			 const struct subscription_taken *taken);

/* ---- verdicts: marks that the next plan writes ---- */

/** Acknowledges the first unsettled event of a lease, or one that is settled
 *  already. Errors: LEASE_LOST (not held, or an earlier event of the lane is
 *  not settled). */
BATON_MUST_CHECK baton_err subscription_ack(struct subscription *subscription,
					    uint64_t lease, uint64_t sequence);

enum subscription_verdict {
	SUBSCRIPTION_RETRY = 1,
	SUBSCRIPTION_REJECT = 2,
};

/** Ends the lease with its first unsettled event held: it backs off, or is
 *  parked. reason is cut at its bound. Errors: as subscription_ack(),
 *  NO_MEMORY. */
BATON_MUST_CHECK baton_err
subscription_hold(struct subscription *subscription, uint64_t lease,
		  uint64_t sequence, enum subscription_verdict verdict,
		  const char *reason, const struct subscription_now *now);

/** Starts a lease anew. Errors: LEASE_LOST. */
BATON_MUST_CHECK baton_err
subscription_extend(struct subscription *subscription, uint64_t lease,
		    uint64_t sequence, int64_t now_ms);

/** Whether a matching event is settled on disk. */
bool subscription_settled(const struct subscription *subscription,
			  int64_t child, uint64_t sequence);

/** Parks a ready lane whose next event, `sequence`, cannot be read; false when
 *  the lane is not so. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err subscription_park(
	struct subscription *subscription, int64_t child, uint64_t sequence,
	const char *reason, const struct subscription_now *now);

enum subscription_resolution {
	SUBSCRIPTION_DELIVER_AGAIN = 1,
	SUBSCRIPTION_DISCARD = 2,
};

/** Resolves the lane that is parked at sequence. Errors: NOT_FOUND. */
BATON_MUST_CHECK baton_err
subscription_resolve(struct subscription *subscription, uint64_t sequence,
		     enum subscription_resolution resolution);

/** Moves one lane so that events after settled_to, which the journal has, come
 *  (again). A lane parked at or before it stays. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err subscription_move(struct subscription *subscription,
					     int64_t child,
					     uint64_t settled_to);

/** Makes due lanes deliverable and ends leases that are over. Returns how many
 *  leases. */
size_t subscription_expire(struct subscription *subscription,
			   const struct subscription_now *now);

/** Leases of a connection are over now. */
void subscription_peer_gone(struct subscription *subscription, uint32_t pipe);

/** Monotonic time of the next subscription_expire(); INT64_MAX: none. */
int64_t subscription_deadline_ms(const struct subscription *subscription);

/** When the window is full of events that wait for leases, makes those lanes
 *  behind, so that one slow subscriber does not stop the others. */
void subscription_spill(struct subscription *subscription);

/* ---- writing ---- */

/** What to write: rows, then the position. Freed with
 *  subscription_plan_fini(). */
struct subscription_plan {
	uint64_t position;
	struct store_lane *puts;
	size_t puts_count;
	int64_t *drops;
	size_t drops_count;
	size_t capacity;
	/** What the commit will have done, for figures and the log. */
	size_t settled;
	size_t parked;
};

/** Whether there are marks, rows or a long way of position to write. */
bool subscription_wants_write(const struct subscription *subscription);

/** Turns all marks into a plan. One plan at a time: until commit or revert
 *  nothing else is planned, while marks, pushes and takes go on.
 *  Errors: NO_MEMORY; then all marks are reverted. */
BATON_MUST_CHECK baton_err subscription_plan(struct subscription *subscription,
					     struct subscription_plan *plan);

/** The plan is on disk. */
void subscription_commit(struct subscription *subscription,
			 const struct subscription_plan *plan);

/** The plan is not on disk: leases go on, what was parked stays parked. */
void subscription_revert(struct subscription *subscription);

void subscription_plan_fini(struct subscription_plan *plan);

/** Plans a replay of the whole: every lane is dropped but those parked at or
 *  before position, which the journal has. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err
subscription_plan_replay(const struct subscription *subscription,
			 uint64_t position, struct subscription_plan *plan);

/** The replay is on disk: leases are lost, the window is empty. */
void subscription_replayed(struct subscription *subscription,
			   uint64_t position);

/* ---- looking ---- */

struct subscription_figures {
	/** In memory: unsettled in the window. */
	uint64_t unsettled;
	uint64_t leased;
	uint64_t lanes;
	uint64_t lanes_backing_off;
	uint64_t lanes_parked;
};

void subscription_figures(const struct subscription *subscription,
			  struct subscription_figures *figures);

/** Calls with every lane, in no order; the lane is borrowed. */
void subscription_each_lane(const struct subscription *subscription,
			    void (*each)(void *context,
					 const struct lane *lane),
			    void *context);

/** The first invariant that does not hold, or NULL; for tests. */
const char *subscription_check(const struct subscription *subscription);

#endif /* BATON_SUBSCRIPTION_H */
