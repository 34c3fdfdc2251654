/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"

#include <cmocka.h>

static const struct table_column columns[] = {
	{"WHEN", TABLE_LEFT},
	{"WHAT", TABLE_WRAP},
	{"SEQ", TABLE_RIGHT},
};

static struct table *
make(void)
{
	struct table *table;

	assert_int_equal(table_new(columns, 3, &table), BATON_OK);
	return table;
}

static void
add(struct table *table, const char *when, const char *what, const char *seq)
{
	const char *cells[] = {when, what, seq};

	assert_int_equal(table_add(table, cells), BATON_OK);
}

static void
assert_printed(struct table *table, enum table_header header, size_t width,
	       const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	table_print(table, header, width, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
	table_free(table);
}

static void
table_aligns_columns_by_their_widest_cell(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, "today", "a", "1");
	add(table, "now", "bcd", "1000");
	assert_printed(table, TABLE_HEADER, 0,
		       "WHEN   WHAT   SEQ\n"
		       "today  a        1\n"
		       "now    bcd   1000\n");
}

static void
table_without_header_is_as_wide_as_its_cells(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, "a", "b", "1");
	assert_printed(table, TABLE_NO_HEADER, 0, "a  b  1\n");
}

static void
table_shows_a_dash_for_nothing(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, NULL, "", "1");
	assert_printed(table, TABLE_NO_HEADER, 0, "-  -  1\n");
}

static void
table_counts_columns_and_not_bytes(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, "Zo\303\253", "a", "1");
	add(table, "Zoes", "b", "2");
	assert_printed(table, TABLE_NO_HEADER, 0,
		       "Zo\303\253   a  1\nZoes  b  2\n");
}

static void
table_wraps_the_wide_column_after_words(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, "now", "one two three four five six seven", "1");
	assert_printed(table, TABLE_NO_HEADER, 30,
		       "now  one two three four      1\n"
		       "     five six seven\n");
}

static void
table_breaks_a_word_that_is_wider_than_its_column(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, "now", "abcdefghijklmnopqrstuvwxyz", "1");
	assert_printed(table, TABLE_NO_HEADER, 10,
		       "now  abcdefghijkl  1\n"
		       "     mnopqrstuvwx\n"
		       "     yz\n");
}

static void
table_escapes_its_cells(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, "a\033[31m", "b\n", "1");
	assert_printed(table, TABLE_NO_HEADER, 0, "a\\u{1b}[31m  b\\u{a}  1\n");
}

static void
table_without_rows_prints_nothing(void **state)
{
	(void)state;
	assert_printed(make(), TABLE_HEADER, 0, "");
}

static void
table_forgets_rows_when_cleared(void **state)
{
	struct table *table = make();

	(void)state;
	add(table, "a", "b", "1");
	table_clear(table);
	assert_int_equal(table_rows(table), 0);
	add(table, "c", "d", "2");
	assert_printed(table, TABLE_NO_HEADER, 0, "c  d  2\n");
}

static void
table_refuses_more_rows_than_its_ceiling(void **state)
{
	const char *cells[] = {"a", "b", "c"};
	struct table *table = make();

	(void)state;
	for (size_t i = 0; i < TABLE_ROWS_MAX; i++)
		add(table, "a", "b", "1");
	assert_int_equal(table_add(table, cells), BATON_TOO_LARGE);
	table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_aligns_columns_by_their_widest_cell),
		cmocka_unit_test(table_without_header_is_as_wide_as_its_cells),
		cmocka_unit_test(table_shows_a_dash_for_nothing),
		cmocka_unit_test(table_counts_columns_and_not_bytes),
		cmocka_unit_test(table_wraps_the_wide_column_after_words),
		cmocka_unit_test(
			table_breaks_a_word_that_is_wider_than_its_column),
		cmocka_unit_test(table_escapes_its_cells),
		cmocka_unit_test(table_without_rows_prints_nothing),
		cmocka_unit_test(table_forgets_rows_when_cleared),
		cmocka_unit_test(table_refuses_more_rows_than_its_ceiling),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
