/* SPDX-License-Identifier: MIT */
#ifndef BATON_WIRE_H
#define BATON_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "baton/event.h"
#include "client/contract.h"

/**
 * Reading protobuf that somebody else wrote. protobuf-c unpacks without a
 * depth limit, amplifies hostile input up to 53 times and does not check text
 * (CVE class; see ARCHITECTURE.md), so bytes are first scanned against their
 * descriptor (wire form, depth, number of fields, UTF-8, no NUL, unknown
 * fields) and then unpacked on an arena with a budget.
 *
 * Any thread.
 */

/** What a scan refuses. */
struct wire_limits {
	size_t max_bytes;
	/** Fields in the whole message, nested ones included. */
	size_t max_fields;
	/** Memory that the unpacked message may take. */
	size_t max_memory;
	enum contract_unknown unknown;
};

/** Limits of one event, and of one request whose events are still bytes. */
extern const struct wire_limits wire_event_limits;
extern const struct wire_limits wire_request_limits;

/**
 * Scans and unpacks. The message and all it holds live in one arena.
 *
 * descriptor: of the expected message. *message: given, free with
 * wire_free(); NULL on failure. problem: may be NULL.
 * Errors: TOO_LARGE, MALFORMED, FIELD_UNKNOWN, TEXT_INVALID, NO_MEMORY; with
 * path.
 */
BATON_MUST_CHECK baton_err
wire_unpack(const ProtobufCMessageDescriptor *descriptor,
	    struct baton_span bytes, const struct wire_limits *limits,
	    ProtobufCMessage **message, struct baton_problem *problem);

/** Frees the message with its arena. NULL is allowed. */
void wire_free(ProtobufCMessage *message);

#endif /* BATON_WIRE_H */
