/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adapters/kit/csv.h"

#include <cmocka.h>

/* What was read, as text: cells between '|', a row a line, NUL as '?'. */
struct seen {
	char text[4096];
	size_t rows;
	uint64_t last_line;
	uint64_t last_count;
	int64_t last_offset;
	uint64_t last_len;
	size_t stop_after;
};

static bool
see(void *context, const struct csv_row *row)
{
	struct seen *seen = context;
	size_t at = strlen(seen->text);

	for (size_t i = 0; i < row->count && i < CSV_MAX_CELLS; i++) {
		for (size_t k = 0;
		     k < row->cells[i].len && at + 3 < sizeof(seen->text);
		     k++) {
			char c = row->cells[i].text[k];

			seen->text[at++] = c == '\0' ? '?' : c;
		}
		if (at + 3 < sizeof(seen->text))
			seen->text[at++] = '|';
	}
	if (at + 3 < sizeof(seen->text))
		seen->text[at++] = '\n';
	seen->rows++;
	seen->last_line = row->line;
	seen->last_count = row->count;
	seen->last_offset = row->offset;
	seen->last_len = row->len;
	return seen->stop_after == 0 || seen->rows < seen->stop_after;
}

static baton_err
read_bytes(const void *bytes, size_t len, struct seen *seen,
	   struct baton_problem *problem)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);
	baton_err err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	err = csv_read_rows(fd, see, seen, problem);
	(void)close(fd);
	return err;
}

static void
assert_rows(const char *bytes, const char *rows)
{
	struct baton_problem problem;
	struct seen seen = {.rows = 0};

	assert_int_equal(read_bytes(bytes, strlen(bytes), &seen, &problem),
			 BATON_OK);
	assert_string_equal(seen.text, rows);
}

static void
csv_read_empty_file_has_no_rows(void **state)
{
	(void)state;
	assert_rows("", "");
}

static void
csv_read_takes_lf_crlf_and_cr(void **state)
{
	(void)state;
	assert_rows("a,b\n1,2\n", "a|b|\n1|2|\n");
	assert_rows("a,b\r\n1,2\r\n", "a|b|\n1|2|\n");
	assert_rows("a,b\r1,2\r", "a|b|\n1|2|\n");
}

static void
csv_read_takes_missing_last_line_break(void **state)
{
	(void)state;
	assert_rows("a,b\n1,2", "a|b|\n1|2|\n");
}

static void
csv_read_skips_byte_order_mark(void **state)
{
	(void)state;
	assert_rows("\xEF\xBB\xBF"
		    "a,b\n",
		    "a|b|\n");
}

static void
csv_read_skips_blank_lines(void **state)
{
	(void)state;
	assert_rows("a\n\n\r\nb\n\n", "a|\nb|\n");
}

static void
csv_read_unquotes_cells(void **state)
{
	(void)state;
	assert_rows("\"a,1\",\"say \"\"so\"\"\",\"\"\n", "a,1|say \"so\"||\n");
}

static void
csv_read_keeps_line_breaks_in_quotes(void **state)
{
	(void)state;
	assert_rows("\"a\r\nb\",c\nd,e\n", "a\r\nb|c|\nd|e|\n");
}

static void
csv_read_keeps_spaces_and_empty_cells(void **state)
{
	(void)state;
	assert_rows(" a ,,b\n", " a ||b|\n");
}

static void
csv_read_hands_over_nul_bytes(void **state)
{
	(void)state;
	struct baton_problem problem;
	struct seen seen = {.rows = 0};

	assert_int_equal(read_bytes("a\0b,c\n", 6, &seen, &problem), BATON_OK);
	assert_string_equal(seen.text, "a?b|c|\n");
}

static void
csv_read_counts_lines_over_quoted_breaks(void **state)
{
	(void)state;
	static const char bytes[] = "h\r\n\"a\r\nb\"\r\n\r\nlast\r\n";
	struct baton_problem problem;
	struct seen seen = {.rows = 0};

	assert_int_equal(read_bytes(bytes, strlen(bytes), &seen, &problem),
			 BATON_OK);
	assert_int_equal(seen.last_line, 5);
}

static void
csv_read_tells_where_a_record_lies(void **state)
{
	(void)state;
	static const char bytes[] = "\xEF\xBB\xBFh1,h2\r\n\"x\ny\",2\r\nlast,3";
	struct baton_problem problem;
	struct seen seen = {.stop_after = 2};

	assert_int_equal(read_bytes(bytes, strlen(bytes), &seen, &problem),
			 BATON_OK);
	assert_memory_equal(bytes + seen.last_offset, "\"x\ny\",2",
			    seen.last_len);
	assert_int_equal(seen.last_len, 7);
}

static void
csv_read_record_without_line_break_is_whole(void **state)
{
	(void)state;
	static const char bytes[] = "h\nlast,3";
	struct baton_problem problem;
	struct seen seen = {.rows = 0};

	assert_int_equal(read_bytes(bytes, strlen(bytes), &seen, &problem),
			 BATON_OK);
	assert_int_equal(seen.last_offset, 2);
	assert_int_equal(seen.last_len, 6);
}

static void
csv_read_stops_when_told(void **state)
{
	(void)state;
	struct baton_problem problem;
	struct seen seen = {.stop_after = 1};

	assert_int_equal(read_bytes("a\nb\nc\n", 6, &seen, &problem), BATON_OK);
	assert_int_equal(seen.rows, 1);
}

static void
assert_refused(const char *bytes, baton_err err, const char *text)
{
	struct baton_problem problem;
	struct seen seen = {.rows = 0};

	assert_int_equal(read_bytes(bytes, strlen(bytes), &seen, &problem),
			 err);
	assert_int_equal(problem.code, err);
	assert_non_null(strstr(problem.text, text));
}

static void
csv_read_refuses_quote_in_unquoted_cell(void **state)
{
	(void)state;
	assert_refused("a,b\nx\"y,2\n", BATON_MALFORMED, "line 2:");
}

static void
csv_read_refuses_text_after_closing_quote(void **state)
{
	(void)state;
	assert_refused("a,b\n1,2\n\"x\"y,2\n", BATON_MALFORMED, "line 3:");
}

static void
csv_read_refuses_quote_never_closed(void **state)
{
	(void)state;
	assert_refused("a,b\n\"x,2\n3,4\n", BATON_MALFORMED, "line 2:");
}

static void
csv_read_refuses_record_over_limit(void **state)
{
	(void)state;
	size_t len = CSV_MAX_RECORD_BYTES + 2;
	struct baton_problem problem;
	struct seen seen = {.rows = 0};
	char *bytes = malloc(len);

	assert_non_null(bytes);
	memset(bytes, 'x', len);
	assert_int_equal(read_bytes(bytes, len, &seen, &problem),
			 BATON_TOO_LARGE);
	free(bytes);
}

static void
csv_read_takes_record_at_limit(void **state)
{
	(void)state;
	size_t len = CSV_MAX_RECORD_BYTES;
	struct baton_problem problem;
	struct seen seen = {.rows = 0};
	char *bytes = malloc(len);

	assert_non_null(bytes);
	memset(bytes, 'x', len);
	bytes[len - 1] = '\n';
	assert_int_equal(read_bytes(bytes, len, &seen, &problem), BATON_OK);
	free(bytes);
}

static void
csv_read_counts_columns_beyond_those_kept(void **state)
{
	(void)state;
	char bytes[CSV_MAX_CELLS * 2 + 20];
	struct baton_problem problem;
	struct seen seen = {.rows = 0};

	memset(bytes, ',', sizeof(bytes));
	assert_int_equal(read_bytes(bytes, sizeof(bytes), &seen, &problem),
			 BATON_OK);
	assert_int_equal(seen.last_count, sizeof(bytes) + 1);
}

static void
csv_read_is_the_same_over_block_borders(void **state)
{
	(void)state;
	const size_t rows = 20000;
	size_t len = 0;
	struct baton_problem problem;
	struct seen seen = {.rows = 0};
	char *bytes = malloc(rows * 16);

	assert_non_null(bytes);
	for (size_t i = 0; i < rows; i++) {
		len += (size_t)snprintf(bytes + len, 16, "%05zu,\"a\r\nb\"\r\n",
					i);
	}
	assert_int_equal(read_bytes(bytes, len, &seen, &problem), BATON_OK);
	assert_int_equal(seen.rows, rows);
	assert_int_equal(seen.last_line, 2 * rows - 1);
	assert_int_equal(seen.last_offset + (int64_t)seen.last_len + 2, len);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_read_empty_file_has_no_rows),
		cmocka_unit_test(csv_read_takes_lf_crlf_and_cr),
		cmocka_unit_test(csv_read_takes_missing_last_line_break),
		cmocka_unit_test(csv_read_skips_byte_order_mark),
		cmocka_unit_test(csv_read_skips_blank_lines),
		cmocka_unit_test(csv_read_unquotes_cells),
		cmocka_unit_test(csv_read_keeps_line_breaks_in_quotes),
		cmocka_unit_test(csv_read_keeps_spaces_and_empty_cells),
		cmocka_unit_test(csv_read_hands_over_nul_bytes),
		cmocka_unit_test(csv_read_counts_lines_over_quoted_breaks),
		cmocka_unit_test(csv_read_tells_where_a_record_lies),
		cmocka_unit_test(csv_read_record_without_line_break_is_whole),
		cmocka_unit_test(csv_read_stops_when_told),
		cmocka_unit_test(csv_read_refuses_quote_in_unquoted_cell),
		cmocka_unit_test(csv_read_refuses_text_after_closing_quote),
		cmocka_unit_test(csv_read_refuses_quote_never_closed),
		cmocka_unit_test(csv_read_refuses_record_over_limit),
		cmocka_unit_test(csv_read_takes_record_at_limit),
		cmocka_unit_test(csv_read_counts_columns_beyond_those_kept),
		cmocka_unit_test(csv_read_is_the_same_over_block_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
