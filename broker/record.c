/* SPDX-License-Identifier: MIT */
#include "broker/record.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What record_new() really allocates. The record comes first, so that a
 * pointer to one is a pointer to the other. */
struct record_shared {
	struct record record;
	atomic_uint references;
	uint8_t event[];
};

_Static_assert(offsetof(struct record_shared, record) == 0,
	       "record_shared_of() relies on it");

/* Different uses of the hash can never give one value. */
static const uint8_t
	record_personal_digest[crypto_generichash_blake2b_PERSONALBYTES] =
		"baton.record.1";
static const uint8_t
	record_personal_chain[crypto_generichash_blake2b_PERSONALBYTES] =
		"baton.chain.1";

/* Callers hold the record as const; only the count is changed, and it was not
 * declared const. Through an integer, for the compiler's sake. */
static struct record_shared *
record_shared_of(const struct record *record)
{
	return (struct record_shared *)(uintptr_t)record;
}

const struct record *
record_new(const struct record *from)
{
	struct record_shared *shared;

	shared = malloc(sizeof(*shared) + from->event.len);
	if (shared == NULL)
		return NULL;
	shared->record = *from;
	atomic_init(&shared->references, 1);
	if (from->event.len > 0)
		memcpy(shared->event, from->event.data, from->event.len);
	shared->record.event.data = shared->event;
	return &shared->record;
}

const struct record *
record_ref(const struct record *record)
{
	(void)atomic_fetch_add_explicit(&record_shared_of(record)->references,
					1, memory_order_relaxed);
	return record;
}

void
record_unref(const struct record *record)
{
	struct record_shared *shared;

	if (record == NULL)
		return;
	shared = record_shared_of(record);
	/* The last reader must have finished before the memory goes. */
	if (atomic_fetch_sub_explicit(&shared->references, 1,
				      memory_order_acq_rel) == 1)
		free(shared);
}

static void
record_hash_number(crypto_generichash_blake2b_state *state, uint64_t number)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	(void)crypto_generichash_blake2b_update(state, bytes, sizeof(bytes));
}

static void
record_hash_bytes(crypto_generichash_blake2b_state *state, const void *data,
		  size_t len)
{
	record_hash_number(state, len);
	if (len > 0)
		(void)crypto_generichash_blake2b_update(state, data, len);
}

void
record_digest(const struct record *record, uint8_t digest[RECORD_DIGEST_BYTES])
{
	crypto_generichash_blake2b_state state;

	(void)crypto_generichash_blake2b_init_salt_personal(
		&state, NULL, 0, RECORD_DIGEST_BYTES, NULL,
		record_personal_digest);
	record_hash_number(&state, record->sequence);
	record_hash_number(&state, (uint64_t)record->child);
	record_hash_number(&state, (uint64_t)record->family);
	record_hash_number(&state, (uint64_t)record->action);
	record_hash_number(&state, (uint64_t)record->occurred_at_ms);
	record_hash_number(&state, (uint64_t)record->accepted_at_ms);
	record_hash_bytes(&state, record->partner, strlen(record->partner));
	record_hash_bytes(&state, record->source, strlen(record->source));
	record_hash_bytes(&state, record->id, strlen(record->id));
	record_hash_bytes(&state, record->event.data, record->event.len);
	(void)crypto_generichash_blake2b_final(&state, digest,
					       RECORD_DIGEST_BYTES);
}

void
record_chain(uint8_t chain[RECORD_DIGEST_BYTES],
	     const uint8_t digest[RECORD_DIGEST_BYTES])
{
	crypto_generichash_blake2b_state state;

	(void)crypto_generichash_blake2b_init_salt_personal(
		&state, NULL, 0, RECORD_DIGEST_BYTES, NULL,
		record_personal_chain);
	(void)crypto_generichash_blake2b_update(&state, chain,
						RECORD_DIGEST_BYTES);
	(void)crypto_generichash_blake2b_update(&state, digest,
						RECORD_DIGEST_BYTES);
	(void)crypto_generichash_blake2b_final(&state, chain,
					       RECORD_DIGEST_BYTES);
}
