/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_CSV_H
#define BATON_KIT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/event.h"

/**
 * Reads CSV (RFC 4180) through libcsv in strict mode, row by row in bounded
 * memory. Taken: comma, CRLF, LF or CR, a UTF-8 byte order mark, quotes,
 * line breaks within quotes, a missing last line break; blank lines are no
 * rows. Spaces belong to their cell. Refused: a quote inside an unquoted cell,
 * text after a closing quote, a quote that is never closed.
 */

/** Cells kept of one row; a row with more says so in its count. */
#define CSV_MAX_CELLS 256

/** Bytes of one record with its separators. */
#define CSV_MAX_RECORD_BYTES 262144

struct csv_cell {
	/** NUL-terminated after len; a NUL may be within. */
	const char *text;
	size_t len;
};

struct csv_row {
	/** min(count, CSV_MAX_CELLS) cells. */
	const struct csv_cell *cells;
	size_t count;
	/** Line of the file where the record begins, from 1. */
	uint64_t line;
	/** The record's own bytes in the file, without its line break. */
	int64_t offset;
	uint64_t len;
};

/** Called for each row, which is borrowed. Returns false to stop. */
typedef bool (*csv_row_fn)(void *context, const struct csv_row *row);

/**
 * Reads a file from its beginning, whatever its position.
 *
 * problem: on failure code and text ("line 7: ..."), no cell's content.
 * Returns OK when the file was read to its end or on_row returned false.
 * Errors: MALFORMED (not CSV), TOO_LARGE (a record over the limit),
 * NO_MEMORY, IO. Rows before a fault were handed over.
 */
BATON_MUST_CHECK baton_err csv_read_rows(int fd, csv_row_fn on_row,
					 void *context,
					 struct baton_problem *problem);

#endif /* BATON_KIT_CSV_H */
