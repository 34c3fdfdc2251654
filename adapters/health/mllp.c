/* SPDX-License-Identifier: MIT */
#include "adapters/health/mllp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MLLP_START 0x0b
#define MLLP_END 0x1c
#define MLLP_CR 0x0d

/* Most messages are smaller; larger ones double it up to the limit. */
#define MLLP_FIRST_BYTES ((size_t)4096)

/*
 *            0x0B            0x1C            0x0D
 *  BETWEEN ---------> WITHIN ---------> ENDING ---------> frame, BETWEEN
 *                        ^                 |
 *                        +---- any other --+
 */
enum mllp_state { MLLP_BETWEEN, MLLP_WITHIN, MLLP_ENDING };

struct mllp_decoder {
	enum mllp_state state;
	bool oversize;
	size_t max_bytes;
	uint8_t *bytes;
	size_t len;
	size_t room;
};

struct mllp_decoder *
mllp_new(size_t max_bytes)
{
	struct mllp_decoder *decoder = calloc(1, sizeof(*decoder));

	if (decoder != NULL)
		decoder->max_bytes = max_bytes;
	return decoder;
}

void
mllp_free(struct mllp_decoder *decoder)
{
	if (decoder == NULL)
		return;
	free(decoder->bytes);
	free(decoder);
}

/* Keeps data up to the limit; what is beyond only sets the mark. */
static bool
mllp_keep(struct mllp_decoder *decoder, const uint8_t *data, size_t len)
{
	size_t room = decoder->room;
	uint8_t *bytes;

	if (len > decoder->max_bytes - decoder->len) {
		decoder->oversize = true;
		len = decoder->max_bytes - decoder->len;
	}
	if (len == 0)
		return true;
	while (room - decoder->len < len)
		room = room == 0 ? MLLP_FIRST_BYTES : room * 2;
	if (room > decoder->max_bytes)
		room = decoder->max_bytes;
	if (room != decoder->room) {
		bytes = realloc(decoder->bytes, room);
		if (bytes == NULL)
			return false;
		decoder->bytes = bytes;
		decoder->room = room;
	}
	memcpy(decoder->bytes + decoder->len, data, len);
	decoder->len += len;
	return true;
}

static bool
mllp_white(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Skips white space up to a frame's start; the number of bytes used, or len + 1
 * on anything else. */
static size_t
mllp_skip(struct mllp_decoder *decoder, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == MLLP_START) {
			decoder->state = MLLP_WITHIN;
			return i + 1;
		}
		if (!mllp_white(data[i]))
			return len + 1;
	}
	return len;
}

/* Keeps the data before the next 0x1C; false when memory is short. */
static bool
mllp_collect(struct mllp_decoder *decoder, const uint8_t *data, size_t len,
	     size_t *used)
{
	const uint8_t *end = memchr(data, MLLP_END, len);
	size_t count = end == NULL ? len : (size_t)(end - data);

	*used = count;
	if (end != NULL) {
		decoder->state = MLLP_ENDING;
		*used = count + 1;
	}
	return mllp_keep(decoder, data, count);
}

enum mllp_step
mllp_feed(struct mllp_decoder *decoder, const uint8_t *data, size_t len,
	  size_t *used)
{
	static const uint8_t end = MLLP_END;
	size_t at = 0;
	size_t step;

	*used = 0;
	while (at < len) {
		step = 0;
		switch (decoder->state) {
		case MLLP_BETWEEN:
			step = mllp_skip(decoder, data + at, len - at);
			if (step > len - at)
				return MLLP_GARBAGE;
			break;
		case MLLP_WITHIN:
			if (!mllp_collect(decoder, data + at, len - at, &step))
				return MLLP_NO_MEMORY;
			break;
		case MLLP_ENDING:
			if (data[at] == MLLP_CR) {
				decoder->state = MLLP_BETWEEN;
				*used = at + 1;
				return decoder->oversize ? MLLP_OVERSIZE
							 : MLLP_FRAME;
			}
			decoder->state = MLLP_WITHIN;
			if (!mllp_keep(decoder, &end, 1))
				return MLLP_NO_MEMORY;
			break;
		}
		at += step;
	}
	*used = at;
	return MLLP_MORE;
}

bool
mllp_within(const struct mllp_decoder *decoder)
{
	return decoder->state != MLLP_BETWEEN;
}

void
mllp_take(struct mllp_decoder *decoder, uint8_t **bytes, size_t *len)
{
	*bytes = decoder->bytes;
	*len = decoder->len;
	decoder->bytes = NULL;
	decoder->len = 0;
	decoder->room = 0;
	decoder->oversize = false;
}

void
mllp_write_start(FILE *out)
{
	(void)fputc(MLLP_START, out);
}

void
mllp_write_end(FILE *out)
{
	(void)fputc(MLLP_END, out);
	(void)fputc(MLLP_CR, out);
}
