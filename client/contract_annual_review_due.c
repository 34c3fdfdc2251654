/* SPDX-License-Identifier: MIT */
/* Rules of proto/send/v1/annual_review_due.proto. */
#include "client/contract_rules.h"

const struct contract_rule contract_annual_review_due_rules[] = {
	{"plan_type", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"plan_date", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
	{"last_review_on", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
	{"due_by", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
	{"meeting_by", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
	{"stage", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"phase_transfer", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"phase_transfer_by", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
	{"preparing_for_adulthood", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"setting", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"advice_from", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 4},
	{"plan_id", CONTRACT_OPTIONAL, CONTRACT_ASCII, 64},
};

static baton_err
contract_review_dates_check(const struct contract_check *check,
			    const Send__V1__AnnualReviewDue *review,
			    const struct problem_place *place)
{
	if (contract_date_after(review->plan_date, review->last_review_on)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "last_review_on", PROBLEM_NO_INDEX,
				       "the last review is before the plan; "
				       "correct one of the dates");
	}
	if (!contract_date_after(review->due_by, review->plan_date)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "due_by", PROBLEM_NO_INDEX,
				       "the review is not due after the plan; "
				       "correct one of the dates");
	}
	if (contract_date_after(review->meeting_by, review->due_by)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "meeting_by", PROBLEM_NO_INDEX,
				       "the meeting is after the review is "
				       "due; correct one of the dates");
	}
	return BATON_OK;
}

baton_err
contract_annual_review_due_together(const struct contract_check *check,
				    const ProtobufCMessage *message,
				    const struct problem_place *place)
{
	const Send__V1__AnnualReviewDue *review =
		(const Send__V1__AnnualReviewDue *)message;
	bool transfers =
		review->phase_transfer !=
			SEND__V1__PHASE_TRANSFER__PHASE_TRANSFER_UNSPECIFIED &&
		review->phase_transfer !=
			SEND__V1__PHASE_TRANSFER__PHASE_TRANSFER_NONE;
	baton_err err;

	err = contract_review_dates_check(check, review, place);
	if (err != BATON_OK)
		return err;
	if (transfers && !contract_given(review->phase_transfer_by)) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "phase_transfer_by", PROBLEM_NO_INDEX,
				       "a phase transfer has a date by which "
				       "the plan must be final; give it");
	}
	return contract_entries_differ(check, place, "advice_from",
				       (const int *)review->advice_from,
				       review->n_advice_from);
}
