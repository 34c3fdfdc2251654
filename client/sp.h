/* SPDX-License-Identifier: MIT */
#ifndef BATON_SP_H
#define BATON_SP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The scalability protocols' bytes on a stream, as nng's REQ and REP sockets
 * speak them: sp-tcp-mapping-01, sp-ipc-mapping-01, sp-request-reply-01. Pure;
 * any thread.
 */

/** Both ends greet with as many bytes. */
#define SP_GREETING_BYTES 8

/** What the end that answers (REP, version 0) says. */
extern const uint8_t sp_greeting_rep[SP_GREETING_BYTES];

/** What the end that asks (REQ, version 0) says. */
extern const uint8_t sp_greeting_req[SP_GREETING_BYTES];

bool sp_greeting_is_rep(const uint8_t greeting[SP_GREETING_BYTES]);
bool sp_greeting_is_req(const uint8_t greeting[SP_GREETING_BYTES]);

/** How frames look. */
enum sp_framing {
	/** A type, 1, and the length. */
	SP_FRAMING_IPC = 1,
	/** The length alone. */
	SP_FRAMING_TCP = 2,
};

/** Room for the longest head of a frame. */
#define SP_HEAD_BYTES 9

size_t sp_head_len(enum sp_framing framing);

/** Writes sp_head_len() bytes so that they end where head does, that is before
 *  the frame's body of len bytes. */
void sp_head_write(enum sp_framing framing, uint64_t len,
		   uint8_t head[SP_HEAD_BYTES]);

/** Length of the body behind head; false when its type is unknown. */
bool sp_head_read(enum sp_framing framing, const uint8_t *head, uint64_t *len);

/** Of the id before a request, and before its answer. */
#define SP_ID_BYTES 4

/** Writes and returns a request's id: number with the highest bit set. */
uint32_t sp_id_write(uint32_t number, uint8_t id[SP_ID_BYTES]);

/** Room for the longest way back: nng's own limit is 8 hops. */
#define SP_TRACE_BYTES 32

/**
 * A request begins with its way back, which its answer repeats: 32-bit words,
 * of which the last, the request's id, has the highest bit set.
 * Returns its length, 0 when it is cut short or too long.
 */
size_t sp_trace_len(const uint8_t *bytes, size_t len);

#endif /* BATON_SP_H */
