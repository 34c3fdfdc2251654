/* SPDX-License-Identifier: MIT */
#include "client/wire.h"

#include <assert.h>
#include <stdint.h>

#include "client/arena.h"
#include "client/problem.h"
#include "client/wire_scan.h"

#define WIRE_FIRST_BYTES_MAX ((size_t)64 * 1024)

/*
 * An event of the largest size in the contract has under 300 fields and takes
 * under 100 KiB. A request or response of 1,000 entries has under 20,000.
 */
const struct wire_limits wire_event_limits = {
	.max_bytes = BATON_EVENT_MAX_BYTES,
	.max_fields = 1024,
	.max_memory = (size_t)512 * 1024,
	.unknown = CONTRACT_UNKNOWN_REFUSE,
};

const struct wire_limits wire_request_limits = {
	.max_bytes = (size_t)4 * 1024 * 1024,
	.max_fields = (size_t)32 * 1024,
	.max_memory = (size_t)12 * 1024 * 1024,
	.unknown = CONTRACT_UNKNOWN_REFUSE,
};

static void *
wire_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void
wire_release(void *arena, void *memory)
{
	/* Everything goes at once, with the arena. */
	(void)arena;
	(void)memory;
}

/*
 * Forgets the unknown fields that protobuf-c keeps, so that they are not sent
 * on. Recursion is bounded by the scan before it.
 */
/* NOLINTNEXTLINE(misc-no-recursion): see above */
static void
wire_drop_unknown(ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;

	message->n_unknown_fields = 0;
	message->unknown_fields = NULL;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		unsigned char *base = (unsigned char *)message;
		void *member = base + field->offset;
		void *quantifier = base + field->quantifier_offset;

		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			for (size_t j = 0; j < *(size_t *)quantifier; j++) {
				wire_drop_unknown(
					(*(ProtobufCMessage ***)member)[j]);
			}
		} else if (((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
			    *(uint32_t *)quantifier == field->id) &&
			   *(ProtobufCMessage **)member != NULL) {
			wire_drop_unknown(*(ProtobufCMessage **)member);
		}
	}
}

/* What a usual message of that size takes; a larger one adds blocks. */
static size_t
wire_first_bytes(const ProtobufCMessageDescriptor *descriptor, size_t len)
{
	size_t contents =
		len < WIRE_FIRST_BYTES_MAX / 3 ? 3 * len : WIRE_FIRST_BYTES_MAX;

	return descriptor->sizeof_message + 1024 + contents;
}

static baton_err
wire_build(const ProtobufCMessageDescriptor *descriptor,
	   struct baton_span bytes, const struct wire_limits *limits,
	   ProtobufCMessage **message, struct baton_problem *problem)
{
	struct arena *arena;
	ProtobufCAllocator allocator = {
		.alloc = wire_alloc,
		.free = wire_release,
	};
	baton_err err;

	arena = arena_new(wire_first_bytes(descriptor, bytes.len),
			  limits->max_memory);
	if (arena == NULL) {
		return problem_set(problem, BATON_NO_MEMORY, NULL,
				   "out of memory");
	}
	allocator.allocator_data = arena;
	*message = protobuf_c_message_unpack(descriptor, &allocator, bytes.len,
					     bytes.data);
	if (*message == NULL)
		goto err0;
	assert(arena_of(*message) == arena);
	return BATON_OK;

err0:
	err = arena_error(arena);
	arena_free(arena);
	if (err == BATON_TOO_LARGE) {
		return problem_set(problem, err, NULL,
				   "the message takes too much memory; send "
				   "fewer fields");
	}
	if (err == BATON_OK)
		err = BATON_MALFORMED;
	return problem_set(problem, err, NULL,
			   "the message cannot be unpacked");
}

baton_err
wire_unpack(const ProtobufCMessageDescriptor *descriptor,
	    struct baton_span bytes, const struct wire_limits *limits,
	    ProtobufCMessage **message, struct baton_problem *problem)
{
	static const uint8_t empty[1];
	bool unknown_seen;
	baton_err err;

	*message = NULL;
	if (bytes.len > limits->max_bytes) {
		return problem_set(problem, BATON_TOO_LARGE, NULL,
				   "%zu bytes are more than the limit of %zu; "
				   "send less",
				   bytes.len, limits->max_bytes);
	}
	if (bytes.len == 0)
		bytes.data = empty;
	err = wire_scan(descriptor, bytes, limits, &unknown_seen, problem);
	if (err != BATON_OK)
		return err;
	err = wire_build(descriptor, bytes, limits, message, problem);
	if (unknown_seen && *message != NULL)
		wire_drop_unknown(*message);
	return err;
}

void
wire_free(ProtobufCMessage *message)
{
	if (message != NULL)
		arena_free(arena_of(message));
}
