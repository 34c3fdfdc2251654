/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/mllp.h"

#define FUZZ_LIMIT ((size_t)256)

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a stream decodes to: every message, its length before it. */
struct trace {
	uint8_t *bytes;
	size_t len;
	enum mllp_step end;
};

static void
trace_add(struct trace *trace, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(trace->bytes + trace->len, bytes, len);
	trace->len += len;
}

/* Feeds the stream in pieces of one size. */
static struct trace
trace_decode(const uint8_t *data, size_t size, size_t piece)
{
	struct trace trace = {.end = MLLP_MORE};
	struct mllp_decoder *decoder = mllp_new(FUZZ_LIMIT);
	size_t at = 0;

	/* A frame is at least 3 bytes and adds at most its own and a length. */
	trace.bytes = malloc(size * (1 + sizeof(size_t)) + 1);
	if (decoder == NULL || trace.bytes == NULL)
		abort();
	while (at < size) {
		size_t part = size - at < piece ? size - at : piece;
		uint8_t *message;
		size_t used;
		size_t len;

		trace.end = mllp_feed(decoder, data + at, part, &used);
		if (used > part)
			abort();
		at += used;
		if (trace.end == MLLP_GARBAGE)
			break;
		if (trace.end == MLLP_MORE)
			continue;
		mllp_take(decoder, &message, &len);
		if (len > FUZZ_LIMIT)
			abort();
		trace_add(&trace, &len, sizeof(len));
		trace_add(&trace, message, len);
		free(message);
	}
	mllp_free(decoder);
	return trace;
}

/* However a stream is cut, the same messages come out. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace whole = trace_decode(data, size, size > 0 ? size : 1);

	for (size_t piece = 1; piece <= 3; piece++) {
		struct trace cut = trace_decode(data, size, piece);

		if (cut.len != whole.len || cut.end != whole.end ||
		    memcmp(cut.bytes, whole.bytes, whole.len) != 0)
			abort();
		free(cut.bytes);
	}
	free(whole.bytes);
	return 0;
}
