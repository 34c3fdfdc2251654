/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "baton/event.h"
#include "client/timestamp.h"
#include "contract_fixture.h"

#include <cmocka.h>

#define HEAD "\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":\"/ods/RPG\","
#define TYPE "\"type\":\"uk.send.referral.v1\","
#define REFERRAL_DATA "\"data\":{\"referral\":{}}"

/* Reads JSON and expects an answer at a path. */
static void
expect(const char *json, baton_err code, const char *path)
{
	struct baton_problem problem = {0};
	uint8_t *bytes;
	size_t len;
	baton_err err;

	err = baton_event_from_json(json, strlen(json), BATON_ID_REQUIRED,
				    &bytes, &len, &problem);
	assert_string_equal(baton_err_name(err), baton_err_name(code));
	assert_string_equal(problem.path, path);
	assert_int_equal(bytes == NULL, code != BATON_OK);
	baton_event_bytes_free(bytes);
}

/* Reads JSON that is right and unpacks it. */
static Send__V1__Event *
read_event(const char *json, enum baton_fill_id fill_id)
{
	struct baton_span span;
	Send__V1__Event *event;
	uint8_t *bytes;

	assert_int_equal(baton_event_from_json(json, strlen(json), fill_id,
					       &bytes, &span.len, NULL),
			 BATON_OK);
	span.data = bytes;
	assert_int_equal(baton_event_unpack(span, &event, NULL), BATON_OK);
	baton_event_bytes_free(bytes);
	return event;
}

/* Expects JSON to be written as given, after reading it. */
static void
expect_written(const char *json, const char *written)
{
	struct baton_span span;
	uint8_t *bytes;
	char *text;

	assert_int_equal(baton_event_from_json(json, strlen(json),
					       BATON_ID_REQUIRED, &bytes,
					       &span.len, NULL),
			 BATON_OK);
	span.data = bytes;
	assert_int_equal(baton_event_to_json(span, &text, NULL), BATON_OK);
	assert_string_equal(text, written);
	baton_json_free(text);
	baton_event_bytes_free(bytes);
}

static void
json_maps_every_attribute(void **state)
{
	static const char json[] =
		"{" HEAD TYPE "\"subject\":\"EHC-1\","
		"\"time\":\"2026-02-15T09:30:00Z\",\"action\":\"update\","
		"\"dataref\":\"https://example.org/1\","
		"\"traceparent\":\"t\",\"datacontenttype\":\"application/"
		"json\","
		"\"sourcename\":\"Medway\"," REFERRAL_DATA "}";
	Send__V1__Event *event = read_event(json, BATON_ID_REQUIRED);

	(void)state;
	assert_string_equal(event->id, "e-1");
	assert_string_equal(event->source->code, "RPG");
	assert_string_equal(event->source->name, "Medway");
	assert_string_equal(event->case_reference, "EHC-1");
	assert_int_equal(event->occurred_at->seconds, 1771147800);
	assert_int_equal(event->action, SEND__V1__ACTION__ACTION_UPDATE);
	assert_string_equal(event->dataref, "https://example.org/1");
	assert_string_equal(event->traceparent, "t");
	assert_int_equal(event->data_case, SEND__V1__EVENT__DATA_REFERRAL);
	baton_event_free(event);
	expect_written(json, json);
}

static void
json_leaves_defaults_out(void **state)
{
	(void)state;
	expect_written("{" HEAD TYPE "\"data\":{\"purpose\":"
		       "\"PURPOSE_UNSPECIFIED\",\"referral\":{\"referralId\":"
		       "\"\",\"reasonCodes\":[],\"waiting\":{}}}}",
		       "{" HEAD TYPE "\"datacontenttype\":\"application/json\","
		       "\"data\":{\"referral\":{\"waiting\":{}}}}");
}

static void
json_takes_both_names_and_writes_camel_case(void **state)
{
	(void)state;
	expect_written(
		"{" HEAD TYPE "\"data\":{\"lawful_basis\":1,"
		"\"referral\":{\"referral_id\":\"R\",\"authoredOn\":\"x\"}}}",
		"{" HEAD TYPE "\"datacontenttype\":\"application/json\","
		"\"data\":{\"lawfulBasis\":\"LAWFUL_BASIS_PUBLIC_TASK\","
		"\"referral\":{\"referralId\":\"R\",\"authoredOn\":\"x\"}}}");
}

static void
json_null_is_not_given(void **state)
{
	(void)state;
	expect_written("{" HEAD TYPE "\"subject\":null,\"data\":{\"child\":null"
		       ",\"referral\":{\"status\":null,\"sen_types\":null}}}",
		       "{" HEAD TYPE "\"datacontenttype\":\"application/json\","
		       "\"data\":{\"referral\":{}}}");
}

static void
json_offset_becomes_utc(void **state)
{
	Send__V1__Event *event = read_event(
		"{" HEAD TYPE
		"\"time\":\"2026-02-15T09:30:00.5+01:00\"," REFERRAL_DATA "}",
		BATON_ID_REQUIRED);

	(void)state;
	assert_int_equal(event->occurred_at->seconds, 1771147800 - 3600);
	assert_int_equal(event->occurred_at->nanos, 500000000);
	baton_event_free(event);
}

static void
json_id_is_filled_when_asked(void **state)
{
	Send__V1__Event *event = read_event(
		"{\"specversion\":\"1.0\",\"source\":\"/la/887\"," TYPE
			REFERRAL_DATA "}",
		BATON_ID_FILL);

	(void)state;
	assert_int_equal(strlen(event->id), 36);
	baton_event_free(event);
}

static void
json_requires_the_attributes_of_cloudevents(void **state)
{
	(void)state;
	expect("{}", BATON_FIELD_MISSING, "specversion");
	expect("{\"specversion\":\"1.0\",\"source\":\"/la/887\"," TYPE
		       REFERRAL_DATA "}",
	       BATON_FIELD_MISSING, "id");
	expect("{\"specversion\":\"1.0\",\"id\":\"a\"," TYPE REFERRAL_DATA "}",
	       BATON_FIELD_MISSING, "source");
	expect("{" HEAD REFERRAL_DATA "}", BATON_FIELD_MISSING, "type");
	expect("{" HEAD TYPE "\"data\":{}}", BATON_FIELD_MISSING,
	       "data.referral");
}

static void
json_refuses_attributes_of_other_form(void **state)
{
	(void)state;
	expect("{\"specversion\":\"0.3\",\"id\":\"a\",\"source\":\"/la/"
	       "887\"," TYPE REFERRAL_DATA "}",
	       BATON_FIELD_INVALID, "specversion");
	expect("{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"/la/"
	       "8\"," TYPE REFERRAL_DATA "}",
	       BATON_FIELD_INVALID, "source");
	expect("{" HEAD "\"type\":\"uk.send.nothing.v1\"," REFERRAL_DATA "}",
	       BATON_ENUM_UNKNOWN, "type");
	expect("{" HEAD TYPE "\"action\":\"NEW\"," REFERRAL_DATA "}",
	       BATON_ENUM_UNKNOWN, "action");
	expect("{" HEAD TYPE "\"time\":\"yesterday\"," REFERRAL_DATA "}",
	       BATON_DATE_INVALID, "time");
	expect("{" HEAD TYPE "\"subject\":7," REFERRAL_DATA "}",
	       BATON_FIELD_INVALID, "subject");
	expect("{" HEAD TYPE "\"datacontenttype\":\"text/plain\"," REFERRAL_DATA
	       "}",
	       BATON_FIELD_INVALID, "datacontenttype");
}

static void
json_type_agrees_with_data(void **state)
{
	(void)state;
	expect("{" HEAD TYPE "\"data\":{\"transition\":{}}}", BATON_RULE_BROKEN,
	       "type");
}

static void
json_refuses_two_families(void **state)
{
	(void)state;
	expect("{" HEAD TYPE "\"data\":{\"referral\":{},\"transition\":{}}}",
	       BATON_RULE_BROKEN, "data.transition");
}

static void
json_refuses_unknown_members_with_their_path(void **state)
{
	(void)state;
	expect("{" HEAD TYPE REFERRAL_DATA ",\"dataschema\":\"x\"}",
	       BATON_FIELD_UNKNOWN, "dataschema");
	expect("{" HEAD TYPE
	       "\"data\":{\"referral\":{\"from\":{\"rolle\":1}}}}",
	       BATON_FIELD_UNKNOWN, "data.referral.from.rolle");
}

static void
json_refuses_attributes_inside_data(void **state)
{
	(void)state;
	expect("{" HEAD TYPE "\"data\":{\"id\":\"x\",\"referral\":{}}}",
	       BATON_FIELD_UNKNOWN, "data.id");
}

static void
json_hides_unknown_names_that_could_be_data(void **state)
{
	(void)state;
	expect("{\"9990000018\":1}", BATON_FIELD_UNKNOWN, "?");
	expect("{\"n9990000018\":1}", BATON_FIELD_UNKNOWN, "?");
	expect("{\"A child's name\":1}", BATON_FIELD_UNKNOWN, "?");
	expect("{\"\":1}", BATON_FIELD_UNKNOWN, "?");
}

static void
json_refuses_a_member_under_both_names(void **state)
{
	(void)state;
	expect("{" HEAD TYPE
	       "\"data\":{\"contactTeam\":{},\"contact_team\":{}}}",
	       BATON_ENTRY_REPEATED, "data.contactTeam");
}

static void
json_refuses_wrong_types_with_their_path(void **state)
{
	(void)state;
	expect("{" HEAD TYPE "\"data\":[]}", BATON_FIELD_INVALID, "data");
	expect("{" HEAD TYPE "\"data\":{\"referral\":{\"referralId\":1}}}",
	       BATON_FIELD_INVALID, "data.referral.referralId");
	expect("{" HEAD TYPE "\"data\":{\"referral\":{\"senTypes\":\"x\"}}}",
	       BATON_FIELD_INVALID, "data.referral.senTypes");
	expect("{" HEAD TYPE
	       "\"data\":{\"child\":{\"identifiers\":[{},null]}}}",
	       BATON_FIELD_INVALID, "data.child.identifiers[1]");
	expect("{" HEAD TYPE
	       "\"data\":{\"panelDecision\":{\"mediationOffered\":"
	       "1}}}",
	       BATON_FIELD_INVALID, "data.panelDecision.mediationOffered");
}

static void
json_takes_known_enum_numbers_only(void **state)
{
	(void)state;
	expect("{" HEAD TYPE "\"data\":{\"purpose\":1,\"referral\":{}}}",
	       BATON_OK, "");
	expect("{" HEAD TYPE "\"data\":{\"purpose\":99}}", BATON_ENUM_UNKNOWN,
	       "data.purpose");
	expect("{" HEAD TYPE "\"data\":{\"purpose\":4294967297}}",
	       BATON_ENUM_UNKNOWN, "data.purpose");
	expect("{" HEAD TYPE "\"data\":{\"purpose\":\"1\"}}",
	       BATON_ENUM_UNKNOWN, "data.purpose");
	expect("{" HEAD TYPE "\"data\":{\"purpose\":1.0}}", BATON_FIELD_INVALID,
	       "data.purpose");
}

static void
json_refuses_numbers_out_of_range(void **state)
{
	(void)state;
	expect("{" HEAD TYPE
	       "\"data\":{\"transition\":{\"schoolYear\":2147483648}}}",
	       BATON_FIELD_INVALID, "data.transition.schoolYear");
	expect("{" HEAD TYPE "\"data\":{\"transition\":{\"schoolYear\":1e3}}}",
	       BATON_FIELD_INVALID, "data.transition.schoolYear");
}

static void
json_refuses_control_characters(void **state)
{
	(void)state;
	expect("{" HEAD TYPE "\"subject\":\"a\\u0007\"," REFERRAL_DATA "}",
	       BATON_TEXT_INVALID, "subject");
	expect("{" HEAD TYPE
	       "\"data\":{\"referral\":{\"reasonText\":\"\\u0085\"}}}",
	       BATON_TEXT_INVALID, "data.referral.reasonText");
}

/* Reads what is not JSON and expects a text that says where. */
static void
expect_syntax(const char *json, size_t len, const char *text)
{
	struct baton_problem problem = {0};
	uint8_t *bytes;

	assert_int_equal(baton_event_from_json(json, len, BATON_ID_REQUIRED,
					       &bytes, &len, &problem),
			 BATON_MALFORMED);
	assert_string_equal(problem.text, text);
}

#define SYNTAX(json, text) expect_syntax(json, sizeof(json) - 1, text)

static void
json_syntax_errors_name_line_and_column(void **state)
{
	(void)state;
	SYNTAX("{\n  \"id\": marked\n}", "line 2, column 14: this is not JSON");
	SYNTAX("{\"id\":\"a\",\"id\":\"b\"}",
	       "line 1, column 14: a member is there twice");
	SYNTAX("{\"id\":", "line 1, column 6: the JSON ends too early");
	SYNTAX("{} {}", "line 1, column 4: something follows the JSON object");
	SYNTAX("[]", "line 1, column 1: an event is a JSON object");
}

static void
json_refuses_nul_and_bad_utf8(void **state)
{
	struct baton_problem problem = {0};
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(baton_event_from_json("{\"id\":\"\\u0000\"}", 15,
					       BATON_ID_REQUIRED, &bytes, &len,
					       &problem),
			 BATON_MALFORMED);
	assert_int_equal(baton_event_from_json("{\"id\":\"\xff\"}", 10,
					       BATON_ID_REQUIRED, &bytes, &len,
					       &problem),
			 BATON_MALFORMED);
	assert_int_equal(baton_event_from_json("", 0, BATON_ID_REQUIRED, &bytes,
					       &len, &problem),
			 BATON_MALFORMED);
}

static void
json_need_not_end_in_nul(void **state)
{
	static const char json[] = "{" HEAD TYPE REFERRAL_DATA "}garbage";
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(baton_event_from_json(json, sizeof(json) - 8,
					       BATON_ID_REQUIRED, &bytes, &len,
					       NULL),
			 BATON_OK);
	baton_event_bytes_free(bytes);
}

static void
json_nested_too_deeply_is_refused(void **state)
{
	static char json[100000];
	struct baton_problem problem = {0};
	uint8_t *bytes;
	size_t len;

	(void)state;
	memset(json, '[', sizeof(json));
	assert_int_equal(baton_event_from_json(json, sizeof(json),
					       BATON_ID_REQUIRED, &bytes, &len,
					       &problem),
			 BATON_MALFORMED);
	assert_string_equal(problem.text, "nested deeper than 16 levels");
}

static void
json_brackets_in_text_are_no_nesting(void **state)
{
	(void)state;
	expect("{" HEAD TYPE "\"data\":{\"referral\":{\"reasonText\":"
	       "\"[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[\"}}}",
	       BATON_OK, "");
}

static void
json_too_large_is_refused(void **state)
{
	static char json[256 * 1024 + 1];
	uint8_t *bytes;
	size_t len;

	(void)state;
	memset(json, ' ', sizeof(json));
	assert_int_equal(baton_event_from_json(json, sizeof(json),
					       BATON_ID_REQUIRED, &bytes, &len,
					       NULL),
			 BATON_TOO_LARGE);
}

static void
json_of_an_event_too_large_is_refused(void **state)
{
	static char json[BATON_EVENT_MAX_BYTES + 1000];
	struct baton_problem problem = {0};
	uint8_t *bytes;
	size_t len;
	int at;

	(void)state;
	at = snprintf(json, sizeof(json),
		      "{" HEAD TYPE
		      "\"data\":{\"referral\":{\"reasonText\":\"");
	memset(json + at, 'a', BATON_EVENT_MAX_BYTES);
	memcpy(json + at + BATON_EVENT_MAX_BYTES, "\"}}}", 5);
	assert_int_equal(baton_event_from_json(json, strlen(json),
					       BATON_ID_REQUIRED, &bytes, &len,
					       &problem),
			 BATON_TOO_LARGE);
}

static void
json_is_not_written_from_malformed_bytes(void **state)
{
	struct baton_span span = {(const uint8_t *)"\xff", 1};
	char *json;

	(void)state;
	assert_int_equal(baton_event_to_json(span, &json, NULL),
			 BATON_MALFORMED);
	assert_null(json);
}

static void
json_of_a_newer_publisher_is_written_without_what_is_new(void **state)
{
	/* transition {}, field 31: 1 */
	struct baton_span span = {(const uint8_t *)"\xba\x06\x00\xf8\x01\x01",
				  6};
	char *json;

	(void)state;
	assert_int_equal(baton_event_to_json(span, &json, NULL), BATON_OK);
	assert_string_equal(json, "{\"specversion\":\"1.0\","
				  "\"type\":\"uk.send.transition.v1\","
				  "\"datacontenttype\":\"application/json\","
				  "\"data\":{\"transition\":{}}}");
	baton_json_free(json);
}

static void
timestamp_is_written_with_the_fewest_digits(void **state)
{
	char text[TIMESTAMP_BYTES];

	(void)state;
	assert_true(timestamp_format(0, 0, text));
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	assert_true(timestamp_format(-1, 120000000, text));
	assert_string_equal(text, "1969-12-31T23:59:59.120Z");
	assert_true(timestamp_format(1, 1000, text));
	assert_string_equal(text, "1970-01-01T00:00:01.000001Z");
	assert_true(timestamp_format(1, 1, text));
	assert_string_equal(text, "1970-01-01T00:00:01.000000001Z");
}

static void
timestamp_out_of_range_is_not_written(void **state)
{
	char text[TIMESTAMP_BYTES];

	(void)state;
	assert_true(timestamp_format(253402300799, 999999999, text));
	assert_string_equal(text, "9999-12-31T23:59:59.999999999Z");
	assert_false(timestamp_format(253402300800, 0, text));
	assert_true(timestamp_format(-62135596800, 0, text));
	assert_string_equal(text, "0001-01-01T00:00:00Z");
	assert_false(timestamp_format(-62135596801, 0, text));
	assert_false(timestamp_format(0, 1000000000, text));
	assert_false(timestamp_format(0, -1, text));
}

static void
timestamp_of_other_form_is_not_read(void **state)
{
	static const char *const texts[] = {
		"",
		"2026-02-15",
		"2026-02-15T09:30:00",
		"2026-02-15 09:30:00Z",
		"2026-02-30T09:30:00Z",
		"2026-02-15T24:00:00Z",
		"2026-02-15T09:60:00Z",
		"2026-02-15T09:30:60Z",
		"2026-02-15T09:30:00.Z",
		"2026-02-15T09:30:00.1234567890Z",
		"2026-02-15T09:30:00+24:00",
		"2026-02-15T09:30:00+01:60",
		"2026-02-15T09:30:00+0100",
		"2026-02-15T09:30:00Zx",
		"0000-02-15T09:30:00Z",
		"0001-01-01T00:00:00+00:01",
	};
	int64_t seconds;
	int32_t nanos;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(timestamp_parse(texts[i], &seconds, &nanos));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_maps_every_attribute),
		cmocka_unit_test(json_leaves_defaults_out),
		cmocka_unit_test(json_takes_both_names_and_writes_camel_case),
		cmocka_unit_test(json_null_is_not_given),
		cmocka_unit_test(json_offset_becomes_utc),
		cmocka_unit_test(json_id_is_filled_when_asked),
		cmocka_unit_test(json_requires_the_attributes_of_cloudevents),
		cmocka_unit_test(json_refuses_attributes_of_other_form),
		cmocka_unit_test(json_type_agrees_with_data),
		cmocka_unit_test(json_refuses_two_families),
		cmocka_unit_test(json_refuses_unknown_members_with_their_path),
		cmocka_unit_test(json_refuses_attributes_inside_data),
		cmocka_unit_test(json_hides_unknown_names_that_could_be_data),
		cmocka_unit_test(json_refuses_a_member_under_both_names),
		cmocka_unit_test(json_refuses_wrong_types_with_their_path),
		cmocka_unit_test(json_takes_known_enum_numbers_only),
		cmocka_unit_test(json_refuses_numbers_out_of_range),
		cmocka_unit_test(json_refuses_control_characters),
		cmocka_unit_test(json_syntax_errors_name_line_and_column),
		cmocka_unit_test(json_refuses_nul_and_bad_utf8),
		cmocka_unit_test(json_need_not_end_in_nul),
		cmocka_unit_test(json_nested_too_deeply_is_refused),
		cmocka_unit_test(json_brackets_in_text_are_no_nesting),
		cmocka_unit_test(json_too_large_is_refused),
		cmocka_unit_test(json_of_an_event_too_large_is_refused),
		cmocka_unit_test(json_is_not_written_from_malformed_bytes),
		cmocka_unit_test(
			json_of_a_newer_publisher_is_written_without_what_is_new),
		cmocka_unit_test(timestamp_is_written_with_the_fewest_digits),
		cmocka_unit_test(timestamp_out_of_range_is_not_written),
		cmocka_unit_test(timestamp_of_other_form_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
