/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "baton/error.h"

#include <cmocka.h>

static void
error_numbers_on_the_wire_never_change(void **state)
{
	(void)state;
	assert_int_equal(BATON_OK, 0);
	assert_int_equal(BATON_BUSY, 7);
	assert_int_equal(BATON_CONFIG, 18);
	assert_int_equal(BATON_FIELD_MISSING, 100);
	assert_int_equal(BATON_SOURCE_DENIED, 112);
}

static void
error_names_are_those_of_the_list(void **state)
{
	(void)state;
	assert_string_equal(baton_err_name(BATON_OK), "OK");
	assert_string_equal(baton_err_name(BATON_FIELD_TOO_LONG),
			    "FIELD_TOO_LONG");
}

static void
error_of_a_newer_version_has_name_and_text(void **state)
{
	(void)state;
	assert_string_equal(baton_err_name((baton_err)999), "UNKNOWN");
	assert_true(strlen(baton_err_text((baton_err)999)) > 0);
}

static void
error_set_cuts_a_long_text(void **state)
{
	struct baton_error error;
	char text[600];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(baton_error_set(&error, BATON_IO, "%s", text),
			 BATON_IO);
	assert_int_equal(strlen(error.text), BATON_ERROR_TEXT_BYTES - 1);
}

static void
error_set_takes_null(void **state)
{
	(void)state;
	assert_int_equal(baton_error_set(NULL, BATON_IO, "x"), BATON_IO);
}

static void
error_wrap_puts_context_before(void **state)
{
	struct baton_error error;

	(void)state;
	(void)baton_error_set(&error, BATON_UNAVAILABLE, "database is full");
	(void)baton_error_wrap(&error, "store");
	assert_int_equal(baton_error_wrap(&error, "%s", "publish"),
			 BATON_UNAVAILABLE);
	assert_string_equal(error.text, "publish: store: database is full");
}

static void
error_wrap_cuts_a_long_text(void **state)
{
	struct baton_error error;
	char text[600];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)baton_error_set(&error, BATON_IO, "inner");
	assert_int_equal(baton_error_wrap(&error, "%s", text), BATON_IO);
	assert_int_equal(strlen(error.text), BATON_ERROR_TEXT_BYTES - 1);
	assert_int_equal(baton_error_wrap(NULL, "x"), BATON_INTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_numbers_on_the_wire_never_change),
		cmocka_unit_test(error_names_are_those_of_the_list),
		cmocka_unit_test(error_of_a_newer_version_has_name_and_text),
		cmocka_unit_test(error_set_cuts_a_long_text),
		cmocka_unit_test(error_set_takes_null),
		cmocka_unit_test(error_wrap_puts_context_before),
		cmocka_unit_test(error_wrap_cuts_a_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
