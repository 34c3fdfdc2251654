/* SPDX-License-Identifier: MIT */
#ifndef BATON_LISTENER_H
#define BATON_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/agreement.h"
#include "broker/exchange.h"
#include "broker/metrics.h"

/**
 * nng in and out: a stream listener for each partner, the connections that
 * come through them, and the pool that makes exchanges of their requests.
 * Finds who sends a request and hands it on.
 */
struct listener;

struct listener_options {
	/** Of the partners' sockets; made with mode 0711 if missing. */
	const char *directory;
	size_t max_message_bytes;
	size_t contexts_min;
	size_t contexts_max;
	size_t per_connection;
	uint32_t reply_timeout_ms;
	/** A request that may be served; takes the exchange; any thread; must
	 *  not block. */
	void (*serve)(void *context, struct exchange *exchange);
	/** A connection is gone; a thread of the listener's; must not
	 *  block. */
	void (*gone)(void *context, uint32_t pipe);
	void *context;
};

/**
 * Opens a socket for each partner of the agreement. Requests
 * are taken from listener_start() on.
 *
 * agreement: taken, also on failure. metrics: shared, outlives the listener.
 * *listener: given, listener_free() it.
 * Errors: IO (text names the socket), CONFIG (a path is too long), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err listener_new(struct agreement *agreement,
					const struct listener_options *options,
					struct metrics *metrics,
					struct listener **listener,
					struct baton_error *error);

/**
 * Also listens at a tcp:// URL for one partner, whoever connects; before
 * listener_start(). Errors: IO, CONFIG (no such partner), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err listener_open_tcp(struct listener *listener,
					     const char *partner,
					     const char *url,
					     struct baton_error *error);

/** Begins to take connections. */
void listener_start(struct listener *listener);

/**
 * Puts another agreement in force, all or nothing: opens sockets for new
 * partners, closes the connections of those it no longer lets in. One thread.
 *
 * agreement: taken, also on failure. Errors: as listener_new(); the old
 * agreement stays in force.
 */
BATON_MUST_CHECK baton_err listener_replace(struct listener *listener,
					    struct agreement *agreement,
					    struct baton_error *error);

/** Whether this connection greets for the first time, and is to be logged. Any
 *  thread. */
bool listener_greet(struct listener *listener, uint32_t pipe);

/** From now on requests are answered CLOSED. Any thread. */
void listener_stop(struct listener *listener);

/** Waits until no exchange is out and every answer is handed over, at most
 *  timeout_ms. Errors: TIMEOUT. */
BATON_MUST_CHECK baton_err listener_drain(struct listener *listener,
					  uint32_t timeout_ms);

/** From now on gone() is not called; waits while it is. After
 *  listener_drain(). */
void listener_silence(struct listener *listener);

/** Closes the sockets and connections; no exchange may be out. NULL is
 *  allowed. */
void listener_free(struct listener *listener);

#endif /* BATON_LISTENER_H */
