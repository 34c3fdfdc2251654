/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/values.h"

#include <cmocka.h>

/* 2026-07-01T12:00:00Z. */
#define NOON_MS INT64_C(1782907200000)

static int
set_london(void **state)
{
	(void)state;
	(void)setenv("TZ", "Europe/London", 1);
	tzset();
	return 0;
}

static void
values_number_takes_its_bounds(void **state)
{
	struct baton_error error;
	uint64_t value;

	(void)state;
	assert_int_equal(values_number("1", "N", 1, 5, &value, &error),
			 BATON_OK);
	assert_int_equal(value, 1);
	assert_int_equal(values_number("5", "N", 1, 5, &value, &error),
			 BATON_OK);
	assert_int_equal(value, 5);
}

static void
values_number_refuses_what_is_none(void **state)
{
	static const char *const wrong[] = {
		"",   "0",  "6",   "-1",  "+1",
		" 1", "1x", "0x1", "1.0", "18446744073709551617"};
	struct baton_error error;
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			values_number(wrong[i], "N", 1, 5, &value, &error),
			BATON_INVALID);
	}
}

static void
values_number_refuses_an_overflow(void **state)
{
	struct baton_error error;
	uint64_t value;

	(void)state;
	assert_int_equal(values_number("18446744073709551616", "N", 0,
				       UINT64_MAX, &value, &error),
			 BATON_INVALID);
	assert_int_equal(values_number("18446744073709551615", "N", 0,
				       UINT64_MAX, &value, &error),
			 BATON_OK);
	assert_true(value == UINT64_MAX);
}

static void
values_time_reads_utc_and_offsets(void **state)
{
	struct baton_error error;
	int64_t time_ms;

	(void)state;
	assert_int_equal(values_time("2026-07-01T12:00:00Z", &time_ms, &error),
			 BATON_OK);
	assert_true(time_ms == NOON_MS);
	assert_int_equal(
		values_time("2026-07-01T13:00:00+01:00", &time_ms, &error),
		BATON_OK);
	assert_true(time_ms == NOON_MS);
	assert_int_equal(
		values_time("2026-07-01T06:30:00-05:30", &time_ms, &error),
		BATON_OK);
	assert_true(time_ms == NOON_MS);
}

static void
values_time_without_a_zone_is_local(void **state)
{
	struct baton_error error;
	int64_t time_ms;

	(void)state;
	assert_int_equal(values_time("2026-07-01T13:00", &time_ms, &error),
			 BATON_OK);
	assert_true(time_ms == NOON_MS);
}

static void
values_time_of_a_date_is_local_midnight(void **state)
{
	struct baton_error error;
	int64_t time_ms;

	(void)state;
	assert_int_equal(values_time("2026-07-01", &time_ms, &error), BATON_OK);
	assert_true(time_ms == NOON_MS - INT64_C(13) * 3600 * 1000);
}

static void
values_time_refuses_what_does_not_exist(void **state)
{
	static const char *const wrong[] = {
		"2026-02-30",
		"2026-13-01",
		"2026-7-1",
		"2026-07-01T24:00",
		"2026-07-01T12:60",
		"2026-07-01T12:00:60",
		"2026-07-01 12:00",
		"2026-07-01T12:00:00z",
		"2026-07-01T12:00:00+1",
		"2026-07-01T12:00:00+01:00x",
		"2026-07-01T",
		"yesterday",
		"",
	};
	struct baton_error error;
	int64_t time_ms;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(values_time(wrong[i], &time_ms, &error),
				 BATON_INVALID);
	}
}

static void
values_start_tells_words_sequences_and_times_apart(void **state)
{
	struct baton_error error;
	struct values_start start;

	(void)state;
	assert_int_equal(values_start("beginning", &start, &error), BATON_OK);
	assert_int_equal(start.at, BATON_START_BEGINNING);
	assert_int_equal(values_start("now", &start, &error), BATON_OK);
	assert_int_equal(start.at, BATON_START_NOW);
	assert_int_equal(values_start("42", &start, &error), BATON_OK);
	assert_int_equal(start.at, BATON_START_SEQUENCE);
	assert_int_equal(start.sequence, 42);
	assert_int_equal(values_start("2026-07-01T12:00:00Z", &start, &error),
			 BATON_OK);
	assert_int_equal(start.at, BATON_START_TIME);
	assert_true(start.time_ms == NOON_MS);
}

static void
values_start_refuses_other_words(void **state)
{
	struct baton_error error;
	struct values_start start;

	(void)state;
	assert_int_equal(values_start("end", &start, &error), BATON_INVALID);
	assert_int_equal(values_start("0", &start, &error), BATON_INVALID);
}

static void
values_child_takes_a_bare_nhs_number_with_spaces(void **state)
{
	char key[CONTRACT_CHILD_KEY_BYTES];
	struct baton_error error;

	(void)state;
	assert_int_equal(values_child("999 000 0018", key, &error), BATON_OK);
	assert_string_equal(key, "nhs_number:9990000018");
}

static void
values_child_takes_a_bare_upn(void **state)
{
	char key[CONTRACT_CHILD_KEY_BYTES];
	struct baton_error error;

	(void)state;
	assert_int_equal(values_child("R887120026001", key, &error), BATON_OK);
	assert_string_equal(key, "upn:R887120026001");
}

static void
values_child_takes_a_key(void **state)
{
	char key[CONTRACT_CHILD_KEY_BYTES];
	struct baton_error error;

	(void)state;
	assert_int_equal(values_child("social_care:/la/887:P1", key, &error),
			 BATON_OK);
	assert_string_equal(key, "social_care:/la/887:P1");
}

static void
values_child_never_repeats_what_was_typed(void **state)
{
	static const char *const wrong[] = {"9990000019",
					    "nhs_number:9990000019"};
	char key[CONTRACT_CHILD_KEY_BYTES];
	struct baton_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(values_child(wrong[i], key, &error),
				 BATON_INVALID);
		assert_null(strstr(error.text, "9990000019"));
	}
}

static void
values_types_splits_at_commas(void **state)
{
	struct values_list list;
	struct baton_error error;

	(void)state;
	assert_int_equal(values_types("referral,transition", &list, &error),
			 BATON_OK);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.entries[0], "referral");
	assert_string_equal(list.entries[1], "transition");
	values_list_fini(&list);
}

static void
values_types_names_the_known_ones_for_an_unknown(void **state)
{
	struct values_list list;
	struct baton_error error;

	(void)state;
	assert_int_equal(values_types("referal", &list, &error), BATON_INVALID);
	assert_non_null(strstr(error.text, "referral, panel_decision"));
}

static void
values_types_refuses_an_empty_entry(void **state)
{
	struct values_list list;
	struct baton_error error;

	(void)state;
	assert_int_equal(values_types("referral,,transition", &list, &error),
			 BATON_INVALID);
	assert_int_equal(values_types("referral,", &list, &error),
			 BATON_INVALID);
}

static void
values_sources_takes_organisations_only(void **state)
{
	struct values_list list;
	struct baton_error error;

	(void)state;
	assert_int_equal(values_sources("/ods/RPG,/la/887", &list, &error),
			 BATON_OK);
	assert_int_equal(list.count, 2);
	values_list_fini(&list);
	assert_int_equal(values_sources("RPG", &list, &error), BATON_INVALID);
}

static void
values_sources_refuses_more_than_a_filter_holds(void **state)
{
	char text[(VALUES_LIST_MAX + 1) * 8 + 1] = "";
	struct values_list list;
	struct baton_error error;

	(void)state;
	for (size_t i = 0; i < VALUES_LIST_MAX + 1; i++)
		memcpy(text + i * 8, ",/la/887", 9);
	assert_int_equal(values_sources(text + 1, &list, &error),
			 BATON_INVALID);
	assert_non_null(strstr(error.text, "at most"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_number_takes_its_bounds),
		cmocka_unit_test(values_number_refuses_what_is_none),
		cmocka_unit_test(values_number_refuses_an_overflow),
		cmocka_unit_test(values_time_reads_utc_and_offsets),
		cmocka_unit_test(values_time_without_a_zone_is_local),
		cmocka_unit_test(values_time_of_a_date_is_local_midnight),
		cmocka_unit_test(values_time_refuses_what_does_not_exist),
		cmocka_unit_test(
			values_start_tells_words_sequences_and_times_apart),
		cmocka_unit_test(values_start_refuses_other_words),
		cmocka_unit_test(
			values_child_takes_a_bare_nhs_number_with_spaces),
		cmocka_unit_test(values_child_takes_a_bare_upn),
		cmocka_unit_test(values_child_takes_a_key),
		cmocka_unit_test(values_child_never_repeats_what_was_typed),
		cmocka_unit_test(values_types_splits_at_commas),
		cmocka_unit_test(
			values_types_names_the_known_ones_for_an_unknown),
		cmocka_unit_test(values_types_refuses_an_empty_entry),
		cmocka_unit_test(values_sources_takes_organisations_only),
		cmocka_unit_test(
			values_sources_refuses_more_than_a_filter_holds),
	};

	return cmocka_run_group_tests(tests, set_london, NULL);
}
