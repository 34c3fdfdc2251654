/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/input.h"

#include <cmocka.h>

/* A reader of bytes, in a file without a name. */
static struct input *
reader_of(const char *bytes, size_t len, FILE **file)
{
	struct input *input;

	*file = tmpfile();
	assert_non_null(*file);
	assert_int_equal(fwrite(bytes, 1, len, *file), len);
	assert_int_equal(fflush(*file), 0);
	assert_int_equal(lseek(fileno(*file), 0, SEEK_SET), 0);
	assert_int_equal(input_new(fileno(*file), &input), BATON_OK);
	return input;
}

/*
 * Reads all and writes what came as one line: "E1:{...} B2 E3:{...} END",
 * the number being the line. Long texts are given by their length.
 */
static void
assert_reads(const char *bytes, const char *expected)
{
	char got[2048] = "";
	struct input_item item;
	FILE *file;
	struct input *input = reader_of(bytes, strlen(bytes), &file);
	size_t len = 0;

	do {
		input_next(input, INPUT_MAY_WAIT, &item);
		if (item.kind == INPUT_EVENT) {
			len += (size_t)snprintf(got + len, sizeof(got) - len,
						"E%d:%.*s ", (int)item.line,
						(int)item.len, item.text);
		} else if (item.kind == INPUT_BAD) {
			len += (size_t)snprintf(got + len, sizeof(got) - len,
						"B%d ", (int)item.line);
		}
	} while (item.kind == INPUT_EVENT || item.kind == INPUT_BAD);
	assert_int_equal(item.kind, INPUT_END);
	input_free(input);
	(void)fclose(file);
	assert_string_equal(got, expected);
}

static void
input_reads_one_object(void **state)
{
	(void)state;
	assert_reads("{\"a\":1}", "E1:{\"a\":1} ");
}

static void
input_reads_one_object_over_many_lines(void **state)
{
	(void)state;
	assert_reads("{\n  \"a\": {\n    \"b\": 1\n  }\n}\n",
		     "E1:{\n  \"a\": {\n    \"b\": 1\n  }\n} ");
}

static void
input_reads_an_object_a_line(void **state)
{
	(void)state;
	assert_reads("{\"a\":1}\r\n\n{\"b\":2}\n",
		     "E1:{\"a\":1} E3:{\"b\":2} ");
}

static void
input_reads_an_array(void **state)
{
	(void)state;
	assert_reads("[\n {\"a\":[1,2]},\n {\"b\":\"]\"}\n]\n",
		     "E2:{\"a\":[1,2]} E3:{\"b\":\"]\"} ");
}

static void
input_reads_an_array_on_one_line(void **state)
{
	(void)state;
	assert_reads("[{\"a\":1},{\"b\":2}]", "E1:{\"a\":1} E1:{\"b\":2} ");
}

static void
input_reads_nothing_from_an_empty_array(void **state)
{
	(void)state;
	assert_reads("[]", "");
	assert_reads("", "");
	assert_reads(" \n\t\n", "");
}

static void
input_skips_a_byte_order_mark(void **state)
{
	(void)state;
	assert_reads("\357\273\277{\"a\":1}", "E1:{\"a\":1} ");
}

static void
input_is_not_misled_by_braces_in_text(void **state)
{
	(void)state;
	assert_reads("{\"a\":\"}{\\\"}\"}{\"b\":2}",
		     "E1:{\"a\":\"}{\\\"}\"} E1:{\"b\":2} ");
}

static void
input_goes_on_after_a_line_that_is_no_event(void **state)
{
	(void)state;
	assert_reads("hello\n{\"a\":1}\n42 {}\n{\"b\":2}",
		     "B1 E2:{\"a\":1} B3 E4:{\"b\":2} ");
}

static void
input_goes_on_after_an_object_left_open(void **state)
{
	(void)state;
	assert_reads("{\"a\":{\"x\":1\n{\"b\":2}\n", "B1 E2:{\"b\":2} ");
}

static void
input_goes_on_after_a_text_left_open(void **state)
{
	(void)state;
	assert_reads("{\"a\":\"x}\n{\"b\":2}\n", "B1 E2:{\"b\":2} ");
}

static void
input_goes_on_after_a_brace_too_many(void **state)
{
	(void)state;
	assert_reads("{\"a\":1}}\n{\"b\":2}\n",
		     "E1:{\"a\":1} B1 E2:{\"b\":2} ");
}

static void
input_goes_on_after_an_open_object_in_an_array(void **state)
{
	(void)state;
	assert_reads("[\n  {\"a\":{\n  {\"b\":2}\n]", "B2 E3:{\"b\":2} ");
}

static void
input_takes_nested_braces_at_a_line_start_for_nested(void **state)
{
	(void)state;
	assert_reads("{\n \"a\":\n {\n }\n}", "E1:{\n \"a\":\n {\n }\n} ");
}

static void
input_reports_a_missing_comma(void **state)
{
	(void)state;
	assert_reads("[{\"a\":1}\n{\"b\":2},\n{\"c\":3}]",
		     "E1:{\"a\":1} B2 E3:{\"c\":3} ");
}

static void
input_reports_an_object_cut_short(void **state)
{
	(void)state;
	assert_reads("{\"a\":1}\n{\"b\":", "E1:{\"a\":1} B2 ");
}

static void
input_reports_an_array_cut_short(void **state)
{
	(void)state;
	assert_reads("[{\"a\":1},\n", "E1:{\"a\":1} B2 ");
}

static void
input_reports_what_follows_an_array(void **state)
{
	(void)state;
	assert_reads("[{\"a\":1}]\n{\"b\":2}\n", "E1:{\"a\":1} B2 ");
}

static void
input_reports_an_event_that_is_too_large_and_goes_on(void **state)
{
	size_t len = INPUT_EVENT_MAX + 100;
	char *bytes = malloc(len + 16);
	struct input_item item;
	struct input *input;
	FILE *file;

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', len);
	bytes[0] = '{';
	bytes[1] = '"';
	(void)snprintf(bytes + len, 16, "\"}\n{\"b\":2}\n");
	input = reader_of(bytes, len + 11, &file);
	input_next(input, INPUT_MAY_WAIT, &item);
	assert_int_equal(item.kind, INPUT_BAD);
	assert_int_equal(item.code, BATON_TOO_LARGE);
	input_next(input, INPUT_MAY_WAIT, &item);
	assert_int_equal(item.kind, INPUT_EVENT);
	assert_int_equal(item.line, 2);
	input_free(input);
	(void)fclose(file);
	free(bytes);
}

static void
input_takes_the_longest_event(void **state)
{
	char *bytes = malloc(INPUT_EVENT_MAX);
	struct input_item item;
	struct input *input;
	FILE *file;

	(void)state;
	assert_non_null(bytes);
	memset(bytes, ' ', INPUT_EVENT_MAX);
	bytes[0] = '{';
	bytes[INPUT_EVENT_MAX - 1] = '}';
	input = reader_of(bytes, INPUT_EVENT_MAX, &file);
	input_next(input, INPUT_MAY_WAIT, &item);
	assert_int_equal(item.kind, INPUT_EVENT);
	assert_int_equal(item.len, INPUT_EVENT_MAX);
	input_free(input);
	(void)fclose(file);
	free(bytes);
}

static void
input_does_not_wait_for_a_slow_writer(void **state)
{
	struct input_item item;
	struct input *input;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(input_new(ends[0], &input), BATON_OK);
	assert_int_equal(write(ends[1], "{\"a\":1}\n{\"b\"", 12), 12);
	input_next(input, INPUT_NO_WAIT, &item);
	assert_int_equal(item.kind, INPUT_EVENT);
	input_next(input, INPUT_NO_WAIT, &item);
	assert_int_equal(item.kind, INPUT_WAIT);
	assert_int_equal(write(ends[1], ":2}", 3), 3);
	input_next(input, INPUT_NO_WAIT, &item);
	assert_int_equal(item.kind, INPUT_EVENT);
	assert_int_equal(item.len, 7);
	(void)close(ends[1]);
	input_next(input, INPUT_NO_WAIT, &item);
	assert_int_equal(item.kind, INPUT_END);
	input_free(input);
	(void)close(ends[0]);
}

static void
input_tells_a_failed_read_from_the_end(void **state)
{
	struct input_item item;
	struct input *input;
	struct baton_error error;

	(void)state;
	assert_int_equal(input_open("/", &input, &error), BATON_OK);
	input_next(input, INPUT_MAY_WAIT, &item);
	assert_int_equal(item.kind, INPUT_FAILED);
	input_next(input, INPUT_MAY_WAIT, &item);
	assert_int_equal(item.kind, INPUT_END);
	input_free(input);
}

static void
input_open_does_not_repeat_the_file_name(void **state)
{
	struct input *input;
	struct baton_error error;

	(void)state;
	assert_int_equal(input_open("/nowhere/9990000018", &input, &error),
			 BATON_IO);
	assert_null(input);
	assert_null(strstr(error.text, "9990000018"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_reads_one_object),
		cmocka_unit_test(input_reads_one_object_over_many_lines),
		cmocka_unit_test(input_reads_an_object_a_line),
		cmocka_unit_test(input_reads_an_array),
		cmocka_unit_test(input_reads_an_array_on_one_line),
		cmocka_unit_test(input_reads_nothing_from_an_empty_array),
		cmocka_unit_test(input_skips_a_byte_order_mark),
		cmocka_unit_test(input_is_not_misled_by_braces_in_text),
		cmocka_unit_test(input_goes_on_after_a_line_that_is_no_event),
		cmocka_unit_test(input_goes_on_after_an_object_left_open),
		cmocka_unit_test(input_goes_on_after_a_text_left_open),
		cmocka_unit_test(input_goes_on_after_a_brace_too_many),
		cmocka_unit_test(
			input_goes_on_after_an_open_object_in_an_array),
		cmocka_unit_test(
			input_takes_nested_braces_at_a_line_start_for_nested),
		cmocka_unit_test(input_reports_a_missing_comma),
		cmocka_unit_test(input_reports_an_object_cut_short),
		cmocka_unit_test(input_reports_an_array_cut_short),
		cmocka_unit_test(input_reports_what_follows_an_array),
		cmocka_unit_test(
			input_reports_an_event_that_is_too_large_and_goes_on),
		cmocka_unit_test(input_takes_the_longest_event),
		cmocka_unit_test(input_does_not_wait_for_a_slow_writer),
		cmocka_unit_test(input_tells_a_failed_read_from_the_end),
		cmocka_unit_test(input_open_does_not_repeat_the_file_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
