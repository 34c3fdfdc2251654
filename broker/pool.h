/* SPDX-License-Identifier: MIT */
#ifndef BATON_POOL_H
#define BATON_POOL_H

#include <nng/nng.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/exchange.h"
#include "broker/metrics.h"
#include "broker/session.h"

/**
 * The contexts of a REP socket: each receives a request, holds it while it is
 * worked on, and sends the answer.
 *
 *   receiving --request--> held --exchange's answer()--> replying
 *       ^                   |                               |
 *       |           (peer cut off: no answer)               |
 *       +---------- sent, timed out, or pipe gone ----------+
 *
 * A context is moved by one thread at a time, by whoever the state belongs to:
 * nng's callback in receiving and replying, the exchange's holder in held. So
 * a context needs no lock; the pool's own counts have one.
 *
 * The pool grows while contexts are held, up to its ceiling, and does not
 * shrink. An eighth of the ceiling is kept for requests that do not wait: a
 * fetch beyond the rest is answered BUSY.
 */
struct pool;

struct pool_options {
	size_t max_message_bytes;
	size_t contexts_min;
	size_t contexts_max;
	uint32_t reply_timeout_ms;
	/** A request that may be served; takes the exchange; nng's threads;
	 *  must not block. */
	void (*serve)(void *context, struct exchange *exchange);
	void *context;
};

/**
 * socket: borrowed, a REP socket. sessions, metrics: shared, outlive the pool.
 * *pool: given, pool_free() it. Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err pool_new(nng_socket socket,
				    struct session_table *sessions,
				    struct metrics *metrics,
				    const struct pool_options *options,
				    struct pool **pool);

/** Opens the first contexts. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err pool_start(struct pool *pool);

/** From now on requests are answered CLOSED. Any thread. */
void pool_stop(struct pool *pool);

/** Waits until nothing is held or being sent. Errors: TIMEOUT. */
BATON_MUST_CHECK baton_err pool_drain(struct pool *pool, uint32_t timeout_ms);

/** Closes the contexts; nothing may be held. NULL is allowed. */
void pool_free(struct pool *pool);

#endif /* BATON_POOL_H */
