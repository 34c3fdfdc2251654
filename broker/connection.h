/* SPDX-License-Identifier: MIT */
#ifndef BATON_CONNECTION_H
#define BATON_CONNECTION_H

#include <nng/nng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "baton/error.h"
#include "client/sp.h"

/**
 * One client's connection: the answering end of SP's request and reply, as
 * nng's REQ sockets speak it, on an nng byte stream.
 *
 * Why not nng's own REP socket: when a pipe of nng 1.5.2 is closed between the
 * two reads of a message (head, then body), its transport gives the second
 * read to an operation that is already stopped, which is dropped without a
 * word; the reaper then waits for that message for ever, and no pipe of the
 * process is cleaned up again. The protocol closes the pipe itself when a send
 * fails, so any peer that dies while it floods can bring this about, and
 * nothing that nng's sockets offer prevents it. Here the order is ours: nothing
 * is submitted to a stream once it is closing, and what was submitted is
 * stopped before anything is freed.
 *
 *   greeting --SP, admitted--> head  --length--> body --frame--> paused
 *                                ^                                 |
 *                                +-------- connection_read() ------+
 *
 * From every state to closing: by the peer's end, by a frame that is not
 * allowed, by an answer that the peer does not read in time, by
 * connection_close(). A thread of the set then stops the stream, fails the
 * answers that were waiting, and tells that the connection is gone.
 *
 * A connection is shared: connection_ref() and connection_unref().
 */
struct connection;

/** All connections of a broker, and the thread that ends them. */
struct connection_set;

/** An answer on its way; for embedding. */
struct connection_answer {
	/** From malloc(); the first SP_HEAD_BYTES are filled in. */
	uint8_t *bytes;
	size_t len;
	/** Filled in: how much is sent, and until when all must be, by the
	 *  monotonic clock. */
	size_t sent;
	int64_t until_ms;
	/**
	 * It is sent (OK), was not read in time (TIMEOUT), or the connection
	 * ended (CLOSED); bytes are freed. Any thread; must not block.
	 */
	void (*done)(struct connection_answer *answer, baton_err err);
	struct connection_answer *next;
};

/** Who is at the other end. */
struct connection_peer {
	/** Of the connection: not 0, not in use. */
	uint32_t id;
	/** Which listener it came through. */
	uint32_t listener;
	/** By the kernel's word, if the stream has that. */
	uid_t uid;
	enum sp_framing framing;
};

struct connection_options {
	size_t max_message_bytes;
	uint32_t reply_timeout_ms;
	/** Both ends have greeted: may it stay? Refused no earlier: nng 1.5's
	 *  dialers give up for good on an end that closes before it greets.
	 *  nng's threads; must not block or call the connection. */
	bool (*admit)(void *context, const struct connection_peer *peer);
	/** A frame, given: free(). No other comes before connection_read().
	 *  nng's threads; must not block. */
	void (*received)(void *context, struct connection *connection,
			 uint8_t *bytes, size_t len);
	/** Ended; received() and done() come no more. The set's thread. */
	void (*gone)(void *context, struct connection *connection);
	void *context;
};

/** *set: given, connection_set_free() it. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err connection_set_new(
	const struct connection_options *options, struct connection_set **set);

/** Closes all connections and waits until they are gone. NULL is allowed. */
void connection_set_free(struct connection_set *set);

/** Begins to serve a client. stream: taken, also on failure. Errors:
 *  NO_MEMORY: gone() is not called. */
BATON_MUST_CHECK baton_err connection_open(struct connection_set *set,
					   nng_stream *stream,
					   const struct connection_peer *peer);

/** Closes the connection with this id, if there is one. Any thread. */
void connection_set_close(struct connection_set *set, uint32_t id);

uint32_t connection_id(const struct connection *connection);

void connection_ref(struct connection *connection);
void connection_unref(struct connection *connection);

/** Reads the next frame. After received(), once. Any thread. */
void connection_read(struct connection *connection);

/**
 * Sends; answers are sent in this order. answer: taken until done(), which may
 * come before this returns. Any thread.
 */
void connection_send(struct connection *connection,
		     struct connection_answer *answer);

/** Ends it, without waiting. Any thread. */
void connection_close(struct connection *connection);

#endif /* BATON_CONNECTION_H */
