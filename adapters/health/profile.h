/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_PROFILE_H
#define BATON_HEALTH_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/health/hl7v2_time.h"
#include "adapters/health/settings.h"

/**
 * What differs from one sender to the next, so that nothing of it stands in
 * code: how to find a sender's ids, which code lists it uses, and what the
 * data-sharing agreement says of its referrals.
 */

/** Where the status of an NHS number is. */
enum profile_nhs_status {
	PROFILE_NHS_STATUS_PRESENT_NOT_TRACED = 0,
	PROFILE_NHS_STATUS_VERIFIED = 1,
	/** Component 2 of the same repetition, "06". */
	PROFILE_NHS_STATUS_CX_2 = 2,
	PROFILE_NHS_STATUS_PID_32 = 3,
};

/** What an NHS number that fails modulus 11 does. */
enum profile_failed_nhs_number {
	PROFILE_FAILED_REFUSE = 0,
	/** It travels with status FAILED_CHECK, if the agreement lets it; a
	 *  local identifier must identify the child. */
	PROFILE_FAILED_FLAG = 1,
};

/** Which priority codes RF1-2 holds. */
enum profile_priority_codes {
	/** HL7 table 0280: A as soon as possible, R routine, S urgent. */
	PROFILE_PRIORITY_HL7 = 0,
	/** 1 routine, 2 urgent, 3 two week wait. */
	PROFILE_PRIORITY_NUMERIC = 1,
};

/** A message without MSH-10. */
enum profile_missing_control_id {
	PROFILE_CONTROL_ID_REFUSE = 0,
	/** The event's id is a function of the whole message instead. */
	PROFILE_CONTROL_ID_DIGEST = 1,
};

/** Where the referral's bounded free text is. */
enum profile_reason_text {
	PROFILE_REASON_TEXT_NONE = 0,
	/** NTE-3 of all NTE segments, with spaces between. */
	PROFILE_REASON_TEXT_NTE = 1,
};

/** A sender's code for an organisation. */
struct profile_organisation {
	char *code;
	/** "/ods/RPG", "/urn/123456", "/la/887". */
	char *organisation;
};

/** A sender's code for a service. */
struct profile_service {
	char *code;
	/** enum Send__V1__ReferralKind. */
	int kind;
	/** Treatment function code, 0 for none. */
	int64_t treatment_function;
	/** NULL for none. */
	char *snomed_care_setting;
	char *name;
};

struct profile_team {
	char *name;
	/** NULL: the adapter's own organisation. */
	char *organisation;
	char *phone;
	char *email;
};

struct profile {
	char *name;
	/** NULL matches any sender. */
	char *sending_application;
	char *sending_facility;

	int character_set;
	int timezone;
	int missing_control_id;

	char **nhs_number_markers;
	size_t nhs_number_markers_count;
	int nhs_number_status;
	int failed_nhs_number;
	bool local_identifiers;
	bool date_of_birth;

	int64_t referral_id_component;
	bool referral_id_fallback;
	int priority_codes;
	bool rf1_8_is_breach_date;
	int reason_text;
	int request_source;

	/** NULL: none. */
	char *from_organisation;
	char *to_organisation;
	/** MSH-4 and MSH-6 hold ODS codes. */
	bool msh_organisations;
	struct profile_organisation *organisations;
	size_t organisations_count;
	struct profile_service *services;
	size_t services_count;
	/** Used when the message names no service; NULL: none. */
	struct profile_service *default_service;

	struct profile_team *contact_team;
	int purpose;
	int lawful_basis;
};

extern const struct config_table profile_table;

/**
 * The first profile in the order of the file whose sending_application and
 * sending_facility are the first components of MSH-3 and MSH-4; one that sets
 * neither matches every sender. NULL when there is none.
 */
const struct profile *profile_find(const struct health_settings *settings,
				   const struct hl7v2_message *message);

/** Whether every organisation and code in the profiles is of the right form,
 *  which the table's types cannot say. Errors: CONFIG, naming profile and
 *  setting. */
BATON_MUST_CHECK baton_err profile_check(const struct health_settings *settings,
					 struct baton_error *error);

#endif /* BATON_HEALTH_PROFILE_H */
