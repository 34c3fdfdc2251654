/* SPDX-License-Identifier: MIT */
/* Rules of proto/send/v1/common.proto. */
#include <string.h>

#include "client/contract_rules.h"
#include "client/identifier.h"

const struct contract_rule contract_organisation_rules[] = {
	{"scheme", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"code", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"name", CONTRACT_OPTIONAL, CONTRACT_LINE, 120},
};

const struct contract_rule contract_team_rules[] = {
	{"organisation", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"name", CONTRACT_REQUIRED, CONTRACT_LINE, 120},
	{"phone", CONTRACT_OPTIONAL, CONTRACT_PHONE, 40},
	{"email", CONTRACT_OPTIONAL, CONTRACT_EMAIL, 254},
};

const struct contract_rule contract_service_rules[] = {
	{"treatment_function", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"snomed_care_setting", CONTRACT_REQUIRED, CONTRACT_SNOMED, 0},
	{"name", CONTRACT_OPTIONAL, CONTRACT_LINE, 120},
};

const struct contract_rule contract_identifier_rules[] = {
	{"scheme", CONTRACT_REQUIRED, CONTRACT_PLAIN, 0},
	{"value", CONTRACT_REQUIRED, CONTRACT_ASCII, 64},
	{"issuer", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"nhs_number_status", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
	{"valid_from", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
	{"valid_to", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
};

const struct contract_rule contract_child_rules[] = {
	{"identifiers", CONTRACT_REQUIRED, CONTRACT_PLAIN, 8},
	{"date_of_birth", CONTRACT_OPTIONAL, CONTRACT_DATE, 0},
	{"setting", CONTRACT_OPTIONAL, CONTRACT_PLAIN, 0},
};

baton_err
contract_organisation_together(const struct contract_check *check,
			       const ProtobufCMessage *message,
			       const struct problem_place *place)
{
	const Send__V1__Organisation *organisation =
		(const Send__V1__Organisation *)message;
	const char *why = NULL;

	switch ((int)organisation->scheme) {
	case SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_ODS:
		if (!identifier_ods_valid(organisation->code))
			why = "an ODS code is 1 to 9 of A-Z and 0-9";
		break;
	case SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_URN:
		if (!identifier_urn_valid(organisation->code))
			why = "a URN is 6 digits";
		break;
	case SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_LA:
		if (!identifier_la_valid(organisation->code))
			why = "a local authority code is 3 digits";
		break;
	default:
		break;
	}
	if (why == NULL)
		return BATON_OK;
	return contract_refuse(check, BATON_FIELD_INVALID, place, "code",
			       PROBLEM_NO_INDEX, why);
}

baton_err
contract_service_together(const struct contract_check *check,
			  const ProtobufCMessage *message,
			  const struct problem_place *place)
{
	const Send__V1__Service *service = (const Send__V1__Service *)message;

	if (service->code_case != SEND__V1__SERVICE__CODE__NOT_SET)
		return BATON_OK;
	return contract_refuse(check, BATON_FIELD_MISSING, place,
			       "treatment_function", PROBLEM_NO_INDEX,
			       "give treatment_function or "
			       "snomed_care_setting");
}

static bool
contract_nhs_number_flagged(const Send__V1__Identifier *identifier)
{
	return identifier->scheme ==
		       SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER &&
	       identifier->nhs_number_status ==
		       SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_FAILED_CHECK;
}

/* Whether a number that fails may pass: flagged, 10 digits, not all one. */
static bool
contract_nhs_number_tolerated(const struct contract_check *check,
			      const Send__V1__Identifier *identifier)
{
	const char *value = identifier->value;

	return check->policy == BATON_NHS_NUMBER_ACCEPT_FLAGGED &&
	       contract_nhs_number_flagged(identifier) && strlen(value) == 10 &&
	       strspn(value, "0123456789") == 10 &&
	       strspn(value, (const char[2]){value[0], '\0'}) < 10;
}

static baton_err
contract_nhs_number_check(const struct contract_check *check,
			  const Send__V1__Identifier *identifier,
			  const struct problem_place *place)
{
	bool valid = identifier_nhs_number_valid(identifier->value);

	if (identifier->nhs_number_status == 0) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "nhs_number_status", PROBLEM_NO_INDEX,
				       "an NHS number travels with its status; "
				       "give it");
	}
	if (valid && contract_nhs_number_flagged(identifier)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "nhs_number_status", PROBLEM_NO_INDEX,
				       "FAILED_CHECK stands beside a number "
				       "that passes; give its real status");
	}
	if (valid || contract_nhs_number_tolerated(check, identifier))
		return BATON_OK;
	return contract_refuse(check, BATON_IDENTIFIER_INVALID, place, "value",
			       PROBLEM_NO_INDEX,
			       "not an NHS number: 10 digits, modulus 11, not "
			       "one digit repeated; trace it or leave it out");
}

/* Why the value is not of its scheme; NULL when it is. */
static const char *
contract_value_fault(const Send__V1__Identifier *identifier)
{
	const char *value = identifier->value;

	switch ((int)identifier->scheme) {
	case SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_UPN:
		if (!identifier_upn_valid(value)) {
			return "not a UPN: 13 characters with a right check "
			       "letter; correct it or leave it out";
		}
		break;
	case SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_ULN:
		if (!identifier_uln_valid(value)) {
			return "not a ULN: 10 digits with a right check digit; "
			       "correct it or leave it out";
		}
		break;
	default:
		if (strchr(value, ' ') != NULL)
			return "an identifier holds no space; remove it";
		break;
	}
	return NULL;
}

static bool
contract_needs_issuer(Send__V1__IdentifierScheme scheme)
{
	return scheme ==
		       SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_SOCIAL_CARE ||
	       scheme == SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_LOCAL;
}

static baton_err
contract_other_identifier_check(const struct contract_check *check,
				const Send__V1__Identifier *identifier,
				const struct problem_place *place)
{
	const char *fault = contract_value_fault(identifier);

	if (fault != NULL) {
		return contract_refuse(check, BATON_IDENTIFIER_INVALID, place,
				       "value", PROBLEM_NO_INDEX, fault);
	}
	if (identifier->nhs_number_status != 0) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "nhs_number_status", PROBLEM_NO_INDEX,
				       "only an NHS number has this status; "
				       "leave it out");
	}
	return BATON_OK;
}

baton_err
contract_identifier_together(const struct contract_check *check,
			     const ProtobufCMessage *message,
			     const struct problem_place *place)
{
	const Send__V1__Identifier *identifier =
		(const Send__V1__Identifier *)message;
	bool needs_issuer = contract_needs_issuer(identifier->scheme);
	baton_err err;

	if (identifier->scheme ==
	    SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER) {
		err = contract_nhs_number_check(check, identifier, place);
	} else {
		err = contract_other_identifier_check(check, identifier, place);
	}
	if (err != BATON_OK)
		return err;
	if (needs_issuer && identifier->issuer == NULL) {
		return contract_refuse(check, BATON_FIELD_MISSING, place,
				       "issuer", PROBLEM_NO_INDEX,
				       "an identifier of this scheme means "
				       "something only with its issuer; give "
				       "it");
	}
	if (!needs_issuer && identifier->issuer != NULL) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "issuer", PROBLEM_NO_INDEX,
				       "a national identifier has no issuer; "
				       "leave it out");
	}
	if (contract_date_after(identifier->valid_from, identifier->valid_to)) {
		return contract_refuse(check, BATON_RULE_BROKEN, place,
				       "valid_to", PROBLEM_NO_INDEX,
				       "valid_to is before valid_from");
	}
	return BATON_OK;
}

static bool
contract_identifier_same(const Send__V1__Identifier *a,
			 const Send__V1__Identifier *b)
{
	if (a->scheme != b->scheme || strcmp(a->value, b->value) != 0)
		return false;
	if (a->issuer == NULL || b->issuer == NULL)
		return a->issuer == b->issuer;
	return a->issuer->scheme == b->issuer->scheme &&
	       strcmp(a->issuer->code, b->issuer->code) == 0;
}

baton_err
contract_child_together(const struct contract_check *check,
			const ProtobufCMessage *message,
			const struct problem_place *place)
{
	const Send__V1__Child *child = (const Send__V1__Child *)message;
	bool identifies = false;

	for (size_t i = 0; i < child->n_identifiers; i++) {
		if (!contract_nhs_number_flagged(child->identifiers[i]))
			identifies = true;
		for (size_t j = 0; j < i; j++) {
			if (contract_identifier_same(child->identifiers[i],
						     child->identifiers[j])) {
				return contract_refuse(
					check, BATON_ENTRY_REPEATED, place,
					"identifiers", i,
					"this identifier is in the list "
					"already; send it once");
			}
		}
	}
	if (identifies)
		return BATON_OK;
	return contract_refuse(check, BATON_RULE_BROKEN, place, "identifiers",
			       PROBLEM_NO_INDEX,
			       "an NHS number that failed its check cannot "
			       "identify the child; add another identifier");
}
