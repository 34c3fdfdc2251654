/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "client/civil.h"
#include "client/identifier.h"

#include <cmocka.h>

static void
nhs_number_with_right_check_digit_is_valid(void **state)
{
	(void)state;
	assert_true(identifier_nhs_number_valid("9434765919"));
	assert_true(identifier_nhs_number_valid("9990000018"));
	assert_true(identifier_nhs_number_valid("9990000042"));
}

static void
nhs_number_with_wrong_check_digit_is_refused(void **state)
{
	(void)state;
	assert_false(identifier_nhs_number_valid("9434765918"));
	assert_false(identifier_nhs_number_valid("9990000019"));
}

static void
nhs_number_that_needs_check_digit_ten_is_refused(void **state)
{
	(void)state;
	/* 999000000: the sum is 243, 243 mod 11 is 1, so 10 would be due. */
	for (int digit = '0'; digit <= '9'; digit++) {
		char text[] = "999000000?";

		text[9] = (char)digit;
		assert_false(identifier_nhs_number_valid(text));
	}
}

static void
nhs_number_of_one_digit_is_refused(void **state)
{
	char text[] = "0000000000";

	(void)state;
	for (int digit = '0'; digit <= '9'; digit++) {
		for (size_t i = 0; i < 10; i++)
			text[i] = (char)digit;
		assert_false(identifier_nhs_number_valid(text));
	}
}

static void
nhs_number_of_other_form_is_refused(void **state)
{
	(void)state;
	assert_false(identifier_nhs_number_valid(""));
	assert_false(identifier_nhs_number_valid("999000001"));
	assert_false(identifier_nhs_number_valid("99900000180"));
	assert_false(identifier_nhs_number_valid("999 000 0018"));
	assert_false(identifier_nhs_number_valid("999000001a"));
}

static void
upn_with_right_check_letter_is_valid(void **state)
{
	(void)state;
	assert_true(identifier_upn_valid("A950000178301"));
	assert_true(identifier_upn_valid("H243278544154"));
	assert_true(identifier_upn_valid("X845212818005"));
}

static void
upn_with_wrong_check_letter_is_refused(void **state)
{
	(void)state;
	assert_false(identifier_upn_valid("R247962919251"));
	assert_false(identifier_upn_valid("X428558133462"));
	assert_true(identifier_upn_valid("Q247962919251"));
	assert_true(identifier_upn_valid("W428558133462"));
}

static void
upn_temporary_ends_in_letter_and_is_checked(void **state)
{
	static const char letters[] = "ABCDEFGHJKLMNPQRTUVWXYZ";
	char text[] = "?88720010100A";
	int valid = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		text[0] = letters[i];
		valid += identifier_upn_valid(text) ? 1 : 0;
	}
	assert_int_equal(valid, 1);
}

static void
upn_of_other_form_is_refused(void **state)
{
	(void)state;
	assert_false(identifier_upn_valid(""));
	assert_false(identifier_upn_valid("A95000017830"));
	assert_false(identifier_upn_valid("A9500001783011"));
	assert_false(identifier_upn_valid("A95000X178301"));
	assert_false(identifier_upn_valid("a950000178301"));
	assert_false(identifier_upn_valid("A95000017830O"));
}

static void
uln_with_right_check_digit_is_valid(void **state)
{
	(void)state;
	assert_true(identifier_uln_valid("9999375358"));
}

static void
uln_of_other_form_is_refused(void **state)
{
	(void)state;
	assert_false(identifier_uln_valid("9999375357"));
	assert_false(identifier_uln_valid("0123456789"));
	assert_false(identifier_uln_valid("0000000000"));
	assert_false(identifier_uln_valid("999937535"));
	assert_false(identifier_uln_valid(""));
}

static void
organisation_codes_have_their_form(void **state)
{
	(void)state;
	assert_true(identifier_ods_valid("RPG"));
	assert_true(identifier_ods_valid("A12345678"));
	assert_false(identifier_ods_valid("A123456789"));
	assert_false(identifier_ods_valid("rpg"));
	assert_false(identifier_ods_valid(""));
	assert_true(identifier_urn_valid("123456"));
	assert_false(identifier_urn_valid("12345"));
	assert_true(identifier_la_valid("887"));
	assert_false(identifier_la_valid("88A"));
	assert_false(identifier_la_valid("8870"));
}

static void
date_that_exists_is_valid(void **state)
{
	(void)state;
	assert_true(identifier_date_valid("2024-02-29"));
	assert_true(identifier_date_valid("2000-02-29"));
	assert_true(identifier_date_valid("1900-01-01"));
	assert_true(identifier_date_valid("2199-12-31"));
}

static void
date_that_does_not_exist_is_refused(void **state)
{
	static const char *const dates[] = {
		"2023-02-29", "2100-02-29", "2026-00-10", "2026-13-01",
		"2026-04-31", "2026-01-00", "1899-12-31", "2200-01-01",
		"2026-1-01",  "20260101",   "2026/01/01", "2026-01-011",
		"",           "2026-01-1"};

	(void)state;
	for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++)
		assert_false(identifier_date_valid(dates[i]));
}

static void
date_counts_days_from_1970(void **state)
{
	(void)state;
	assert_int_equal(identifier_date_days("1970-01-01"), 0);
	assert_int_equal(identifier_date_days("1969-12-31"), -1);
	assert_int_equal(identifier_date_days("2000-03-01"), 11017);
}

static void
civil_days_and_dates_are_inverse(void **state)
{
	int64_t last = civil_to_days(9999, 12, 31);
	int year;
	int month;
	int day;

	(void)state;
	for (int64_t days = civil_to_days(1, 1, 1); days <= last; days++) {
		civil_from_days(days, &year, &month, &day);
		if (!civil_valid(year, month, day) ||
		    civil_to_days(year, month, day) != days)
			fail_msg("day %lld", (long long)days);
	}
	assert_int_equal(last, 2932896);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nhs_number_with_right_check_digit_is_valid),
		cmocka_unit_test(nhs_number_with_wrong_check_digit_is_refused),
		cmocka_unit_test(
			nhs_number_that_needs_check_digit_ten_is_refused),
		cmocka_unit_test(nhs_number_of_one_digit_is_refused),
		cmocka_unit_test(nhs_number_of_other_form_is_refused),
		cmocka_unit_test(upn_with_right_check_letter_is_valid),
		cmocka_unit_test(upn_with_wrong_check_letter_is_refused),
		cmocka_unit_test(upn_temporary_ends_in_letter_and_is_checked),
		cmocka_unit_test(upn_of_other_form_is_refused),
		cmocka_unit_test(uln_with_right_check_digit_is_valid),
		cmocka_unit_test(uln_of_other_form_is_refused),
		cmocka_unit_test(organisation_codes_have_their_form),
		cmocka_unit_test(date_that_exists_is_valid),
		cmocka_unit_test(date_that_does_not_exist_is_refused),
		cmocka_unit_test(date_counts_days_from_1970),
		cmocka_unit_test(civil_days_and_dates_are_inverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
