/* SPDX-License-Identifier: MIT */
#include "adapters/kit/families.h"

#include <string.h>

#include "adapters/kit/path.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define CHILD "data.child."
#define IDENTIFIER(scheme)                                                     \
	CHILD "identifiers[scheme=IDENTIFIER_SCHEME_" scheme "]."
#define REFERRAL "data.referral."
#define PANEL "data.panelDecision."
#define REVIEW "data.annualReviewDue."
#define TRANSITION "data.transition."

const struct kit_column families_common[] = {
	{"event_id", "id", KIT_CELL_TEXT, false, NULL,
	 "Your own stable id of this record, 1 to 64 of A-Z a-z 0-9 . _ : -; "
	 "when empty it is made from the record's content."},
	{"action", "action", KIT_CELL_ENUM, true, NULL,
	 "new, update or delete; update and delete carry the whole state."},
	{"occurred_at", "time", KIT_CELL_TEXT, true, NULL,
	 "When it happened: 2026-03-01T09:30:00Z."},
	{"case_reference", "subject", KIT_CELL_TEXT, false, NULL,
	 "Case reference in the council's system, at most 64 characters."},
	{"nhs_number", IDENTIFIER("NHS_NUMBER") "value", KIT_CELL_TEXT, false,
	 NULL, "NHS number, 10 digits without spaces."},
	{"nhs_number_status", IDENTIFIER("NHS_NUMBER") "nhsNumberStatus",
	 KIT_CELL_ENUM, false, "NHS_NUMBER_STATUS_",
	 "verified, present_not_traced, ...; required with nhs_number."},
	{"upn", IDENTIFIER("UPN") "value", KIT_CELL_TEXT, false, NULL,
	 "Unique pupil number, 13 characters; it must not leave education."},
	{"uln", IDENTIFIER("ULN") "value", KIT_CELL_TEXT, false, NULL,
	 "Unique learner number, 10 digits."},
	{"social_care_id", IDENTIFIER("SOCIAL_CARE") "value", KIT_CELL_TEXT,
	 false, NULL, "Person id of the social care system."},
	{"social_care_issuer", IDENTIFIER("SOCIAL_CARE") "issuer",
	 KIT_CELL_ORGANISATION, false, NULL,
	 "Who issued social_care_id; when empty, your own organisation."},
	{"local_id", IDENTIFIER("LOCAL") "value", KIT_CELL_TEXT, false, NULL,
	 "Another organisation's own id of the child."},
	{"local_issuer", IDENTIFIER("LOCAL") "issuer", KIT_CELL_ORGANISATION,
	 false, NULL,
	 "Who issued local_id; when empty, your own organisation."},
	{"date_of_birth", CHILD "dateOfBirth", KIT_CELL_TEXT, false, NULL,
	 "2012-05-31; only where the receiver needs it."},
	{"child_setting", CHILD "setting", KIT_CELL_ORGANISATION, false, NULL,
	 "Establishment the child attends, /urn/123456."},
	FAMILIES_TEAM("contact_team", "data.contactTeam", true,
		      "the team to ask about this event"),
	FAMILIES_TEAM("lead_team", "data.leadPractitionerTeam", false,
		      "the lead practitioner's team"),
	{"purpose", "data.purpose", KIT_CELL_ENUM, true, "PURPOSE_",
	 "direct_care, send_statutory_duty, safeguarding or "
	 "transition_planning."},
	{"lawful_basis", "data.lawfulBasis", KIT_CELL_ENUM, true,
	 "LAWFUL_BASIS_",
	 "public_task, legal_obligation, consent or safeguarding_override."},
	{"dataref", "dataref", KIT_CELL_TEXT, false, NULL,
	 "https address of the full record; no personal data in it."},
	{"traceparent", "traceparent", KIT_CELL_TEXT, false, NULL,
	 "W3C trace context."},
};
const size_t families_common_count = ARRAY_SIZE(families_common);

static const struct kit_column referral_columns[] = {
	{"referral_id", REFERRAL "referralId", KIT_CELL_TEXT, true, NULL,
	 "The sender's own id of the referral."},
	{"kind", REFERRAL "kind", KIT_CELL_ENUM, true, "REFERRAL_KIND_",
	 "service, ehc_needs_assessment_request or section_23_notice."},
	{"status", REFERRAL "status", KIT_CELL_ENUM, true, "REFERRAL_STATUS_",
	 "requested, accepted, rejected, waiting, booked, seen, discharged, "
	 "cancelled or entered_in_error."},
	{"authored_on", REFERRAL "authoredOn", KIT_CELL_TEXT, true, NULL,
	 "Date the referral was written."},
	{"from_organisation", REFERRAL "from.organisation",
	 KIT_CELL_ORGANISATION, true, NULL, "Who refers."},
	{"from_role", REFERRAL "from.role", KIT_CELL_TEXT, false, NULL,
	 "Role of the referrer, for example Health visitor."},
	{"from_source", REFERRAL "from.source", KIT_CELL_ENUM, true,
	 "REQUEST_SOURCE_",
	 "parent_or_young_person, school, health, social_care or other."},
	{"to_service", REFERRAL "to.service.treatmentFunction", KIT_CELL_ENUM,
	 false, "TREATMENT_FUNCTION_",
	 "speech_and_language_therapy, community_paediatrics, ..."},
	{"to_service_snomed", REFERRAL "to.service.snomedCareSetting",
	 KIT_CELL_TEXT, false, NULL,
	 "The service as a SNOMED CT care setting; instead of to_service."},
	{"to_service_name", REFERRAL "to.service.name", KIT_CELL_TEXT, false,
	 NULL, "Display name of the service."},
	{"to_organisation", REFERRAL "to.organisation", KIT_CELL_ORGANISATION,
	 true, NULL, "Who is asked."},
	{"priority", REFERRAL "priority", KIT_CELL_ENUM, false,
	 "REFERRAL_PRIORITY_", "routine, urgent, asap or two_week_wait."},
	{"reason_codes", REFERRAL "reasonCodes", KIT_CELL_CUSTOM, false, NULL,
	 "Coded reasons, as a JSON list."},
	{"reason_text", REFERRAL "reasonText", KIT_CELL_TEXT, false, NULL,
	 "Free text, at most 500 bytes."},
	{"method", REFERRAL "method", KIT_CELL_ENUM, false, "REFERRAL_METHOD_",
	 "electronic, letter, telephone, form or in_person."},
	{"waiting_since", REFERRAL "waiting.since", KIT_CELL_TEXT, false, NULL,
	 "Date the waiting clock started."},
	{"waiting_breach_date", REFERRAL "waiting.breachDate", KIT_CELL_TEXT,
	 false, NULL, "Date by which the child must be seen."},
	{"outcome_text", REFERRAL "outcomeText", KIT_CELL_TEXT, false, NULL,
	 "Free text on the outcome, at most 500 bytes."},
	{"sen_types", REFERRAL "senTypes", KIT_CELL_ENUM_LIST, false,
	 "SEN_TYPE_", "At most two, SEN2 codes: slcn;asd."},
};

#define PANEL_PRESENT(sector)                                                  \
	PANEL "present[sector=SECTOR_" sector "].attendance"

static const struct kit_column panel_decision_columns[] = {
	{"panel", PANEL "panel", KIT_CELL_ENUM, true, "PANEL_",
	 "stage_1, stage_2, complex_case or requests."},
	{"held_on", PANEL "heldOn", KIT_CELL_TEXT, true, NULL,
	 "Date the panel sat."},
	{"decision", PANEL "decision", KIT_CELL_ENUM, true,
	 "PANEL_DECISION_OUTCOME_",
	 "Stage 1: assess, not_assess; stage 2: issue, not_issue; others: "
	 "amend, maintain, cease; any: defer."},
	{"reason", PANEL "reason", KIT_CELL_ENUM, false, "PANEL_REASON_",
	 "meets_legal_test, needs_met_by_sen_support, insufficient_evidence, "
	 "advice_outstanding, outcomes_achieved, no_longer_responsible or "
	 "other."},
	{"request_received_on", PANEL "requestReceivedOn", KIT_CELL_TEXT, false,
	 NULL, "Date the request was received; required for stages 1 and 2."},
	{"request_source", PANEL "requestSource", KIT_CELL_ENUM, false,
	 "REQUEST_SOURCE_",
	 "parent_or_young_person, school, health, social_care or other."},
	{"present_education", PANEL_PRESENT("EDUCATION"), KIT_CELL_ENUM, false,
	 "ATTENDANCE_", "attended, sent_advice or absent."},
	{"present_health", PANEL_PRESENT("HEALTH"), KIT_CELL_ENUM, false,
	 "ATTENDANCE_", "attended, sent_advice or absent."},
	{"present_social_care", PANEL_PRESENT("SOCIAL_CARE"), KIT_CELL_ENUM,
	 false, "ATTENDANCE_", "attended, sent_advice or absent."},
	{"present_family", PANEL_PRESENT("FAMILY"), KIT_CELL_ENUM, false,
	 "ATTENDANCE_", "attended, sent_advice or absent."},
	{"advice_outstanding", PANEL "adviceOutstanding", KIT_CELL_ENUM_LIST,
	 false, "SECTOR_",
	 "Sectors whose advice is outstanding: health;social_care."},
	{"next_step", PANEL "nextStep.description", KIT_CELL_TEXT, false, NULL,
	 "What happens next, at most 200 bytes, without personal data."},
	{"next_step_due_on", PANEL "nextStep.dueOn", KIT_CELL_TEXT, false, NULL,
	 "Date; required with next_step."},
	{"next_step_sector", PANEL "nextStep.sector", KIT_CELL_ENUM, false,
	 "SECTOR_", "education, health, social_care or family."},
	{"appeal_until", PANEL "appealUntil", KIT_CELL_TEXT, false, NULL,
	 "Last day of the right of appeal."},
	{"mediation_offered", PANEL "mediationOffered", KIT_CELL_BOOL, false,
	 NULL, "yes or no."},
};

static const struct kit_column annual_review_due_columns[] = {
	{"plan_type", REVIEW "planType", KIT_CELL_ENUM, true, "PLAN_TYPE_",
	 "ehcp or isp."},
	{"plan_date", REVIEW "planDate", KIT_CELL_TEXT, true, NULL,
	 "Date of the plan."},
	{"last_review_on", REVIEW "lastReviewOn", KIT_CELL_TEXT, false, NULL,
	 "Date of the last review's decision notice."},
	{"due_by", REVIEW "dueBy", KIT_CELL_TEXT, true, NULL,
	 "Date by which the decision notice must be sent."},
	{"meeting_by", REVIEW "meetingBy", KIT_CELL_TEXT, false, NULL,
	 "Date by which the meeting must be held."},
	{"stage", REVIEW "stage", KIT_CELL_ENUM, true, "REVIEW_STAGE_",
	 "12_weeks_ahead, 8_weeks_ahead, 4_weeks_ahead, 2_weeks_ahead, due or "
	 "overdue."},
	{"phase_transfer", REVIEW "phaseTransfer", KIT_CELL_ENUM, false,
	 "PHASE_TRANSFER_",
	 "none, early_years_to_school, infant_to_junior, primary_to_middle, "
	 "primary_to_secondary, middle_to_secondary, secondary_to_post_16 or "
	 "post_16_to_post_16."},
	{"phase_transfer_by", REVIEW "phaseTransferBy", KIT_CELL_TEXT, false,
	 NULL, "Date; required with a phase transfer."},
	{"preparing_for_adulthood", REVIEW "preparingForAdulthood",
	 KIT_CELL_BOOL, false, NULL, "yes or no; Year 9 or later."},
	{"setting", REVIEW "setting", KIT_CELL_ORGANISATION, false, NULL,
	 "Setting named in the plan, /urn/123456."},
	{"advice_from", REVIEW "adviceFrom", KIT_CELL_ENUM_LIST, false,
	 "SECTOR_", "Sectors that must advise: health;social_care."},
	{"plan_id", REVIEW "planId", KIT_CELL_TEXT, false, NULL,
	 "Stable id of the plan in the council's system."},
};

static const struct kit_column transition_columns[] = {
	{"transition_id", TRANSITION "transitionId", KIT_CELL_TEXT, true, NULL,
	 "The sender's own id of the transition."},
	{"age_point", TRANSITION "agePoint", KIT_CELL_ENUM, true, "AGE_POINT_",
	 "14, 16, 17_and_a_half, 18, 19 or 25."},
	{"reached_on", TRANSITION "reachedOn", KIT_CELL_TEXT, true, NULL,
	 "Date the age point is reached."},
	{"school_year", TRANSITION "schoolYear", KIT_CELL_INTEGER, false, NULL,
	 "National curriculum year at that date, -2 to 14, 0 is Reception; "
	 "empty when not known."},
	{"changes", TRANSITION "changes", KIT_CELL_ENUM_LIST, true,
	 "TRANSITION_CHANGE_",
	 "preparing_for_adulthood_starts, rights_pass_to_young_person, "
	 "social_care_to_adults, health_to_adult_services, education_phase, "
	 "plan_ends; several with ;."},
	{"plan_in_place", TRANSITION "planInPlace", KIT_CELL_ENUM, true,
	 "PLAN_IN_PLACE_", "yes, no or unknown."},
	FAMILIES_TEAM("sending_team", TRANSITION "sending", false,
		      "the team the child leaves"),
	FAMILIES_TEAM("receiving_team", TRANSITION "receiving", false,
		      "the team the child moves to"),
	FAMILIES_TEAM("acknowledged_team", TRANSITION "acknowledged.team",
		      false, "the team that takes the young person on"),
	{"acknowledged_on", TRANSITION "acknowledged.acknowledgedOn",
	 KIT_CELL_TEXT, false, NULL, "Date; required with acknowledged_team."},
};

const struct kit_table families_referrals = {
	.name = "referrals",
	.family = "referral",
	.columns = referral_columns,
	.columns_count = ARRAY_SIZE(referral_columns),
};

const struct kit_table families_panel_decisions = {
	.name = "panel_decisions",
	.family = "panel_decision",
	.columns = panel_decision_columns,
	.columns_count = ARRAY_SIZE(panel_decision_columns),
};

const struct kit_table families_annual_reviews_due = {
	.name = "annual_reviews_due",
	.family = "annual_review_due",
	.columns = annual_review_due_columns,
	.columns_count = ARRAY_SIZE(annual_review_due_columns),
};

const struct kit_table families_transitions = {
	.name = "transitions",
	.family = "transition",
	.columns = transition_columns,
	.columns_count = ARRAY_SIZE(transition_columns),
	.finish = families_finish_transition,
	.flatten = families_flatten_transition,
};

static const struct kit_table *const families[] = {
	&families_referrals,
	&families_panel_decisions,
	&families_annual_reviews_due,
	&families_transitions,
};

const struct kit_table *
families_find(const char *family)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (strcmp(families[i]->family, family) == 0)
			return families[i];
	}
	return NULL;
}

baton_err
families_finish_transition(json_t *event, struct baton_problem *problem)
{
	(void)problem;
	if (path_get(event, TRANSITION "schoolYear") == NULL)
		return BATON_OK;
	return path_set(event, TRANSITION "schoolYearKnown", json_true());
}

void
families_flatten_transition(json_t *event)
{
	json_t *transition = path_get(event, "data.transition");

	/* proto3 JSON leaves out a 0, which is Reception when known. */
	if (!json_is_true(json_object_get(transition, "schoolYearKnown"))) {
		(void)json_object_del(transition, "schoolYear");
	} else if (json_object_get(transition, "schoolYear") == NULL) {
		(void)json_object_set_new(transition, "schoolYear",
					  json_integer(0));
	}
}
