/* SPDX-License-Identifier: MIT */
#include "adapters/health/referral.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/hl7v2_time.h"
#include "adapters/health/referral_draft.h"

#define REFERRAL_ID_BYTES ((size_t)64)

/* ---- the envelope ---- */

static baton_err
referral_no_memory(struct hl7v2_fault *fault)
{
	return hl7v2_fault_set(fault, BATON_NO_MEMORY, HL7V2_INTERNAL, NULL,
			       "out of memory, send again later");
}

/*
 * The event's id is a function of what tells the message from all others:
 * MSH-3, MSH-4 and MSH-10, since two senders may count alike (HL7 UK A.3
 * §2.4.3); or of the whole message. CR ends a segment, so it is in no field.
 */
static baton_err
referral_id(struct draft *draft)
{
	const struct referral_input *input = draft->input;
	struct baton_span parts[] = {
		hl7v2_field(input->message, draft->msh, 3),
		hl7v2_field(input->message, draft->msh, 4),
		hl7v2_value(input->message, draft->msh, 9, 2),
		hl7v2_field(input->message, draft->msh, 10),
	};
	const char *domain = "baton-health control-id\r";
	char *name = NULL;
	size_t len = 0;
	FILE *out;

	if (parts[3].len == 0 || hl7v2_is(parts[3], "\"\"")) {
		if (input->profile->missing_control_id ==
		    PROFILE_CONTROL_ID_REFUSE) {
			return draft_blame(draft, BATON_FIELD_MISSING,
					   HL7V2_FIELD_MISSING, draft->msh,
					   "MSH", 10,
					   "message control id is missing");
		}
		domain = "baton-health message\r";
		parts[3] = input->bytes;
	}
	out = open_memstream(&name, &len);
	if (out == NULL)
		return referral_no_memory(draft->fault);
	(void)fputs(domain, out);
	for (size_t i = 0; i < 4; i++) {
		if (parts[i].len > 0)
			(void)fwrite(parts[i].data, 1, parts[i].len, out);
		(void)fputc('\r', out);
	}
	if (fclose(out) != 0) {
		free(name);
		return referral_no_memory(draft->fault);
	}
	baton_uuid_from_name(name, len, draft->id);
	free(name);
	draft->event.id = draft->id;
	return BATON_OK;
}

/* MSH-7, else EVN-2, else RF1-7. */
static baton_err
referral_time(struct draft *draft)
{
	const struct hl7v2_message *message = draft->input->message;
	const struct hl7v2_segment *segment = draft->msh;
	unsigned field = 7;
	struct baton_span value = hl7v2_value(message, segment, field, 1);
	int64_t epoch_ms;
	int64_t rest_ms;

	if (value.len == 0) {
		segment = hl7v2_next(message, "EVN", NULL);
		field = 2;
		value = hl7v2_value(message, segment, field, 1);
	}
	if (value.len == 0) {
		segment = draft->rf1;
		field = 7;
		value = hl7v2_value(message, segment, field, 1);
	}
	if (value.len == 0) {
		return draft_blame(draft, BATON_FIELD_MISSING,
				   HL7V2_FIELD_MISSING, draft->msh, "MSH", 7,
				   "no time: MSH-7, EVN-2 and RF1-7 are empty");
	}
	if (!hl7v2_time_read(value,
			     (enum hl7v2_zone)draft->input->profile->timezone,
			     &epoch_ms)) {
		return draft_blame(draft, BATON_DATE_INVALID, HL7V2_DATA_TYPE,
				   segment, "MSH", field,
				   "time does not exist or has another form");
	}
	google__protobuf__timestamp__init(&draft->occurred_at);
	rest_ms = (epoch_ms % 1000 + 1000) % 1000;
	draft->occurred_at.seconds = (epoch_ms - rest_ms) / 1000;
	draft->occurred_at.nanos = (int32_t)rest_ms * 1000000;
	draft->event.occurred_at = &draft->occurred_at;
	return BATON_OK;
}

static baton_err
referral_envelope(struct draft *draft)
{
	const struct referral_input *input = draft->input;
	struct baton_span event = hl7v2_value(input->message, draft->msh, 9, 2);
	baton_err err;

	draft->event.action = hl7v2_is(event, "I12")
				      ? SEND__V1__ACTION__ACTION_NEW
				      : SEND__V1__ACTION__ACTION_UPDATE;
	if (!draft_organisation(&draft->source, input->source)) {
		return hl7v2_fault_set(draft->fault, BATON_INTERNAL,
				       HL7V2_INTERNAL, NULL,
				       "the adapter's own source is not an "
				       "organisation");
	}
	draft->event.source = &draft->source.organisation;
	draft->event.purpose = (Send__V1__Purpose)input->profile->purpose;
	draft->event.lawful_basis =
		(Send__V1__LawfulBasis)input->profile->lawful_basis;
	err = referral_id(draft);
	if (err != BATON_OK)
		return err;
	return referral_time(draft);
}

/* ---- RF1 ---- */

/* RF1-6, or RF1-11 where the profile allows, by the profile's component. */
static baton_err
referral_number(struct draft *draft)
{
	const struct profile *profile = draft->input->profile;
	struct draft_place place = {draft->rf1, 6, 1,
				    (unsigned)profile->referral_id_component};
	struct baton_span value = hl7v2_value(draft->input->message, draft->rf1,
					      6, place.component);

	if (value.len == 0 && profile->referral_id_fallback) {
		place.field = 11;
		value = hl7v2_value(draft->input->message, draft->rf1, 11,
				    place.component);
	}
	if (value.len == 0) {
		return draft_blame(draft, BATON_FIELD_MISSING,
				   HL7V2_FIELD_MISSING, draft->rf1, "RF1", 6,
				   "no referral id where the profile's "
				   "referral_id_component looks for it");
	}
	return draft_text(draft, &place, value, REFERRAL_ID_BYTES,
			  &draft->referral.referral_id);
}

/* RF1-1, HL7 table 0283; E says that the referral expired, not that the child
 * was seen. A cancellation says so by its event; what RF1-1 holds then differs
 * from sender to sender. */
static baton_err
referral_status(struct draft *draft)
{
	static const struct {
		const char *code;
		Send__V1__ReferralStatus status;
	} statuses[] = {
		{"", SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED},
		{"P", SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED},
		{"A", SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_ACCEPTED},
		{"R", SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REJECTED},
		{"E", SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_CANCELLED},
	};
	const struct hl7v2_message *message = draft->input->message;
	struct baton_span code = hl7v2_value(message, draft->rf1, 1, 1);

	if (hl7v2_is(hl7v2_value(message, draft->msh, 9, 2), "I14")) {
		draft->referral.status =
			SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_CANCELLED;
		return BATON_OK;
	}
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (hl7v2_is(code, statuses[i].code)) {
			draft->referral.status = statuses[i].status;
			return BATON_OK;
		}
	}
	return draft_blame(draft, BATON_ENUM_UNKNOWN, HL7V2_TABLE_VALUE,
			   draft->rf1, "RF1", 1,
			   "referral status is none of A, E, P, R");
}

/* RF1-2, by the profile's code list. */
static baton_err
referral_priority(struct draft *draft)
{
	static const struct {
		const char *code;
		int list;
		Send__V1__ReferralPriority priority;
	} priorities[] = {
		{"A", PROFILE_PRIORITY_HL7,
		 SEND__V1__REFERRAL_PRIORITY__REFERRAL_PRIORITY_ASAP},
		{"R", PROFILE_PRIORITY_HL7,
		 SEND__V1__REFERRAL_PRIORITY__REFERRAL_PRIORITY_ROUTINE},
		{"S", PROFILE_PRIORITY_HL7,
		 SEND__V1__REFERRAL_PRIORITY__REFERRAL_PRIORITY_URGENT},
		{"1", PROFILE_PRIORITY_NUMERIC,
		 SEND__V1__REFERRAL_PRIORITY__REFERRAL_PRIORITY_ROUTINE},
		{"2", PROFILE_PRIORITY_NUMERIC,
		 SEND__V1__REFERRAL_PRIORITY__REFERRAL_PRIORITY_URGENT},
		{"3", PROFILE_PRIORITY_NUMERIC,
		 SEND__V1__REFERRAL_PRIORITY__REFERRAL_PRIORITY_TWO_WEEK_WAIT},
	};
	struct baton_span code =
		hl7v2_value(draft->input->message, draft->rf1, 2, 1);

	if (code.len == 0)
		return BATON_OK;
	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]);
	     i++) {
		if (priorities[i].list ==
			    draft->input->profile->priority_codes &&
		    hl7v2_is(code, priorities[i].code)) {
			draft->referral.priority = priorities[i].priority;
			return BATON_OK;
		}
	}
	return draft_blame(draft, BATON_ENUM_UNKNOWN, HL7V2_TABLE_VALUE,
			   draft->rf1, "RF1", 2,
			   "priority is not in the profile's priority_codes");
}

/* RF1-7, else the date of MSH-7; RF1-8 where the profile says what it is. */
static baton_err
referral_dates(struct draft *draft)
{
	const struct hl7v2_message *message = draft->input->message;
	struct baton_span authored = hl7v2_value(message, draft->rf1, 7, 1);
	struct baton_span breach = hl7v2_value(message, draft->rf1, 8, 1);
	const struct hl7v2_segment *segment = draft->rf1;

	if (authored.len == 0) {
		segment = draft->msh;
		authored = hl7v2_value(message, segment, 7, 1);
	}
	if (!hl7v2_time_date(authored, draft->authored_on)) {
		return draft_blame(draft, BATON_DATE_INVALID, HL7V2_DATA_TYPE,
				   segment, "RF1", 7,
				   "date of the referral does not exist");
	}
	draft->referral.authored_on = draft->authored_on;
	if (!draft->input->profile->rf1_8_is_breach_date || breach.len == 0)
		return BATON_OK;
	if (!hl7v2_time_date(breach, draft->breach_date)) {
		return draft_blame(draft, BATON_DATE_INVALID, HL7V2_DATA_TYPE,
				   draft->rf1, "RF1", 8,
				   "breach date does not exist");
	}
	send__v1__waiting__init(&draft->waiting);
	draft->waiting.since = draft->authored_on;
	draft->waiting.breach_date = draft->breach_date;
	draft->referral.waiting = &draft->waiting;
	return BATON_OK;
}

static baton_err
referral_body(struct draft *draft)
{
	baton_err err;

	draft->event.data_case = SEND__V1__EVENT__DATA_REFERRAL;
	draft->event.referral = &draft->referral;
	draft->referral.method =
		SEND__V1__REFERRAL_METHOD__REFERRAL_METHOD_ELECTRONIC;
	if (draft->rf1 == NULL) {
		return draft_blame(draft, BATON_FIELD_MISSING,
				   HL7V2_SEGMENT_SEQUENCE, NULL, "RF1", 0,
				   "a referral needs RF1");
	}
	err = referral_number(draft);
	if (err == BATON_OK)
		err = referral_status(draft);
	if (err == BATON_OK)
		err = referral_priority(draft);
	if (err == BATON_OK)
		err = referral_dates(draft);
	return err;
}

/* Finds a segment; a second one would be another child or another referral,
 * which must not be lost in silence. NULL when there is none. */
static baton_err
referral_segment(struct draft *draft, const char *name,
		 const struct hl7v2_segment **segment)
{
	const struct hl7v2_message *message = draft->input->message;
	const struct hl7v2_segment *second = NULL;

	*segment = hl7v2_next(message, name, NULL);
	if (*segment != NULL)
		second = hl7v2_next(message, name, *segment);
	if (second == NULL)
		return BATON_OK;
	return draft_blame(draft, BATON_ENTRY_REPEATED, HL7V2_SEGMENT_SEQUENCE,
			   second, name, 0,
			   "segment is there twice; send one referral of one "
			   "child");
}

baton_err
referral_map(const struct referral_input *input, uint8_t **bytes, size_t *len,
	     struct hl7v2_fault *fault)
{
	struct draft *draft = calloc(1, sizeof(*draft));
	baton_err err;

	*bytes = NULL;
	*len = 0;
	if (draft == NULL)
		return referral_no_memory(fault);
	draft->input = input;
	draft->fault = fault;
	draft->msh = hl7v2_next(input->message, "MSH", NULL);
	send__v1__event__init(&draft->event);
	send__v1__referral__init(&draft->referral);
	err = referral_segment(draft, "PID", &draft->pid);
	if (err == BATON_OK)
		err = referral_segment(draft, "RF1", &draft->rf1);
	if (err == BATON_OK)
		err = referral_envelope(draft);
	if (err == BATON_OK)
		err = draft_child(draft);
	if (err == BATON_OK)
		err = referral_body(draft);
	if (err == BATON_OK)
		err = draft_parties(draft);
	if (err == BATON_OK)
		err = draft_reasons(draft);
	if (err == BATON_OK) {
		err = baton_event_pack(&draft->event, bytes, len);
		if (err != BATON_OK) {
			err = hl7v2_fault_set(fault, err, HL7V2_INTERNAL, NULL,
					      "event cannot be written");
		}
	}
	free(draft);
	return err;
}

/* ---- refusals of the contract ---- */

static enum hl7v2_code
referral_code(baton_err err)
{
	/* The contract's codes that have a better name in table 0357 than
	 * "data type error". */
	if (err == BATON_FIELD_MISSING)
		return HL7V2_FIELD_MISSING;
	if (err == BATON_ENUM_UNKNOWN)
		return HL7V2_TABLE_VALUE;
	if (err == BATON_IDENTITY_CONFLICT)
		return HL7V2_UNKNOWN_KEY;
	if (err == BATON_ID_REUSED)
		return HL7V2_DUPLICATE_KEY;
	if (err == BATON_SOURCE_DENIED || err == BATON_DENIED)
		return HL7V2_INTERNAL;
	return HL7V2_DATA_TYPE;
}

void
referral_blame(const struct baton_problem *problem, struct hl7v2_fault *fault)
{
	/* The first that the path begins with; longer ones come first. */
	static const struct {
		const char *path;
		struct hl7v2_where where;
	} places[] = {
		{"child.date_of_birth", {"PID", 1, 7, 0, 0}},
		{"child", {"PID", 1, 3, 0, 0}},
		{"id", {"MSH", 1, 10, 0, 0}},
		{"occurred_at", {"MSH", 1, 7, 0, 0}},
		{"referral.authored_on", {"RF1", 1, 7, 0, 0}},
		{"referral.from", {"PRD", 0, 7, 0, 0}},
		{"referral.priority", {"RF1", 1, 2, 0, 0}},
		{"referral.reason_codes", {"RF1", 1, 10, 0, 0}},
		{"referral.reason_text", {"NTE", 0, 3, 0, 0}},
		{"referral.referral_id", {"RF1", 1, 6, 0, 0}},
		{"referral.status", {"RF1", 1, 1, 0, 0}},
		{"referral.to.service", {"RF1", 1, 3, 0, 0}},
		{"referral.to", {"PRD", 0, 7, 0, 0}},
		{"referral.waiting", {"RF1", 1, 8, 0, 0}},
	};
	const struct hl7v2_where *where = NULL;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i].path);

		if (where == NULL &&
		    strncmp(problem->path, places[i].path, len) == 0 &&
		    strchr(".[", problem->path[len]) != NULL)
			where = &places[i].where;
	}
	(void)hl7v2_fault_set(fault, problem->code,
			      referral_code(problem->code), where, "%s (%s)",
			      problem->text, problem->path);
}
