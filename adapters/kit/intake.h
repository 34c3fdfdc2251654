/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_INTAKE_H
#define BATON_KIT_INTAKE_H

#include "adapters/kit/files.h"
#include "adapters/kit/kit.h"

/**
 * Takes in one CSV file of the inbox:
 *
 *   read it whole for its form   not CSV, unknown header: refused whole
 *   read it again, in batches    each record accepted or refused
 *   write rejected/              the refused records and their report
 *   move to processed/           only now
 *
 * A crash between any two steps leaves the file in the inbox; reading it again
 * publishes the same events under the same ids, which the broker knows, and
 * writes the same files. processed/ and rejected/ name a file by its own time
 * and a digest of its bytes, because a name given by others may hold personal
 * data.
 */

/** Publishes a batch and waits; as kit_publish() without a deadline. */
typedef enum kit_verdict (*intake_publish_fn)(
	void *context, const struct baton_span *events, size_t count,
	struct baton_publish_result *results);

struct intake {
	const struct kit_table *const *tables;
	size_t tables_count;
	const char *source;
	/** Open folders. */
	int inbox;
	int processed;
	int rejected;
	intake_publish_fn publish;
	void *context;
};

/** Records in one batch, and the bytes after which it is full. */
#define INTAKE_BATCH_RECORDS 500
#define INTAKE_BATCH_BYTES ((size_t)1048576)

/** Bytes of one file. */
#define INTAKE_MAX_FILE_BYTES INT64_C(4294967296)

/** What became of a file; counts are right when it was taken in. */
struct intake_result {
	/** Names the file in logs. */
	char digest[FILES_DIGEST_BYTES];
	/** The whole file was refused. */
	bool refused_whole;
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t refused;
};

/**
 * Takes in the file of that name. One thread.
 *
 * Returns OK when the file left the inbox. Errors, with the file still there:
 * UNREACHABLE (publish said RETRY), BUSY (it changed while being read),
 * NOT_FOUND, INVALID (not a regular file), IO, NO_MEMORY.
 */
BATON_MUST_CHECK baton_err intake_file(const struct intake *intake,
				       const char *name,
				       struct intake_result *result,
				       struct baton_error *error);

#endif /* BATON_KIT_INTAKE_H */
