/* SPDX-License-Identifier: MIT */
#ifndef BATON_CHANNEL_H
#define BATON_CHANNEL_H

#include <nng/nng.h>
#include <stdint.h>

#include "baton/event.h"

/**
 * A client's connection to its broker: made again whenever it is lost, for as
 * long as a call waits for it, and shared by all exchanges, whose replies are
 * told apart by their ids. Bytes in, bytes out: what they mean and whether to
 * repeat them is call.c's.
 *
 *   idle --channel_connect()--> dialling --greeted--> connected
 *    ^                            |   ^                   |
 *    |                            failed: wait, longer    |
 *    +--------- lost: every exchange under way fails -----+
 *
 * The channel's own thread goes round in this; callers send, and wait for what
 * that thread reads. It and nng's threads start with the first exchange, not
 * before, so that a host program may fork until then. All times are
 * clock_monotonic_ms(). Every function may be called from any thread, except
 * channel_free().
 */
struct channel;

/** No answer is longer: a connection that announces more is closed. */
#define CHANNEL_MESSAGE_MAX_BYTES ((size_t)16 * 1024 * 1024)

/** Makes a channel. url: copied; must have passed address_check().
 *  Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err channel_new(const char *url,
				       struct channel **channel);

/** Closes and frees; no exchange may be under way. NULL is allowed. */
void channel_free(struct channel *channel);

/** Ends waits and later exchanges with CLOSED at once, those under way after a
 *  quarter of a second, so that answers on their way arrive. Does not wait for
 *  that itself. */
void channel_close(struct channel *channel);

/** CLOSED after channel_close(), else OK. */
BATON_MUST_CHECK baton_err channel_check(struct channel *channel);

/**
 * Waits until there is a connection.
 *
 * *generation: the connection's number, from 1; another number means another
 * connection. Errors: UNREACHABLE (the time is up; the text says where, why
 * and what to do), CLOSED, NO_MEMORY, INTERNAL.
 */
BATON_MUST_CHECK baton_err channel_connect(struct channel *channel,
					   int64_t deadline_ms,
					   uint64_t *generation,
					   struct baton_error *error);

/** Whether an exchange is ended by channel_close(), or is made in spite of
 *  it: the last word on work that is already done. */
enum channel_phase {
	CHANNEL_UNTIL_CLOSED = 0,
	CHANNEL_AFTER_CLOSE = 1,
};

/**
 * Sends request on the connection that there is, and waits for its reply.
 *
 * request: borrowed. *reply: given, free with nng_msg_free(); NULL on failure.
 * Errors: TIMEOUT (no reply in time; it may have been carried out),
 * UNREACHABLE (the connection is lost; likewise), CLOSED, NO_MEMORY.
 */
BATON_MUST_CHECK baton_err channel_exchange(
	struct channel *channel, struct baton_span request, int64_t deadline_ms,
	enum channel_phase phase, nng_msg **reply, struct baton_error *error);

/** Waits until then. Errors: CLOSED, at once. */
BATON_MUST_CHECK baton_err channel_sleep_until(struct channel *channel,
					       int64_t until_ms);

#endif /* BATON_CHANNEL_H */
