/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/hl7v2.h"
#include "tests/unit/adapters/health_messages.h"

#include <cmocka.h>

#define MSH "MSH|^~\\&|A|B|C|D|20260101||REF^I12|1|P|2.4||||||"

/* Parses MSH with this MSH-18 and NTE-3 and checks both. */
struct sample {
	struct hl7v2_message *message;
	enum hl7v2_charset charset;
	char *text;
};

static struct sample
sample(const char *charset, const char *note)
{
	char *with_note = health_replace(MSH "@\rNTE|1||#\r", "#", note);
	struct sample sample = {
		.text = health_replace(with_note, "@", charset)};
	struct hl7v2_fault fault;

	free(with_note);
	assert_int_equal(
		hl7v2_parse(health_span(sample.text), &sample.message, &fault),
		BATON_OK);
	sample.charset = hl7v2_charset(sample.message);
	return sample;
}

static void
sample_free(struct sample *sample)
{
	hl7v2_free(sample->message);
	free(sample->text);
}

static baton_err
sample_text(const char *charset, const char *note, char *text, size_t size)
{
	struct sample one = sample(charset, note);
	baton_err err = hl7v2_text(
		one.message, one.charset,
		hl7v2_value(one.message, hl7v2_next(one.message, "NTE", NULL),
			    3, 1),
		text, size);

	sample_free(&one);
	return err;
}

static void
hl7v2_undoes_escapes(void **state)
{
	static const struct {
		const char *note;
		const char *text;
	} cases[] = {
		{"plain", "plain"},
		{"\\F\\\\S\\\\T\\\\R\\\\E\\", "|^&~\\"},
		{"a\\.br\\b\\.br\\\\.br\\c", "a\nb\n\nc"},
		{"\\X41\\\\X4243\\", "ABC"},
		{"\\Xc3a9\\", "\xc3\xa9"},
		/* A carriage return, alone or with its line feed. */
		{"a\\X0D\\b", "a\nb"},
		{"a\\X0d0a\\b", "a\nb"},
		{"a\\X0D0D0A\\b", "a\n\nb"},
		{"a\\X0A\\b", "a\nb"},
		/* Highlighting is taken away; it opens no escape behind it. */
		{"\\H\\bold\\N\\", "bold"},
		{"a\\H\\T\\N\\b", "aTb"},
		/* Not ours: verbatim. */
		{"\\Zab\\", "\\Zab\\"},
		{"\\X4\\", "\\X4\\"},
		{"\\X4G\\", "\\X4G\\"},
		{"\\X\\", "\\X\\"},
		{"\\\\", "\\\\"},
		/* Without an end: verbatim. */
		{"a\\", "a\\"},
		{"a\\F", "a\\F"},
		{"50 % \\ of \\F\\", "50 % \\ of |"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];

		assert_int_equal(
			sample_text("", cases[i].note, text, sizeof(text)),
			BATON_OK);
		assert_string_equal(text, cases[i].text);
	}
}

static void
hl7v2_knows_character_sets(void **state)
{
	static const struct {
		const char *name;
		enum hl7v2_charset charset;
	} cases[] = {
		{"", HL7V2_CHARSET_UNSTATED},
		{"ASCII", HL7V2_CHARSET_ASCII},
		{"UNICODE", HL7V2_CHARSET_UTF_8},
		{"UNICODE UTF-8", HL7V2_CHARSET_UTF_8},
		{"UTF-8", HL7V2_CHARSET_UTF_8},
		{"8859/1", HL7V2_CHARSET_8859_1},
		{"8859/1~UNICODE UTF-8", HL7V2_CHARSET_8859_1},
		{"8859/2", HL7V2_CHARSET_OTHER},
		{"ISO IR87", HL7V2_CHARSET_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample one = sample(cases[i].name, "x");

		assert_int_equal(one.charset, cases[i].charset);
		sample_free(&one);
	}
}

static void
hl7v2_gives_text_as_utf_8(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(
		sample_text("8859/1", "Zo\xeb \\XEB\\", text, sizeof(text)),
		BATON_OK);
	assert_string_equal(text, "Zo\xc3\xab \xc3\xab");
	assert_int_equal(
		sample_text("UNICODE UTF-8", "Zo\xc3\xab", text, sizeof(text)),
		BATON_OK);
	assert_string_equal(text, "Zo\xc3\xab");
}

static void
hl7v2_refuses_bytes_of_another_character_set(void **state)
{
	static const struct {
		const char *charset;
		const char *note;
		baton_err err;
	} cases[] = {
		{"", "Zo\xeb", BATON_TEXT_INVALID},
		{"", "Zo\xc3\xab", BATON_OK},
		{"ASCII", "Zo\xc3\xab", BATON_TEXT_INVALID},
		{"UTF-8", "Zo\xeb", BATON_TEXT_INVALID},
		{"UTF-8", "\xc0\xaf", BATON_TEXT_INVALID},
		{"8859/1", "Zo\xeb", BATON_OK},
	};
	char text[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample one = sample(cases[i].charset, cases[i].note);
		struct hl7v2_fault fault = {.code = HL7V2_OK};

		assert_int_equal(
			hl7v2_check_text(one.message, one.charset, &fault),
			cases[i].err);
		if (cases[i].err != BATON_OK) {
			assert_string_equal(fault.where.segment, "NTE");
			assert_int_equal(fault.where.field, 3);
		}
		sample_free(&one);
	}
	/* A quotation mark of Windows' code page, not of 8859/1. */
	assert_int_equal(sample_text("8859/1", "\x92", text, sizeof(text)),
			 BATON_TEXT_INVALID);
}

static void
hl7v2_refuses_control_characters_in_text(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(sample_text("", "\\X00\\", text, sizeof(text)),
			 BATON_TEXT_INVALID);
	assert_string_equal(text, "");
	assert_int_equal(sample_text("", "\\X1C0D\\", text, sizeof(text)),
			 BATON_TEXT_INVALID);
	assert_int_equal(sample_text("8859/1", "\x07", text, sizeof(text)),
			 BATON_TEXT_INVALID);
}

static void
hl7v2_refuses_text_that_does_not_fit(void **state)
{
	char text[4];

	(void)state;
	assert_int_equal(sample_text("", "abc", text, sizeof(text)), BATON_OK);
	assert_int_equal(sample_text("", "abcd", text, sizeof(text)),
			 BATON_TOO_LARGE);
	assert_int_equal(sample_text("8859/1", "a\xe9\xe9", text, sizeof(text)),
			 BATON_TOO_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hl7v2_undoes_escapes),
		cmocka_unit_test(hl7v2_knows_character_sets),
		cmocka_unit_test(hl7v2_gives_text_as_utf_8),
		cmocka_unit_test(hl7v2_refuses_bytes_of_another_character_set),
		cmocka_unit_test(hl7v2_refuses_control_characters_in_text),
		cmocka_unit_test(hl7v2_refuses_text_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
