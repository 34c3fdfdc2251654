/* SPDX-License-Identifier: MIT */
#ifndef BATON_CONTRACT_RULES_H
#define BATON_CONTRACT_RULES_H

#include <protobuf-c/protobuf-c.h>

#include "client/contract.h"
#include "client/problem.h"

/**
 * The rules behind contract.h. Each message of proto/send/v1 has a table with
 * one line for each of its fields, in the order of their numbers, and a check
 * for what its fields say together. Both repeat what the proto comments say
 * and nothing else. Any thread.
 */

enum contract_need {
	CONTRACT_OPTIONAL = 0,
	CONTRACT_REQUIRED = 1,
};

/** What a field may hold. */
enum contract_form {
	/** Its type says all: messages, enums, booleans, numbers. */
	CONTRACT_PLAIN = 0,
	/** Text on one line: no tab, no newline. */
	CONTRACT_LINE,
	/** Text that may have several lines. */
	CONTRACT_TEXT,
	/** Printable ASCII. */
	CONTRACT_ASCII,
	/** A-Z a-z 0-9 . _ : - */
	CONTRACT_EVENT_ID,
	/** A calendar date that exists, 1900-01-01 to 2199-12-31. */
	CONTRACT_DATE,
	/** Digits, spaces, "+()-". */
	CONTRACT_PHONE,
	/** Printable ASCII without spaces, with one "@" inside. */
	CONTRACT_EMAIL,
	/** 6 to 18 digits. */
	CONTRACT_SNOMED,
	/** An absolute https URI without user information. */
	CONTRACT_HTTPS,
	/** W3C Trace Context. */
	CONTRACT_TRACEPARENT,
};

struct contract_rule {
	/** The field's name in the proto file. */
	const char *field;
	enum contract_need need;
	enum contract_form form;
	/** Most bytes of a text, most entries of a list; 0 for the others. */
	size_t max;
};

/** What a check knows besides the message. */
struct contract_check {
	enum baton_nhs_number_policy policy;
	struct baton_problem *problem;
};

/**
 * Checks what a message's fields say together; its own rules hold already,
 * those of messages inside it too. place: of the message, NULL for the event.
 */
typedef baton_err contract_together(const struct contract_check *check,
				    const ProtobufCMessage *message,
				    const struct problem_place *place);

struct contract_message {
	const ProtobufCMessageDescriptor *descriptor;
	const struct contract_rule *rules;
	/** NULL when the fields say nothing together. */
	contract_together *together;
};

/** The rules of a message of the contract; never NULL for one of them. */
const struct contract_message *
contract_message_of(const ProtobufCMessageDescriptor *descriptor);

/** Checks a message, everything inside it first. */
BATON_MUST_CHECK baton_err contract_message_check(
	const struct contract_check *check, const ProtobufCMessage *message,
	const struct problem_place *place);

/**
 * Refuses a field of the message at place.
 *
 * index: entry of a list, or PROBLEM_NO_INDEX. Returns code.
 */
baton_err contract_refuse(const struct contract_check *check, baton_err code,
			  const struct problem_place *place, const char *field,
			  size_t index, const char *text);

/** Whether text is of the form; "" is of none. */
bool contract_form_holds(enum contract_form form, const char *text);

/** What the form is, for an error: "a date that exists, as YYYY-MM-DD". */
const char *contract_form_text(enum contract_form form);

/** Whether text was given: protobuf-c gives "" for what was not. */
bool contract_given(const char *text);

/** Whether both dates were given and the first is the later one. */
bool contract_date_after(const char *first, const char *second);

/** Refuses a sector, need type or change that is there twice in a list. */
BATON_MUST_CHECK baton_err contract_entries_differ(
	const struct contract_check *check, const struct problem_place *place,
	const char *field, const int *entries, size_t count);

/* The tables and checks, a file a subject. */
extern const struct contract_rule contract_timestamp_rules[];
extern const struct contract_rule contract_organisation_rules[];
extern const struct contract_rule contract_team_rules[];
extern const struct contract_rule contract_service_rules[];
extern const struct contract_rule contract_identifier_rules[];
extern const struct contract_rule contract_child_rules[];
extern const struct contract_rule contract_event_rules[];
extern const struct contract_rule contract_referral_rules[];
extern const struct contract_rule contract_referral_from_rules[];
extern const struct contract_rule contract_referral_to_rules[];
extern const struct contract_rule contract_reason_code_rules[];
extern const struct contract_rule contract_waiting_rules[];
extern const struct contract_rule contract_panel_decision_rules[];
extern const struct contract_rule contract_sector_attendance_rules[];
extern const struct contract_rule contract_next_step_rules[];
extern const struct contract_rule contract_annual_review_due_rules[];
extern const struct contract_rule contract_transition_rules[];
extern const struct contract_rule contract_acknowledgement_rules[];

contract_together contract_timestamp_together;
contract_together contract_organisation_together;
contract_together contract_service_together;
contract_together contract_identifier_together;
contract_together contract_child_together;
contract_together contract_event_together;
contract_together contract_referral_together;
contract_together contract_waiting_together;
contract_together contract_panel_decision_together;
contract_together contract_annual_review_due_together;
contract_together contract_transition_together;

#endif /* BATON_CONTRACT_RULES_H */
