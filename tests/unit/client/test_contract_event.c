/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "client/contract_rules.h"
#include "contract_fixture.h"

#include <cmocka.h>

/* A national identifier that the tests look for elsewhere. */
static void
know_by_nhs_number(Send__V1__Event *event)
{
	static Send__V1__Identifier identifier;
	static Send__V1__Identifier *list[] = {&identifier};

	send__v1__identifier__init(&identifier);
	identifier.scheme =
		SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER;
	identifier.value = fixture_text("9990000018");
	identifier.nhs_number_status =
		SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_VERIFIED;
	event->child->n_identifiers = 1;
	event->child->identifiers = list;
}

/* Every descriptor that can be reached from an event has a table that names
 * its fields in order. */
/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
require_rules(const ProtobufCMessageDescriptor *descriptor)
{
	const struct contract_message *known = contract_message_of(descriptor);

	if (known == NULL) {
		fail_msg("%s has no rules", descriptor->name);
		return;
	}
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		assert_string_equal(known->rules[i].field, field->name);
		if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			require_rules(field->descriptor);
	}
}

static void
contract_has_rules_for_every_message(void **state)
{
	(void)state;
	require_rules(&send__v1__event__descriptor);
}

static void
event_has_a_type_for_every_family(void **state)
{
	const ProtobufCMessageDescriptor *descriptor =
		&send__v1__event__descriptor;
	char type[80];

	(void)state;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		Send__V1__Event event;
		uint32_t id = descriptor->fields[i].id;

		if (id < CONTRACT_FAMILY_MIN)
			continue;
		send__v1__event__init(&event);
		event.data_case = (Send__V1__Event__DataCase)id;
		(void)snprintf(type, sizeof(type), "uk.send.%s.v1",
			       descriptor->fields[i].name);
		assert_string_equal(baton_event_type(&event), type);
	}
}

static void
event_without_data_has_no_type(void **state)
{
	Send__V1__Event event;

	(void)state;
	send__v1__event__init(&event);
	assert_string_equal(baton_event_type(&event), "");
}

static void
event_needs_data(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->data_case = SEND__V1__EVENT__DATA__NOT_SET;
	fixture_refuses(event, BATON_FIELD_MISSING, "data");
	baton_event_free(event);
}

static void
event_id_is_of_its_alphabet(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->id = fixture_text("a b");
	fixture_refuses(event, BATON_FIELD_INVALID, "id");
	event->id = fixture_text("A-z.0_9:x");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
event_time_is_within_its_range(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->occurred_at->seconds = 631151999;
	fixture_refuses(event, BATON_DATE_INVALID, "occurred_at");
	event->occurred_at->seconds = 631152000;
	fixture_accepts(event);
	event->occurred_at->seconds = 4102444799;
	fixture_accepts(event);
	event->occurred_at->seconds = 4102444800;
	fixture_refuses(event, BATON_DATE_INVALID, "occurred_at");
	baton_event_free(event);
}

static void
event_nanos_are_within_a_second(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->occurred_at->nanos = 1000000000;
	fixture_refuses(event, BATON_DATE_INVALID, "occurred_at");
	event->occurred_at->nanos = -1;
	fixture_refuses(event, BATON_DATE_INVALID, "occurred_at");
	baton_event_free(event);
}

static void
event_case_reference_is_required_by_panel_decision(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);

	(void)state;
	event->case_reference = fixture_text("");
	fixture_refuses(event, BATON_FIELD_MISSING, "case_reference");
	baton_event_free(event);
}

static void
event_case_reference_is_required_by_annual_review(void **state)
{
	Send__V1__Event *event = fixture_event(REVIEW_DUE);

	(void)state;
	event->case_reference = fixture_text("");
	fixture_refuses(event, BATON_FIELD_MISSING, "case_reference");
	baton_event_free(event);
}

static void
event_case_reference_is_optional_for_referral(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->case_reference = fixture_text("");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
event_case_reference_is_ascii(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->case_reference = fixture_text("caf\xc3\xa9");
	fixture_refuses(event, BATON_FIELD_INVALID, "case_reference");
	baton_event_free(event);
}

static void
event_attributes_do_not_hold_the_childs_number(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	know_by_nhs_number(event);
	fixture_accepts(event);
	event->case_reference = fixture_text("EHC 9990000018");
	fixture_refuses(event, BATON_RULE_BROKEN, "case_reference");
	event->case_reference = fixture_text("EHC 1");
	event->dataref = fixture_text("https://example.org/9990000018");
	fixture_refuses(event, BATON_RULE_BROKEN, "dataref");
	event->dataref = fixture_text("");
	event->id = fixture_text("x-9990000018");
	fixture_refuses(event, BATON_RULE_BROKEN, "id");
	baton_event_free(event);
}

static void
event_dataref_is_absolute_https(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->dataref = fixture_text("http://example.org/a");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("https://");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("/records/1");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("https:///a");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("https://u@example.org/");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("https://example.org/a b");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("https://example.org/%4");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("https://example.org/<");
	fixture_refuses(event, BATON_FIELD_INVALID, "dataref");
	event->dataref = fixture_text("https://example.org:8443/a%20b?c=d#e");
	fixture_accepts(event);
	event->dataref = fixture_text("https://example.org/@a");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
event_traceparent_has_its_form(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->traceparent = fixture_text(
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0");
	fixture_refuses(event, BATON_FIELD_INVALID, "traceparent");
	event->traceparent = fixture_text(
		"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	fixture_refuses(event, BATON_FIELD_INVALID, "traceparent");
	event->traceparent = fixture_text(
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01");
	fixture_refuses(event, BATON_FIELD_INVALID, "traceparent");
	event->traceparent = fixture_text(
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01");
	fixture_refuses(event, BATON_FIELD_INVALID, "traceparent");
	event->traceparent = fixture_text(
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0G");
	fixture_refuses(event, BATON_FIELD_INVALID, "traceparent");
	event->traceparent = fixture_text(
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01");
	fixture_refuses(event, BATON_FIELD_INVALID, "traceparent");
	event->traceparent = fixture_text(
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
event_delete_of_a_referral_says_entered_in_error(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->action = SEND__V1__ACTION__ACTION_DELETE;
	event->referral->status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_CANCELLED;
	fixture_refuses(event, BATON_RULE_BROKEN, "referral.status");
	event->referral->status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR;
	fixture_accepts(event);
	baton_event_free(event);
}

static void
event_new_referral_is_not_entered_in_error(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->action = SEND__V1__ACTION__ACTION_NEW;
	event->referral->status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR;
	fixture_refuses(event, BATON_RULE_BROKEN, "referral.status");
	baton_event_free(event);
}

static void
event_problem_texts_hold_no_value(void **state)
{
	struct baton_problem problem = {0};
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct baton_span span;
	uint8_t *bytes;

	(void)state;
	event->case_reference = fixture_text("marked\n");
	assert_int_equal(baton_event_pack(event, &bytes, &span.len), BATON_OK);
	span.data = bytes;
	assert_int_equal(
		baton_event_check(span, BATON_NHS_NUMBER_REJECT, &problem),
		BATON_FIELD_INVALID);
	assert_null(strstr(problem.text, "marked"));
	assert_null(strstr(problem.path, "marked"));
	baton_event_bytes_free(bytes);
	baton_event_free(event);
}

static void
event_check_takes_no_problem(void **state)
{
	struct baton_span span = {(const uint8_t *)"\xff", 1};

	(void)state;
	assert_int_equal(baton_event_check(span, BATON_NHS_NUMBER_REJECT, NULL),
			 BATON_MALFORMED);
}

static void
event_too_large_is_not_packed(void **state)
{
	Send__V1__Event event;
	static char text[BATON_EVENT_MAX_BYTES + 1];
	uint8_t *bytes;
	size_t len;

	(void)state;
	send__v1__event__init(&event);
	memset(text, 'a', sizeof(text) - 1);
	event.id = text;
	assert_int_equal(baton_event_pack(&event, &bytes, &len),
			 BATON_TOO_LARGE);
	assert_null(bytes);
}

static void
family_names_and_numbers_agree(void **state)
{
	(void)state;
	assert_string_equal(contract_family_name(100), "referral");
	assert_string_equal(contract_family_name(103), "transition");
	assert_null(contract_family_name(99));
	assert_null(contract_family_name(104));
	assert_int_equal(contract_family_number("panel_decision"), 101);
	assert_int_equal(contract_family_number("child"), 0);
	assert_int_equal(contract_family_number("nothing"), 0);
}

static void
organisation_text_is_read_as_written(void **state)
{
	Send__V1__Organisation organisation;
	Send__V1__OrganisationScheme scheme;
	char text[32];
	char code[16];

	(void)state;
	send__v1__organisation__init(&organisation);
	assert_true(contract_organisation_parse("/la/887", &scheme, code));
	organisation.scheme = scheme;
	organisation.code = code;
	assert_true(contract_organisation_format(&organisation, text,
						 sizeof(text)));
	assert_string_equal(text, "/la/887");
	assert_false(contract_organisation_format(&organisation, text, 7));
}

static void
organisation_text_of_other_form_is_refused(void **state)
{
	static const char *const texts[] = {"",       "/la/8877", "/ods/",
					    "/ods/a", "ods/A",    "/urn/1",
					    "/x/1",   "/la/887 "};
	Send__V1__OrganisationScheme scheme;
	char code[16];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_false(
			contract_organisation_parse(texts[i], &scheme, code));
	}
}

static void
child_key_names_scheme_issuer_and_value(void **state)
{
	Send__V1__Organisation issuer;
	Send__V1__Identifier identifier;
	char key[CONTRACT_CHILD_KEY_BYTES];

	(void)state;
	send__v1__organisation__init(&issuer);
	send__v1__identifier__init(&identifier);
	issuer.scheme = SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_LA;
	issuer.code = fixture_text("887");
	identifier.scheme =
		SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_SOCIAL_CARE;
	identifier.value = fixture_text("P:17");
	identifier.issuer = &issuer;
	assert_true(contract_child_key(&identifier, key));
	assert_string_equal(key, "social_care:/la/887:P:17");
	assert_true(contract_child_key_valid(key));
}

static void
child_key_is_not_made_of_a_failed_nhs_number(void **state)
{
	Send__V1__Identifier identifier;
	char key[CONTRACT_CHILD_KEY_BYTES];

	(void)state;
	send__v1__identifier__init(&identifier);
	identifier.scheme =
		SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER;
	identifier.value = fixture_text("9990000019");
	identifier.nhs_number_status =
		SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_FAILED_CHECK;
	assert_false(contract_child_key(&identifier, key));
}

static void
child_key_holds_a_valid_identifier(void **state)
{
	(void)state;
	assert_true(contract_child_key_valid("nhs_number:9990000018"));
	assert_false(contract_child_key_valid("nhs_number:9990000019"));
	assert_true(contract_child_key_valid("upn:A950000178301"));
	assert_true(contract_child_key_valid("uln:9999375358"));
	assert_true(contract_child_key_valid("local:/ods/RPG:17"));
	assert_false(contract_child_key_valid("local:/ods/RPG:"));
	assert_false(contract_child_key_valid("local:/ods/RPG:1 7"));
	assert_false(contract_child_key_valid("local:17"));
	assert_false(contract_child_key_valid("9990000018"));
	assert_false(contract_child_key_valid(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contract_has_rules_for_every_message),
		cmocka_unit_test(event_has_a_type_for_every_family),
		cmocka_unit_test(event_without_data_has_no_type),
		cmocka_unit_test(event_needs_data),
		cmocka_unit_test(event_id_is_of_its_alphabet),
		cmocka_unit_test(event_time_is_within_its_range),
		cmocka_unit_test(event_nanos_are_within_a_second),
		cmocka_unit_test(
			event_case_reference_is_required_by_panel_decision),
		cmocka_unit_test(
			event_case_reference_is_required_by_annual_review),
		cmocka_unit_test(event_case_reference_is_optional_for_referral),
		cmocka_unit_test(event_case_reference_is_ascii),
		cmocka_unit_test(
			event_attributes_do_not_hold_the_childs_number),
		cmocka_unit_test(event_dataref_is_absolute_https),
		cmocka_unit_test(event_traceparent_has_its_form),
		cmocka_unit_test(
			event_delete_of_a_referral_says_entered_in_error),
		cmocka_unit_test(event_new_referral_is_not_entered_in_error),
		cmocka_unit_test(event_problem_texts_hold_no_value),
		cmocka_unit_test(event_check_takes_no_problem),
		cmocka_unit_test(event_too_large_is_not_packed),
		cmocka_unit_test(family_names_and_numbers_agree),
		cmocka_unit_test(organisation_text_is_read_as_written),
		cmocka_unit_test(organisation_text_of_other_form_is_refused),
		cmocka_unit_test(child_key_names_scheme_issuer_and_value),
		cmocka_unit_test(child_key_is_not_made_of_a_failed_nhs_number),
		cmocka_unit_test(child_key_holds_a_valid_identifier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
