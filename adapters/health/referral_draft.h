/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_REFERRAL_DRAFT_H
#define BATON_HEALTH_REFERRAL_DRAFT_H

#include "adapters/health/referral.h"
#include "send/v1/event.pb-c.h"

/**
 * An event in the making: all messages that it is composed of and the text
 * they point to, so that nothing is allocated while it is filled. Internal to
 * referral*.c.
 */

#define DRAFT_IDENTIFIERS_MAX 8
#define DRAFT_REASONS_MAX 10
#define DRAFT_REASON_TEXT_MAX ((size_t)500)
/* All texts at their bounds, with their terminating NULs, and room to work. */
#define DRAFT_TEXT_BYTES ((size_t)8192)

struct draft_organisation {
	Send__V1__Organisation organisation;
	char code[16];
};

struct draft {
	const struct referral_input *input;
	struct hl7v2_fault *fault;
	const struct hl7v2_segment *msh;
	const struct hl7v2_segment *pid;
	const struct hl7v2_segment *rf1;

	Send__V1__Event event;
	Send__V1__Referral referral;
	Google__Protobuf__Timestamp occurred_at;
	struct draft_organisation source;
	Send__V1__Child child;
	Send__V1__Identifier identifiers[DRAFT_IDENTIFIERS_MAX];
	Send__V1__Identifier *identifier_list[DRAFT_IDENTIFIERS_MAX];
	Send__V1__Team team;
	struct draft_organisation team_organisation;
	Send__V1__ReferralFrom from;
	struct draft_organisation from_organisation;
	Send__V1__ReferralTo to;
	struct draft_organisation to_organisation;
	Send__V1__Service service;
	Send__V1__Waiting waiting;
	Send__V1__ReasonCode reasons[DRAFT_REASONS_MAX];
	Send__V1__ReasonCode *reason_list[DRAFT_REASONS_MAX];

	char id[BATON_UUID_BYTES];
	char authored_on[11];
	char date_of_birth[11];
	char breach_date[11];
	char text[DRAFT_TEXT_BYTES];
	size_t text_used;
};

/** Sets the fault at a field and returns err. segment: NULL blames the segment
 *  by name. */
baton_err draft_blame(struct draft *draft, baton_err err, enum hl7v2_code code,
		      const struct hl7v2_segment *segment, const char *name,
		      unsigned field, const char *text);

/** A value's place, for the fault when it cannot be read. */
struct draft_place {
	const struct hl7v2_segment *segment;
	unsigned field;
	unsigned repetition;
	unsigned component;
};

/**
 * Copies a value into the draft, newlines and tabs as spaces, without spaces at
 * its ends. *text: "" when the value is empty.
 * Errors: FIELD_TOO_LONG (over max bytes), TEXT_INVALID.
 */
BATON_MUST_CHECK baton_err draft_text(struct draft *draft,
				      const struct draft_place *place,
				      struct baton_span value, size_t max,
				      char **text);

/** Fills the organisation that "/ods/RPG" names; false when it is none. */
bool draft_organisation(struct draft_organisation *organisation,
			const char *text);

/** The child: PID-3, PID-7, PID-32. */
BATON_MUST_CHECK baton_err draft_child(struct draft *draft);

/** From, to, service and contact team: PRD, MSH-4, MSH-6, RF1-3. */
BATON_MUST_CHECK baton_err draft_parties(struct draft *draft);

/** Reason codes and text: RF1-10, DG1-3, NTE-3. */
BATON_MUST_CHECK baton_err draft_reasons(struct draft *draft);

#endif /* BATON_HEALTH_REFERRAL_DRAFT_H */
