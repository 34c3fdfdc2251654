/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cli/options.h"

#include <cmocka.h>

/* Parses the words of a line that ends with NULL. */
static baton_err
parse(struct options *options, struct baton_error *error, char **words)
{
	int count = 0;

	while (words[count] != NULL)
		count++;
	return options_parse(options, count, words, error);
}

#define WORDS(...)                                                             \
	(char *[])                                                             \
	{                                                                      \
		(char[]){"baton"}, __VA_ARGS__, NULL                           \
	}
#define W(text)                                                                \
	(char[])                                                               \
	{                                                                      \
		text                                                           \
	}

static void
options_before_and_after_the_command_are_the_same(void **state)
{
	struct baton_error error;
	struct options before;
	struct options after;

	(void)state;
	assert_int_equal(parse(&before, &error,
			       WORDS(W("--url"), W("ipc:///a"), W("status"))),
			 BATON_OK);
	assert_int_equal(
		parse(&after, &error, WORDS(W("status"), W("--url=ipc:///a"))),
		BATON_OK);
	assert_string_equal(before.values[OPTION_URL],
			    after.values[OPTION_URL]);
	assert_string_equal(before.operands[0], after.operands[0]);
}

static void
options_take_a_value_that_begins_with_a_dash(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(
		parse(&options, &error, WORDS(W("--reason"), W("-old-"))),
		BATON_OK);
	assert_string_equal(options.values[OPTION_REASON], "-old-");
}

static void
options_take_a_lone_dash_as_an_operand(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, &error, WORDS(W("publish"), W("-"))),
			 BATON_OK);
	assert_string_equal(options.operands[1], "-");
}

static void
options_end_at_two_dashes(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, &error,
			       WORDS(W("publish"), W("--"), W("--json"))),
			 BATON_OK);
	assert_false(options_has(&options, OPTION_JSON));
	assert_string_equal(options.operands[1], "--json");
}

static void
options_refuse_an_unknown_one_without_repeating_it(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, &error, WORDS(W("--9990000018"))),
			 BATON_INVALID);
	assert_null(strstr(error.text, "9990000018"));
}

static void
options_refuse_a_single_dash_word(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, &error, WORDS(W("-json"))),
			 BATON_INVALID);
}

static void
options_refuse_one_given_twice(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(
		parse(&options, &error, WORDS(W("--max=1"), W("--max=2"))),
		BATON_INVALID);
	assert_non_null(strstr(error.text, "--max is given twice"));
}

static void
options_refuse_a_missing_value(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(
		parse(&options, &error, WORDS(W("status"), W("--url"))),
		BATON_INVALID);
	assert_int_equal(parse(&options, &error, WORDS(W("--url="))),
			 BATON_INVALID);
}

static void
options_refuse_a_value_for_a_flag(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(parse(&options, &error, WORDS(W("--json=yes"))),
			 BATON_INVALID);
}

static void
options_refuse_too_many_operands(void **state)
{
	char word[] = "x";
	char *words[OPTIONS_OPERANDS_MAX + 3];
	struct baton_error error;
	struct options options;

	(void)state;
	for (size_t i = 0; i < OPTIONS_OPERANDS_MAX + 2; i++)
		words[i] = word;
	words[OPTIONS_OPERANDS_MAX + 2] = NULL;
	assert_int_equal(parse(&options, &error, words), BATON_INVALID);
}

static void
options_check_refuses_one_of_another_command(void **state)
{
	struct baton_error error;
	struct options options;

	(void)state;
	assert_int_equal(
		parse(&options, &error, WORDS(W("status"), W("--fill-id"))),
		BATON_OK);
	assert_int_equal(options_check(&options, OPTIONS_GLOBAL, &error),
			 BATON_INVALID);
	assert_non_null(strstr(error.text, "--fill-id"));
	assert_int_equal(
		options_check(&options,
			      OPTIONS_GLOBAL | OPTION_BIT(OPTION_FILL_ID),
			      &error),
		BATON_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			options_before_and_after_the_command_are_the_same),
		cmocka_unit_test(options_take_a_value_that_begins_with_a_dash),
		cmocka_unit_test(options_take_a_lone_dash_as_an_operand),
		cmocka_unit_test(options_end_at_two_dashes),
		cmocka_unit_test(
			options_refuse_an_unknown_one_without_repeating_it),
		cmocka_unit_test(options_refuse_a_single_dash_word),
		cmocka_unit_test(options_refuse_one_given_twice),
		cmocka_unit_test(options_refuse_a_missing_value),
		cmocka_unit_test(options_refuse_a_value_for_a_flag),
		cmocka_unit_test(options_refuse_too_many_operands),
		cmocka_unit_test(options_check_refuses_one_of_another_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
