/* SPDX-License-Identifier: MIT */
#ifndef BATON_FAKE_BROKER_H
#define BATON_FAKE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/client.h"
#include "baton/v1/broker.pb-c.h"

/**
 * A broker for tests of the client: it answers well until a test scripts it to
 * fail. What it has taken in survives its restarts, as a journal would. It
 * speaks SP over a Unix socket by itself rather than through nng, so that it
 * can break off anywhere and nothing of nng in it disturbs the client's. One
 * connection's requests are answered one after the other. All functions are
 * for the test's thread; none asserts.
 */
struct fake_broker;

/** What to do with a request, besides answering it well. */
enum fake_do {
	/** Carry it out and answer. */
	FAKE_ANSWER = 0,
	/** Carry it out, but give no answer. */
	FAKE_LOSE_ANSWER,
	/** Carry it out, then close the connection. */
	FAKE_HANG_UP,
	/** Answer with code, and do nothing. */
	FAKE_REFUSE,
	/** Answer with raw bytes, and do nothing. */
	FAKE_RAW,
};

struct fake_step {
	enum fake_do what;
	baton_err code;
	uint32_t retry_after_ms;
	const void *raw;
	size_t raw_len;
};

/** Where a connection is cut off. */
enum fake_cut {
	FAKE_CUT_NOWHERE = 0,
	/** Before a byte is said. */
	FAKE_CUT_AT_ONCE,
	FAKE_CUT_IN_GREETING,
	/** After a greeting that is not a broker's. */
	FAKE_CUT_FOREIGN,
	/** Of the first answer's frame. */
	FAKE_CUT_IN_HEAD,
	FAKE_CUT_BEFORE_BODY,
	FAKE_CUT_IN_BODY,
	/** Not by us: after an answer's frame is announced that is too long,
	 *  the client has to. */
	FAKE_CUT_TOO_LONG,
};

/** The event with this sequence has always lost its lease. */
#define FAKE_LOST_SEQUENCE 999

/** What Hello says. */
struct fake_limits {
	uint32_t protocol_min;
	uint32_t protocol_max;
	uint32_t max_message_bytes;
	uint32_t max_event_bytes;
	uint32_t max_batch_events;
	uint32_t max_fetch_events;
	uint32_t max_wait_ms;
};

/** A settlement as it came. */
struct fake_settlement {
	uint64_t sequence;
	uint64_t lease;
	Baton__V1__Verdict verdict;
	char reason[256];
};

/** Starts serving at this socket; NULL when that fails. */
struct fake_broker *fake_broker_start(const char *path);

/** Stops and frees. NULL is allowed. */
void fake_broker_stop(struct fake_broker *broker);

/** Closes the listener and all connections; what was taken in stays. */
void fake_broker_pause(struct fake_broker *broker);

/** Serves again after a pause; false when that fails. */
bool fake_broker_resume(struct fake_broker *broker);

struct fake_limits fake_broker_limits(struct fake_broker *broker);
void fake_broker_set_limits(struct fake_broker *broker,
			    const struct fake_limits *limits);

/** Adds a step for the next unscripted request with this op_case; at most 64
 *  wait at a time. */
void fake_broker_script(struct fake_broker *broker, int op,
			const struct fake_step *step);

/** Turns every connection away at once, as for a user not permitted. */
void fake_broker_turn_away(struct fake_broker *broker);

/** Cuts off the next count connections there. */
void fake_broker_cut(struct fake_broker *broker, enum fake_cut cut,
		     size_t count);

/** How many connections are still to be cut off. */
size_t fake_broker_cuts(struct fake_broker *broker);

/** How many requests of this op_case came. */
size_t fake_broker_count(struct fake_broker *broker, int op);

/** Waits until count requests of op came; false after ten seconds. */
bool fake_broker_wait(struct fake_broker *broker, int op, size_t count);

/** What came so far. */
struct fake_totals {
	/** Events in the journal. */
	size_t stored;
	/** The most events, and bytes, of one Publish request. */
	size_t largest_batch;
	size_t largest_publish_bytes;
	/** Every Publish request had the same bytes. */
	bool publishes_same;
};

struct fake_totals fake_broker_totals(struct fake_broker *broker);

/** The event at this index of the journal, borrowed. */
struct baton_span fake_broker_event(struct fake_broker *broker, size_t index);

/** Offers an event to each fetch until it is acknowledged or rejected; text is
 *  copied as its bytes. */
void fake_broker_offer(struct fake_broker *broker, uint64_t sequence,
		       uint64_t lane, const char *text);

/** Waits until this sequence is settled; false after ten seconds. */
bool fake_broker_wait_settled(struct fake_broker *broker, uint64_t sequence);

/** Copies the settlements so far; returns how many there are. */
size_t fake_broker_settled(struct fake_broker *broker,
			   struct fake_settlement *settlements, size_t size);

#endif /* BATON_FAKE_BROKER_H */
