/* SPDX-License-Identifier: MIT */
/* Rules of proto/send/v1/transition.proto. */
#include "client/contract_rules.h"

/* National curriculum years, nursery to Year 14. */
#define CONTRACT_SCHOOL_YEAR_MIN (-2)
#define CONTRACT_SCHOOL_YEAR_MAX 14

const struct contract_rule contract_acknowledgement_rules[] = {
	{"team", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"acknowledged_on", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
};

const struct contract_rule contract_transition_rules[] = {
	{"transition_id", CONTRACT_REQUIRED, CONTRACT_ASCII, 64},
	{"age_point", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"reached_on", CONTRACT_REQUIRED, CONTRACT_DATE, 0},
	{"school_year", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"school_year_known", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"changes", CONTRACT_REQUIRED, CONTRACT_PLAIN, 6},
	{"plan_in_place", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"sending", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"receiving", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"acknowledged", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
};

static baton_err
contract_school_year_check(const struct contract_check *check,
			   const Send__V1__Transition *transition,
			   const struct problem_place *place)
{
	if (!transition->school_year_known && transition->school_year != 0) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "school_year", PROBLEM_NO_INDEX,
				       "a school year is given as not known; "
				       "set school_year_known or leave it out");
	}
	if (transition->school_year < CONTRACT_SCHOOL_YEAR_MIN ||
	    transition->school_year > CONTRACT_SCHOOL_YEAR_MAX) {
		return contract_refuse(check, BATON_FIELD_INVALID, place,
				       "school_year", PROBLEM_NO_INDEX,
				       "not a national curriculum year, -2 to "
				       "14");
	}
	return BATON_OK;
}

baton_err
contract_transition_together(const struct contract_check *check,
			     const ProtobufCMessage *message,
			     const struct problem_place *place)
{
	const Send__V1__Transition *transition =
		(const Send__V1__Transition *)message;
	baton_err err;

	err = contract_school_year_check(check, transition, place);
	if (err != BATON_OK)
		return err;
	if (transition->age_point == SEND__V1__AGE_POINT__AGE_POINT_18 &&
	    transition->receiving == NULL) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "receiving", PROBLEM_NO_INDEX,
				       "at 18 care crosses to Adults; name the "
				       "receiving team");
	}
	return contract_entries_differ(check, place, "changes",
				       (const int *)transition->changes,
				       transition->n_changes);
}
