/* SPDX-License-Identifier: MIT */
#include "adapters/health/profile.h"
#include "send/v1/event.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct config_word profile_character_sets[] = {
	{"from_message", HL7V2_CHARSET_UNSTATED},
	{"ascii", HL7V2_CHARSET_ASCII},
	{"utf-8", HL7V2_CHARSET_UTF_8},
	{"8859/1", HL7V2_CHARSET_8859_1},
	{NULL, 0},
};

static const struct config_word profile_timezones[] = {
	{"europe_london", HL7V2_ZONE_LONDON},
	{"utc", HL7V2_ZONE_UTC},
	{NULL, 0},
};

static const struct config_word profile_control_ids[] = {
	{"refuse", PROFILE_CONTROL_ID_REFUSE},
	{"digest", PROFILE_CONTROL_ID_DIGEST},
	{NULL, 0},
};

static const struct config_word profile_nhs_statuses[] = {
	{"present_not_traced", PROFILE_NHS_STATUS_PRESENT_NOT_TRACED},
	{"verified", PROFILE_NHS_STATUS_VERIFIED},
	{"cx_2", PROFILE_NHS_STATUS_CX_2},
	{"pid_32", PROFILE_NHS_STATUS_PID_32},
	{NULL, 0},
};

static const struct config_word profile_failed[] = {
	{"refuse", PROFILE_FAILED_REFUSE},
	{"flag", PROFILE_FAILED_FLAG},
	{NULL, 0},
};

static const struct config_word profile_priorities[] = {
	{"hl7", PROFILE_PRIORITY_HL7},
	{"numeric", PROFILE_PRIORITY_NUMERIC},
	{NULL, 0},
};

static const struct config_word profile_reason_texts[] = {
	{"none", PROFILE_REASON_TEXT_NONE},
	{"nte", PROFILE_REASON_TEXT_NTE},
	{NULL, 0},
};

static const struct config_word profile_sources[] = {
	{"parent_or_young_person",
	 SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_PARENT_OR_YOUNG_PERSON},
	{"school", SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_SCHOOL},
	{"health", SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_HEALTH},
	{"social_care", SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_SOCIAL_CARE},
	{"other", SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_OTHER},
	{NULL, 0},
};

static const struct config_word profile_kinds[] = {
	{"service", SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE},
	{"ehc_needs_assessment_request",
	 SEND__V1__REFERRAL_KIND__REFERRAL_KIND_EHC_NEEDS_ASSESSMENT_REQUEST},
	{"section_23_notice",
	 SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SECTION_23_NOTICE},
	{NULL, 0},
};

static const struct config_word profile_purposes[] = {
	{"direct_care", SEND__V1__PURPOSE__PURPOSE_DIRECT_CARE},
	{"send_statutory_duty", SEND__V1__PURPOSE__PURPOSE_SEND_STATUTORY_DUTY},
	{"safeguarding", SEND__V1__PURPOSE__PURPOSE_SAFEGUARDING},
	{"transition_planning", SEND__V1__PURPOSE__PURPOSE_TRANSITION_PLANNING},
	{NULL, 0},
};

static const struct config_word profile_lawful_bases[] = {
	{"public_task", SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_PUBLIC_TASK},
	{"legal_obligation",
	 SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_LEGAL_OBLIGATION},
	{"consent", SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_CONSENT},
	{"safeguarding_override",
	 SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_SAFEGUARDING_OVERRIDE},
	{NULL, 0},
};

#define STRING(type, member, most, needless, text)                             \
	{                                                                      \
		.name = #member, .kind = CONFIG_STRING,                        \
		.offset = offsetof(struct type, member), .min = 1,             \
		.max = (most), .optional = (needless), .help = (text)          \
	}
#define WORD(type, member, list, otherwise, text)                              \
	{                                                                      \
		.name = #member, .kind = CONFIG_ENUM,                          \
		.offset = offsetof(struct type, member),                       \
		.fallback = (otherwise), .words = (list), .help = (text)       \
	}
#define BOOL(type, member, otherwise, text)                                    \
	{                                                                      \
		.name = #member, .kind = CONFIG_BOOL,                          \
		.offset = offsetof(struct type, member),                       \
		.fallback = (otherwise), .help = (text)                        \
	}

static const struct config_field profile_organisation_fields[] = {
	STRING(profile_organisation, code, 64, false,
	       "The sender's code, as in PRD-7, MSH-4 or MSH-6."),
	STRING(profile_organisation, organisation, 31, false,
	       "The organisation it stands for: /ods/CODE, /urn/CODE or "
	       "/la/CODE."),
};

static const struct config_table profile_organisation_table = {
	profile_organisation_fields,
	COUNT(profile_organisation_fields),
	sizeof(struct profile_organisation),
};

static const struct config_field profile_service_fields[] = {
	STRING(profile_service, code, 64, true,
	       "The sender's code, as in RF1-3 or PRD-7 of the PRD with role "
	       "RT. Left out in default_service."),
	WORD(profile_service, kind, profile_kinds, "service",
	     "What a referral to it is."),
	{.name = "treatment_function",
	 .kind = CONFIG_INT,
	 .offset = offsetof(struct profile_service, treatment_function),
	 .min = 0,
	 .max = 999,
	 .fallback = "0",
	 .help = "Treatment function code of the service; 0 for none."},
	STRING(profile_service, snomed_care_setting, 18, true,
	       "SNOMED CT care setting of the service, instead of a treatment "
	       "function."),
	STRING(profile_service, name, 120, true, "Name for people to read."),
};

static const struct config_table profile_service_table = {
	profile_service_fields,
	COUNT(profile_service_fields),
	sizeof(struct profile_service),
};

static const struct config_field profile_team_fields[] = {
	STRING(profile_team, name, 120, false,
	       "Name of the team that is asked about these referrals; never a "
	       "person's."),
	STRING(profile_team, organisation, 31, true,
	       "Organisation of the team; without it the adapter's own."),
	STRING(profile_team, phone, 40, true, "Shared telephone number."),
	STRING(profile_team, email, 254, true, "Shared mailbox."),
};

static const struct config_table profile_team_table = {
	profile_team_fields,
	COUNT(profile_team_fields),
	sizeof(struct profile_team),
};

static const struct config_field profile_fields[] = {
	STRING(profile, name, 64, false, "Name in logs and reports."),
	STRING(profile, sending_application, 227, true,
	       "Component 1 of MSH-3; without it any."),
	STRING(profile, sending_facility, 227, true,
	       "Component 1 of MSH-4; without it any."),
	WORD(profile, character_set, profile_character_sets, "from_message",
	     "Character set of messages whose MSH-18 is empty; from_message "
	     "takes ASCII and valid UTF-8."),
	WORD(profile, timezone, profile_timezones, "europe_london",
	     "Time zone of times without an offset."),
	WORD(profile, missing_control_id, profile_control_ids, "refuse",
	     "A message without MSH-10: refuse with AE, or digest to tell "
	     "repeats by the whole message."),
	{.name = "nhs_number_markers",
	 .kind = CONFIG_STRINGS,
	 .offset = offsetof(struct profile, nhs_number_markers),
	 .count_offset = offsetof(struct profile, nhs_number_markers_count),
	 .min = 0,
	 .max = 8,
	 .optional = true,
	 .help = "Further values of PID-3 component 4 or 5, such as NI, that "
		 "mark an NHS number beside NHS, NHSNBR, NH and NHSNMBR."},
	WORD(profile, nhs_number_status, profile_nhs_statuses,
	     "present_not_traced",
	     "Status of an NHS number: always present_not_traced or verified, "
	     "or as PID-3 component 2 (cx_2) or PID-32 (pid_32) says."),
	WORD(profile, failed_nhs_number, profile_failed, "refuse",
	     "An NHS number that fails modulus 11: refuse the message, or "
	     "flag the number and go on."),
	BOOL(profile, local_identifiers, "true",
	     "Whether other identifiers in PID-3 travel as local identifiers, "
	     "MSH-4/AUTHORITY/ID. One without MSH-4 or assigning authority, "
	     "with a space or over 64 bytes in all is left out."),
	BOOL(profile, date_of_birth, "true",
	     "Whether the date of birth, PID-7, travels."),
	{.name = "referral_id_component",
	 .kind = CONFIG_INT,
	 .offset = offsetof(struct profile, referral_id_component),
	 .min = 1,
	 .max = 4,
	 .fallback = "1",
	 .help = "Component of RF1-6 that holds the referral's id."},
	BOOL(profile, referral_id_fallback, "true",
	     "Whether RF1-11 gives the referral's id when RF1-6 does not."),
	WORD(profile, priority_codes, profile_priorities, "hl7",
	     "Codes of RF1-2: hl7 (A, R, S) or numeric (1 routine, 2 urgent, "
	     "3 two week wait)."),
	BOOL(profile, rf1_8_is_breach_date, "false",
	     "Whether RF1-8 is the date by which the child must be seen."),
	WORD(profile, reason_text, profile_reason_texts, "none",
	     "Where the reason's free text is: none, or nte for the NTE "
	     "segments. More than 500 bytes are refused, never cut."),
	WORD(profile, request_source, profile_sources, "health", "Who refers."),
	STRING(profile, from_organisation, 31, true,
	       "Referring organisation when neither PRD-7 nor the "
	       "organisations below name it; ahead of msh_organisations."),
	STRING(profile, to_organisation, 31, true,
	       "Organisation referred to when neither PRD-7 nor the "
	       "organisations below name it; ahead of msh_organisations."),
	BOOL(profile, msh_organisations, "true",
	     "Whether 3 or 5 characters in MSH-4 and MSH-6 are ODS codes (HL7 "
	     "UK) where from_organisation or to_organisation is not given; "
	     "false when the sender has codes of its own there."),
	{.name = "organisations",
	 .kind = CONFIG_LIST,
	 .offset = offsetof(struct profile, organisations),
	 .count_offset = offsetof(struct profile, organisations_count),
	 .min = 0,
	 .max = 500,
	 .optional = true,
	 .table = &profile_organisation_table,
	 .help = "The sender's codes for organisations."},
	{.name = "services",
	 .kind = CONFIG_LIST,
	 .offset = offsetof(struct profile, services),
	 .count_offset = offsetof(struct profile, services_count),
	 .min = 0,
	 .max = 500,
	 .optional = true,
	 .table = &profile_service_table,
	 .help = "The sender's codes for services, before treatment function "
		 "codes are looked for."},
	{.name = "default_service",
	 .kind = CONFIG_SECTION,
	 .offset = offsetof(struct profile, default_service),
	 .optional = true,
	 .table = &profile_service_table,
	 .help = "The service when the message names none."},
	{.name = "contact_team",
	 .kind = CONFIG_SECTION,
	 .offset = offsetof(struct profile, contact_team),
	 .table = &profile_team_table,
	 .help = "Whom receivers ask."},
	WORD(profile, purpose, profile_purposes, NULL,
	     "Purpose of sharing under the data-sharing agreement."),
	WORD(profile, lawful_basis, profile_lawful_bases, NULL,
	     "Lawful basis of sharing under the data-sharing agreement."),
};

const struct config_table profile_table = {
	profile_fields,
	COUNT(profile_fields),
	sizeof(struct profile),
};
