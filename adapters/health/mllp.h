/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_MLLP_H
#define BATON_HEALTH_MLLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "baton/event.h"

/**
 * The framing of MLLP, release 1: 0x0B, the message, 0x1C 0x0D (HL7 UK A.3
 * §2.4.1). It has no length and no checksum, so whoever feeds the decoder also
 * limits the time a frame may take.
 *
 * A decoder is fed bytes as they come, cut anywhere, and is used by one thread
 * at a time.
 */
struct mllp_decoder;

/** What came of the bytes fed. */
enum mllp_step {
	/** All bytes are used; no frame is complete. */
	MLLP_MORE,
	/** A frame is complete: mllp_take() gives it. */
	MLLP_FRAME,
	/** A frame is complete and was larger than the limit: mllp_take()
	 *  gives its first max_bytes bytes. */
	MLLP_OVERSIZE,
	/** Something other than white space stands between two frames. The
	 *  stream has lost its place: close the connection. */
	MLLP_GARBAGE,
	/** Memory is short. The decoder is of no more use. */
	MLLP_NO_MEMORY,
};

/** max_bytes: of one message, without its frame. NULL when memory is short. */
struct mllp_decoder *mllp_new(size_t max_bytes);

/** NULL is allowed. */
void mllp_free(struct mllp_decoder *decoder);

/**
 * Uses bytes up to the end of a frame.
 *
 * *used: how many of len bytes were used; the rest belongs to the next frame
 * and is fed again after mllp_take(). White space before a frame is skipped
 * (senders put blank lines there); 0x1C that no 0x0D follows is data, and so
 * is 0x0B within a frame.
 */
enum mllp_step mllp_feed(struct mllp_decoder *decoder, const uint8_t *data,
			 size_t len, size_t *used);

/** Whether a frame has begun and is not complete. */
bool mllp_within(const struct mllp_decoder *decoder);

/** Gives the complete frame's message, which the caller frees with free();
 *  *bytes may be NULL when *len is 0. */
void mllp_take(struct mllp_decoder *decoder, uint8_t **bytes, size_t *len);

/** Writes what stands before and after a message in its frame. Write errors
 *  stay in out (ferror()). */
void mllp_write_start(FILE *out);
void mllp_write_end(FILE *out);

#endif /* BATON_HEALTH_MLLP_H */
