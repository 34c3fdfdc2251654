/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_TABLE_H
#define BATON_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "baton/error.h"

/**
 * Rows in aligned columns, for people. Cells are escaped when they are added
 * (cli/print.h), so nothing in a table can drive a terminal.
 */
struct table;

/** Rows one table holds; print it and clear it before there are more. */
#define TABLE_ROWS_MAX ((size_t)1000)

enum table_align { TABLE_LEFT, TABLE_RIGHT, TABLE_WRAP };

struct table_column {
	const char *title;
	/** WRAP: left, and broken into lines when the table is too wide. */
	enum table_align align;
};

enum table_header { TABLE_HEADER, TABLE_NO_HEADER };

/**
 * Makes an empty table.
 *
 * columns: count of them, 1 to 16; borrowed until table_free().
 * *table: given, free with table_free(). Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err table_new(const struct table_column *columns,
				     size_t count, struct table **table);

/** NULL is allowed. */
void table_free(struct table *table);

/**
 * Adds a row. cells: one for each column, borrowed; NULL or "" prints "-".
 * Errors: NO_MEMORY, TOO_LARGE (TABLE_ROWS_MAX rows are there).
 */
BATON_MUST_CHECK baton_err table_add(struct table *table,
				     const char *const *cells);

size_t table_rows(const struct table *table);

/** Forgets the rows. */
void table_clear(struct table *table);

/** Prints to out in at most width columns as far as the wrapping
 *  columns allow; width 0: no bound. Prints nothing when there is no row. */
void table_print(const struct table *table, enum table_header header,
		 size_t width, FILE *out);

/** Width of the terminal that out is, 0 when it is none. */
size_t table_terminal_width(FILE *out);

#endif /* BATON_CLI_TABLE_H */
