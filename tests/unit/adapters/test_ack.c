/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/hl7v2_ack.h"
#include "tests/unit/adapters/health_messages.h"

#include <cmocka.h>

/* 2026-02-03 14:15:00 UTC. */
#define NOW_MS INT64_C(1770128100000)

#define MSH                                                                    \
	"MSH|^~\\&|APP|FAC|US|OURS|20260101||REF^I12^REF_I12|C42|P|2.5.1"      \
	"|||@|#|GBR|UTF-8\r"

static const struct hl7v2_fault fault_pid_3 = {
	HL7V2_DATA_TYPE, {"PID", 1, 3, 2, 1}, "NHS number | is not right"};

/* The answer as text. Free with free(). */
static char *
answer(const char *text, enum hl7v2_level level, enum hl7v2_verdict verdict,
       const struct hl7v2_fault *fault)
{
	struct hl7v2_message *message = NULL;
	struct hl7v2_fault unused;
	struct hl7v2_ack ack = {
		.level = level,
		.verdict = verdict,
		.fault = fault,
		.control_id = "OURS1",
		.now_ms = NOW_MS,
		.enhanced = level == HL7V2_COMMIT,
	};
	char *written = NULL;
	size_t len;
	FILE *out = open_memstream(&written, &len);

	assert_non_null(out);
	if (text != NULL) {
		assert_int_equal(
			hl7v2_parse(health_span(text), &message, &unused),
			BATON_OK);
	}
	ack.message = message;
	hl7v2_ack_write(out, &ack);
	assert_int_equal(fclose(out), 0);
	hl7v2_free(message);
	return written;
}

static void
check(const char *text, enum hl7v2_level level, enum hl7v2_verdict verdict,
      const struct hl7v2_fault *fault, const char *expected)
{
	char *written = answer(text, level, verdict, fault);

	assert_string_equal(written, expected);
	free(written);
}

static void
ack_turns_the_senders_header_round(void **state)
{
	(void)state;
	check(MSH, HL7V2_APPLICATION, HL7V2_ACCEPT, NULL,
	      "MSH|^~\\&|US|OURS|APP|FAC|20260203141500+0000||ACK^I12^ACK"
	      "|OURS1|P|2.5.1||||||UTF-8\r"
	      "MSA|AA|C42\r");
}

static void
ack_names_its_type_as_the_version_does(void **state)
{
	static const struct {
		const char *version;
		const char *type;
		const char *type_part;
	} cases[] = {
		{"2.5.1", "REF^I12^REF_I12", "||ACK^I12^ACK|"},
		{"2.3.1", "REF^I12", "||ACK^I12^ACK|"},
		{"2.3", "REF^I12", "||ACK^I12|"},
		{"2.1", "REF", "||ACK|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *first = health_replace(MSH, "2.5.1", cases[i].version);
		char *text =
			health_replace(first, "REF^I12^REF_I12", cases[i].type);
		char *written =
			answer(text, HL7V2_APPLICATION, HL7V2_ACCEPT, NULL);

		assert_true(health_has(written, cases[i].type_part));
		free(written);
		free(text);
		free(first);
	}
}

static void
ack_places_the_error_as_the_version_does(void **state)
{
	static const struct {
		const char *version;
		const char *rest;
	} cases[] = {
		{"2.3", "MSA|AE|C42|NHS number \\F\\ is not right\r"
			"ERR|PID^1^3^102&Data type error&HL70357\r"},
		{"2.4", "MSA|AE|C42|NHS number \\F\\ is not right\r"
			"ERR|PID^1^3^102&Data type error&HL70357\r"},
		{"2.5", "MSA|AE|C42|NHS number \\F\\ is not right\r"
			"ERR||PID^1^3^2^1|102^Data type error^HL70357|E||||"
			"NHS number \\F\\ is not right\r"},
		{"2.8", "MSA|AE|C42\r"
			"ERR||PID^1^3^2^1|102^Data type error^HL70357|E||||"
			"NHS number \\F\\ is not right\r"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = health_replace(MSH, "2.5.1", cases[i].version);
		char *written = answer(text, HL7V2_APPLICATION, HL7V2_ERROR,
				       &fault_pid_3);

		assert_string_equal(strstr(written, "MSA"), cases[i].rest);
		free(written);
		free(text);
	}
}

static void
ack_keeps_the_components_of_a_place_without_field(void **state)
{
	static const struct hl7v2_fault whole = {
		HL7V2_SEGMENT_SEQUENCE, {"RF1", 0, 0, 0, 0}, "needs RF1"};
	char *text = health_replace(MSH, "2.5.1", "2.4");
	char *written = answer(text, HL7V2_APPLICATION, HL7V2_ERROR, &whole);

	(void)state;
	assert_true(health_has(
		written, "ERR|RF1^^^100&Segment sequence error&HL70357\r"));
	free(written);
	free(text);
}

static void
ack_says_each_verdict_at_each_level(void **state)
{
	static const char *const codes[2][3] = {{"|CA|", "|CE|", "|CR|"},
						{"|AA|", "|AE|", "|AR|"}};

	(void)state;
	for (int level = 0; level < 2; level++) {
		for (int verdict = 0; verdict < 3; verdict++) {
			char *written =
				answer(MSH, (enum hl7v2_level)level,
				       (enum hl7v2_verdict)verdict, NULL);

			assert_true(health_has(written, codes[level][verdict]));
			free(written);
		}
	}
}

static void
ack_uses_the_senders_separators(void **state)
{
	(void)state;
	check("MSH!*%\\$!APP!FAC!US!OURS!!!REF*I12!C42!P!2.4\r",
	      HL7V2_APPLICATION, HL7V2_ERROR, &fault_pid_3,
	      "MSH!*%\\$!US!OURS!APP!FAC!20260203141500+0000!!ACK*I12*ACK"
	      "!OURS1!P!2.4\r"
	      "MSA!AE!C42!NHS number | is not right\r"
	      "ERR!PID*1*3*102$Data type error$HL70357\r");
}

static void
ack_cannot_be_ended_early_by_the_sender(void **state)
{
	char *text = health_replace(MSH, "C42", "C\x1c\x0b\n2");
	char *written = answer(text, HL7V2_APPLICATION, HL7V2_ACCEPT, NULL);

	(void)state;
	assert_true(health_has(written, "MSA|AA|C???2\r"));
	free(written);
	free(text);
}

static void
ack_answers_a_batch_from_its_header(void **state)
{
	(void)state;
	check("BHS|^~\\&|APP|FAC|US|OURS|20260101||||B7\rEVN|A04\r",
	      HL7V2_APPLICATION, HL7V2_REJECT, NULL,
	      "MSH|^~\\&|US|OURS|APP|FAC|20260203141500+0000||ACK|OURS1|P|2.5"
	      "\rMSA|AR|B7\r");
}

static void
ack_answers_what_could_not_be_read(void **state)
{
	(void)state;
	check(NULL, HL7V2_APPLICATION, HL7V2_REJECT, NULL,
	      "MSH|^~\\&|||||20260203141500+0000||ACK|OURS1|P|2.5\rMSA|AR|\r");
}

static void
ack_gives_the_answers_that_are_asked_for(void **state)
{
	/* For accepted and for refused: commit level, application level. */
	static const struct {
		const char *commit;
		const char *application;
		bool expected[4];
		enum hl7v2_silence silence;
	} cases[] = {
		{"", "", {0, 1, 0, 1}, HL7V2_SILENCE_HONOURED},
		{"AL", "AL", {1, 1, 1, 0}, HL7V2_SILENCE_HONOURED},
		{"AL", "NE", {1, 0, 1, 0}, HL7V2_SILENCE_HONOURED},
		{"AL", "", {1, 0, 1, 0}, HL7V2_SILENCE_HONOURED},
		{"NE", "AL", {0, 1, 0, 1}, HL7V2_SILENCE_HONOURED},
		{"ER", "AL", {0, 1, 1, 0}, HL7V2_SILENCE_HONOURED},
		{"SU", "ER", {1, 0, 0, 1}, HL7V2_SILENCE_HONOURED},
		{"NE", "ER", {0, 0, 0, 1}, HL7V2_SILENCE_HONOURED},
		{"NE", "NE", {0, 0, 0, 0}, HL7V2_SILENCE_HONOURED},
		{"NE", "NE", {0, 1, 0, 1}, HL7V2_SILENCE_ANSWERED},
		{"NE", "ER", {0, 1, 0, 1}, HL7V2_SILENCE_ANSWERED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *first = health_replace(MSH, "@", cases[i].commit);
		char *text = health_replace(first, "#", cases[i].application);
		struct hl7v2_message *message;
		struct hl7v2_fault fault;

		assert_int_equal(
			hl7v2_parse(health_span(text), &message, &fault),
			BATON_OK);
		for (size_t refused = 0; refused < 2; refused++) {
			struct hl7v2_answers answers = hl7v2_answers(
				message, refused ? HL7V2_ERROR : HL7V2_ACCEPT,
				cases[i].silence);

			assert_int_equal(answers.commit,
					 cases[i].expected[refused * 2]);
			assert_int_equal(answers.application,
					 cases[i].expected[refused * 2 + 1]);
		}
		hl7v2_free(message);
		free(text);
		free(first);
	}
}

static void
ack_of_the_application_wants_no_answer_itself(void **state)
{
	struct hl7v2_message *message;
	struct hl7v2_fault fault;
	struct hl7v2_ack ack = {
		.level = HL7V2_APPLICATION,
		.control_id = "OURS2",
		.now_ms = NOW_MS,
		.enhanced = true,
	};
	char *written = NULL;
	size_t len;
	FILE *out = open_memstream(&written, &len);

	(void)state;
	assert_int_equal(hl7v2_parse(health_span(MSH), &message, &fault),
			 BATON_OK);
	ack.message = message;
	hl7v2_ack_write(out, &ack);
	assert_int_equal(fclose(out), 0);
	assert_true(health_has(written, "|OURS2|P|2.5.1|||NE|NE||UTF-8\r"));
	hl7v2_free(message);
	free(written);
}

static void
ack_knows_an_answer(void **state)
{
	static const struct {
		const char *text;
		bool answer;
	} cases[] = {
		{"MSH|^~\\&|A|B|C|D|1||ACK^I12|1|P|2.4\rMSA|AA|1", true},
		{"MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.4", true},
		{"MSH|^~\\&|A|B|C|D|1||MCF|1|P|2.1", true},
		{"MSH|^~\\&|A|B|C|D|1||RRI^I12|1|P|2.4\rMSA|AA|1", true},
		{"MSH|^~\\&|A|B|C|D|1||RRI^I12|1|P|2.4\rRF1|A", false},
		{"MSH|^~\\&|A|B|C|D|1||REF^I12|1|P|2.4", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hl7v2_message *message;
		struct hl7v2_fault fault;

		assert_int_equal(hl7v2_parse(health_span(cases[i].text),
					     &message, &fault),
				 BATON_OK);
		assert_int_equal(hl7v2_is_answer(message), cases[i].answer);
		hl7v2_free(message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ack_turns_the_senders_header_round),
		cmocka_unit_test(ack_names_its_type_as_the_version_does),
		cmocka_unit_test(ack_places_the_error_as_the_version_does),
		cmocka_unit_test(
			ack_keeps_the_components_of_a_place_without_field),
		cmocka_unit_test(ack_says_each_verdict_at_each_level),
		cmocka_unit_test(ack_uses_the_senders_separators),
		cmocka_unit_test(ack_cannot_be_ended_early_by_the_sender),
		cmocka_unit_test(ack_answers_a_batch_from_its_header),
		cmocka_unit_test(ack_answers_what_could_not_be_read),
		cmocka_unit_test(ack_gives_the_answers_that_are_asked_for),
		cmocka_unit_test(ack_of_the_application_wants_no_answer_itself),
		cmocka_unit_test(ack_knows_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
