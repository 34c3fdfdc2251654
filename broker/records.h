/* SPDX-License-Identifier: MIT */
#ifndef BATON_RECORDS_H
#define BATON_RECORDS_H

#include <stdint.h>

#include "baton/error.h"
#include "broker/record.h"
#include "broker/store.h"
#include "broker/tail.h"

/**
 * Records by sequence: from the tail when they are new, else from the journal
 * with some of their neighbours, which are likely to be asked for next.
 * Belongs to one thread.
 */
struct records;

/** tail, reader: shared, outlive it. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err records_new(struct tail *tail,
				       struct store_reader *reader,
				       struct records **records);

void records_free(struct records *records);

enum records_neighbours {
	/** The journal's next ones. */
	RECORDS_OF_ALL = 0,
	/** The same child's next ones. */
	RECORDS_OF_CHILD = 1,
};

/**
 * *record: given, record_unref() it.
 * Errors: CORRUPT (this record fails its checksum), NOT_FOUND, and those of
 * store_read().
 */
BATON_MUST_CHECK baton_err records_get(struct records *records,
				       uint64_t sequence, int64_t child,
				       enum records_neighbours neighbours,
				       const struct record **record,
				       struct baton_error *error);

#endif /* BATON_RECORDS_H */
