/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_PROGRESS_H
#define BATON_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/**
 * A line on a terminal that says how far long work has come:
 * "12,500 events, 8,333 a second". Redrawn five times a second at most, gone
 * when the work is done. The clock is the caller's.
 */
struct progress {
	/** NULL: shows nothing. */
	FILE *out;
	int64_t started_ms;
	int64_t drawn_ms;
	bool shown;
};

/** Starts; shows nothing for the first second. out: borrowed, or NULL. */
void progress_init(struct progress *progress, FILE *out, int64_t now_ms);

void progress_update(struct progress *progress, uint64_t events,
		     int64_t now_ms);

/** Wipes the line. */
void progress_fini(struct progress *progress);

#endif /* BATON_CLI_PROGRESS_H */
