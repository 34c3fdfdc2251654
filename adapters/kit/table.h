/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_TABLE_H
#define BATON_KIT_TABLE_H

#include <stdio.h>

#include "adapters/kit/csv.h"
#include "adapters/kit/kit.h"

/**
 * Inbox tables: a header row decides which table a file is; a row becomes
 * JSON, and the JSON an event that the broker will take. Any thread.
 */

/** Bytes of one cell. */
#define TABLE_MAX_CELL_BYTES 4096

/** A file's header, understood: which column each cell is. */
struct table_header {
	const struct kit_table *table;
	const struct kit_column *columns[CSV_MAX_CELLS];
	size_t count;
};

/** Column number i of a table: the common ones, then its own; NULL after the
 *  last. */
const struct kit_column *table_column(const struct kit_table *table, size_t i);

/**
 * Finds the table that a header row is of: no unknown and no repeated column,
 * all required ones there. Upper and lower case are alike.
 *
 * problem: on failure what is wrong beside the nearest table. A header cell's
 * own text is not repeated: a file without header has a child's data there.
 * Errors: FIELD_UNKNOWN, FIELD_MISSING, ENTRY_REPEATED, FIELD_TOO_LONG.
 */
BATON_MUST_CHECK baton_err table_match(const struct kit_table *const *tables,
				       size_t tables_count,
				       const struct csv_row *row,
				       struct table_header *header,
				       struct baton_problem *problem);

/**
 * Makes a row's event, checked as the broker will check it. An event without
 * an event_id gets one that is a function of source, table and the row's
 * content, so that the same row read again is the same event.
 *
 * source: "/la/887", borrowed. *bytes: given, free with
 * baton_event_bytes_free(). problem: its path is the column's header.
 * Errors: those of baton_event_from_json() and baton_event_check().
 */
BATON_MUST_CHECK baton_err table_event(const struct table_header *header,
				       const struct csv_row *row,
				       const char *source, uint8_t **bytes,
				       size_t *len,
				       struct baton_problem *problem);

/**
 * The header of the column that a problem's path is about, for problems that
 * the broker found.
 *
 * bytes: of the event. Returns NULL when no column is.
 */
const char *table_problem_column(const struct kit_table *table,
				 struct baton_span bytes, const char *path);

/** Prints every table with its columns. */
void table_print_help(const struct kit_table *const *tables,
		      size_t tables_count, FILE *out);

#endif /* BATON_KIT_TABLE_H */
