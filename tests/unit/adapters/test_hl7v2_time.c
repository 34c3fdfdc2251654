/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "adapters/health/hl7v2_time.h"
#include "client/civil.h"
#include "tests/unit/adapters/health_messages.h"

#include <cmocka.h>

/* Milliseconds of a UTC time. */
static int64_t
utc_ms(int year, int month, int day, int hour, int minute)
{
	int64_t minutes = (int64_t)hour * 60 + minute;

	return (civil_to_days(year, month, day) * 1440 + minutes) * 60000;
}

static void
hl7v2_time_reads_every_form_that_is_sent(void **state)
{
	static const struct {
		const char *text;
		int hour;
		int minute;
		int64_t rest_ms;
	} cases[] = {
		{"20260115", 0, 0, 0},
		{"2026011514", 14, 0, 0},
		{"202601151430", 14, 30, 0},
		{"20260115143005", 14, 30, 5000},
		{"20260115143005.25", 14, 30, 5250},
		{"20260115143005.1239", 14, 30, 5123},
		{"20260115143005+0000", 14, 30, 5000},
		{"202601151430+0530", 9, 0, 0},
		{"202601150230-0500", 7, 30, 0},
		{"2026-01-15 14:30:05", 14, 30, 5000},
		{"2026-01-15T14:30:05Z", 14, 30, 5000},
		{"2026-01-15T14:30:05+01:00", 13, 30, 5000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 0;

		assert_true(hl7v2_time_read(health_span(cases[i].text),
					    HL7V2_ZONE_LONDON, &ms));
		assert_int_equal(ms, utc_ms(2026, 1, 15, cases[i].hour,
					    cases[i].minute) +
					     cases[i].rest_ms);
	}
}

static void
hl7v2_time_refuses_what_does_not_exist(void **state)
{
	static const char *const cases[] = {
		"",
		"2026",
		"202601",
		"20261301",
		"20260230",
		"2026011524",
		"202601151460",
		"2026011514305",
		"20260115143005.",
		"20260115x",
		"20260115143005+1",
		"Aug 15, 1942",
		"20260115143005+9900",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms;

		assert_false(hl7v2_time_read(health_span(cases[i]),
					     HL7V2_ZONE_UTC, &ms));
	}
}

static void
hl7v2_time_reads_local_time_as_gmt_or_bst(void **state)
{
	/* In 2026 BST runs from 29 March to 25 October, in 2027 from 28 March
	 * to 31 October. */
	static const struct {
		const char *text;
		int year, month, day, hour, minute;
	} cases[] = {
		{"202601011200", 2026, 1, 1, 12, 0},
		{"202607011200", 2026, 7, 1, 11, 0},
		{"202603290059", 2026, 3, 29, 0, 59},
		/* Does not exist: read as GMT. */
		{"202603290130", 2026, 3, 29, 1, 30},
		{"202603290200", 2026, 3, 29, 1, 0},
		{"202610250059", 2026, 10, 24, 23, 59},
		/* Comes twice: the first. */
		{"202610250130", 2026, 10, 25, 0, 30},
		{"202610250200", 2026, 10, 25, 2, 0},
		{"202703281200", 2027, 3, 28, 11, 0},
		{"202710311200", 2027, 10, 31, 12, 0},
		{"202710301200", 2027, 10, 30, 11, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 0;

		assert_true(hl7v2_time_read(health_span(cases[i].text),
					    HL7V2_ZONE_LONDON, &ms));
		assert_int_equal(ms, utc_ms(cases[i].year, cases[i].month,
					    cases[i].day, cases[i].hour,
					    cases[i].minute));
	}
}

static void
hl7v2_time_reads_utc_when_told(void **state)
{
	int64_t ms = 0;

	(void)state;
	assert_true(hl7v2_time_read(health_span("202607011200"), HL7V2_ZONE_UTC,
				    &ms));
	assert_int_equal(ms, utc_ms(2026, 7, 1, 12, 0));
}

static void
hl7v2_time_gives_the_date_that_is_written(void **state)
{
	char date[11];

	(void)state;
	assert_true(hl7v2_time_date(health_span("20260701003000"), date));
	assert_string_equal(date, "2026-07-01");
	assert_true(hl7v2_time_date(health_span("2026-07-01 00:30"), date));
	assert_string_equal(date, "2026-07-01");
	assert_false(hl7v2_time_date(health_span("19761325"), date));
	assert_false(hl7v2_time_date(health_span("202607"), date));
	assert_false(hl7v2_time_date(health_span(""), date));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hl7v2_time_reads_every_form_that_is_sent),
		cmocka_unit_test(hl7v2_time_refuses_what_does_not_exist),
		cmocka_unit_test(hl7v2_time_reads_local_time_as_gmt_or_bst),
		cmocka_unit_test(hl7v2_time_reads_utc_when_told),
		cmocka_unit_test(hl7v2_time_gives_the_date_that_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
