/* SPDX-License-Identifier: MIT */
#ifndef BATON_CONTRACT_H
#define BATON_CONTRACT_H

#include <stdbool.h>

#include "baton/event.h"
#include "send/v1/event.pb-c.h"

/**
 * Is this event valid: every rule of proto/send/v1 that its types cannot say.
 * Used by broker and client alike. Any thread.
 */

/** How a reader treats fields that the contract does not have. */
enum contract_unknown {
	/** FIELD_UNKNOWN: a publisher's mistake, or a newer contract. */
	CONTRACT_UNKNOWN_REFUSE = 0,
	/** A receiver may be older than the publisher. */
	CONTRACT_UNKNOWN_TOLERATE = 1,
};

/**
 * Unpacks and checks bytes in one go, for callers that need the event too.
 *
 * *event: given on success, free with baton_event_free(); NULL on failure.
 * Errors: as baton_event_check().
 */
BATON_MUST_CHECK baton_err contract_open(struct baton_span bytes,
					 enum baton_nhs_number_policy policy,
					 Send__V1__Event **event,
					 struct baton_problem *problem);

/** Number of an event family: the oneof case of Event.data (100 and up). */
enum { CONTRACT_FAMILY_MIN = 100, CONTRACT_FAMILY_MAX = 199 };

/** "referral" for 100; NULL when there is no such family. */
const char *contract_family_name(int family);

/** 100 for "referral"; 0 when there is no such family. */
int contract_family_number(const char *name);

/** Writes an organisation as "/ods/RPG" into text; false when it does not
 *  fit or the scheme is unknown. */
bool contract_organisation_format(const Send__V1__Organisation *organisation,
				  char *text, size_t size);

/** Reads "/ods/RPG" into scheme and code; false when it is not of that form.
 *  code: at least 16 bytes. */
bool contract_organisation_parse(const char *text,
				 Send__V1__OrganisationScheme *scheme,
				 char code[16]);

/** Key of an identifier: "nhs_number:9990000018", "upn:...", "uln:...",
 *  "social_care:/la/887:ID", "local:/ods/RPG:ID". */
#define CONTRACT_CHILD_KEY_BYTES 128

/** Writes the key; false for an identifier that cannot identify
 *  (NHS number with status FAILED_CHECK). */
bool contract_child_key(const Send__V1__Identifier *identifier,
			char key[CONTRACT_CHILD_KEY_BYTES]);

/** Whether text is a key of that form with a valid identifier in it. */
bool contract_child_key_valid(const char *text);

#endif /* BATON_CONTRACT_H */
