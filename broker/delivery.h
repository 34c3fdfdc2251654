/* SPDX-License-Identifier: MIT */
#ifndef BATON_DELIVERY_H
#define BATON_DELIVERY_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/exchange.h"
#include "broker/metrics.h"
#include "broker/store.h"
#include "broker/tail.h"
#include "broker/writer.h"
#include "client/clock.h"

/**
 * Delivery: one thread owns every subscription, lane and lease, and answers
 * all requests but Hello and Publish. Others hand it exchanges through a
 * mailbox; it hands settlements to the writer and answers them when they are
 * on disk. It reads the journal through a reader of its own and the tail.
 */
struct delivery;

struct delivery_options {
	/** Attempts before an event is parked; 1 to 1,000. */
	uint32_t max_attempts;
	/** Back-off: first, doubling, at most; with jitter of up to a fifth. */
	uint32_t backoff_min_ms;
	uint32_t backoff_max_ms;
	uint32_t lease_ms;
	/** Ceilings of one fetch. */
	uint32_t max_fetch_events;
	uint32_t max_fetch_bytes;
	uint32_t max_wait_ms;
	/** Unsettled events one subscription holds in memory (heads only). */
	size_t window_events;
	/** Subscriptions of one partner. */
	size_t max_subscriptions;
	int64_t started_at_ms;
	struct clock_source clock;
};

/** Sensible values for every option; started_at_ms and clock are the
 *  system's now. */
struct delivery_options delivery_options_default(void);

/**
 * Loads subscriptions and lanes, starts the thread.
 *
 * store, writer, tail, metrics: shared, outlive the delivery.
 * *delivery: given, delivery_free() it.
 */
BATON_MUST_CHECK baton_err
delivery_new(struct store *store, struct writer *writer, struct tail *tail,
	     struct metrics *metrics, const struct delivery_options *options,
	     struct delivery **delivery, struct baton_error *error);

/** Hands over an exchange with any op but Hello and Publish; takes it and
 *  answers it in time. What the peer may do was decided before. Any thread. */
void delivery_post(struct delivery *delivery, struct exchange *exchange);

/** There may be new records. Any thread, cheap. */
void delivery_wake(struct delivery *delivery);

/** A client's connection is gone: its parked fetches are dropped, its leases
 *  end as expired ones do. Any thread. */
void delivery_peer_gone(struct delivery *delivery, uint32_t pipe);

/** Answers parked fetches empty, then everything else with CLOSED. The
 *  thread goes on until delivery_free(), so that settlements under way are
 *  answered. Any thread. */
void delivery_stop(struct delivery *delivery);

/** The writer must be stopped first. NULL is allowed. */
void delivery_free(struct delivery *delivery);

#endif /* BATON_DELIVERY_H */
