/* SPDX-License-Identifier: MIT */
/* Makes the fields of a generated message agree with each other. */
#include <stdio.h>
#include <string.h>

#include "client/civil.h"
#include "client/identifier.h"
#include "generate.h"

#define GENERATE_DAY_SECONDS 86400
#define GENERATE_ID_BYTES 16

static void
generate_organisation(struct generate *generate, ProtobufCMessage *message)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	Send__V1__Organisation *organisation =
		(Send__V1__Organisation *)message;
	bool ods = organisation->scheme ==
		   SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_ODS;
	bool urn = organisation->scheme ==
		   SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_URN;
	size_t len = ods ? 1 + generate_below(generate, 9) : urn ? 6 : 3;

	organisation->code = generate_alloc(generate, len + 1);
	for (size_t i = 0; i < len; i++) {
		organisation->code[i] =
			ods ? alphabet[generate_below(generate, 36)]
			    : (char)('0' + generate_below(generate, 10));
	}
	organisation->code[len] = '\0';
}

/* Draws prefix and digits until they pass their check; a UPN's prefix is "?",
 * its check letter. */
static char *
generate_checked(struct generate *generate, const char *prefix, int digits,
		 bool (*valid)(const char *))
{
	static const char letters[] = "ABCDEFGHJKLMNPQRTUVWXYZ";
	size_t at = strlen(prefix);
	char *text = generate_alloc(generate, GENERATE_ID_BYTES);

	do {
		memcpy(text, prefix, at);
		for (int i = 0; i < digits; i++) {
			text[at + (size_t)i] =
				(char)('0' + generate_below(generate, 10));
		}
		text[at + (size_t)digits] = '\0';
		if (prefix[0] == '?')
			text[0] = letters[generate_below(generate, 23)];
	} while (!valid(text));
	return text;
}

static void
generate_national(struct generate *generate, Send__V1__Identifier *identifier)
{
	identifier->issuer = NULL;
	identifier->nhs_number_status = 0;
	switch ((int)identifier->scheme) {
	case SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER:
		identifier->value = generate_checked(
			generate, "999", 7, identifier_nhs_number_valid);
		identifier->nhs_number_status =
			(Send__V1__NhsNumberStatus)(1 + generate_below(generate,
								       8));
		break;
	case SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_UPN:
		identifier->value = generate_checked(generate, "?", 12,
						     identifier_upn_valid);
		break;
	default:
		identifier->value = generate_checked(generate, "", 10,
						     identifier_uln_valid);
		break;
	}
}

static void
generate_swap_dates(char **first, char **second)
{
	char *later = *first;

	if (!contract_date_after(*first, *second))
		return;
	*first = *second;
	*second = later;
}

static void
generate_identifier(struct generate *generate, ProtobufCMessage *message)
{
	Send__V1__Identifier *identifier = (Send__V1__Identifier *)message;

	generate_swap_dates(&identifier->valid_from, &identifier->valid_to);
	if (identifier->scheme <=
	    SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_ULN) {
		generate_national(generate, identifier);
		return;
	}
	identifier->nhs_number_status = 0;
	for (char *at = identifier->value; *at != '\0'; at++) {
		if (*at == ' ')
			*at = '_';
	}
	if (identifier->issuer == NULL) {
		identifier->issuer = (Send__V1__Organisation *)generate_message(
			generate, &send__v1__organisation__descriptor);
	}
}

/* Cuts the list before an entry whose value is there already. */
static void
generate_child(struct generate *generate, ProtobufCMessage *message)
{
	Send__V1__Child *child = (Send__V1__Child *)message;

	(void)generate;
	for (size_t i = 1; i < child->n_identifiers; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(child->identifiers[i]->value,
				   child->identifiers[j]->value) == 0)
				child->n_identifiers = i;
		}
	}
}

static void
generate_timestamp(struct generate *generate, ProtobufCMessage *message)
{
	static const int32_t steps[] = {1000000000, 1000000, 1000, 1};
	Google__Protobuf__Timestamp *time =
		(Google__Protobuf__Timestamp *)message;
	int64_t first = civil_to_days(1990, 1, 1) * GENERATE_DAY_SECONDS;
	int64_t last = civil_to_days(2100, 1, 1) * GENERATE_DAY_SECONDS;
	int32_t step = steps[generate_below(generate, 4)];

	time->seconds = first + (int64_t)generate_below(
					generate, (uint64_t)(last - first));
	time->nanos = step * (int32_t)generate_below(
				     generate, (uint64_t)(1000000000 / step));
}

static void
generate_waiting(struct generate *generate, ProtobufCMessage *message)
{
	Send__V1__Waiting *waiting = (Send__V1__Waiting *)message;

	(void)generate;
	generate_swap_dates(&waiting->since, &waiting->breach_date);
}

static void
generate_referral(struct generate *generate, ProtobufCMessage *message)
{
	Send__V1__Referral *referral = (Send__V1__Referral *)message;

	if (referral->kind == SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE &&
	    referral->to->service == NULL) {
		referral->to->service = (Send__V1__Service *)generate_message(
			generate, &send__v1__service__descriptor);
	}
	if (referral->status ==
		    SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_WAITING &&
	    referral->waiting == NULL) {
		referral->waiting = (Send__V1__Waiting *)generate_message(
			generate, &send__v1__waiting__descriptor);
	}
	if (referral->status ==
	    SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED)
		referral->outcome_text = generate_text(generate, 0, 0);
	for (size_t i = 1; i < referral->n_reason_codes; i++) {
		if (strcmp(referral->reason_codes[i]->code,
			   referral->reason_codes[i - 1]->code) == 0)
			referral->n_reason_codes = i;
	}
}

#define OUTCOME(name)                                                          \
	SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_##name

static void
generate_panel_decision(struct generate *generate, ProtobufCMessage *message)
{
	static const Send__V1__PanelDecisionOutcome outcomes[][4] = {
		{OUTCOME(ASSESS), OUTCOME(NOT_ASSESS), OUTCOME(DEFER),
		 OUTCOME(NOT_ASSESS)},
		{OUTCOME(ISSUE), OUTCOME(NOT_ISSUE), OUTCOME(DEFER),
		 OUTCOME(ISSUE)},
		{OUTCOME(AMEND), OUTCOME(MAINTAIN), OUTCOME(CEASE),
		 OUTCOME(DEFER)},
		{OUTCOME(AMEND), OUTCOME(MAINTAIN), OUTCOME(CEASE),
		 OUTCOME(DEFER)},
	};
	Send__V1__PanelDecision *decision = (Send__V1__PanelDecision *)message;

	decision->decision =
		outcomes[decision->panel - 1][generate_below(generate, 4)];
	if (!contract_given(decision->request_received_on)) {
		decision->request_received_on =
			generate_text(generate, CONTRACT_DATE, 0);
	}
	generate_swap_dates(&decision->request_received_on, &decision->held_on);
	generate_swap_dates(&decision->held_on, &decision->appeal_until);
	generate_swap_dates(&decision->request_received_on, &decision->held_on);
	if (decision->decision == OUTCOME(ASSESS) ||
	    decision->decision == OUTCOME(DEFER))
		decision->appeal_until = generate_text(generate, 0, 0);
	for (size_t i = 0; i < decision->n_present; i++)
		decision->present[i]->sector = (Send__V1__Sector)(i + 1);
}

static void
generate_annual_review_due(struct generate *generate, ProtobufCMessage *message)
{
	Send__V1__AnnualReviewDue *review =
		(Send__V1__AnnualReviewDue *)message;
	static char first_day[] = "1989-12-31";

	generate_swap_dates(&review->last_review_on, &review->due_by);
	generate_swap_dates(&review->plan_date, &review->due_by);
	generate_swap_dates(&review->plan_date, &review->last_review_on);
	generate_swap_dates(&review->meeting_by, &review->due_by);
	if (!contract_date_after(review->due_by, review->plan_date))
		review->plan_date = first_day;
	if (!contract_given(review->phase_transfer_by)) {
		review->phase_transfer_by =
			generate_text(generate, CONTRACT_DATE, 0);
	}
}

static void
generate_transition(struct generate *generate, ProtobufCMessage *message)
{
	Send__V1__Transition *transition = (Send__V1__Transition *)message;

	if (transition->school_year_known)
		transition->school_year = (int)generate_below(generate, 17) - 2;
	if (transition->age_point == SEND__V1__AGE_POINT__AGE_POINT_18 &&
	    transition->receiving == NULL) {
		transition->receiving = (Send__V1__Team *)generate_message(
			generate, &send__v1__team__descriptor);
	}
}

static void
generate_envelope(struct generate *generate, ProtobufCMessage *message)
{
	Send__V1__Event *event = (Send__V1__Event *)message;

	if (!contract_given(event->case_reference)) {
		event->case_reference =
			generate_text(generate, CONTRACT_ASCII, 64);
	}
	if (event->data_case != SEND__V1__EVENT__DATA_REFERRAL)
		return;
	if (event->action == SEND__V1__ACTION__ACTION_DELETE) {
		event->referral->status =
			SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR;
	} else if (
		event->referral->status ==
		SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ENTERED_IN_ERROR) {
		event->action = SEND__V1__ACTION__ACTION_UPDATE;
	}
}

void
generate_tie(struct generate *generate, ProtobufCMessage *message)
{
	static const struct {
		const ProtobufCMessageDescriptor *descriptor;
		void (*tie)(struct generate *, ProtobufCMessage *);
	} ties[] = {
		{&send__v1__organisation__descriptor, generate_organisation},
		{&send__v1__identifier__descriptor, generate_identifier},
		{&send__v1__child__descriptor, generate_child},
		{&google__protobuf__timestamp__descriptor, generate_timestamp},
		{&send__v1__waiting__descriptor, generate_waiting},
		{&send__v1__referral__descriptor, generate_referral},
		{&send__v1__panel_decision__descriptor,
		 generate_panel_decision},
		{&send__v1__annual_review_due__descriptor,
		 generate_annual_review_due},
		{&send__v1__transition__descriptor, generate_transition},
		{&send__v1__event__descriptor, generate_envelope},
	};

	for (size_t i = 0; i < sizeof(ties) / sizeof(*ties); i++) {
		if (ties[i].descriptor == message->descriptor)
			ties[i].tie(generate, message);
	}
}
