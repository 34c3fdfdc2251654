/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "contract_fixture.h"

#include <cmocka.h>

#define IDENTIFIER(name) SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_##name
#define ORGANISATION(name)                                                     \
	SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_##name
#define STATUS(name) SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_##name

/* A child with one identifier of that scheme and value. */
struct one_child {
	Send__V1__Child child;
	Send__V1__Identifier identifier;
	Send__V1__Identifier *list[2];
	Send__V1__Organisation issuer;
};

static void
one_child_set(struct one_child *one, Send__V1__Event *event,
	      Send__V1__IdentifierScheme scheme, const char *value)
{
	send__v1__child__init(&one->child);
	send__v1__identifier__init(&one->identifier);
	send__v1__organisation__init(&one->issuer);
	one->issuer.scheme = ORGANISATION(LA);
	one->issuer.code = fixture_text("887");
	one->identifier.scheme = scheme;
	one->identifier.value = fixture_text(value);
	if (scheme == IDENTIFIER(NHS_NUMBER))
		one->identifier.nhs_number_status = STATUS(VERIFIED);
	if (scheme == IDENTIFIER(SOCIAL_CARE) || scheme == IDENTIFIER(LOCAL))
		one->identifier.issuer = &one->issuer;
	one->list[0] = &one->identifier;
	one->list[1] = &one->identifier;
	one->child.n_identifiers = 1;
	one->child.identifiers = one->list;
	event->child = &one->child;
}

static baton_err
check_under(const Send__V1__Event *event, enum baton_nhs_number_policy policy)
{
	struct baton_span span;
	uint8_t *bytes;
	baton_err err;

	assert_int_equal(baton_event_pack(event, &bytes, &span.len), BATON_OK);
	span.data = bytes;
	err = baton_event_check(span, policy, NULL);
	baton_event_bytes_free(bytes);
	return err;
}

static void
organisation_ods_code_has_its_form(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->source->scheme = ORGANISATION(ODS);
	event->source->code = fixture_text("rpg");
	fixture_refuses(event, BATON_FIELD_INVALID, "source.code");
	baton_event_free(event);
}

static void
organisation_urn_has_six_digits(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->source->scheme = ORGANISATION(URN);
	event->source->code = fixture_text("12345");
	fixture_refuses(event, BATON_FIELD_INVALID, "source.code");
	baton_event_free(event);
}

static void
organisation_la_code_has_three_digits(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->source->scheme = ORGANISATION(LA);
	event->source->code = fixture_text("8877");
	fixture_refuses(event, BATON_FIELD_INVALID, "source.code");
	baton_event_free(event);
}

static void
organisation_name_is_one_line(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->source->name = fixture_text("a\nb");
	fixture_refuses(event, BATON_FIELD_INVALID, "source.name");
	baton_event_free(event);
}

static void
team_phone_holds_no_letters(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->contact_team->phone = fixture_text("01634 x");
	fixture_refuses(event, BATON_FIELD_INVALID, "contact_team.phone");
	baton_event_free(event);
}

static void
team_email_needs_one_at_sign(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->contact_team->email = fixture_text("send.example.org");
	fixture_refuses(event, BATON_FIELD_INVALID, "contact_team.email");
	event->contact_team->email = fixture_text("a@b@c");
	fixture_refuses(event, BATON_FIELD_INVALID, "contact_team.email");
	event->contact_team->email = fixture_text("@b");
	fixture_refuses(event, BATON_FIELD_INVALID, "contact_team.email");
	event->contact_team->email = fixture_text("send@example.org");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
nhs_number_that_passes_is_accepted(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000018");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
nhs_number_that_fails_is_refused(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000019");
	fixture_refuses(event, BATON_IDENTIFIER_INVALID,
			"child.identifiers[0].value");
	baton_event_free(event);
}

static void
nhs_number_of_one_digit_is_refused(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9999999999");
	fixture_refuses(event, BATON_IDENTIFIER_INVALID,
			"child.identifiers[0].value");
	baton_event_free(event);
}

static void
nhs_number_needs_its_status(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000018");
	one.identifier.nhs_number_status = 0;
	fixture_refuses(event, BATON_FIELD_MISSING,
			"child.identifiers[0].nhs_number_status");
	baton_event_free(event);
}

static void
nhs_number_that_passes_is_not_flagged(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000018");
	one.identifier.nhs_number_status = STATUS(FAILED_CHECK);
	fixture_refuses(event, BATON_RULE_BROKEN,
			"child.identifiers[0].nhs_number_status");
	baton_event_free(event);
}

static void
nhs_number_flagged_is_refused_by_default(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000019");
	one.identifier.nhs_number_status = STATUS(FAILED_CHECK);
	fixture_refuses(event, BATON_IDENTIFIER_INVALID,
			"child.identifiers[0].value");
	baton_event_free(event);
}

static void
nhs_number_flagged_passes_beside_another_identifier(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;
	struct one_child other;

	(void)state;
	one_child_set(&other, event, IDENTIFIER(LOCAL), "P1");
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000019");
	one.identifier.nhs_number_status = STATUS(FAILED_CHECK);
	one.list[1] = &other.identifier;
	one.child.n_identifiers = 2;
	assert_int_equal(check_under(event, BATON_NHS_NUMBER_ACCEPT_FLAGGED),
			 BATON_OK);
	baton_event_free(event);
}

static void
nhs_number_flagged_alone_does_not_identify(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000019");
	one.identifier.nhs_number_status = STATUS(FAILED_CHECK);
	assert_int_equal(check_under(event, BATON_NHS_NUMBER_ACCEPT_FLAGGED),
			 BATON_RULE_BROKEN);
	baton_event_free(event);
}

static void
nhs_number_unflagged_is_refused_under_any_policy(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9990000019");
	assert_int_equal(check_under(event, BATON_NHS_NUMBER_ACCEPT_FLAGGED),
			 BATON_IDENTIFIER_INVALID);
	baton_event_free(event);
}

static void
nhs_number_flagged_has_ten_digits_not_all_one(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(NHS_NUMBER), "9999999999");
	one.identifier.nhs_number_status = STATUS(FAILED_CHECK);
	one.child.n_identifiers = 1;
	assert_int_equal(check_under(event, BATON_NHS_NUMBER_ACCEPT_FLAGGED),
			 BATON_IDENTIFIER_INVALID);
	one.identifier.value = fixture_text("99900000");
	assert_int_equal(check_under(event, BATON_NHS_NUMBER_ACCEPT_FLAGGED),
			 BATON_IDENTIFIER_INVALID);
	baton_event_free(event);
}

static void
upn_needs_its_check_letter(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(UPN), "R247962919251");
	fixture_refuses(event, BATON_IDENTIFIER_INVALID,
			"child.identifiers[0].value");
	baton_event_free(event);
}

static void
uln_needs_its_check_digit(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(ULN), "9999375357");
	fixture_refuses(event, BATON_IDENTIFIER_INVALID,
			"child.identifiers[0].value");
	baton_event_free(event);
}

static void
identifier_local_holds_no_space(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(LOCAL), "P 1");
	fixture_refuses(event, BATON_IDENTIFIER_INVALID,
			"child.identifiers[0].value");
	baton_event_free(event);
}

static void
identifier_local_needs_its_issuer(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(LOCAL), "P1");
	one.identifier.issuer = NULL;
	fixture_refuses(event, BATON_FIELD_MISSING,
			"child.identifiers[0].issuer");
	baton_event_free(event);
}

static void
identifier_national_has_no_issuer(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(UPN), "A950000178301");
	one.identifier.issuer = &one.issuer;
	fixture_refuses(event, BATON_RULE_BROKEN,
			"child.identifiers[0].issuer");
	baton_event_free(event);
}

static void
identifier_status_is_for_nhs_numbers(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(ULN), "9999375358");
	one.identifier.nhs_number_status = STATUS(VERIFIED);
	fixture_refuses(event, BATON_RULE_BROKEN,
			"child.identifiers[0].nhs_number_status");
	baton_event_free(event);
}

static void
identifier_validity_runs_forward(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(LOCAL), "P1");
	one.identifier.valid_from = fixture_text("2026-02-02");
	one.identifier.valid_to = fixture_text("2026-02-01");
	fixture_refuses(event, BATON_RULE_BROKEN,
			"child.identifiers[0].valid_to");
	one.identifier.valid_to = fixture_text("2026-02-02");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
child_identifier_is_there_once(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;

	(void)state;
	one_child_set(&one, event, IDENTIFIER(LOCAL), "P1");
	one.child.n_identifiers = 2;
	fixture_refuses(event, BATON_ENTRY_REPEATED, "child.identifiers[1]");
	baton_event_free(event);
}

static void
child_same_value_of_two_issuers_is_two_identifiers(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	struct one_child one;
	struct one_child other;

	(void)state;
	one_child_set(&other, event, IDENTIFIER(LOCAL), "P1");
	other.issuer.code = fixture_text("886");
	one_child_set(&one, event, IDENTIFIER(LOCAL), "P1");
	one.list[1] = &other.identifier;
	one.child.n_identifiers = 2;
	fixture_accepts(event);
	baton_event_free(event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(organisation_ods_code_has_its_form),
		cmocka_unit_test(organisation_urn_has_six_digits),
		cmocka_unit_test(organisation_la_code_has_three_digits),
		cmocka_unit_test(organisation_name_is_one_line),
		cmocka_unit_test(team_phone_holds_no_letters),
		cmocka_unit_test(team_email_needs_one_at_sign),
		cmocka_unit_test(nhs_number_that_passes_is_accepted),
		cmocka_unit_test(nhs_number_that_fails_is_refused),
		cmocka_unit_test(nhs_number_of_one_digit_is_refused),
		cmocka_unit_test(nhs_number_needs_its_status),
		cmocka_unit_test(nhs_number_that_passes_is_not_flagged),
		cmocka_unit_test(nhs_number_flagged_is_refused_by_default),
		cmocka_unit_test(
			nhs_number_flagged_passes_beside_another_identifier),
		cmocka_unit_test(nhs_number_flagged_alone_does_not_identify),
		cmocka_unit_test(
			nhs_number_unflagged_is_refused_under_any_policy),
		cmocka_unit_test(nhs_number_flagged_has_ten_digits_not_all_one),
		cmocka_unit_test(upn_needs_its_check_letter),
		cmocka_unit_test(uln_needs_its_check_digit),
		cmocka_unit_test(identifier_local_holds_no_space),
		cmocka_unit_test(identifier_local_needs_its_issuer),
		cmocka_unit_test(identifier_national_has_no_issuer),
		cmocka_unit_test(identifier_status_is_for_nhs_numbers),
		cmocka_unit_test(identifier_validity_runs_forward),
		cmocka_unit_test(child_identifier_is_there_once),
		cmocka_unit_test(
			child_same_value_of_two_issuers_is_two_identifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
