/* SPDX-License-Identifier: MIT */
#ifndef BATON_STREAM_H
#define BATON_STREAM_H

#include <nng/nng.h>
#include <stdbool.h>
#include <stdint.h>

#include "baton/event.h"
#include "client/sp.h"

/**
 * The asking end of SP's request and reply, as nng's REP sockets speak it, on
 * nng's byte streams: one connection at a time.
 *
 * Why not nng's own REQ socket: its dialer in nng 1.5.2 gives up for good when
 * a broker dies between accepting and greeting, and a pipe that closes between
 * the two reads of a message may never be cleaned up. Both leave a client dead
 * in a program that lives on. Here every wait is ours, and ends.
 *
 * There are no callbacks: each function waits on its caller's thread. One
 * thread, the owner's, opens, reads and hangs up; one thread at a time writes;
 * any thread may break or stop. Nothing is submitted to nng once a connection
 * is broken, and a broken connection ends what was submitted.
 */
struct stream;

/** A request on its way; for embedding. */
struct stream_frame {
	uint8_t *bytes;
	size_t len;
	size_t sent;
};

/** Makes a stream without a connection. url: borrowed; must have passed
 *  address_check(). Starts nng's threads. Errors: NO_MEMORY, INTERNAL. */
BATON_MUST_CHECK baton_err stream_new(const char *url, struct stream **stream,
				      struct baton_error *error);

/** No other thread may use it; there is no connection. NULL is allowed. */
void stream_free(struct stream *stream);

/** Connects and greets; false when that fails, for whatever reason. The owner,
 *  while there is no connection. */
bool stream_open(struct stream *stream);

/** Waits for a reply of at most max_bytes. *reply: given, nng_msg_free(), its
 *  id taken off. False when the connection is at its end. The owner. */
bool stream_read(struct stream *stream, size_t max_bytes, nng_msg **reply,
		 uint32_t *id);

/** Copies a request into a frame; free() its bytes. number: below 2^31. *id:
 *  what the reply will have. Any thread. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err stream_frame_init(const struct stream *stream,
					     uint32_t number,
					     struct baton_span request,
					     struct stream_frame *frame,
					     uint32_t *id);

/**
 * Sends a frame, or what is left of it. One thread at a time.
 *
 * Errors: TIMEOUT (call again, or break the connection if a part is sent),
 * UNREACHABLE (the connection is at its end).
 */
BATON_MUST_CHECK baton_err stream_write(struct stream *stream,
					struct stream_frame *frame,
					nng_duration timeout_ms);

/** Ends the connection, if there is one: reading and writing fail from now on,
 *  also what is under way. Any thread; does not wait. */
void stream_break(struct stream *stream);

/** As stream_break(), and no connection is opened any more. */
void stream_stop(struct stream *stream);

/** Lets go of the connection, if there is one. The owner, while nobody
 *  writes. */
void stream_hang_up(struct stream *stream);

#endif /* BATON_STREAM_H */
