/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "adapters/health/referral_draft.h"
#include "client/borrow.h"

#define REASON_CODE_BYTES ((size_t)64)
#define REASON_DISPLAY_BYTES ((size_t)120)

/* HL7 table 0396's short names of the code systems that have a URI. */
static const struct {
	const char *name;
	const char *uri;
} reason_systems[] = {
	{"SCT", "http://snomed.info/sct"},
	{"SNOMED-CT", "http://snomed.info/sct"},
	{"I10", "http://hl7.org/fhir/sid/icd-10"},
	{"ICD10", "http://hl7.org/fhir/sid/icd-10"},
};

static char *
reason_system(char *name)
{
	for (size_t i = 0;
	     i < sizeof(reason_systems) / sizeof(reason_systems[0]); i++) {
		if (strcmp(name, reason_systems[i].name) == 0)
			return borrow_text(reason_systems[i].uri);
	}
	return name;
}

static bool
reason_is_listed(const struct draft *draft, const Send__V1__ReasonCode *reason)
{
	for (size_t i = 0; i < draft->referral.n_reason_codes; i++) {
		const Send__V1__ReasonCode *other = draft->reason_list[i];

		if (strcmp(other->system, reason->system) == 0 &&
		    strcmp(other->code, reason->code) == 0)
			return true;
	}
	return false;
}

/* Reads one coded element: code, display, system. A display that is too long
 * is left out, since it is only a label. */
static baton_err
reason_read(struct draft *draft, struct draft_place *place,
	    struct baton_span element, const char *otherwise,
	    Send__V1__ReasonCode *reason)
{
	const struct hl7v2_message *message = draft->input->message;
	struct baton_span display = hl7v2_part(message, element, 2);
	struct baton_span system = hl7v2_part(message, element, 3);
	baton_err err;

	send__v1__reason_code__init(reason);
	place->component = 1;
	err = draft_text(draft, place, hl7v2_part(message, element, 1),
			 REASON_CODE_BYTES, &reason->code);
	if (err == BATON_OK && display.len <= REASON_DISPLAY_BYTES) {
		place->component = 2;
		err = draft_text(draft, place, display,
				 REASON_DISPLAY_BYTES * 2, &reason->display);
		if (err == BATON_OK &&
		    strlen(reason->display) > REASON_DISPLAY_BYTES)
			reason->display[0] = '\0';
	}
	if (err != BATON_OK)
		return err;
	place->component = 3;
	err = draft_text(draft, place, system, REASON_CODE_BYTES,
			 &reason->system);
	if (err == BATON_OK && reason->system[0] == '\0')
		reason->system = borrow_text(otherwise);
	reason->system = reason_system(reason->system);
	return err;
}

static baton_err
reason_add(struct draft *draft, struct draft_place place,
	   struct baton_span element, const char *otherwise)
{
	size_t count = draft->referral.n_reason_codes;
	size_t text_used = draft->text_used;
	Send__V1__ReasonCode reason;
	baton_err err;

	err = reason_read(draft, &place, element, otherwise, &reason);
	if (err != BATON_OK)
		return err;
	if (reason.code[0] == '\0' || reason_is_listed(draft, &reason)) {
		draft->text_used = text_used;
		return BATON_OK;
	}
	if (count == DRAFT_REASONS_MAX) {
		return draft_blame(draft, BATON_FIELD_TOO_LONG, HL7V2_DATA_TYPE,
				   place.segment, "", place.field,
				   "more than 10 reason codes");
	}
	draft->reasons[count] = reason;
	draft->reason_list[count] = &draft->reasons[count];
	draft->referral.n_reason_codes++;
	return BATON_OK;
}

static baton_err
reason_codes(struct draft *draft)
{
	const struct hl7v2_message *message = draft->input->message;
	struct baton_span field = hl7v2_field(message, draft->rf1, 10);
	unsigned count = hl7v2_repetitions(message, field);
	const struct hl7v2_segment *dg1 = NULL;
	baton_err err;

	for (unsigned i = 1; i <= count; i++) {
		err = reason_add(
			draft, (struct draft_place){draft->rf1, 10, i, 0},
			hl7v2_repetition(message, field, i), "HL70336");
		if (err != BATON_OK)
			return err;
	}
	while ((dg1 = hl7v2_next(message, "DG1", dg1)) != NULL) {
		field = hl7v2_field(message, dg1, 3);
		err = reason_add(draft, (struct draft_place){dg1, 3, 1, 0},
				 hl7v2_repetition(message, field, 1),
				 "HL70051");
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

/* Appends one note to the text that begins at start and ends at *end, with a
 * space between. */
static baton_err
reason_append(struct draft *draft, const struct draft_place *place,
	      struct baton_span value, size_t start, size_t *end)
{
	size_t at = *end > start ? *end + 1 : start;
	size_t len;
	char *note;
	baton_err err;

	draft->text_used = at;
	err = draft_text(draft, place, value,
			 DRAFT_REASON_TEXT_MAX - (at - start), &note);
	if (err == BATON_FIELD_TOO_LONG) {
		return draft_blame(draft, err, HL7V2_DATA_TYPE, place->segment,
				   "NTE", 3,
				   "notes are longer than 500 bytes together");
	}
	if (err != BATON_OK)
		return err;
	len = strlen(note);
	if (len == 0)
		return BATON_OK;
	memmove(draft->text + at, note, len + 1);
	if (*end > start)
		draft->text[*end] = ' ';
	*end = at + len;
	return BATON_OK;
}

/* The repetitions of every NTE-3. */
static baton_err
reason_text(struct draft *draft)
{
	const struct hl7v2_message *message = draft->input->message;
	const struct hl7v2_segment *nte = NULL;
	size_t start = draft->text_used;
	size_t end = start;

	while ((nte = hl7v2_next(message, "NTE", nte)) != NULL) {
		struct baton_span field = hl7v2_field(message, nte, 3);
		unsigned count = hl7v2_repetitions(message, field);

		for (unsigned i = 1; i <= count; i++) {
			const struct draft_place place = {nte, 3, i, 0};
			baton_err err = reason_append(
				draft, &place,
				hl7v2_repetition(message, field, i), start,
				&end);

			if (err != BATON_OK)
				return err;
		}
	}
	if (end > start)
		draft->referral.reason_text = draft->text + start;
	draft->text_used = end + 1;
	return BATON_OK;
}

baton_err
draft_reasons(struct draft *draft)
{
	draft->referral.reason_codes = draft->reason_list;
	if (draft->input->profile->reason_text == PROFILE_REASON_TEXT_NTE) {
		baton_err err = reason_text(draft);

		if (err != BATON_OK)
			return err;
	}
	return reason_codes(draft);
}
