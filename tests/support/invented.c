/* SPDX-License-Identifier: MIT */
#include "tests/support/invented.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baton/event.h"
#include "client/contract.h"
#include "send/v1/event.pb-c.h"

/* 10 when the number has no check digit (NHS Data Dictionary, modulus 11). */
static uint32_t
check_digit(const char digits[9])
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 9; i++)
		sum += (uint32_t)(digits[i] - '0') * (10 - i);
	return (11 - sum % 11) % 11;
}

void
invented_nhs_number(uint32_t n, char text[11])
{
	/* Of two neighbours that differ in the last digit before the check
	 * digit, at most one has none. */
	(void)snprintf(text, 11, "999%05" PRIu32 "00", n % 100000);
	if (check_digit(text) == 10)
		text[8] = '1';
	text[9] = (char)('0' + check_digit(text));
}

/* Everything an event points to, so that it lives as long as the packing. */
struct invention {
	Send__V1__Event event;
	Send__V1__Organisation source;
	Send__V1__Organisation council;
	Send__V1__Team team;
	Send__V1__Child child;
	Send__V1__Identifier nhs_number;
	Send__V1__Identifier *identifiers[1];
	Google__Protobuf__Timestamp occurred_at;
	Send__V1__Referral referral;
	Send__V1__ReferralFrom from;
	Send__V1__ReferralTo to;
	Send__V1__Service service;
	Send__V1__PanelDecision panel;
	Send__V1__AnnualReviewDue review;
	Send__V1__Transition transition;
	Send__V1__TransitionChange changes[1];
	char id[32];
	char number[11];
	char code[16];
};

static void
invent_referral(struct invention *made)
{
	send__v1__referral__init(&made->referral);
	send__v1__referral_from__init(&made->from);
	send__v1__referral_to__init(&made->to);
	send__v1__service__init(&made->service);
	made->referral.referral_id = made->id;
	made->referral.kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE;
	made->referral.status =
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED;
	made->referral.authored_on = (char *)(uintptr_t) "2026-09-14";
	made->from.organisation = &made->source;
	made->from.source = SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_HEALTH;
	made->referral.from = &made->from;
	made->service.code_case = SEND__V1__SERVICE__CODE_TREATMENT_FUNCTION;
	made->service.treatment_function =
		SEND__V1__TREATMENT_FUNCTION__TREATMENT_FUNCTION_PHYSIOTHERAPY;
	made->to.service = &made->service;
	made->to.organisation = &made->council;
	made->referral.to = &made->to;
	made->event.data_case = SEND__V1__EVENT__DATA_REFERRAL;
	made->event.referral = &made->referral;
}

static void
invent_panel_decision(struct invention *made)
{
	send__v1__panel_decision__init(&made->panel);
	made->panel.panel = SEND__V1__PANEL__PANEL_STAGE_1;
	made->panel.held_on = (char *)(uintptr_t) "2026-09-28";
	made->panel.decision =
		SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_ASSESS;
	made->panel.request_received_on = (char *)(uintptr_t) "2026-09-01";
	made->event.data_case = SEND__V1__EVENT__DATA_PANEL_DECISION;
	made->event.panel_decision = &made->panel;
}

static void
invent_annual_review_due(struct invention *made)
{
	send__v1__annual_review_due__init(&made->review);
	made->review.plan_type = SEND__V1__PLAN_TYPE__PLAN_TYPE_EHCP;
	made->review.plan_date = (char *)(uintptr_t) "2025-10-01";
	made->review.due_by = (char *)(uintptr_t) "2026-10-01";
	made->review.stage = SEND__V1__REVIEW_STAGE__REVIEW_STAGE_4_WEEKS_AHEAD;
	made->event.data_case = SEND__V1__EVENT__DATA_ANNUAL_REVIEW_DUE;
	made->event.annual_review_due = &made->review;
}

static void
invent_transition(struct invention *made)
{
	send__v1__transition__init(&made->transition);
	made->transition.transition_id = made->id;
	made->transition.age_point = SEND__V1__AGE_POINT__AGE_POINT_14;
	made->transition.reached_on = (char *)(uintptr_t) "2026-09-01";
	made->changes[0] =
		SEND__V1__TRANSITION_CHANGE__TRANSITION_CHANGE_PREPARING_FOR_ADULTHOOD_STARTS;
	made->transition.changes = made->changes;
	made->transition.n_changes = 1;
	made->transition.plan_in_place =
		SEND__V1__PLAN_IN_PLACE__PLAN_IN_PLACE_YES;
	made->event.data_case = SEND__V1__EVENT__DATA_TRANSITION;
	made->event.transition = &made->transition;
}

static void
invent_envelope(struct invention *made, const char *source, uint32_t child,
		uint32_t serial)
{
	send__v1__event__init(&made->event);
	send__v1__organisation__init(&made->source);
	send__v1__organisation__init(&made->council);
	send__v1__team__init(&made->team);
	send__v1__child__init(&made->child);
	send__v1__identifier__init(&made->nhs_number);
	google__protobuf__timestamp__init(&made->occurred_at);
	(void)snprintf(made->id, sizeof(made->id), "c%" PRIu32 "-%" PRIu32,
		       child, serial);
	invented_nhs_number(child, made->number);
	if (!contract_organisation_parse(source, &made->source.scheme,
					 made->code))
		abort();
	made->source.code = made->code;
	made->council.scheme =
		SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_LA;
	made->council.code = (char *)(uintptr_t) "887";
	made->nhs_number.scheme =
		SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER;
	made->nhs_number.value = made->number;
	made->nhs_number.nhs_number_status =
		SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_VERIFIED;
	made->identifiers[0] = &made->nhs_number;
	made->child.identifiers = made->identifiers;
	made->child.n_identifiers = 1;
	made->team.organisation = &made->source;
	made->team.name = (char *)(uintptr_t) "Children's therapies";
	made->occurred_at.seconds = 1789000000 + serial;
	made->event.id = made->id;
	made->event.source = &made->source;
	made->event.action = SEND__V1__ACTION__ACTION_NEW;
	made->event.occurred_at = &made->occurred_at;
	made->event.child = &made->child;
	made->event.case_reference = (char *)(uintptr_t) "CASE-1";
	made->event.contact_team = &made->team;
	made->event.purpose = SEND__V1__PURPOSE__PURPOSE_DIRECT_CARE;
	made->event.lawful_basis =
		SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_PUBLIC_TASK;
}

void
invented_event(const char *source, uint32_t child, uint32_t serial,
	       uint8_t **bytes, size_t *len)
{
	static void (*const families[])(struct invention *) = {
		invent_referral,
		invent_panel_decision,
		invent_annual_review_due,
		invent_transition,
	};
	struct invention made;

	invent_envelope(&made, source, child, serial);
	families[serial % 4](&made);
	if (baton_event_pack(&made.event, bytes, len) != BATON_OK)
		abort();
}

bool
invented_parse_id(const char *id, uint32_t *child, uint32_t *serial)
{
	char *end;

	if (id[0] != 'c')
		return false;
	*child = (uint32_t)strtoul(id + 1, &end, 10);
	if (*end != '-')
		return false;
	*serial = (uint32_t)strtoul(end + 1, &end, 10);
	return *end == '\0';
}
