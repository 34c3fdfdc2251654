/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_MLLP_SERVER_H
#define BATON_HEALTH_MLLP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "adapters/health/mllp_pool.h"
#include "baton/error.h"

/**
 * MLLP over TCP. One thread serves all connections (libevent), a pool of
 * threads handles messages. A connection has one message in hand at a time:
 * while it is handled the connection is not read, so what a sender sends ahead
 * waits in its socket and memory is bounded by connections times message size.
 * A connection stays open after every answer.
 */
struct mllp_server;

struct mllp_server_options {
	/** Name or address; port 0 takes a free one. */
	const char *host;
	uint16_t port;
	/** One more is closed at once. */
	size_t max_connections;
	/** A larger message is read to its end, its beginning is handed over
	 *  as cut. */
	size_t max_message_bytes;
	/** From one answer to the next message's first byte. */
	int64_t idle_timeout_ms;
	/** From a message's first byte to its last, and for an answer to be
	 *  read by the sender. */
	int64_t frame_timeout_ms;
	size_t workers;
	/** Called on a worker's thread. No bytes written is no answer. */
	mllp_handle_fn handle;
	void *context;
};

/**
 * Listens and serves.
 *
 * options: borrowed during the call. *server: given, end it with
 * mllp_server_stop(). Errors: INVALID (host), IO (cannot listen), NO_MEMORY,
 * INTERNAL (threads, libevent).
 */
BATON_MUST_CHECK baton_err
mllp_server_start(const struct mllp_server_options *options,
		  struct mllp_server **server, struct baton_error *error);

/** The port it listens on. Any thread. */
uint16_t mllp_server_port(const struct mllp_server *server);

/**
 * Stops accepting, closes connections without a message in hand, waits until
 * the others have their answers (at most frame_timeout_ms after those are
 * there), and frees the server. NULL is allowed.
 */
void mllp_server_stop(struct mllp_server *server);

#endif /* BATON_HEALTH_MLLP_SERVER_H */
