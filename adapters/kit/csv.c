/* SPDX-License-Identifier: MIT */
#include "adapters/kit/csv.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CSV_BLOCK_BYTES 65536

struct csv_reader {
	struct csv_parser parser;
	csv_row_fn on_row;
	void *context;
	struct csv_cell cells[CSV_MAX_CELLS];
	size_t count;
	/* Text of the row's cells; cannot grow past the record's limit. */
	char *text;
	size_t text_len;
	/* Bytes of the file given to the parser, and lines begun. */
	int64_t fed;
	uint64_t line;
	bool after_cr;
	/* Of the record being read. */
	bool in_row;
	int64_t row_offset;
	uint64_t row_line;
	bool stopped;
};

/* libcsv would drop spaces around a cell; RFC 4180 §2.4 keeps them. */
static int
csv_never_space(unsigned char c)
{
	(void)c;
	return 0;
}

static void
csv_on_cell(void *text, size_t len, void *context)
{
	struct csv_reader *reader = context;
	char *copy = reader->text + reader->text_len;

	if (reader->stopped)
		return;
	if (reader->count < CSV_MAX_CELLS) {
		if (len > 0)
			memcpy(copy, text, len);
		copy[len] = '\0';
		reader->cells[reader->count] = (struct csv_cell){copy, len};
		reader->text_len += len + 1;
	}
	reader->count++;
}

static void
csv_on_row_end(int terminator, void *context)
{
	struct csv_reader *reader = context;
	struct csv_row row = {
		.cells = reader->cells,
		.count = reader->count,
		.line = reader->row_line,
		.offset = reader->row_offset,
		.len = (uint64_t)(reader->fed - reader->row_offset),
	};

	if (terminator >= 0)
		row.len--;
	if (!reader->stopped && !reader->on_row(reader->context, &row))
		reader->stopped = true;
	reader->in_row = false;
	reader->row_offset = reader->fed;
	reader->count = 0;
	reader->text_len = 0;
}

static baton_err
csv_fault(struct csv_reader *reader, baton_err code, const char *text,
	  struct baton_problem *problem)
{
	problem->code = code;
	problem->path[0] = '\0';
	(void)snprintf(problem->text, sizeof(problem->text), "line %llu: %s",
		       (unsigned long long)reader->row_line, text);
	return code;
}

static void
csv_count_line(struct csv_reader *reader, uint8_t last)
{
	if (last == '\r' || (last == '\n' && !reader->after_cr))
		reader->line++;
	reader->after_cr = last == '\r';
}

/*
 * Feeds bytes of which only the last may be a line break, so that a record's
 * end is where they end: libcsv does not say where it is.
 */
static baton_err
csv_feed(struct csv_reader *reader, const uint8_t *bytes, size_t len,
	 struct baton_problem *problem)
{
	uint8_t last = bytes[len - 1];

	if (!reader->in_row) {
		bool blank = len == 1 && (last == '\r' || last == '\n');

		reader->row_offset = reader->fed + (blank ? 1 : 0);
		reader->row_line = reader->line;
		reader->in_row = !blank;
	}
	reader->fed += (int64_t)len;
	if (reader->fed - reader->row_offset > CSV_MAX_RECORD_BYTES) {
		return csv_fault(reader, BATON_TOO_LARGE,
				 "record is longer than 256 KiB; is a quote "
				 "not closed?",
				 problem);
	}
	if (csv_parse(&reader->parser, bytes, len, csv_on_cell, csv_on_row_end,
		      reader) != len) {
		if (csv_error(&reader->parser) == CSV_ENOMEM) {
			return csv_fault(reader, BATON_NO_MEMORY,
					 "out of memory", problem);
		}
		return csv_fault(reader, BATON_MALFORMED,
				 "not CSV (RFC 4180): a cell with a quote, "
				 "comma or line break must be in quotes, and "
				 "a quote within it doubled",
				 problem);
	}
	csv_count_line(reader, last);
	return BATON_OK;
}

/* Length up to and with the first line break. */
static size_t
csv_segment_len(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r')
			return i + 1;
	}
	return len;
}

static baton_err
csv_feed_block(struct csv_reader *reader, const uint8_t *bytes, size_t len,
	       struct baton_problem *problem)
{
	if (reader->fed == 0 && len >= 3 &&
	    memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		reader->fed = 3;
		bytes += 3;
		len -= 3;
	}
	while (len > 0 && !reader->stopped) {
		size_t segment = csv_segment_len(bytes, len);
		baton_err err = csv_feed(reader, bytes, segment, problem);

		if (err != BATON_OK)
			return err;
		bytes += segment;
		len -= segment;
	}
	return BATON_OK;
}

static baton_err
csv_feed_file(struct csv_reader *reader, int fd, struct baton_problem *problem)
{
	uint8_t block[CSV_BLOCK_BYTES];
	off_t offset = 0;
	baton_err err;
	ssize_t got;

	while (!reader->stopped) {
		got = pread(fd, block, sizeof(block), offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			return csv_fault(reader, BATON_IO, "cannot be read",
					 problem);
		}
		if (got == 0)
			break;
		err = csv_feed_block(reader, block, (size_t)got, problem);
		if (err != BATON_OK)
			return err;
		offset += got;
	}
	if (!reader->stopped && csv_fini(&reader->parser, csv_on_cell,
					 csv_on_row_end, reader) != 0) {
		return csv_fault(reader, BATON_MALFORMED,
				 "a quote is not closed; is the file whole?",
				 problem);
	}
	return BATON_OK;
}

baton_err
csv_read_rows(int fd, csv_row_fn on_row, void *context,
	      struct baton_problem *problem)
{
	struct csv_reader *reader = calloc(1, sizeof(*reader));
	baton_err err = BATON_NO_MEMORY;

	problem->code = BATON_NO_MEMORY;
	problem->path[0] = '\0';
	(void)snprintf(problem->text, sizeof(problem->text), "out of memory");
	if (reader == NULL)
		return BATON_NO_MEMORY;
	reader->on_row = on_row;
	reader->context = context;
	reader->line = 1;
	reader->row_line = 1;
	/* A NUL after each cell; each cell but the last has a comma too. */
	reader->text = malloc(CSV_MAX_RECORD_BYTES + CSV_MAX_CELLS + 1);
	if (reader->text == NULL)
		goto err0;
	if (csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		goto err1;
	csv_set_space_func(&reader->parser, csv_never_space);
	csv_set_blk_size(&reader->parser, 4096);
	err = csv_feed_file(reader, fd, problem);
	csv_free(&reader->parser);
err1:
	free(reader->text);
err0:
	free(reader);
	return err;
}
