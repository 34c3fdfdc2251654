/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/hl7v2.h"
#include "tests/unit/adapters/health_messages.h"

#include <cmocka.h>

#define MSH "MSH|^~\\&|A|B|C|D|20260101||REF^I12|1|P|2.4"

static struct hl7v2_message *
parse(const char *text)
{
	struct hl7v2_message *message;
	struct hl7v2_fault fault;

	assert_int_equal(hl7v2_parse(health_span(text), &message, &fault),
			 BATON_OK);
	return message;
}

static void
refuse(const char *text, baton_err err, enum hl7v2_code code)
{
	struct hl7v2_message *message;
	struct hl7v2_fault fault;

	assert_int_equal(hl7v2_parse(health_span(text), &message, &fault), err);
	assert_null(message);
	assert_int_equal(fault.code, code);
	assert_int_not_equal(fault.text[0], '\0');
}

/* The value of one field's component, in a message of two segments. */
static void
check_value(const char *text, const char *name, unsigned field,
	    unsigned component, const char *expected)
{
	struct hl7v2_message *message = parse(text);
	struct baton_span value = hl7v2_value(
		message, hl7v2_next(message, name, NULL), field, component);

	assert_true(hl7v2_is(value, expected));
	hl7v2_free(message);
}

static void
hl7v2_counts_msh_fields_as_the_standard_does(void **state)
{
	(void)state;
	check_value(MSH, "MSH", 3, 1, "A");
	check_value(MSH, "MSH", 9, 2, "I12");
	check_value(MSH, "MSH", 12, 1, "2.4");
}

static void
hl7v2_reads_separators_of_each_message(void **state)
{
	(void)state;
	check_value("MSH!*~\\&!A!B\rPID!1!!7*8*9", "PID", 3, 2, "8");
}

static void
hl7v2_takes_two_to_five_separators(void **state)
{
	(void)state;
	check_value("MSH|^&|A\rPID|1||7^8", "PID", 3, 2, "8");
	check_value("MSH|^~}|A\rPID|1||7^8", "PID", 3, 2, "8");
	check_value("MSH|^~\\&#|A\rPID|1||7^8", "PID", 3, 2, "8");
	/* Doubled by somebody's shell. */
	check_value("MSH|^~\\\\&|A\rPID|1||7&x^8", "PID", 3, 1, "7");
}

static void
hl7v2_refuses_other_separators(void **state)
{
	(void)state;
	refuse("MSH|^|A", BATON_MALFORMED, HL7V2_DATA_TYPE);
	refuse("MSH|^~\\&#!|A", BATON_MALFORMED, HL7V2_DATA_TYPE);
	refuse("MSH|^~a&|A", BATON_MALFORMED, HL7V2_DATA_TYPE);
	refuse("MSHA^~\\&AB", BATON_MALFORMED, HL7V2_DATA_TYPE);
	refuse("MSH|", BATON_MALFORMED, HL7V2_DATA_TYPE);
}

static void
hl7v2_refuses_what_does_not_begin_with_a_header(void **state)
{
	(void)state;
	refuse("", BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
	refuse("\r\n\r\n", BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
	refuse("MSH", BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
	refuse("PID|1\r" MSH, BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
	refuse("{\"a\":1}", BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
}

static void
hl7v2_refuses_a_line_that_is_no_segment(void **state)
{
	(void)state;
	refuse(MSH "\rno segment", BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
	refuse(MSH "\rPI", BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
	refuse(MSH "\rPID^1", BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE);
}

static void
hl7v2_ends_segments_with_cr_when_there_is_one(void **state)
{
	(void)state;
	check_value(MSH "\rPID|1||7\r", "PID", 3, 1, "7");
	check_value(MSH "\r\nPID|1||7\r\n", "PID", 3, 1, "7");
	/* LF is data then. */
	check_value(MSH "\rNTE|1||two\nlines\r", "NTE", 3, 1, "two\nlines");
}

static void
hl7v2_ends_segments_with_lf_when_there_is_no_cr(void **state)
{
	(void)state;
	check_value(MSH "\nPID|1||7\n", "PID", 3, 1, "7");
	check_value(MSH "\n\n \nPID|1||7", "PID", 3, 1, "7");
}

static void
hl7v2_reads_parts_left_out_as_empty(void **state)
{
	(void)state;
	check_value(MSH "\rPID|1", "PID", 3, 1, "");
	check_value(MSH "\rPID|1||7", "PID", 3, 4, "");
	check_value(MSH "\rPID", "PID", 1, 1, "");
	check_value(MSH, "PID", 3, 1, "");
}

static void
hl7v2_reads_null_as_empty(void **state)
{
	(void)state;
	check_value(MSH "\rPID|1||\"\"", "PID", 3, 1, "");
}

static void
hl7v2_splits_repetitions_components_and_subcomponents(void **state)
{
	struct hl7v2_message *message = parse(MSH "\rPID|1||a^b~c^d&e^f~");
	struct baton_span field =
		hl7v2_field(message, hl7v2_next(message, "PID", NULL), 3);
	struct baton_span second = hl7v2_repetition(message, field, 2);

	(void)state;
	assert_int_equal(hl7v2_repetitions(message, field), 3);
	assert_true(hl7v2_is(
		hl7v2_subcomponent(message, hl7v2_component(message, second, 2),
				   2),
		"e"));
	assert_true(hl7v2_is(hl7v2_part(message, second, 2), "d"));
	assert_true(hl7v2_is(hl7v2_part(message, second, 3), "f"));
	assert_int_equal(hl7v2_repetition(message, field, 3).len, 0);
	hl7v2_free(message);
}

static void
hl7v2_finds_segments_one_after_another(void **state)
{
	struct hl7v2_message *message =
		parse(MSH "\rZAB|1\rDG1|1\rNTE|1\rDG1|2\rZZZ");
	const struct hl7v2_segment *first = hl7v2_next(message, "DG1", NULL);
	const struct hl7v2_segment *second = hl7v2_next(message, "DG1", first);

	(void)state;
	assert_true(hl7v2_is(hl7v2_value(message, second, 1, 1), "2"));
	assert_null(hl7v2_next(message, "DG1", second));
	assert_int_equal(hl7v2_where(message, second, 3, 0).sequence, 2);
	hl7v2_free(message);
}

static void
hl7v2_knows_versions(void **state)
{
	static const struct {
		const char *text;
		unsigned version;
	} cases[] = {
		{"2.1", 210},   {"2.3.1", 231}, {"2.4^NZL^1.0", 240},
		{"2.5.1", 251}, {"2.8", 280},   {"2.9", 0},
		{"3.0", 0},     {"", 0},        {"2.30", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = health_replace(MSH, "2.4", cases[i].text);
		struct hl7v2_message *message = parse(text);

		assert_int_equal(hl7v2_version(message), cases[i].version);
		hl7v2_free(message);
		free(text);
	}
}

static void
hl7v2_tells_batches(void **state)
{
	static const struct {
		const char *text;
		bool batch;
	} cases[] = {
		{MSH "\rPID|1", false},
		{MSH "\r" MSH, true},
		{"BHS|^~\\&|A\r" MSH "\rBTS|1", true},
		{"FHS|^~\\&|A\rBHS|^~\\&|A\rEVN|A04", true},
		{MSH "\rBTS|1", true},
		{"BHS|^~\\&|A\rEVN|A04", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hl7v2_message *message = parse(cases[i].text);

		assert_int_equal(hl7v2_is_batch(message), cases[i].batch);
		hl7v2_free(message);
	}
}

/* A message with a part repeated count times at its end. */
static char *
repeated(const char *start, const char *part, size_t count)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	(void)fputs(start, out);
	for (size_t i = 0; i < count; i++)
		(void)fputs(part, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
hl7v2_bounds_segments_fields_and_repetitions(void **state)
{
	static const struct {
		const char *start;
		const char *part;
		size_t most;
	} cases[] = {
		{MSH, "\rNTE|1", HL7V2_SEGMENTS_MAX - 1},
		{MSH "\rNTE", "|", HL7V2_FIELDS_MAX},
		{MSH "\rNTE|", "~", HL7V2_REPETITIONS_MAX - 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text =
			repeated(cases[i].start, cases[i].part, cases[i].most);
		struct hl7v2_message *message = parse(text);

		hl7v2_free(message);
		free(text);
		text = repeated(cases[i].start, cases[i].part,
				cases[i].most + 1);
		refuse(text, BATON_TOO_LARGE,
		       i == 0 ? HL7V2_SEGMENT_SEQUENCE : HL7V2_DATA_TYPE);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hl7v2_counts_msh_fields_as_the_standard_does),
		cmocka_unit_test(hl7v2_reads_separators_of_each_message),
		cmocka_unit_test(hl7v2_takes_two_to_five_separators),
		cmocka_unit_test(hl7v2_refuses_other_separators),
		cmocka_unit_test(
			hl7v2_refuses_what_does_not_begin_with_a_header),
		cmocka_unit_test(hl7v2_refuses_a_line_that_is_no_segment),
		cmocka_unit_test(hl7v2_ends_segments_with_cr_when_there_is_one),
		cmocka_unit_test(
			hl7v2_ends_segments_with_lf_when_there_is_no_cr),
		cmocka_unit_test(hl7v2_reads_parts_left_out_as_empty),
		cmocka_unit_test(hl7v2_reads_null_as_empty),
		cmocka_unit_test(
			hl7v2_splits_repetitions_components_and_subcomponents),
		cmocka_unit_test(hl7v2_finds_segments_one_after_another),
		cmocka_unit_test(hl7v2_knows_versions),
		cmocka_unit_test(hl7v2_tells_batches),
		cmocka_unit_test(hl7v2_bounds_segments_fields_and_repetitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
