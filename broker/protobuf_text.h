/* SPDX-License-Identifier: MIT */
#ifndef BATON_PROTOBUF_TEXT_H
#define BATON_PROTOBUF_TEXT_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>

#include "baton/event.h"

/**
 * Lends text and bytes to a message that is only going to be packed:
 * protobuf-c's structs have no const members, and packing does not write.
 */
static inline char *
protobuf_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

static inline ProtobufCBinaryData
protobuf_bytes(struct baton_span span)
{
	ProtobufCBinaryData bytes = {span.len, (uint8_t *)(uintptr_t)span.data};

	return bytes;
}

#endif /* BATON_PROTOBUF_TEXT_H */
