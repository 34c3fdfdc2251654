/* SPDX-License-Identifier: MIT */
/* Rules of proto/send/v1/panel_decision.proto. */
#include "client/contract_rules.h"

const struct contract_rule contract_sector_attendance_rules[] = {
	{"sector", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"attendance", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
};

const struct contract_rule contract_next_step_rules[] = {
	{"description", CONTRACT_REQUIRED, CONTRACT_LINE, 200},
	{"due_on", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
	{"sector", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
};

const struct contract_rule contract_panel_decision_rules[] = {
	{"panel", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"held_on", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
	{"decision", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"reason", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"request_received_on", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
	{"request_source", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"present", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 4},
	{"advice_outstanding", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 4},
	{"next_step", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"appeal_until", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
	{"mediation_offered", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
};

#define PANEL(name) (1U << SEND__V1__PANEL__PANEL_##name)
#define OUTCOME(name)                                                          \
	SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_##name

/* Which panels can decide so, and whether the family may appeal. */
static const struct {
	Send__V1__PanelDecisionOutcome decision;
	unsigned panels;
	bool appeal;
} contract_outcomes[] = {
	{OUTCOME(ASSESS), PANEL(STAGE_1), false},
	{OUTCOME(NOT_ASSESS), PANEL(STAGE_1), true},
	{OUTCOME(ISSUE), PANEL(STAGE_2), true},
	{OUTCOME(NOT_ISSUE), PANEL(STAGE_2), true},
	{OUTCOME(DEFER),
	 PANEL(STAGE_1) | PANEL(STAGE_2) | PANEL(COMPLEX_CASE) |
		 PANEL(REQUESTS),
	 false},
	{OUTCOME(AMEND), PANEL(COMPLEX_CASE) | PANEL(REQUESTS), true},
	{OUTCOME(MAINTAIN), PANEL(COMPLEX_CASE) | PANEL(REQUESTS), true},
	{OUTCOME(CEASE), PANEL(COMPLEX_CASE) | PANEL(REQUESTS), true},
};

static baton_err
contract_outcome_check(const struct contract_check *check,
		       const Send__V1__PanelDecision *decision,
		       const struct problem_place *place)
{
	size_t count = sizeof(contract_outcomes) / sizeof(*contract_outcomes);
	unsigned panel = 1U << decision->panel;
	bool decides = false;
	bool appeal = false;

	for (size_t i = 0; i < count; i++) {
		if (contract_outcomes[i].decision != decision->decision)
			continue;
		decides = (contract_outcomes[i].panels & panel) != 0;
		appeal = contract_outcomes[i].appeal;
	}
	if (!decides) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "decision", PROBLEM_NO_INDEX,
				       "this panel cannot make this decision; "
				       "correct the panel or the decision");
	}
	if (!appeal && contract_given(decision->appeal_until)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "appeal_until", PROBLEM_NO_INDEX,
				       "there is no right of appeal against "
				       "this decision; leave it out");
	}
	return BATON_OK;
}

static baton_err
contract_panel_dates_check(const struct contract_check *check,
			   const Send__V1__PanelDecision *decision,
			   const struct problem_place *place)
{
	bool staged = (1U << decision->panel &
		       (PANEL(STAGE_1) | PANEL(STAGE_2))) != 0;

	if (staged && !contract_given(decision->request_received_on)) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "request_received_on", PROBLEM_NO_INDEX,
				       "stages 1 and 2 decide on a request; "
				       "give the date it was received");
	}
	if (contract_date_after(decision->request_received_on,
				decision->held_on)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "request_received_on", PROBLEM_NO_INDEX,
				       "the request was received after the "
				       "panel sat; correct one of the dates");
	}
	if (contract_date_after(decision->held_on, decision->appeal_until)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "appeal_until", PROBLEM_NO_INDEX,
				       "the right of appeal ends before the "
				       "panel sat; correct one of the dates");
	}
	return BATON_OK;
}

baton_err
contract_panel_decision_together(const struct contract_check *check,
				 const ProtobufCMessage *message,
				 const struct problem_place *place)
{
	const Send__V1__PanelDecision *decision =
		(const Send__V1__PanelDecision *)message;
	int sectors[4];
	baton_err err;

	err = contract_outcome_check(check, decision, place);
	if (err != BATON_OK)
		return err;
	err = contract_panel_dates_check(check, decision, place);
	if (err != BATON_OK)
		return err;
	for (size_t i = 0; i < decision->n_present; i++)
		sectors[i] = (int)decision->present[i]->sector;
	err = contract_entries_differ(check, place, "present", sectors,
				      decision->n_present);
	if (err != BATON_OK)
		return err;
	return contract_entries_differ(
		check, place, "advice_outstanding",
		(const int *)decision->advice_outstanding,
		decision->n_advice_outstanding);
}
