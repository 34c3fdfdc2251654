/* SPDX-License-Identifier: MIT */
#include "client/sp.h"

#include <string.h>

#define FRAME_TYPE 1

const uint8_t sp_greeting_rep[SP_GREETING_BYTES] = {0, 'S',  'P', 0,
						    0, 0x31, 0,   0};

const uint8_t sp_greeting_req[SP_GREETING_BYTES] = {0, 'S',  'P', 0,
						    0, 0x30, 0,   0};

bool
sp_greeting_is_rep(const uint8_t greeting[SP_GREETING_BYTES])
{
	return memcmp(greeting, sp_greeting_rep, SP_GREETING_BYTES) == 0;
}

bool
sp_greeting_is_req(const uint8_t greeting[SP_GREETING_BYTES])
{
	return memcmp(greeting, sp_greeting_req, SP_GREETING_BYTES) == 0;
}

size_t
sp_head_len(enum sp_framing framing)
{
	return framing == SP_FRAMING_TCP ? SP_HEAD_BYTES - 1 : SP_HEAD_BYTES;
}

void
sp_head_write(enum sp_framing framing, uint64_t len,
	      uint8_t head[SP_HEAD_BYTES])
{
	for (size_t i = SP_HEAD_BYTES - 1; i > 0; i--) {
		head[i] = (uint8_t)len;
		len >>= 8;
	}
	if (framing == SP_FRAMING_IPC)
		head[0] = FRAME_TYPE;
}

bool
sp_head_read(enum sp_framing framing, const uint8_t *head, uint64_t *len)
{
	size_t at = 0;

	*len = 0;
	if (framing == SP_FRAMING_IPC && head[at++] != FRAME_TYPE)
		return false;
	for (; at < sp_head_len(framing); at++)
		*len = *len << 8 | head[at];
	return true;
}

uint32_t
sp_id_write(uint32_t number, uint8_t id[SP_ID_BYTES])
{
	uint32_t value = number | 0x80000000U;

	for (size_t i = 0; i < SP_ID_BYTES; i++)
		id[i] = (uint8_t)(value >> (8 * (SP_ID_BYTES - 1 - i)));
	return value;
}

size_t
sp_trace_len(const uint8_t *bytes, size_t len)
{
	size_t end = 0;

	while (end < SP_TRACE_BYTES && len - end >= SP_ID_BYTES) {
		bool last = (bytes[end] & 0x80U) != 0;

		end += SP_ID_BYTES;
		if (last)
			return end;
	}
	return 0;
}
