/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_INBOX_H
#define BATON_KIT_INBOX_H

#include "adapters/kit/intake.h"
#include "client/clock.h"

/**
 * The watched folder: takes in whole files, oldest first. Left alone are
 * names that begin with '.' or end in ".tmp", files changed less than a second
 * ago, folders, links and everything that is not a regular file.
 */

/** Age from which a file is whole. */
#define INBOX_MIN_AGE_MS 1000

struct inbox_options {
	/** Path of the folder; processed/ is made within. */
	const char *path;
	/** Everything but the folders inbox and processed. */
	struct intake intake;
	int64_t scan_interval_ms;
	struct clock_source clock;
};

/** What one look into the folder found. */
struct inbox_scan {
	/** Files that left the inbox. */
	size_t taken;
	/** Files too young, to look at again soon. */
	size_t waiting;
	/** Files that could not be taken in; they wait for the interval. */
	size_t failed;
	/** Links, folders and devices, which are never taken. */
	size_t refused;
};

/**
 * Looks into the folder once and takes in what is there.
 *
 * stop: asked before each file; true ends the scan; may be NULL.
 * Errors: IO (the folder), NO_MEMORY; a file's own failure is logged and
 * counted.
 */
BATON_MUST_CHECK baton_err inbox_scan(const struct inbox_options *options,
				      bool (*stop)(void *context),
				      void *context, struct inbox_scan *scan,
				      struct baton_error *error);

struct inbox;

/**
 * Starts watching on a thread of its own.
 *
 * options: copied; what it points to is borrowed until inbox_stop(). *inbox:
 * given, end with inbox_stop(). Errors: IO (the folder cannot be opened),
 * NO_MEMORY, INTERNAL.
 */
BATON_MUST_CHECK baton_err inbox_start(const struct inbox_options *options,
				       struct inbox **inbox,
				       struct baton_error *error);

/** Stops after the batch in hand and frees the inbox. NULL is allowed. */
void inbox_stop(struct inbox *inbox);

#endif /* BATON_KIT_INBOX_H */
