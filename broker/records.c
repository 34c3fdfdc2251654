/* SPDX-License-Identifier: MIT */
#include "broker/records.h"

#include <inttypes.h>
#include <stdlib.h>

/** Kept at most: by place, and in bytes. */
#define RECORDS_SLOTS 512
#define RECORDS_BYTES ((size_t)16 << 20)
/** Read at once. */
#define RECORDS_CHUNK 64
#define RECORDS_CHUNK_BYTES ((size_t)1 << 20)

struct records {
	struct tail *tail;
	struct store_reader *reader;
	/** By sequence modulo RECORDS_SLOTS. */
	const struct record *slots[RECORDS_SLOTS];
	size_t bytes;
};

baton_err
records_new(struct tail *tail, struct store_reader *reader,
	    struct records **records)
{
	*records = calloc(1, sizeof(**records));
	if (*records == NULL) {
		return BATON_NO_MEMORY;
	}
	(*records)->tail = tail;
	(*records)->reader = reader;
	return BATON_OK;
}

static void
records_clear(struct records *records)
{
	for (size_t i = 0; i < RECORDS_SLOTS; i++) {
		record_unref(records->slots[i]);
		records->slots[i] = NULL;
	}
	records->bytes = 0;
}

void
records_free(struct records *records)
{
	if (records == NULL) {
		return;
	}
	records_clear(records);
	free(records);
}

/* Takes the record. */
static void
records_keep(struct records *records, const struct record *record)
{
	const struct record **slot =
		&records->slots[record->sequence % RECORDS_SLOTS];

	if (*slot != NULL) {
		records->bytes -= (*slot)->event.len;
		record_unref(*slot);
	}
	*slot = record;
	records->bytes += record->event.len;
}

baton_err
records_get(struct records *records, uint64_t sequence, int64_t child,
	    enum records_neighbours neighbours, const struct record **record,
	    struct baton_error *error)
{
	const struct record *read[RECORDS_CHUNK];
	struct store_range range = {
		.after = sequence - 1,
		.child = neighbours == RECORDS_OF_CHILD ? child : 0,
		.max_records = RECORDS_CHUNK,
		.max_bytes = RECORDS_CHUNK_BYTES,
	};
	const struct record *kept = records->slots[sequence % RECORDS_SLOTS];
	size_t count = 0;
	baton_err err;

	*record = tail_get(records->tail, sequence);
	if (*record != NULL) {
		return BATON_OK;
	}
	if (kept != NULL && kept->sequence == sequence) {
		*record = record_ref(kept);
		return BATON_OK;
	}
	err = store_read(records->reader, &range, read, &count, error);
	if (err != BATON_OK) {
		return err;
	}
	if (records->bytes > RECORDS_BYTES) {
		records_clear(records);
	}
	for (size_t i = 0; i < count; i++) {
		if (read[i]->sequence == sequence) {
			*record = record_ref(read[i]);
		}
		records_keep(records, read[i]);
	}
	if (*record == NULL) {
		return baton_error_set(
			error, BATON_NOT_FOUND,
			"event %" PRIu64 " is not in the journal", sequence);
	}
	return BATON_OK;
}
