/* SPDX-License-Identifier: MIT */
/*
 * Bytes from the network: the first byte chooses a request, a response or an
 * event, the rest is its serialisation. What is taken must pack, and be taken
 * again to the same bytes; an event that is accepted must survive JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baton/event.h"
#include "baton/v1/broker.pb-c.h"
#include "client/wire.h"
#include "send/v1/event.pb-c.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

/* Packs a message and reads it again. */
static void
fuzz_repack(const ProtobufCMessage *message, const struct wire_limits *limits)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *packed = malloc(len + 1);
	uint8_t *again = malloc(len + 1);
	struct baton_span span = {packed, len};
	ProtobufCMessage *second;

	require(packed != NULL && again != NULL);
	require(protobuf_c_message_pack(message, packed) == len);
	require(wire_unpack(message->descriptor, span, limits, &second, NULL) ==
		BATON_OK);
	require(protobuf_c_message_get_packed_size(second) == len);
	(void)protobuf_c_message_pack(second, again);
	require(memcmp(packed, again, len) == 0);
	wire_free(second);
	free(packed);
	free(again);
}

static void
fuzz_json(struct baton_span bytes)
{
	struct baton_span again;
	uint8_t *read;
	char *json;

	require(baton_event_to_json(bytes, &json, NULL) == BATON_OK);
	require(baton_event_from_json(json, strlen(json), BATON_ID_REQUIRED,
				      &read, &again.len, NULL) == BATON_OK);
	again.data = read;
	require(baton_event_check(again, BATON_NHS_NUMBER_ACCEPT_FLAGGED,
				  NULL) == BATON_OK);
	baton_event_bytes_free(read);
	baton_json_free(json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ProtobufCMessageDescriptor *const descriptors[] = {
		&baton__v1__request__descriptor,
		&baton__v1__response__descriptor,
		&send__v1__event__descriptor,
	};
	struct baton_problem problem;
	struct wire_limits limits;
	ProtobufCMessage *message;
	struct baton_span bytes;
	size_t kind;

	if (size == 0)
		return 0;
	kind = data[0] % 3;
	bytes.data = data + 1;
	bytes.len = size - 1;
	limits = kind == 2 ? wire_event_limits : wire_request_limits;
	if ((data[0] & 0x80) != 0)
		limits.unknown = CONTRACT_UNKNOWN_TOLERATE;
	if (wire_unpack(descriptors[kind], bytes, &limits, &message,
			&problem) == BATON_OK) {
		fuzz_repack(message, &limits);
		wire_free(message);
	} else {
		/* The scan and protobuf-c must agree on what is well formed. */
		require(strcmp(problem.text,
			       "the message cannot be unpacked") != 0);
	}
	if (kind == 2 &&
	    baton_event_check(bytes, BATON_NHS_NUMBER_ACCEPT_FLAGGED,
			      &problem) == BATON_OK)
		fuzz_json(bytes);
	return 0;
}
