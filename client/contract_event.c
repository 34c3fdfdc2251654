/* SPDX-License-Identifier: MIT */
/* Rules of proto/send/v1/event.proto and of its timestamp. */
#include <string.h>

#include "client/civil.h"
#include "client/contract_rules.h"

#define CONTRACT_DAY_SECONDS 86400
#define CONTRACT_SECOND_NANOS 1000000000

const struct contract_rule contract_timestamp_rules[] = {
	{"seconds", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"nanos", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
};

const struct contract_rule contract_event_rules[] = {
	{"id", CONTRACT_REQUIRED, CONTRACT_EVENT_ID, BATON_EVENT_ID_MAX},
	{"source", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"action", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"occurred_at", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"child", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"case_reference", CONTRACT_OPTIONAL, CONTRACT_ASCII, 64},
	{"contact_team", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"lead_practitioner_team", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"purpose", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"lawful_basis", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"dataref", CONTRACT_OPTIONAL, CONTRACT_HTTPS, 512},
	{"traceparent", CONTRACT_OPTIONAL, CONTRACT_TRACEPARENT, 55},
	{"referral", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"panel_decision", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"annual_review_due", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"transition", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
};

baton_err
contract_timestamp_together(const struct contract_check *check,
			    const ProtobufCMessage *message,
			    const struct problem_place *place)
{
	const Google__Protobuf__Timestamp *time =
		(const Google__Protobuf__Timestamp *)message;

	if (time->seconds >= civil_to_days(1990, 1, 1) * CONTRACT_DAY_SECONDS &&
	    time->seconds < civil_to_days(2100, 1, 1) * CONTRACT_DAY_SECONDS &&
	    time->nanos >= 0 && time->nanos < CONTRACT_SECOND_NANOS)
		return BATON_OK;
	return problem_set(check->problem, BATON_DATE_INVALID, place,
			   "the time is not within 1990 to 2099, or its nanos "
			   "not within one second");
}

static bool
contract_case_required(const Send__V1__Event *event)
{
	return event->data_case == SEND__V1__EVENT__DATA_PANEL_DECISION ||
	       event->data_case == SEND__V1__EVENT__DATA_ANNUAL_REVIEW_DUE;
}

static bool
contract_is_national(const Send__V1__Identifier *identifier)
{
	return identifier->scheme ==
		       SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER ||
	       identifier->scheme ==
		       SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_UPN ||
	       identifier->scheme ==
		       SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_ULN;
}

/* Attributes are logged on their way; the child's numbers must not be. */
static baton_err
contract_attributes_check(const struct contract_check *check,
			  const Send__V1__Event *event)
{
	const struct {
		const char *field;
		const char *text;
	} attributes[] = {
		{"id", event->id},
		{"case_reference", event->case_reference},
		{"dataref", event->dataref},
	};

	for (size_t i = 0; i < event->child->n_identifiers; i++) {
		const Send__V1__Identifier *identifier =
			event->child->identifiers[i];

		for (size_t j = 0; j < 3 && contract_is_national(identifier);
		     j++) {
			if (strstr(attributes[j].text, identifier->value) !=
			    NULL) {
				return contract_refuse(
					check, BATON_RULE_BROKEN, NULL,
					attributes[j].field, PROBLEM_NO_INDEX,
					"this field is logged on its way and "
					"must not hold the child's NHS number, "
					"UPN or ULN; use another reference");
			}
		}
	}
	return BATON_OK;
}

/* A delete withdraws what was sent in error, and says so. */
static baton_err
contract_deletion_check(const struct contract_check *check,
			const Send__V1__Event *event)
{
	const struct problem_place referral = {
		.parent = NULL,
		.name = "referral",
		.index = PROBLEM_NO_INDEX,
	};
	bool in_error;

	if (event->data_case != SEND__V1__EVENT__DATA_REFERRAL)
		return BATON_OK;
	in_error = event->referral->status ==
		   SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR;
	if (event->action == SEND__V1__ACTION__ACTION_DELETE && !in_error) {
		return contract_refuse(check, BATON_RULE_BROKEN, &referral,
				       "status", PROBLEM_NO_INDEX,
				       "a delete carries ENTERED_IN_ERROR; to "
				       "end a referral send an update");
	}
	if (event->action == SEND__V1__ACTION__ACTION_NEW && in_error) {
		return contract_refuse(check, BATON_RULE_BROKEN, &referral,
				       "status", PROBLEM_NO_INDEX,
				       "a new referral cannot be "
				       "ENTERED_IN_ERROR; send a delete");
	}
	return BATON_OK;
}

baton_err
contract_event_together(const struct contract_check *check,
			const ProtobufCMessage *message,
			const struct problem_place *place)
{
	const Send__V1__Event *event = (const Send__V1__Event *)message;
	baton_err err;

	if (event->data_case == SEND__V1__EVENT__DATA__NOT_SET) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "data", PROBLEM_NO_INDEX,
				       "the event has no data; give one of "
				       "referral, panel_decision, "
				       "annual_review_due, transition");
	}
	if (contract_case_required(event) &&
	    !contract_given(event->case_reference)) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "case_reference", PROBLEM_NO_INDEX,
				       "this kind of event is about a case; "
				       "give the council's case reference");
	}
	err = contract_attributes_check(check, event);
	if (err != BATON_OK)
		return err;
	return contract_deletion_check(check, event);
}
