/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "contract_fixture.h"

#include <cmocka.h>

static void
referral_to_a_service_names_it(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->referral->kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE;
	event->referral->to->service = NULL;
	fixture_refuses(event, BATON_FIELD_MISSING, "referral.to.service");
	baton_event_free(event);
}

static void
referral_request_to_assess_needs_no_service(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->referral->kind =
		SEND__V1__REFERRAL_KIND__REFERRAL_KIND_EHC_NEEDS_ASSESSMENT_REQUEST;
	event->referral->to->service = NULL;
	fixture_accepts(event);
	baton_event_free(event);
}

static void
referral_service_has_a_code(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	Send__V1__Service service;

	(void)state;
	send__v1__service__init(&service);
	service.name = fixture_text("Therapy");
	event->referral->to->service = &service;
	fixture_refuses(event, BATON_FIELD_MISSING,
			"referral.to.service.treatment_function");
	baton_event_free(event);
}

static void
referral_service_snomed_code_has_6_to_18_digits(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	Send__V1__Service service;

	(void)state;
	send__v1__service__init(&service);
	service.code_case = SEND__V1__SERVICE__CODE_SNOMED_CARE_SETTING;
	service.snomed_care_setting = fixture_text("12345");
	event->referral->to->service = &service;
	fixture_refuses(event, BATON_FIELD_INVALID,
			"referral.to.service.snomed_care_setting");
	service.snomed_care_setting = fixture_text("310067008");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
referral_that_waits_says_since_when(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->action = SEND__V1__ACTION__ACTION_UPDATE;
	event->referral->status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_WAITING;
	event->referral->waiting = NULL;
	fixture_refuses(event, BATON_FIELD_MISSING, "referral.waiting");
	baton_event_free(event);
}

static void
referral_breach_date_is_not_before_the_start(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	Send__V1__Waiting waiting;

	(void)state;
	send__v1__waiting__init(&waiting);
	waiting.since = fixture_text("2026-02-02");
	waiting.breach_date = fixture_text("2026-02-01");
	event->referral->waiting = &waiting;
	fixture_refuses(event, BATON_RULE_BROKEN,
			"referral.waiting.breach_date");
	waiting.breach_date = fixture_text("2026-02-02");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
referral_only_requested_has_no_outcome(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->action = SEND__V1__ACTION__ACTION_NEW;
	event->referral->status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED;
	event->referral->outcome_text = fixture_text("seen");
	fixture_refuses(event, BATON_RULE_BROKEN, "referral.outcome_text");
	event->referral->status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ACCEPTED;
	fixture_accepts(event);
	baton_event_free(event);
}

static void
referral_reason_is_there_once(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	Send__V1__ReasonCode one;
	Send__V1__ReasonCode two;
	Send__V1__ReasonCode *list[] = {&one, &two};

	(void)state;
	send__v1__reason_code__init(&one);
	send__v1__reason_code__init(&two);
	one.system = two.system = fixture_text("http://snomed.info/sct");
	one.code = fixture_text("229621000");
	two.code = fixture_text("229621001");
	event->referral->n_reason_codes = 2;
	event->referral->reason_codes = list;
	fixture_accepts(event);
	two.code = one.code;
	fixture_refuses(event, BATON_ENTRY_REPEATED,
			"referral.reason_codes[1]");
	baton_event_free(event);
}

static void
referral_need_is_there_once(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	Send__V1__SenType needs[] = {SEND__V1__SEN_TYPE__SEN_TYPE_ASD,
				     SEND__V1__SEN_TYPE__SEN_TYPE_ASD};

	(void)state;
	event->referral->n_sen_types = 2;
	event->referral->sen_types = needs;
	fixture_refuses(event, BATON_ENTRY_REPEATED, "referral.sen_types[1]");
	baton_event_free(event);
}

static void
referral_need_is_not_unspecified(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	Send__V1__SenType needs[] = {SEND__V1__SEN_TYPE__SEN_TYPE_UNSPECIFIED};

	(void)state;
	event->referral->n_sen_types = 1;
	event->referral->sen_types = needs;
	fixture_refuses(event, BATON_FIELD_MISSING, "referral.sen_types[0]");
	baton_event_free(event);
}

static void
referral_reason_text_may_have_lines(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->referral->reason_text = fixture_text("one\n\ttwo");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
referral_role_is_one_line(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);

	(void)state;
	event->referral->from->role = fixture_text("one\ntwo");
	fixture_refuses(event, BATON_FIELD_INVALID, "referral.from.role");
	baton_event_free(event);
}

static void
referral_bound_counts_bytes(void **state)
{
	Send__V1__Event *event = fixture_event(REFERRAL);
	char text[502];

	(void)state;
	memset(text, 'a', 499);
	memcpy(text + 499, "\xc3\xa9", 3);
	event->referral->reason_text = text;
	fixture_refuses(event, BATON_FIELD_TOO_LONG, "referral.reason_text");
	baton_event_free(event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(referral_to_a_service_names_it),
		cmocka_unit_test(referral_request_to_assess_needs_no_service),
		cmocka_unit_test(referral_service_has_a_code),
		cmocka_unit_test(
			referral_service_snomed_code_has_6_to_18_digits),
		cmocka_unit_test(referral_that_waits_says_since_when),
		cmocka_unit_test(referral_breach_date_is_not_before_the_start),
		cmocka_unit_test(referral_only_requested_has_no_outcome),
		cmocka_unit_test(referral_reason_is_there_once),
		cmocka_unit_test(referral_need_is_there_once),
		cmocka_unit_test(referral_need_is_not_unspecified),
		cmocka_unit_test(referral_reason_text_may_have_lines),
		cmocka_unit_test(referral_role_is_one_line),
		cmocka_unit_test(referral_bound_counts_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
