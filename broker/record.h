/* SPDX-License-Identifier: MIT */
#ifndef BATON_RECORD_H
#define BATON_RECORD_H

#include <stdint.h>

#include "baton/event.h"

/** Room for a partner id or a subscription name, with NUL. */
#define NAME_BYTES 65
/** Room for a source attribute such as "/urn/123456", with NUL. */
#define SOURCE_BYTES 32
#define RECORD_DIGEST_BYTES 32

/**
 * One event as the journal holds it. Immutable once made and shared by
 * reference count between the tail, the delivery thread and answers.
 */
struct record {
	/** Journal sequence, 1 and up. */
	uint64_t sequence;
	/** Internal child id. */
	int64_t child;
	/** Oneof case of send.v1.Event.data, see CONTRACT_FAMILY_MIN. */
	int family;
	/** send.v1.Action. */
	int action;
	int64_t occurred_at_ms;
	int64_t accepted_at_ms;
	/** Who published it. */
	char partner[NAME_BYTES];
	char source[SOURCE_BYTES];
	char id[BATON_EVENT_ID_MAX + 1];
	/** The publisher's bytes. */
	struct baton_span event;
};

/**
 * Makes a record as a copy of all fields of from, its event bytes included,
 * with one reference. NULL when memory is out. Any thread.
 */
const struct record *record_new(const struct record *from);

/** Shares record: one more reference; returns record. Any thread. */
const struct record *record_ref(const struct record *record);

/** Gives one reference back; the last frees. NULL is allowed. Any thread. */
void record_unref(const struct record *record);

/**
 * The record's checksum: BLAKE2b-256 over all its fields and the event's
 * bytes, numbers as 64 bits little-endian, strings and bytes after their
 * length. Any thread.
 */
void record_digest(const struct record *record,
		   uint8_t digest[RECORD_DIGEST_BYTES]);

/**
 * One link of the hash chain: BLAKE2b-256 over the chain's value so far (all
 * zero before the first record) and the next record's digest. Any thread.
 *
 * chain: replaced by the new value.
 */
void record_chain(uint8_t chain[RECORD_DIGEST_BYTES],
		  const uint8_t digest[RECORD_DIGEST_BYTES]);

#endif /* BATON_RECORD_H */
