/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/words.h"

#include <cmocka.h>

/* An event of one family; its parts are set by each test. */
struct example {
	Send__V1__Event event;
	Send__V1__Referral referral;
	Send__V1__ReferralTo to;
	Send__V1__Service service;
	Send__V1__Waiting waiting;
	Send__V1__PanelDecision decision;
	Send__V1__NextStep next_step;
	Send__V1__AnnualReviewDue review;
	Send__V1__Transition transition;
	Send__V1__Acknowledgement acknowledged;
	Send__V1__Team team;
	Send__V1__Organisation organisation;
};

static void
example_init(struct example *example, Send__V1__Event__DataCase data_case)
{
	send__v1__event__init(&example->event);
	send__v1__referral__init(&example->referral);
	send__v1__referral_to__init(&example->to);
	send__v1__service__init(&example->service);
	send__v1__waiting__init(&example->waiting);
	send__v1__panel_decision__init(&example->decision);
	send__v1__next_step__init(&example->next_step);
	send__v1__annual_review_due__init(&example->review);
	send__v1__transition__init(&example->transition);
	send__v1__acknowledgement__init(&example->acknowledged);
	send__v1__team__init(&example->team);
	send__v1__organisation__init(&example->organisation);
	example->event.action = SEND__V1__ACTION__ACTION_NEW;
	example->event.data_case = data_case;
	if (data_case == SEND__V1__EVENT__DATA_REFERRAL) {
		example->event.referral = &example->referral;
	} else if (data_case == SEND__V1__EVENT__DATA_PANEL_DECISION) {
		example->event.panel_decision = &example->decision;
	} else if (data_case == SEND__V1__EVENT__DATA_ANNUAL_REVIEW_DUE) {
		example->event.annual_review_due = &example->review;
	} else if (data_case == SEND__V1__EVENT__DATA_TRANSITION) {
		example->event.transition = &example->transition;
	}
	example->referral.to = &example->to;
}

static void
assert_words(const struct example *example, const char *expected)
{
	char text[WORDS_BYTES];

	words_event(&example->event, text);
	assert_string_equal(text, expected);
}

/* A referral to a service by treatment function code. */
static void
refer(struct example *example, Send__V1__ReferralStatus status,
      Send__V1__TreatmentFunction function)
{
	example_init(example, SEND__V1__EVENT__DATA_REFERRAL);
	example->referral.kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE;
	example->referral.status = status;
	example->to.service = &example->service;
	example->service.code_case = SEND__V1__SERVICE__CODE_TREATMENT_FUNCTION;
	example->service.treatment_function = function;
}

static void
words_referral_names_the_service_of_its_code(void **state)
{
	struct example example;

	(void)state;
	refer(&example, SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED,
	      SEND__V1__TREATMENT_FUNCTION__TREATMENT_FUNCTION_SPEECH_AND_LANGUAGE_THERAPY);
	assert_words(&example,
		     "Referral requested: Speech and language therapy");
}

static void
words_referral_prefers_the_name_of_the_service(void **state)
{
	char name[] = "Children's therapies";
	struct example example;

	(void)state;
	refer(&example, SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_SEEN,
	      SEND__V1__TREATMENT_FUNCTION__TREATMENT_FUNCTION_PHYSIOTHERAPY);
	example.service.name = name;
	assert_words(&example, "Child seen: Children's therapies");
}

static void
words_referral_waiting_says_by_when(void **state)
{
	char breach[] = "2026-12-01";
	struct example example;

	(void)state;
	refer(&example, SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_WAITING,
	      SEND__V1__TREATMENT_FUNCTION__TREATMENT_FUNCTION_OCCUPATIONAL_THERAPY);
	example.waiting.breach_date = breach;
	example.referral.waiting = &example.waiting;
	assert_words(&example, "On the waiting list: Occupational "
			       "therapy, to be seen by 2026-12-01");
}

static void
words_referral_of_an_unknown_service_is_still_told(void **state)
{
	struct example example;

	(void)state;
	refer(&example, SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_BOOKED,
	      (Send__V1__TreatmentFunction)999);
	assert_words(&example, "Appointment booked: (not known here)");
}

static void
words_referral_by_care_setting_gives_its_code(void **state)
{
	char code[] = "310067008";
	struct example example;

	(void)state;
	refer(&example, SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ACCEPTED,
	      (Send__V1__TreatmentFunction)0);
	example.service.code_case = SEND__V1__SERVICE__CODE_SNOMED_CARE_SETTING;
	example.service.snomed_care_setting = code;
	assert_words(&example, "Referral accepted: care setting 310067008");
}

static void
words_assessment_request_is_named_as_such(void **state)
{
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_REFERRAL);
	example.referral.kind =
		SEND__V1__REFERRAL_KIND__REFERRAL_KIND_EHC_NEEDS_ASSESSMENT_REQUEST;
	example.referral.status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED;
	assert_words(&example, "EHC needs assessment requested");
}

static void
words_section_23_notice_is_given(void **state)
{
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_REFERRAL);
	example.referral.kind =
		SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SECTION_23_NOTICE;
	example.referral.status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED;
	assert_words(&example, "Section 23 notice given");
}

static void
words_panel_decision_names_panel_and_decision(void **state)
{
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_PANEL_DECISION);
	example.decision.panel = SEND__V1__PANEL__PANEL_STAGE_1;
	example.decision.decision =
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_ASSESS;
	assert_words(&example, "Panel stage 1 decided: assess");
}

/* A panel's decision in full: a lost "not" would be grave. */
static void
assert_decision(Send__V1__PanelDecisionOutcome decision, const char *expected)
{
	struct example example;
	char wanted[WORDS_BYTES];

	example_init(&example, SEND__V1__EVENT__DATA_PANEL_DECISION);
	example.decision.panel = SEND__V1__PANEL__PANEL_REQUESTS;
	example.decision.decision = decision;
	(void)snprintf(wanted, sizeof(wanted), "Requests panel decided: %s",
		       expected);
	assert_words(&example, wanted);
}

static void
words_panel_decision_has_words_for_each_decision(void **state)
{
	(void)state;
	assert_decision(
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_NOT_ASSESS,
		"do not assess");
	assert_decision(
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_ISSUE,
		"issue a plan");
	assert_decision(
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_NOT_ISSUE,
		"do not issue a plan");
	assert_decision(
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_DEFER,
		"defer");
	assert_decision(
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_MAINTAIN,
		"maintain the plan");
	assert_decision(
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_CEASE,
		"cease the plan");
}

static void
words_know_every_treatment_function_of_the_contract(void **state)
{
	const ProtobufCEnumDescriptor *list =
		&send__v1__treatment_function__descriptor;
	char text[WORDS_BYTES];

	(void)state;
	for (unsigned i = 0; i < list->n_values; i++) {
		struct example example;

		if (list->values[i].value == 0)
			continue;
		refer(&example,
		      SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED,
		      (Send__V1__TreatmentFunction)list->values[i].value);
		words_event(&example.event, text);
		assert_null(strstr(text, "not known"));
	}
}

static void
words_panel_decision_tells_the_next_step(void **state)
{
	char step[] = "Ask for advice";
	char due[] = "2026-08-12";
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_PANEL_DECISION);
	example.decision.panel = SEND__V1__PANEL__PANEL_COMPLEX_CASE;
	example.decision.decision =
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_AMEND;
	example.next_step.description = step;
	example.next_step.due_on = due;
	example.decision.next_step = &example.next_step;
	assert_words(&example, "Complex case panel decided: amend the plan; "
			       "next: Ask for advice by 2026-08-12");
}

static void
words_annual_review_says_how_soon(void **state)
{
	char due[] = "2026-09-01";
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_ANNUAL_REVIEW_DUE);
	example.review.plan_type = SEND__V1__PLAN_TYPE__PLAN_TYPE_EHCP;
	example.review.stage =
		SEND__V1__REVIEW_STAGE__REVIEW_STAGE_12_WEEKS_AHEAD;
	example.review.due_by = due;
	assert_words(&example, "Annual review of the EHC plan due in 12 weeks, "
			       "to be complete by 2026-09-01");
}

static void
words_transition_lists_what_changes(void **state)
{
	Send__V1__TransitionChange changes[] = {
		SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_SOCIAL_CARE_TO_ADULTS,
		SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_PLAN_ENDS,
	};
	char reached[] = "2026-10-03";
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_TRANSITION);
	example.transition.age_point = SEND__V1__AGE_POINT__AGE_POINT_18;
	example.transition.reached_on = reached;
	example.transition.changes = changes;
	example.transition.n_changes = 2;
	assert_words(&example, "Transition at 18 on 2026-10-03: social care "
			       "moves to Adults, the plan ends");
}

static void
words_transition_acknowledged_says_by_whom(void **state)
{
	char on[] = "2026-09-20";
	char name[] = "Adults' disability team";
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_TRANSITION);
	example.transition.age_point =
		SEND__V1__AGE_POINT__AGE_POINT_17_AND_A_HALF;
	example.team.name = name;
	example.acknowledged.team = &example.team;
	example.acknowledged.acknowledged_on = on;
	example.transition.acknowledged = &example.acknowledged;
	assert_words(&example, "Transition at 17½ acknowledged on 2026-09-20 "
			       "by Adults' disability team");
}

static void
words_update_and_delete_are_told(void **state)
{
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA_PANEL_DECISION);
	example.decision.panel = SEND__V1__PANEL__PANEL_STAGE_2;
	example.decision.decision =
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_ISSUE;
	example.event.action = SEND__V1__ACTION__ACTION_UPDATE;
	assert_words(&example, "Panel stage 2 decided: issue a plan (updated)");
	example.event.action = SEND__V1__ACTION__ACTION_DELETE;
	assert_words(&example,
		     "Withdrawn: Panel stage 2 decided: issue a plan");
}

static void
words_of_a_newer_family_say_so(void **state)
{
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA__NOT_SET);
	assert_words(&example, "An event of a kind that this version of baton "
			       "does not know");
}

static void
words_cut_what_is_too_long(void **state)
{
	char name[2 * WORDS_BYTES];
	char text[WORDS_BYTES];
	struct example example;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	refer(&example, SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_SEEN,
	      (Send__V1__TreatmentFunction)0);
	example.service.name = name;
	example.event.action = SEND__V1__ACTION__ACTION_UPDATE;
	words_event(&example.event, text);
	assert_int_equal(strlen(text), WORDS_BYTES - 1);
}

static void
words_organisation_without_name_is_its_code(void **state)
{
	char code[] = "RPG";
	char name[] = "Example NHS Trust";
	char text[WORDS_BYTES];
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA__NOT_SET);
	example.organisation.scheme =
		SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_ODS;
	example.organisation.code = code;
	words_organisation(&example.organisation, text);
	assert_string_equal(text, "/ods/RPG");
	example.organisation.name = name;
	words_organisation(&example.organisation, text);
	assert_string_equal(text, "Example NHS Trust");
	words_organisation(NULL, text);
	assert_string_equal(text, "");
}

static void
words_team_has_its_telephone(void **state)
{
	char name[] = "SEND team";
	char phone[] = "01634 000000";
	char text[WORDS_BYTES];
	struct example example;

	(void)state;
	example_init(&example, SEND__V1__EVENT__DATA__NOT_SET);
	example.team.name = name;
	words_team(&example.team, text);
	assert_string_equal(text, "SEND team");
	example.team.phone = phone;
	words_team(&example.team, text);
	assert_string_equal(text, "SEND team, 01634 000000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_referral_names_the_service_of_its_code),
		cmocka_unit_test(
			words_referral_prefers_the_name_of_the_service),
		cmocka_unit_test(words_referral_waiting_says_by_when),
		cmocka_unit_test(
			words_referral_of_an_unknown_service_is_still_told),
		cmocka_unit_test(words_referral_by_care_setting_gives_its_code),
		cmocka_unit_test(words_assessment_request_is_named_as_such),
		cmocka_unit_test(words_section_23_notice_is_given),
		cmocka_unit_test(words_panel_decision_names_panel_and_decision),
		cmocka_unit_test(
			words_panel_decision_has_words_for_each_decision),
		cmocka_unit_test(
			words_know_every_treatment_function_of_the_contract),
		cmocka_unit_test(words_panel_decision_tells_the_next_step),
		cmocka_unit_test(words_annual_review_says_how_soon),
		cmocka_unit_test(words_transition_lists_what_changes),
		cmocka_unit_test(words_transition_acknowledged_says_by_whom),
		cmocka_unit_test(words_update_and_delete_are_told),
		cmocka_unit_test(words_of_a_newer_family_say_so),
		cmocka_unit_test(words_cut_what_is_too_long),
		cmocka_unit_test(words_organisation_without_name_is_its_code),
		cmocka_unit_test(words_team_has_its_telephone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
