/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/print.h"

#include <cmocka.h>

static void
assert_escaped(const char *text, const char *expected)
{
	char *copy = print_escaped(text, PRINT_ESCAPE_TEXT);

	assert_non_null(copy);
	assert_string_equal(copy, expected);
	free(copy);
}

static void
print_escapes_terminal_sequences(void **state)
{
	(void)state;
	assert_escaped("a\033[2Jb", "a\\u{1b}[2Jb");
	assert_escaped("a\rb\nc\td", "a\\u{d}b\\u{a}c\\u{9}d");
	assert_escaped("\177", "\\u{7f}");
}

static void
print_escapes_c1_controls(void **state)
{
	(void)state;
	/* U+009B is CSI: ESC [ in one character. */
	assert_escaped("\302\2332J", "\\u{9b}2J");
}

/* These tests are about such characters.
 * NOLINTBEGIN(misc-misleading-bidirectional) */
static void
print_escapes_direction_overrides(void **state)
{
	(void)state;
	assert_escaped("a\342\200\256b", "a\\u{202e}b");
	assert_escaped("a\342\201\246b", "a\\u{2066}b");
	assert_escaped("\330\234", "\\u{61c}");
}

/* NOLINTEND(misc-misleading-bidirectional) */

static void
print_escapes_invisible_tags(void **state)
{
	(void)state;
	assert_escaped("\363\240\201\201", "\\u{e0041}");
}

static void
print_shows_bytes_that_are_no_utf8(void **state)
{
	(void)state;
	assert_escaped("caf\351", "caf\\x{e9}");
	/* An overlong slash, a surrogate, a sequence cut short. */
	assert_escaped("\300\257", "\\x{c0}\\x{af}");
	assert_escaped("\355\240\200", "\\x{ed}\\x{a0}\\x{80}");
	assert_escaped("\342\202", "\\x{e2}\\x{82}");
}

static void
print_leaves_names_as_they_are(void **state)
{
	(void)state;
	assert_escaped("Zoë O’Brien-Müller 李", "Zoë O’Brien-Müller 李");
}

static void
print_columns_counts_wide_and_combining_characters(void **state)
{
	(void)state;
	assert_int_equal(print_columns("Zo\303\253"), 3);
	assert_int_equal(print_columns("\346\235\216"), 2);
	assert_int_equal(print_columns("e\314\201"), 1);
}

/* What a function printed, given. */
static char *
capture(void (*print)(FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	print(out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* As above. NOLINTBEGIN(misc-misleading-bidirectional) */
static void
print_a_hostile_json(FILE *out)
{
	print_json_text(out,
			"{\"a\":\"\302\233\342\200\256\363\240\201\201\"}");
}

static void
print_json_text_stays_the_same_data(void **state)
{
	char *text = capture(print_a_hostile_json);
	json_t *object = json_loads(text, 0, NULL);

	(void)state;
	assert_string_equal(text, "{\"a\":\"\\u009b\\u202e\\udb40\\udc41\"}\n");
	assert_string_equal(json_string_value(json_object_get(object, "a")),
			    "\302\233\342\200\256\363\240\201\201");
	json_decref(object);
	free(text);
}

/* NOLINTEND(misc-misleading-bidirectional) */

static void
print_a_format(FILE *out)
{
	print_text(out, "a %s\n", "b\033c");
}

static void
print_text_keeps_newlines_of_the_format(void **state)
{
	char *text = capture(print_a_format);

	(void)state;
	assert_string_equal(text, "a b\\u{1b}c\n");
	free(text);
}

static void
print_json_without_object_is_out_of_memory(void **state)
{
	(void)state;
	assert_int_equal(print_json(stderr, NULL), BATON_NO_MEMORY);
}

static void
print_time_local_follows_summer_time(void **state)
{
	char text[PRINT_TIME_BYTES];

	(void)state;
	(void)setenv("TZ", "Europe/London", 1);
	tzset();
	assert_string_equal(print_time_local(INT64_C(1782907200000), text),
			    "2026-07-01 13:00");
	assert_string_equal(print_time_local(0, text), "-");
}

static void
print_time_utc_has_milliseconds(void **state)
{
	char text[PRINT_TIME_BYTES];

	(void)state;
	assert_string_equal(print_time_utc(INT64_C(1782907200007), text),
			    "2026-07-01T12:00:00.007Z");
	assert_string_equal(print_time_utc(-1, text),
			    "1969-12-31T23:59:59.999Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(print_escapes_terminal_sequences),
		cmocka_unit_test(print_escapes_c1_controls),
		cmocka_unit_test(print_escapes_direction_overrides),
		cmocka_unit_test(print_escapes_invisible_tags),
		cmocka_unit_test(print_shows_bytes_that_are_no_utf8),
		cmocka_unit_test(print_leaves_names_as_they_are),
		cmocka_unit_test(
			print_columns_counts_wide_and_combining_characters),
		cmocka_unit_test(print_json_text_stays_the_same_data),
		cmocka_unit_test(print_text_keeps_newlines_of_the_format),
		cmocka_unit_test(print_json_without_object_is_out_of_memory),
		cmocka_unit_test(print_time_local_follows_summer_time),
		cmocka_unit_test(print_time_utc_has_milliseconds),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
