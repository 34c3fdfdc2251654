/* SPDX-License-Identifier: MIT */
#ifndef BATON_POOL_H
#define BATON_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/connection.h"
#include "broker/exchange.h"
#include "broker/metrics.h"
#include "broker/session.h"

/**
 * The contexts: each holds one request while it is worked on, and its answer
 * until that is sent.
 *
 *   free --request--> held --exchange's answer()--> replying
 *    ^                  |                              |
 *    |      (peer cut off: no answer)                  |
 *    +------ sent, timed out, or connection gone ------+
 *
 * A context is moved by one thread at a time, by whoever the state belongs to:
 * the exchange's holder in held, its connection in replying. So a context
 * needs no lock; the pool's own lists have one.
 *
 * The pool grows while contexts are held, up to its ceiling, and does not
 * shrink. A request that finds no context waits, and its connection is read no
 * further. An eighth of the ceiling is kept for requests that do not wait: a
 * fetch beyond the rest is answered BUSY.
 */
struct pool;

struct pool_options {
	size_t max_message_bytes;
	size_t contexts_min;
	size_t contexts_max;
	/** A request that may be served; takes the exchange; any thread;
	 *  must not block. */
	void (*serve)(void *context, struct exchange *exchange);
	void *context;
};

/**
 * Makes the first contexts. sessions, metrics: shared, outlive the pool.
 * *pool: given, pool_free() it. Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err pool_new(struct session_table *sessions,
				    struct metrics *metrics,
				    const struct pool_options *options,
				    struct pool **pool);

/** Takes a frame as connection_options.received gives it. */
void pool_receive(struct pool *pool, struct connection *connection,
		  uint8_t *bytes, size_t len);

/** From now on requests are answered CLOSED. Any thread. */
void pool_stop(struct pool *pool);

/** Waits until nothing is held or being sent. Errors: TIMEOUT. */
BATON_MUST_CHECK baton_err pool_drain(struct pool *pool, uint32_t timeout_ms);

/** No connection may be left, nothing be held. NULL is allowed. */
void pool_free(struct pool *pool);

#endif /* BATON_POOL_H */
