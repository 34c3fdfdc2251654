/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/print.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_GAP 2
/* A wrapping column is never made narrower than this. */
#define TABLE_WRAP_MIN 12

struct table {
	const struct table_column *columns;
	size_t columns_count;
	/* rows * columns_count cells, printable. */
	char **cells;
	size_t rows;
	size_t rows_room;
};

baton_err
table_new(const struct table_column *columns, size_t count,
	  struct table **table)
{
	struct table *made = calloc(1, sizeof(*made));

	*table = NULL;
	if (made == NULL)
		return BATON_NO_MEMORY;
	made->columns = columns;
	made->columns_count =
		count < TABLE_COLUMNS_MAX ? count : TABLE_COLUMNS_MAX;
	*table = made;
	return BATON_OK;
}

void
table_clear(struct table *table)
{
	for (size_t i = 0; i < table->rows * table->columns_count; i++)
		free(table->cells[i]);
	table->rows = 0;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	table_clear(table);
	free(table->cells);
	free(table);
}

size_t
table_rows(const struct table *table)
{
	return table->rows;
}

static baton_err
table_grow(struct table *table)
{
	size_t room = table->rows_room == 0 ? 16 : table->rows_room * 2;
	char **cells;

	if (table->rows == TABLE_ROWS_MAX)
		return BATON_TOO_LARGE;
	if (table->rows < table->rows_room)
		return BATON_OK;
	cells = reallocarray(table->cells, room * table->columns_count,
			     sizeof(*cells));
	if (cells == NULL)
		return BATON_NO_MEMORY;
	table->cells = cells;
	table->rows_room = room;
	return BATON_OK;
}

baton_err
table_add(struct table *table, const char *const *cells)
{
	baton_err err = table_grow(table);
	char **row;

	if (err != BATON_OK)
		return err;
	row = table->cells + table->rows * table->columns_count;
	for (size_t i = 0; i < table->columns_count; i++) {
		const char *cell = cells[i];

		if (cell == NULL || cell[0] == '\0')
			cell = "-";
		row[i] = print_escaped(cell, PRINT_ESCAPE_TEXT);
		if (row[i] == NULL) {
			while (i-- > 0)
				free(row[i]);
			return BATON_NO_MEMORY;
		}
	}
	table->rows++;
	return BATON_OK;
}

/* Natural widths. */
static void
table_measure(const struct table *table, enum table_header header,
	      size_t widths[TABLE_COLUMNS_MAX])
{
	for (size_t i = 0; i < table->columns_count; i++) {
		widths[i] = header == TABLE_HEADER
				    ? print_columns(table->columns[i].title)
				    : 0;
		for (size_t row = 0; row < table->rows; row++) {
			size_t cell = print_columns(
				table->cells[row * table->columns_count + i]);

			if (cell > widths[i]) {
				widths[i] = cell;
			}
		}
	}
}

/* Takes from the widest wrapping column until all fit width. */
static void
table_squeeze(const struct table *table, size_t width,
	      size_t widths[TABLE_COLUMNS_MAX])
{
	size_t total = (table->columns_count - 1) * TABLE_GAP;

	for (size_t i = 0; i < table->columns_count; i++)
		total += widths[i];
	while (total > width) {
		size_t widest = table->columns_count;

		for (size_t i = 0; i < table->columns_count; i++) {
			if (table->columns[i].align == TABLE_WRAP &&
			    widths[i] > TABLE_WRAP_MIN &&
			    (widest == table->columns_count ||
			     widths[i] > widths[widest])) {
				widest = i;
			}
		}
		if (widest == table->columns_count)
			return;
		widths[widest]--;
		total--;
	}
}

/*
 * Length of the part of text that fits width columns, broken after a word
 * where there is one; *columns is what it takes.
 */
static size_t
table_fit(const char *text, size_t width, size_t *columns)
{
	struct print_piece piece;
	const char *at = text;
	size_t used = 0;
	size_t broken_at = 0;
	size_t broken_used = 0;

	for (;;) {
		const char *before = at;

		if (!print_next(&at, PRINT_ESCAPE_TEXT, &piece)) {
			*columns = used;
			return (size_t)(before - text);
		}
		if (before[0] == ' ') {
			broken_at = (size_t)(before - text);
			broken_used = used;
		}
		if (used + piece.columns > width) {
			if (broken_at > 0) {
				*columns = broken_used;
				return broken_at;
			}
			*columns = used;
			return (size_t)(before - text);
		}
		used += piece.columns;
	}
}

static void
table_pad(FILE *out, size_t columns)
{
	while (columns-- > 0)
		(void)fputc(' ', out);
}

/*
 * Prints one line of a row: what is left of each cell, as far as it fits its
 * column. Moves rest on and returns whether there is another line to print.
 */
static bool
table_print_line(const struct table *table, const char **rest,
		 const size_t *widths, FILE *out)
{
	size_t pending = 0;
	bool more = false;

	for (size_t i = 0; i < table->columns_count; i++) {
		size_t columns;
		size_t len = table_fit(rest[i], widths[i], &columns);
		size_t before = 0;
		size_t after = widths[i] - columns;

		if (table->columns[i].align == TABLE_RIGHT) {
			before = after;
			after = 0;
		}
		if (len > 0) {
			/* Blanks at the end of a line are never printed. */
			table_pad(out, pending + before);
			(void)fwrite(rest[i], 1, len, out);
			pending = after + TABLE_GAP;
		} else {
			pending += widths[i] + TABLE_GAP;
		}
		rest[i] += len;
		while (rest[i][0] == ' ')
			rest[i]++;
		more = more || rest[i][0] != '\0';
	}
	(void)fputc('\n', out);
	return more;
}

void
table_print(const struct table *table, enum table_header header, size_t width,
	    FILE *out)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	const char *rest[TABLE_COLUMNS_MAX];

	if (table->rows == 0)
		return;
	table_measure(table, header, widths);
	if (width > 0)
		table_squeeze(table, width, widths);
	if (header == TABLE_HEADER) {
		for (size_t i = 0; i < table->columns_count; i++)
			rest[i] = table->columns[i].title;
		(void)table_print_line(table, rest, widths, out);
	}
	for (size_t row = 0; row < table->rows; row++) {
		for (size_t i = 0; i < table->columns_count; i++)
			rest[i] = table->cells[row * table->columns_count + i];
		while (table_print_line(table, rest, widths, out))
			continue;
	}
}

size_t
table_terminal_width(FILE *out)
{
	struct winsize size;
	int fd = fileno(out);

	if (fd < 0 || !isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}
