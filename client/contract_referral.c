/* SPDX-License-Identifier: MIT */
/* Rules of proto/send/v1/referral.proto. */
#include <string.h>

#include "client/contract_rules.h"

const struct contract_rule contract_referral_from_rules[] = {
	{"organisation", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"role", CONTRACT_OPTIONAL, CONTRACT_LINE, 80},
	{"source", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
};

const struct contract_rule contract_referral_to_rules[] = {
	{"service", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"organisation", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
};

const struct contract_rule contract_reason_code_rules[] = {
	{"system", CONTRACT_REQUIRED, CONTRACT_LINE, 64},
	{"code", CONTRACT_REQUIRED, CONTRACT_LINE, 64},
	{"display", CONTRACT_OPTIONAL, CONTRACT_LINE, 120},
};

const struct contract_rule contract_waiting_rules[] = {
	{"since", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
	{"breach_date", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
};

const struct contract_rule contract_referral_rules[] = {
	{"referral_id", CONTRACT_REQUIRED, CONTRACT_ASCII, 64},
	{"kind", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"status", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"authored_on", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
	{"from", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"to", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"priority", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"reason_codes", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 10},
	{"reason_text", CONTRACT_OPTIONAL, CONTRACT_TEXT, 500},
	{"method", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"waiting", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"outcome_text", CONTRACT_OPTIONAL, CONTRACT_TEXT, 500},
	{"sen_types", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 2},
};

baton_err
contract_waiting_together(const struct contract_check *check,
			  const ProtobufCMessage *message,
			  const struct problem_place *place)
{
	const Send__V1__Waiting *waiting = (const Send__V1__Waiting *)message;

	if (!contract_date_after(waiting->since, waiting->breach_date))
		return BATON_OK;
	return contract_refuse(check, BATON_RULE_BROKEN, place, "breach_date",
			       PROBLEM_NO_INDEX,
			       "the breach date is before the clock started");
}

static baton_err
contract_reasons_differ(const struct contract_check *check,
			const Send__V1__Referral *referral,
			const struct problem_place *place)
{
	for (size_t i = 1; i < referral->n_reason_codes; i++) {
		const Send__V1__ReasonCode *code = referral->reason_codes[i];

		for (size_t j = 0; j < i; j++) {
			const Send__V1__ReasonCode *other =
				referral->reason_codes[j];

			if (strcmp(code->system, other->system) == 0 &&
			    strcmp(code->code, other->code) == 0) {
				return contract_refuse(
					check, BATON_ENTRY_REPEATED, place,
					"reason_codes", i,
					"this reason is in the list already; "
					"send it once");
			}
		}
	}
	return BATON_OK;
}

static baton_err
contract_referral_status_check(const struct contract_check *check,
			       const Send__V1__Referral *referral,
			       const struct problem_place *place)
{
	if (referral->status ==
		    SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_WAITING &&
	    referral->waiting == NULL) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "waiting", PROBLEM_NO_INDEX,
				       "a referral that waits says since when; "
				       "give it");
	}
	if (referral->status ==
		    SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED &&
	    contract_given(referral->outcome_text)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "outcome_text", PROBLEM_NO_INDEX,
				       "a referral that is only requested has "
				       "no outcome; leave it out");
	}
	return BATON_OK;
}

baton_err
contract_referral_together(const struct contract_check *check,
			   const ProtobufCMessage *message,
			   const struct problem_place *place)
{
	const Send__V1__Referral *referral =
		(const Send__V1__Referral *)message;
	const struct problem_place to = {
		.parent = place,
		.name = "to",
		.index = PROBLEM_NO_INDEX,
	};
	baton_err err;

	if (referral->kind == SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE &&
	    referral->to->service == NULL) {
		return contract_refuse(check, BATON_FIELD_MISSING, &to,
				       "service", PROBLEM_NO_INDEX,
				       "a referral to a service names it; give "
				       "it");
	}
	err = contract_referral_status_check(check, referral, place);
	if (err != BATON_OK)
		return err;
	err = contract_reasons_differ(check, referral, place);
	if (err != BATON_OK)
		return err;
	return contract_entries_differ(check, place, "sen_types",
				       (const int *)referral->sen_types,
				       referral->n_sen_types);
}
