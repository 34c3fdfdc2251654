/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adapters/health/referral_draft.h"
#include "client/identifier.h"

#define PARTIES_CODE_BYTES ((size_t)64)

/* The first PRD whose PRD-1 has this role, RP or RT; NULL when none has. */
static const struct hl7v2_segment *
parties_find(const struct draft *draft, const char *role)
{
	const struct hl7v2_message *message = draft->input->message;
	const struct hl7v2_segment *prd = NULL;

	while ((prd = hl7v2_next(message, "PRD", prd)) != NULL) {
		struct baton_span roles = hl7v2_field(message, prd, 1);
		unsigned count = hl7v2_repetitions(message, roles);

		for (unsigned i = 1; i <= count; i++) {
			struct baton_span one =
				hl7v2_repetition(message, roles, i);

			if (hl7v2_is(hl7v2_part(message, one, 1), role))
				return prd;
		}
	}
	return NULL;
}

static bool
parties_is_ods_mark(struct baton_span span)
{
	return span.len == 3 &&
	       strncasecmp((const char *)span.data, "ODS", 3) == 0;
}

/* Looks a code up in the profile; NULL when it is not there. */
static const char *
parties_mapped(const struct profile *profile, const char *code)
{
	for (size_t i = 0; i < profile->organisations_count; i++) {
		if (strcmp(profile->organisations[i].code, code) == 0)
			return profile->organisations[i].organisation;
	}
	return NULL;
}

/* Takes an ODS code as an organisation; false when it has no such form. */
static bool
parties_take_ods(struct draft_organisation *organisation, const char *code)
{
	char text[24];

	/* Digits alone may as well be a local authority's code. */
	if (!identifier_ods_valid(code) ||
	    strspn(code, "0123456789") == strlen(code))
		return false;
	(void)snprintf(text, sizeof(text), "/ods/%s", code);
	return draft_organisation(organisation, text);
}

/*
 * PRD-7: the profile's codes, or an identifier that names ODS as its type or
 * its authority. A bare code is not taken for one: any short number has the
 * form of an ODS code.
 */
static baton_err
parties_from_prd(struct draft *draft, const struct hl7v2_segment *prd,
		 struct draft_organisation *organisation, bool *found)
{
	const struct hl7v2_message *message = draft->input->message;
	struct baton_span field = hl7v2_field(message, prd, 7);
	unsigned count = hl7v2_repetitions(message, field);
	size_t text_used = draft->text_used;
	const char *mapped;
	char *code;
	baton_err err;

	for (unsigned i = 1; i <= count && !*found; i++) {
		const struct draft_place place = {prd, 7, i, 1};
		struct baton_span one = hl7v2_repetition(message, field, i);

		err = draft_text(draft, &place, hl7v2_part(message, one, 1),
				 PARTIES_CODE_BYTES, &code);
		if (err != BATON_OK)
			return err;
		mapped = parties_mapped(draft->input->profile, code);
		if (mapped != NULL) {
			*found = draft_organisation(organisation, mapped);
		} else if (parties_is_ods_mark(hl7v2_part(message, one, 2)) ||
			   parties_is_ods_mark(hl7v2_part(message, one, 3))) {
			*found = parties_take_ods(organisation, code);
		}
		draft->text_used = text_used;
	}
	return BATON_OK;
}

/*
 * MSH-4 or MSH-6: the profile's codes; else the organisation that the profile
 * gives for this end; else an ODS code of an organisation (3 characters) or of
 * a site (5), as HL7 UK has it, ROUTE standing for "any". The form alone comes
 * last: a sender's own short code looks the same.
 */
static bool
parties_from_msh(const struct draft *draft, unsigned field,
		 const char *otherwise, struct draft_organisation *organisation)
{
	const struct profile *profile = draft->input->profile;
	const char *mapped;
	char code[PARTIES_CODE_BYTES];

	if (hl7v2_text(draft->input->message, draft->input->charset,
		       hl7v2_value(draft->input->message, draft->msh, field, 1),
		       code, sizeof(code)) != BATON_OK)
		code[0] = '\0';
	mapped = parties_mapped(profile, code);
	if (mapped == NULL)
		mapped = otherwise;
	if (mapped != NULL)
		return draft_organisation(organisation, mapped);
	if (!profile->msh_organisations || strcmp(code, "ROUTE") == 0 ||
	    (strlen(code) != 3 && strlen(code) != 5))
		return false;
	return parties_take_ods(organisation, code);
}

/* What differs between the two ends of a referral. */
struct parties_end {
	const char *role;
	unsigned msh_field;
	const char *by_profile;
	const char *missing;
};

static baton_err
parties_organisation(struct draft *draft, const struct parties_end *end,
		     struct draft_organisation *organisation)
{
	const struct hl7v2_segment *prd = parties_find(draft, end->role);
	bool found = false;
	baton_err err;

	err = parties_from_prd(draft, prd, organisation, &found);
	if (err != BATON_OK)
		return err;
	if (found || parties_from_msh(draft, end->msh_field, end->by_profile,
				      organisation))
		return BATON_OK;
	return draft_blame(draft, BATON_FIELD_MISSING, HL7V2_FIELD_MISSING, prd,
			   "PRD", 7, end->missing);
}

/* ---- the service ---- */

static void
parties_take_service(struct draft *draft, const struct profile_service *service)
{
	Send__V1__Service *to = &draft->service;

	draft->referral.kind = (Send__V1__ReferralKind)service->kind;
	if (service->name != NULL)
		to->name = service->name;
	if (service->treatment_function != 0) {
		to->code_case = SEND__V1__SERVICE__CODE_TREATMENT_FUNCTION;
		to->treatment_function = (Send__V1__TreatmentFunction)
						 service->treatment_function;
	} else if (service->snomed_care_setting != NULL) {
		to->code_case = SEND__V1__SERVICE__CODE_SNOMED_CARE_SETTING;
		to->snomed_care_setting = service->snomed_care_setting;
	}
	if (to->code_case != SEND__V1__SERVICE__CODE__NOT_SET)
		draft->to.service = to;
}

/* The code as the profile's services have it. */
static bool
parties_service_mapped(struct draft *draft, const char *code)
{
	const struct profile *profile = draft->input->profile;

	for (size_t i = 0; i < profile->services_count; i++) {
		if (strcmp(profile->services[i].code, code) == 0) {
			parties_take_service(draft, &profile->services[i]);
			return true;
		}
	}
	return false;
}

/* The code as a treatment function of the contract's list: the list's numbers
 * are the codes. */
static bool
parties_service_national(struct draft *draft, const char *code)
{
	struct profile_service service = {
		.kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE,
	};

	for (size_t i = 0; i < 3; i++) {
		service.treatment_function =
			service.treatment_function * 10 + (code[i] - '0');
	}
	if (service.treatment_function == 0 ||
	    protobuf_c_enum_descriptor_get_value(
		    &send__v1__treatment_function__descriptor,
		    (int)service.treatment_function) == NULL)
		return false;
	parties_take_service(draft, &service);
	return true;
}

/*
 * RF1-3 by the profile's list, then as a treatment function code; then PRD-7
 * of the PRD with role RT by the profile's list; then the profile's default. A
 * treatment function code that is in neither list is refused rather than
 * replaced by the default.
 */
static baton_err
parties_service(struct draft *draft)
{
	const struct hl7v2_message *message = draft->input->message;
	const struct draft_place rf1_3 = {draft->rf1, 3, 1, 1};
	const struct hl7v2_segment *prd = parties_find(draft, "RT");
	const struct draft_place prd_7 = {prd, 7, 1, 1};
	char *code;
	baton_err err;

	err = draft_text(draft, &rf1_3, hl7v2_value(message, draft->rf1, 3, 1),
			 PARTIES_CODE_BYTES, &code);
	if (err != BATON_OK)
		return err;
	if (parties_service_mapped(draft, code))
		return BATON_OK;
	if (strlen(code) == 3 && strspn(code, "0123456789") == 3) {
		if (parties_service_national(draft, code))
			return BATON_OK;
		return draft_blame(
			draft, BATON_ENUM_UNKNOWN, HL7V2_TABLE_VALUE,
			draft->rf1, "RF1", 3,
			"treatment function code is neither in the contract "
			"nor in the profile's services");
	}
	if (prd != NULL) {
		err = draft_text(draft, &prd_7, hl7v2_value(message, prd, 7, 1),
				 PARTIES_CODE_BYTES, &code);
		if (err != BATON_OK || parties_service_mapped(draft, code))
			return err;
	}
	if (draft->input->profile->default_service == NULL) {
		return draft_blame(
			draft, BATON_FIELD_MISSING, HL7V2_FIELD_MISSING,
			draft->rf1, "RF1", 3,
			"no service: neither RF1-3 nor PRD-7 with role RT nor "
			"the profile's default_service names one");
	}
	parties_take_service(draft, draft->input->profile->default_service);
	return BATON_OK;
}

static void
parties_contact_team(struct draft *draft)
{
	const struct profile_team *team = draft->input->profile->contact_team;

	send__v1__team__init(&draft->team);
	draft->team.name = team->name;
	if (team->phone != NULL)
		draft->team.phone = team->phone;
	if (team->email != NULL)
		draft->team.email = team->email;
	draft->team.organisation = &draft->source.organisation;
	if (team->organisation != NULL &&
	    draft_organisation(&draft->team_organisation, team->organisation)) {
		draft->team.organisation =
			&draft->team_organisation.organisation;
	}
	draft->event.contact_team = &draft->team;
}

baton_err
draft_parties(struct draft *draft)
{
	const struct profile *profile = draft->input->profile;
	const struct parties_end from = {
		"RP", 4, profile->from_organisation,
		"no referring organisation: neither PRD-7 with role RP nor "
		"MSH-4 nor the profile's from_organisation names one"};
	const struct parties_end to = {
		"RT", 6, profile->to_organisation,
		"no organisation referred to: neither PRD-7 with role RT nor "
		"MSH-6 nor the profile's to_organisation names one"};
	baton_err err;

	send__v1__referral_from__init(&draft->from);
	send__v1__referral_to__init(&draft->to);
	send__v1__service__init(&draft->service);
	parties_contact_team(draft);
	err = parties_organisation(draft, &from, &draft->from_organisation);
	if (err == BATON_OK)
		err = parties_organisation(draft, &to, &draft->to_organisation);
	if (err == BATON_OK)
		err = parties_service(draft);
	draft->from.organisation = &draft->from_organisation.organisation;
	draft->from.source = (Send__V1__RequestSource)profile->request_source;
	draft->to.organisation = &draft->to_organisation.organisation;
	draft->referral.from = &draft->from;
	draft->referral.to = &draft->to;
	return err;
}
