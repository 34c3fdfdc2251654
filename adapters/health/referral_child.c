/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "adapters/health/hl7v2_time.h"
#include "adapters/health/referral_draft.h"
#include "client/identifier.h"

#define CHILD_IDENTIFIER_BYTES ((size_t)64)

/* One repetition of PID-3. */
struct child_entry {
	struct draft_place place;
	struct baton_span number;
	struct baton_span status;
	struct baton_span authority;
	struct baton_span type;
};

static bool
child_in_list(struct baton_span value, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (hl7v2_is(value, words[i]))
			return true;
	}
	return false;
}

/*
 * Whether a repetition holds an NHS number. Senders mark it in the assigning
 * authority (HL7 UK ITK: "NHS"), in the identifier type, or in both; NI and
 * others only when the profile says so.
 */
static bool
child_is_nhs_number(const struct profile *profile,
		    const struct child_entry *entry)
{
	static const char *const authorities[] = {"NHS", "NHSNBR"};
	static const char *const types[] = {"NH", "NHS", "NHSNMBR"};

	if (child_in_list(entry->authority, authorities, 2) ||
	    child_in_list(entry->type, types, 3))
		return true;
	for (size_t i = 0; i < profile->nhs_number_markers_count; i++) {
		const char *marker = profile->nhs_number_markers[i];

		if (hl7v2_is(entry->authority, marker) ||
		    hl7v2_is(entry->type, marker))
			return true;
	}
	return false;
}

/* HL7 table 0203: numbers of accounts, visits, licences, insurances; they name
 * something other than the child as a patient. */
static bool
child_is_other_number(const struct child_entry *entry)
{
	static const char *const types[] = {"AN",  "VN", "SS", "DL",
					    "PPN", "MC", "MA", "NI"};

	return child_in_list(entry->type, types,
			     sizeof(types) / sizeof(types[0]));
}

static baton_err
child_blame(struct draft *draft, const struct child_entry *entry, baton_err err,
	    enum hl7v2_code code, const char *text)
{
	(void)draft_blame(draft, err, code, draft->pid, "PID", 3, text);
	draft->fault->where.repetition = entry->place.repetition;
	return err;
}

/* Adds an identifier unless the list has it. */
static baton_err
child_add(struct draft *draft, const struct child_entry *entry,
	  const Send__V1__Identifier *identifier)
{
	Send__V1__Child *child = &draft->child;

	for (size_t i = 0; i < child->n_identifiers; i++) {
		if (child->identifiers[i]->scheme != identifier->scheme)
			continue;
		if (strcmp(child->identifiers[i]->value, identifier->value) ==
		    0)
			return BATON_OK;
		if (identifier->scheme ==
		    SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER) {
			return child_blame(draft, entry, BATON_RULE_BROKEN,
					   HL7V2_DATA_TYPE,
					   "two different NHS numbers for one "
					   "child");
		}
	}
	if (child->n_identifiers == DRAFT_IDENTIFIERS_MAX) {
		return child_blame(draft, entry, BATON_FIELD_TOO_LONG,
				   HL7V2_DATA_TYPE,
				   "more than 8 identifiers for one child");
	}
	draft->identifiers[child->n_identifiers] = *identifier;
	draft->identifier_list[child->n_identifiers] =
		&draft->identifiers[child->n_identifiers];
	child->n_identifiers++;
	return BATON_OK;
}

/* The status that the profile's field holds: the NHS Data Dictionary's code,
 * "01" to "08". */
static baton_err
child_nhs_status(struct draft *draft, const struct child_entry *entry,
		 Send__V1__NhsNumberStatus *status)
{
	int where = draft->input->profile->nhs_number_status;
	struct baton_span code = entry->status;

	*status =
		SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_PRESENT_NOT_TRACED;
	if (where == PROFILE_NHS_STATUS_VERIFIED) {
		*status =
			SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_VERIFIED;
	}
	if (where == PROFILE_NHS_STATUS_PID_32)
		code = hl7v2_value(draft->input->message, draft->pid, 32, 1);
	if ((where != PROFILE_NHS_STATUS_PID_32 &&
	     where != PROFILE_NHS_STATUS_CX_2) ||
	    code.len == 0)
		return BATON_OK;
	if (code.len != 2 || code.data[0] != '0' || code.data[1] < '1' ||
	    code.data[1] > '8') {
		return child_blame(draft, entry, BATON_ENUM_UNKNOWN,
				   HL7V2_TABLE_VALUE,
				   "NHS number status is not 01 to 08");
	}
	*status = (Send__V1__NhsNumberStatus)(code.data[1] - '0');
	return BATON_OK;
}

static baton_err
child_add_nhs_number(struct draft *draft, const struct child_entry *entry)
{
	Send__V1__Identifier identifier;
	char *to;
	baton_err err;

	send__v1__identifier__init(&identifier);
	err = draft_text(draft, &entry->place, entry->number,
			 CHILD_IDENTIFIER_BYTES, &identifier.value);
	if (err != BATON_OK)
		return err;
	to = identifier.value;
	for (const char *from = identifier.value; *from != '\0'; from++) {
		if (*from != ' ')
			*to++ = *from;
	}
	*to = '\0';
	if (identifier.value[0] == '\0')
		return BATON_OK;
	identifier.scheme =
		SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER;
	err = child_nhs_status(draft, entry, &identifier.nhs_number_status);
	if (err != BATON_OK)
		return err;
	if (!identifier_nhs_number_valid(identifier.value)) {
		if (draft->input->profile->failed_nhs_number !=
		    PROFILE_FAILED_FLAG) {
			return child_blame(
				draft, entry, BATON_IDENTIFIER_INVALID,
				HL7V2_DATA_TYPE,
				"NHS number is not 10 digits with a right "
				"check digit");
		}
		identifier.nhs_number_status =
			SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_FAILED_CHECK;
	}
	return child_add(draft, entry, &identifier);
}

static bool
child_is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

/* A name that stands before a '/': one that holds it could be read as two. */
static bool
child_is_name(const char *text)
{
	return text[0] != '\0' && strchr(text, '/') == NULL &&
	       child_is_printable(text);
}

/*
 * "MSH-4/AUTHORITY/ID": two senders may name their authority alike and two
 * authorities may count alike, and two children must not become one. What
 * cannot be qualified so, and what the contract cannot carry (spaces, over 64
 * bytes), is left out: it is an alias, and something else must identify the
 * child.
 */
static baton_err
child_add_local(struct draft *draft, const struct child_entry *entry)
{
	const struct draft_place sender = {draft->msh, 4, 1, 1};
	struct baton_span facility =
		hl7v2_value(draft->input->message, draft->msh, 4, 1);
	const struct {
		const struct draft_place *place;
		struct baton_span value;
	} sources[] = {
		{&sender, facility},
		{&entry->place, entry->authority},
		{&entry->place, entry->number},
	};
	char *parts[3];
	Send__V1__Identifier identifier;
	size_t len;
	baton_err err;

	if (facility.len + entry->authority.len + entry->number.len + 2 >
	    CHILD_IDENTIFIER_BYTES)
		return BATON_OK;
	for (size_t i = 0; i < 3; i++) {
		err = draft_text(draft, sources[i].place, sources[i].value,
				 CHILD_IDENTIFIER_BYTES, &parts[i]);
		if (err != BATON_OK)
			return err;
	}
	len = strlen(parts[0]) + strlen(parts[1]) + strlen(parts[2]) + 2;
	if (!child_is_name(parts[0]) || !child_is_name(parts[1]) ||
	    parts[2][0] == '\0' || !child_is_printable(parts[2]) ||
	    len > CHILD_IDENTIFIER_BYTES ||
	    sizeof(draft->text) - draft->text_used <= len)
		return BATON_OK;
	send__v1__identifier__init(&identifier);
	identifier.scheme =
		SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_LOCAL;
	identifier.value = draft->text + draft->text_used;
	draft->text_used += len + 1;
	(void)snprintf(identifier.value, len + 1, "%s/%s/%s", parts[0],
		       parts[1], parts[2]);
	identifier.issuer = &draft->source.organisation;
	return child_add(draft, entry, &identifier);
}

static struct child_entry
child_entry(const struct draft *draft, struct baton_span field, unsigned number)
{
	const struct hl7v2_message *message = draft->input->message;
	struct baton_span repetition = hl7v2_repetition(message, field, number);
	struct child_entry entry = {
		.place = {draft->pid, 3, number, 1},
		.number = hl7v2_part(message, repetition, 1),
		.status = hl7v2_part(message, repetition, 2),
		.authority = hl7v2_part(message, repetition, 4),
		.type = hl7v2_part(message, repetition, 5),
	};

	return entry;
}

static baton_err
child_identifiers(struct draft *draft)
{
	const struct profile *profile = draft->input->profile;
	struct baton_span field =
		hl7v2_field(draft->input->message, draft->pid, 3);
	unsigned count = hl7v2_repetitions(draft->input->message, field);

	for (unsigned i = 1; i <= count; i++) {
		struct child_entry entry = child_entry(draft, field, i);
		size_t text_used = draft->text_used;
		size_t had = draft->child.n_identifiers;
		baton_err err = BATON_OK;

		if (entry.number.len == 0)
			continue;
		if (child_is_nhs_number(profile, &entry)) {
			err = child_add_nhs_number(draft, &entry);
		} else if (profile->local_identifiers &&
			   !child_is_other_number(&entry)) {
			err = child_add_local(draft, &entry);
		}
		if (err != BATON_OK)
			return err;
		if (draft->child.n_identifiers == had)
			draft->text_used = text_used;
	}
	if (draft->child.n_identifiers == 0) {
		return draft_blame(draft, BATON_FIELD_MISSING,
				   HL7V2_FIELD_MISSING, draft->pid, "PID", 3,
				   "no NHS number and no local identifier that "
				   "an assigning authority and MSH-4 qualify");
	}
	return BATON_OK;
}

/* PID-7; a year or a month alone is no date of birth and is left out. */
static baton_err
child_date_of_birth(struct draft *draft)
{
	struct baton_span value =
		hl7v2_value(draft->input->message, draft->pid, 7, 1);

	if (!draft->input->profile->date_of_birth || value.len < 8)
		return BATON_OK;
	if (!hl7v2_time_date(value, draft->date_of_birth)) {
		return draft_blame(draft, BATON_DATE_INVALID, HL7V2_DATA_TYPE,
				   draft->pid, "PID", 7,
				   "date of birth does not exist");
	}
	draft->child.date_of_birth = draft->date_of_birth;
	return BATON_OK;
}

baton_err
draft_child(struct draft *draft)
{
	baton_err err;

	send__v1__child__init(&draft->child);
	draft->child.identifiers = draft->identifier_list;
	draft->event.child = &draft->child;
	if (draft->pid == NULL) {
		return draft_blame(draft, BATON_FIELD_MISSING,
				   HL7V2_SEGMENT_SEQUENCE, NULL, "PID", 0,
				   "a referral needs PID");
	}
	err = child_identifiers(draft);
	if (err != BATON_OK)
		return err;
	return child_date_of_birth(draft);
}
