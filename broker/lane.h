/* SPDX-License-Identifier: MIT */
#ifndef BATON_LANE_H
#define BATON_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/heap.h"
#include "broker/store.h"

/**
 * A lane is one child's events in one subscription, in strict order. It has
 * an object only while there is something to remember of it. No thread of its
 * own, no input or output: subscription.c moves it.
 */
enum lane_state {
	/** Nothing to deliver that is known. */
	LANE_IDLE = 0,
	/** Its next events have to be read from the journal. */
	LANE_BEHIND,
	/** It has events for the next fetch. */
	LANE_READY,
	/** Some of its events are with a subscriber. */
	LANE_LEASED,
	/** A change of it is being written; see struct lane_change. */
	LANE_WRITING,
	/** Waits for its next attempt. */
	LANE_BACKING_OFF,
	/** Waits for an operator. */
	LANE_PARKED,
	LANE_STATES
};

/** The state's name for logs and assertions; never NULL. */
const char *lane_state_name(enum lane_state state);

struct lane;

/**
 * One unsettled event, without its bytes. It hangs in its lane until it is
 * settled or dropped, and, unless the lane was behind when it was read, in
 * the subscription's window until that has moved past it.
 */
struct head {
	uint64_t sequence;
	uint32_t bytes;
	bool windowed;
	/** Settled or dropped: no longer in its lane. */
	bool done;
	struct lane *lane;
	struct head *lane_next;
	struct head *window_next;
};

/** Why a lane is held: of BACKING_OFF and PARKED lanes, and afterwards until
 *  the event that failed is settled. */
struct lane_fault {
	uint64_t held_sequence;
	uint32_t attempts;
	/** Wall clock, for the store and for people. */
	int64_t retry_at_ms;
	int64_t parked_at_ms;
	/** The same on the monotonic clock. */
	int64_t due_ms;
	char reason[STORE_REASON_BYTES];
};

enum lane_change_kind {
	/** Events up to `to` are acknowledged; a lease goes on with the rest.
	 */
	LANE_CHANGE_ACK,
	/** As ACK, and the event after is held with `fault`. */
	LANE_CHANGE_BACK_OFF,
	LANE_CHANGE_PARK,
	/** All that is known is forgotten and read again after `to`. */
	LANE_CHANGE_MOVE,
};

/** What becomes of a WRITING lane when the write is on disk. */
struct lane_change {
	enum lane_change_kind kind;
	/** Where it returns to when the write fails. */
	enum lane_state from;
	uint64_t to;
	/** Owned by the change until it is made. */
	struct lane_fault *fault;
};

/** What the store holds of a lane. */
enum lane_row {
	LANE_ROW_NONE = 0,
	/** Settled further than the position; goes with the position. */
	LANE_ROW_AHEAD,
	/** Behind the position; stays until it is dropped. */
	LANE_ROW_BEHIND,
};

struct lane {
	int64_t child;
	enum lane_state state;
	/** Not all of its events up to the cursor are in its queue, and the
	 *  store knows: neither window nor position wait for it. */
	bool behind;
	/** It asks to be made behind, for it holds up the window. */
	bool spilling;
	enum lane_row row;
	/** What it will hold when the plan is on disk. */
	enum lane_row planned_row;
	/** Its matching events up to here are settled. */
	uint64_t settled_to;
	/** Unsettled events in order; the first `leased` are with a
	 *  subscriber. */
	struct head *first;
	struct head *last;
	/** Heads of it in the window, those done included. */
	size_t windowed;
	size_t leased;
	uint64_t lease;
	uint32_t lease_ms;
	uint32_t pipe;
	/** Monotonic: when the lease ends, or the next attempt is due. */
	int64_t due_ms;
	struct lane_fault *fault;
	struct lane_change change;
	/** Key: first sequence not taken; of READY lanes. */
	struct heap_node ready;
	/** Key: monotonic time; of LEASED and BACKING_OFF lanes. */
	struct heap_node timer;
	/** Events taken by the fetch being filled, and the next one. */
	size_t taken;
	struct head *next_head;
	/** Lists of the subscription: each lane in each at most once. */
	struct lane *next_writing;
	struct lane *next_dirty;
	bool dirty;
	struct lane *next_behind;
	bool listed_behind;
	struct lane *next_taken;
};

/** A new idle lane, settled up to settled_to; NULL when memory is out. */
struct lane *lane_new(int64_t child, uint64_t settled_to);

/** Frees a lane, and the heads in its queue that are not in a window. */
void lane_free(struct lane *lane);

/** Moves to a state; a move that the table does not have is a bug and ends the
 *  process. */
void lane_move(struct lane *lane, enum lane_state to);

/** What does not hold of a lane in its state, or NULL; for tests. */
const char *lane_check(const struct lane *lane);

/** Adds an unsettled event; takes head. */
void lane_append(struct lane *lane, struct head *head);

/** Removes the first event: done. Frees it when no window holds it. */
void lane_pop(struct lane *lane);

/** Lanes by a number: a child's, or a lease's. */
struct lane_index {
	struct lane_slot *slots;
	size_t count;
	/** A power of two, or 0. */
	size_t capacity;
};

struct lane_slot {
	uint64_t key;
	struct lane *lane;
};

/** Makes room for count lanes in all. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err lane_index_reserve(struct lane_index *index,
					      size_t count);
/** Empties it, keeping its room. */
void lane_index_clear(struct lane_index *index);
void lane_index_fini(struct lane_index *index);
/** The lane, borrowed, or NULL. */
struct lane *lane_index_get(const struct lane_index *index, uint64_t key);
/** Adds; room must have been reserved and key must be new. */
void lane_index_put(struct lane_index *index, uint64_t key, struct lane *lane);
void lane_index_remove(struct lane_index *index, uint64_t key);

#endif /* BATON_LANE_H */
