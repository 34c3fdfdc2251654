/* SPDX-License-Identifier: MIT */
#include "adapters/health/referral_draft.h"

#include <stdio.h>
#include <string.h>

#include "client/contract.h"

baton_err
draft_blame(struct draft *draft, baton_err err, enum hl7v2_code code,
	    const struct hl7v2_segment *segment, const char *name,
	    unsigned field, const char *text)
{
	struct hl7v2_where where = {.field = field};

	if (segment != NULL) {
		where = hl7v2_where(draft->input->message, segment, field, 0);
	} else {
		(void)snprintf(where.segment, sizeof(where.segment), "%s",
			       name);
	}
	return hl7v2_fault_set(draft->fault, err, code, &where, "%s", text);
}

static baton_err
draft_blame_place(struct draft *draft, baton_err err,
		  const struct draft_place *place, size_t max)
{
	struct hl7v2_where where =
		hl7v2_where(draft->input->message, place->segment, place->field,
			    place->component);

	where.repetition = place->repetition;
	if (err == BATON_TOO_LARGE) {
		return hl7v2_fault_set(draft->fault, BATON_FIELD_TOO_LONG,
				       HL7V2_DATA_TYPE, &where,
				       "value is longer than %zu bytes", max);
	}
	return hl7v2_fault_set(
		draft->fault, err, HL7V2_DATA_TYPE, &where,
		"value is not text of its character set or holds "
		"a control character");
}

/* Takes the spaces from both ends. */
static char *
draft_trim(char *text)
{
	size_t len;

	text += strspn(text, " ");
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	return text;
}

baton_err
draft_text(struct draft *draft, const struct draft_place *place,
	   struct baton_span value, size_t max, char **text)
{
	char *copy = draft->text + draft->text_used;
	size_t room = sizeof(draft->text) - draft->text_used;
	baton_err err;

	*text = copy;
	if (room > max + 1)
		room = max + 1;
	if (room == 0)
		return draft_blame_place(draft, BATON_TOO_LARGE, place, 0);
	err = hl7v2_text(draft->input->message, draft->input->charset, value,
			 copy, room);
	if (err != BATON_OK)
		return draft_blame_place(draft, err, place, max);
	draft->text_used += strlen(copy) + 1;
	for (char *at = copy; *at != '\0'; at++) {
		if (*at == '\n' || *at == '\t')
			*at = ' ';
	}
	*text = draft_trim(copy);
	return BATON_OK;
}

bool
draft_organisation(struct draft_organisation *organisation, const char *text)
{
	Send__V1__OrganisationScheme scheme;

	send__v1__organisation__init(&organisation->organisation);
	if (!contract_organisation_parse(text, &scheme, organisation->code))
		return false;
	organisation->organisation.scheme = scheme;
	organisation->organisation.code = organisation->code;
	return true;
}
