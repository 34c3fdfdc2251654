/* SPDX-License-Identifier: MIT */
#ifndef BATON_EVENT_H
#define BATON_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"

/**
 * Events in their three forms: bytes (serialised send.v1.Event, what the
 * broker stores), struct (Send__V1__Event of protobuf-c, from
 * "send/v1/event.pb-c.h") and JSON (structured-mode CloudEvents 1.0 with
 * proto3 JSON data). All functions may be called from any thread.
 *
 * JSON members: specversion "1.0", id, source ("/ods/RPG", "/urn/123456",
 * "/la/887"), type ("uk.send.referral.v1"), time (occurred_at, RFC 3339 UTC),
 * subject (case_reference), dataref, traceparent, action ("new", "update",
 * "delete"), datacontenttype "application/json", sourcename (the source
 * organisation's display name) and data: the remaining fields of Event in
 * proto3 JSON, the family under its own name
 * ({"child": {...}, "contactTeam": {...}, "referral": {...}}). On input
 * unknown members are refused with their path, and proto3's original field
 * names are accepted beside lowerCamelCase.
 */

/** Bounds of one event. */
#define BATON_EVENT_MAX_BYTES ((size_t)65536)
#define BATON_EVENT_ID_MAX 64
#define BATON_FIELD_PATH_BYTES 128

struct Send__V1__Event;

/** Bytes that belong to somebody else. */
struct baton_span {
	const uint8_t *data;
	size_t len;
};

/** Why an event is not valid. Texts and paths hold no value from the event. */
struct baton_problem {
	baton_err code;
	/** Path of the field, e.g. "referral.to.organisation.code". */
	char path[BATON_FIELD_PATH_BYTES];
	/** What is wrong and what to do. */
	char text[BATON_ERROR_TEXT_BYTES];
};

/** What a check may let pass. */
enum baton_nhs_number_policy {
	/** An NHS number that fails modulus 11 is refused. */
	BATON_NHS_NUMBER_REJECT = 0,
	/** It is accepted when its status is FAILED_CHECK. */
	BATON_NHS_NUMBER_ACCEPT_FLAGGED = 1,
};

/**
 * Checks bytes as the broker will: size, wire form, text, every rule of the
 * contract (proto/send/v1).
 *
 * problem: filled on failure with the first error; may be NULL.
 * Errors: MALFORMED, TOO_LARGE, NO_MEMORY, and every code of 100 and up except
 * IDENTITY_CONFLICT, ID_REUSED and SOURCE_DENIED, which only the broker knows.
 */
BATON_API BATON_MUST_CHECK baton_err
baton_event_check(struct baton_span bytes, enum baton_nhs_number_policy policy,
		  struct baton_problem *problem);

/**
 * Serialises an event.
 *
 * event: borrowed. *bytes: given, free with baton_event_bytes_free().
 * Errors: NO_MEMORY, TOO_LARGE.
 */
BATON_API BATON_MUST_CHECK baton_err baton_event_pack(
	const struct Send__V1__Event *event, uint8_t **bytes, size_t *len);

/** Frees what baton_event_pack() or baton_event_from_json() gave. */
BATON_API void baton_event_bytes_free(uint8_t *bytes);

/**
 * Unpacks bytes within a bounded memory budget, checking wire form and text
 * but not the contract's rules; unknown fields are tolerated and dropped, so
 * that a receiver can be older than the publisher.
 *
 * *event: given, free with baton_event_free().
 * Errors: MALFORMED, TOO_LARGE, TEXT_INVALID, NO_MEMORY.
 */
BATON_API BATON_MUST_CHECK baton_err
baton_event_unpack(struct baton_span bytes, struct Send__V1__Event **event,
		   struct baton_problem *problem);

BATON_API void baton_event_free(struct Send__V1__Event *event);

/** The CloudEvents type, "uk.send.referral.v1", or "" when data is unset. */
BATON_API const char *baton_event_type(const struct Send__V1__Event *event);

/**
 * Writes an event as CloudEvents JSON on one line, without newline.
 *
 * *json: given, a NUL-terminated string, free with baton_json_free().
 * Errors: MALFORMED, TOO_LARGE, TEXT_INVALID, NO_MEMORY.
 */
BATON_API BATON_MUST_CHECK baton_err baton_event_to_json(
	struct baton_span bytes, char **json, struct baton_problem *problem);

/**
 * Reads CloudEvents JSON into bytes ready to publish. A missing "id" is
 * filled with a UUIDv7 when fill_id is set, else FIELD_MISSING.
 *
 * json: len bytes, at most 256 KiB, need not end in NUL.
 * *bytes: given, free with baton_event_bytes_free().
 * Errors: MALFORMED (not JSON; text names line and column), FIELD_* and
 * ENUM_UNKNOWN with the JSON path, TEXT_INVALID, DATE_INVALID, TOO_LARGE,
 * NO_MEMORY. The contract's other rules are for baton_event_check().
 */
enum baton_fill_id { BATON_ID_REQUIRED = 0, BATON_ID_FILL = 1 };

BATON_API BATON_MUST_CHECK baton_err baton_event_from_json(
	const char *json, size_t len, enum baton_fill_id fill_id,
	uint8_t **bytes, size_t *bytes_len, struct baton_problem *problem);

BATON_API void baton_json_free(char *json);

/** Room for a UUID as text with its NUL. */
#define BATON_UUID_BYTES 37

/**
 * Writes a new UUIDv7 (RFC 9562) as 36 characters and NUL; ids made by one
 * process sort by time. Errors: IO when the kernel has no randomness.
 */
BATON_API BATON_MUST_CHECK baton_err baton_uuid7(char text[BATON_UUID_BYTES]);

/**
 * Writes a UUIDv8 (RFC 9562 §5.8) that is a function of name alone: the same
 * source record always gets the same event id.
 */
BATON_API void baton_uuid_from_name(const void *name, size_t len,
				    char text[BATON_UUID_BYTES]);

#endif /* BATON_EVENT_H */
