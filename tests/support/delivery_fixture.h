/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_DELIVERY_FIXTURE_H
#define BATON_TESTS_DELIVERY_FIXTURE_H

#include <semaphore.h>
#include <stdbool.h>

#include "broker/delivery.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_exchange.h"

/**
 * A delivery over a store with a real writer and tail, a clock that a test
 * advances, and one partner who asks. Functions assert: call them on the
 * test's own thread.
 */
struct delivery_fixture {
	struct store *store;
	struct metrics *metrics;
	struct tail *tail;
	struct writer *writer;
	struct delivery *delivery;
	struct delivery_options options;
	struct fake_clock clock;
	struct peer peer;
	size_t tail_bytes;
	/** Number of the next event. */
	uint64_t number;
};

/** Takes store. */
void delivery_fixture_open(struct delivery_fixture *fixture,
			   struct store *store);
void delivery_fixture_close(struct delivery_fixture *fixture);

/** Ends delivery, writer and tail and starts them again on the same store. */
void delivery_fixture_restart(struct delivery_fixture *fixture);

/** Appends an event of each child; returns when they are committed and
 *  delivery has been told. Event number n has sequence n. */
void delivery_fixture_publish(struct delivery_fixture *fixture,
			      const uint64_t *children, size_t count);

/** The key of a child. */
void delivery_fixture_child_key(uint64_t child, char key[128]);

/** Advances the clock and wakes the delivery. */
void delivery_fixture_advance(struct delivery_fixture *fixture, int64_t ms);

/** Posts a request; free the exchange after its answer. */
struct fake_exchange *delivery_fixture_post(struct delivery_fixture *fixture,
					    const Baton__V1__Request *request);

/** Posts a request, waits for its answer and returns its code. *response, when
 *  not NULL, is given: baton__v1__response__free_unpacked() it. */
baton_err delivery_fixture_ask(struct delivery_fixture *fixture,
			       const Baton__V1__Request *request,
			       Baton__V1__Response **response);

baton_err delivery_fixture_subscribe(struct delivery_fixture *fixture,
				     const char *name);

/** Posts a Fetch. */
struct fake_exchange *
delivery_fixture_post_fetch(struct delivery_fixture *fixture, const char *name,
			    uint32_t max_events, uint32_t wait_ms);

/** One delivered event. */
struct delivered {
	uint64_t sequence;
	uint64_t lease;
	uint64_t lane;
	uint32_t attempt;
};

/** Fetches without waiting; returns how many of at most max came. */
size_t delivery_fixture_fetch(struct delivery_fixture *fixture,
			      const char *name, struct delivered *delivered,
			      size_t max);

/** Settles events alike; codes, when not NULL, has room for count. Returns the
 *  request's code. */
baton_err delivery_fixture_settle(struct delivery_fixture *fixture,
				  const char *name,
				  const struct delivered *delivered,
				  size_t count, Baton__V1__Verdict verdict,
				  baton_err *codes);

baton_err delivery_fixture_replay(struct delivery_fixture *fixture,
				  const char *name, uint64_t sequence,
				  const char *child);

baton_err delivery_fixture_resolve(struct delivery_fixture *fixture,
				   const char *name, uint64_t sequence,
				   Baton__V1__Resolution resolution);

/** Status of the peer's only visible subscription of that name, copied without
 *  what it points to. */
Baton__V1__SubscriptionStatus
delivery_fixture_status(struct delivery_fixture *fixture, const char *name);

#endif /* BATON_TESTS_DELIVERY_FIXTURE_H */
