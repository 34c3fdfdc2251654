/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_REJECTED_H
#define BATON_KIT_REJECTED_H

#include <stdbool.h>

#include "adapters/kit/files.h"

/**
 * What was refused, kept for an operator: the thing itself and beside it a
 * report. All files have mode 0600, because they hold personal data; their
 * names hold none.
 */

/** Room for a file's name without its suffix, with NUL. */
#define REJECTED_STEM_BYTES 64

/** Keeps bytes whole: see kit_keep_rejected(). Any thread. */
BATON_MUST_CHECK baton_err rejected_keep(int folder, const char *kind,
					 struct baton_span bytes,
					 const char *report,
					 struct baton_error *error);

/**
 * The refused records of one CSV file, STEM.csv and STEM.report.txt: made when
 * the first record is refused, and only there once committed. In place; one
 * thread.
 */
struct rejected {
	int folder;
	char stem[REJECTED_STEM_BYTES];
	bool open;
	struct files_draft records;
	struct files_draft report;
};

/** folder: borrowed until commit or discard. */
void rejected_init(struct rejected *rejected, int folder, const char *stem);

/** Where a record stands in the file it is from. */
struct rejected_record {
	/** 0: not of one record. */
	uint64_t line;
	int64_t offset;
	uint64_t len;
};

/**
 * Adds a record.
 *
 * fd: the file it is from; header: its header record, which comes first in
 * the new file. problem: its path is the column's header.
 * Errors: IO.
 */
BATON_MUST_CHECK baton_err rejected_add(struct rejected *rejected, int fd,
					const struct rejected_record *header,
					const struct rejected_record *record,
					const struct baton_problem *problem,
					struct baton_error *error);

/** Refuses a file of size bytes whole. expected: text for the report's end,
 *  may be NULL. Errors: IO. */
BATON_MUST_CHECK baton_err
rejected_add_file(struct rejected *rejected, int fd, uint64_t size,
		  const struct baton_problem *problem, const char *expected,
		  struct baton_error *error);

/** Makes both files durable; none when nothing was refused. Errors: IO. */
BATON_MUST_CHECK baton_err rejected_commit(struct rejected *rejected,
					   struct baton_error *error);

/** Forgets what was added since init. */
void rejected_discard(struct rejected *rejected);

#endif /* BATON_KIT_REJECTED_H */
