/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/referral.h"
#include "send/v1/event.pb-c.h"
#include "tests/unit/adapters/health_messages.h"

#include <cmocka.h>

/* One mapping: the event's bytes and the event, or the fault. */
struct mapping {
	baton_err err;
	struct hl7v2_fault fault;
	uint8_t *bytes;
	size_t len;
	Send__V1__Event *event;
};

static struct mapping
map(const char *text, const struct profile *profile)
{
	struct mapping mapping = {.err = BATON_OK};
	struct hl7v2_message *message;
	struct referral_input input = {
		.bytes = health_span(text),
		.profile = profile,
		.source = "/ods/RPG",
	};
	struct baton_problem problem;

	assert_int_equal(hl7v2_parse(input.bytes, &message, &mapping.fault),
			 BATON_OK);
	input.message = message;
	input.charset = hl7v2_charset(message);
	mapping.err = referral_map(&input, &mapping.bytes, &mapping.len,
				   &mapping.fault);
	hl7v2_free(message);
	if (mapping.err == BATON_OK) {
		struct baton_span span = {mapping.bytes, mapping.len};

		assert_int_equal(
			baton_event_check(span, BATON_NHS_NUMBER_ACCEPT_FLAGGED,
					  &problem),
			BATON_OK);
		assert_int_equal(baton_event_unpack(span, &mapping.event, NULL),
				 BATON_OK);
	}
	return mapping;
}

static void
unmap(struct mapping *mapping)
{
	baton_event_free(mapping->event);
	baton_event_bytes_free(mapping->bytes);
}

/* Maps the sample message with one part replaced. */
static struct mapping
map_with(const char *from, const char *to, const struct profile *profile)
{
	char *text = health_replace(health_ref_i12, from, to);
	struct mapping mapping = map(text, profile);

	free(text);
	return mapping;
}

static void
refused(const char *from, const char *to, const struct profile *profile,
	enum hl7v2_code code, const char *segment, unsigned field)
{
	struct mapping mapping = map_with(from, to, profile);

	assert_int_not_equal(mapping.err, BATON_OK);
	assert_int_equal(mapping.fault.code, code);
	assert_string_equal(mapping.fault.where.segment, segment);
	assert_int_equal(mapping.fault.where.field, field);
	assert_null(mapping.bytes);
}

static void
referral_reads_a_whole_message(void **state)
{
	struct profile profile = health_profile();
	struct mapping mapping;
	const Send__V1__Event *event;

	(void)state;
	profile.reason_text = PROFILE_REASON_TEXT_NTE;
	mapping = map(health_ref_i12, &profile);
	assert_int_equal(mapping.err, BATON_OK);
	event = mapping.event;
	assert_int_equal(event->action, SEND__V1__ACTION__ACTION_NEW);
	assert_string_equal(event->source->code, "RPG");
	assert_int_equal(event->occurred_at->seconds, 1770128100);
	assert_string_equal(event->child->date_of_birth, "2019-04-05");
	assert_string_equal(event->contact_team->name, "Community paediatrics");
	assert_string_equal(event->contact_team->organisation->code, "RPG");
	assert_string_equal(event->referral->referral_id, "REF-1001");
	assert_int_equal(event->referral->status,
			 SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED);
	assert_int_equal(
		event->referral->priority,
		SEND__V1__REFERRAL_PRIORITY__REFERRAL_PRIORITY_ROUTINE);
	assert_string_equal(event->referral->authored_on, "2026-02-02");
	assert_string_equal(event->referral->from->organisation->code, "RPG01");
	assert_int_equal(event->referral->to->service->treatment_function, 290);
	assert_string_equal(event->referral->to->organisation->code, "887");
	assert_string_equal(event->referral->reason_text,
			    "Speech is late and hearing was checked");
	unmap(&mapping);
}

static void
referral_lists_reasons_with_their_systems(void **state)
{
	struct profile profile = health_profile();
	struct mapping mapping = map(health_ref_i12, &profile);
	const Send__V1__Referral *referral = mapping.event->referral;

	(void)state;
	assert_int_equal(referral->n_reason_codes, 2);
	assert_string_equal(referral->reason_codes[0]->system, "LOCAL");
	assert_string_equal(referral->reason_codes[0]->code, "DEV");
	assert_string_equal(referral->reason_codes[1]->system,
			    "http://snomed.info/sct");
	assert_string_equal(referral->reason_codes[1]->code, "80353004");
	unmap(&mapping);
}

static void
referral_of_a_message_sent_twice_is_the_same_bytes(void **state)
{
	struct profile profile = health_profile();
	struct mapping first = map(health_ref_i12, &profile);
	struct mapping second = map(health_ref_i12, &profile);

	(void)state;
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.bytes, second.bytes, first.len);
	unmap(&first);
	unmap(&second);
}

static void
referral_id_tells_senders_and_control_ids_apart(void **state)
{
	static const char *const changes[][2] = {
		{"|PARIS|RPG|", "|PARI|SRPG|"},
		{"|PARIS|RPG|", "|PARIS|RPH|"},
		{"|MSG0001|", "|MSG0002|"},
		{"REF^I12", "REF^I14"},
	};
	struct profile profile = health_profile();
	struct mapping first = map(health_ref_i12, &profile);

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct mapping other =
			map_with(changes[i][0], changes[i][1], &profile);

		assert_int_equal(other.err, BATON_OK);
		assert_string_not_equal(other.event->id, first.event->id);
		unmap(&other);
	}
	unmap(&first);
}

static void
referral_without_control_id_is_refused_or_digested(void **state)
{
	struct profile profile = health_profile();
	struct mapping first;
	struct mapping second;

	(void)state;
	refused("|MSG0001|", "||", &profile, HL7V2_FIELD_MISSING, "MSH", 10);
	refused("|MSG0001|", "|\"\"|", &profile, HL7V2_FIELD_MISSING, "MSH",
		10);
	profile.missing_control_id = PROFILE_CONTROL_ID_DIGEST;
	first = map_with("|MSG0001|", "||", &profile);
	second = map_with("|MSG0001|P|2.5.1|", "||P|2.5|", &profile);
	assert_int_equal(first.err, BATON_OK);
	assert_string_not_equal(first.event->id, second.event->id);
	unmap(&first);
	unmap(&second);
}

static void
referral_finds_the_nhs_number_by_every_marker(void **state)
{
	static const char *const numbers[] = {
		"9990000018^^^NHS",
		"9990000018^^^NHS^NH",
		"9990000018^^^^NHS",
		"9990000018^^^^NH",
		"9990000018^^^NHSNBR^NHSNMBR",
		"4711~9990000018^^^NHS",
		"999 000 0018^^^NHS",
		"9990000018^^^NHS&2.16.840^NH",
	};
	struct profile profile = health_profile();

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct mapping mapping =
			map_with("9990000018^^^NHS^NH", numbers[i], &profile);

		assert_int_equal(mapping.err, BATON_OK);
		assert_string_equal(mapping.event->child->identifiers[0]->value,
				    "9990000018");
		assert_int_equal(
			mapping.event->child->identifiers[0]->nhs_number_status,
			SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_PRESENT_NOT_TRACED);
		unmap(&mapping);
	}
}

static void
referral_takes_ni_for_an_nhs_number_only_by_profile(void **state)
{
	static char marker[] = "NI";
	static char *markers[] = {marker};
	struct profile profile = health_profile();
	struct mapping mapping;

	(void)state;
	profile.local_identifiers = false;
	refused("9990000018^^^NHS^NH", "9990000018^06^^^NI", &profile,
		HL7V2_FIELD_MISSING, "PID", 3);
	profile.nhs_number_markers = markers;
	profile.nhs_number_markers_count = 1;
	profile.nhs_number_status = PROFILE_NHS_STATUS_CX_2;
	mapping =
		map_with("9990000018^^^NHS^NH", "9990000018^06^^^NI", &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_int_equal(
		mapping.event->child->identifiers[0]->nhs_number_status, 6);
	unmap(&mapping);
}

static void
referral_qualifies_local_identifiers_by_authority(void **state)
{
	struct profile profile = health_profile();
	struct mapping mapping = map(health_ref_i12, &profile);
	const Send__V1__Child *child = mapping.event->child;

	(void)state;
	assert_int_equal(child->n_identifiers, 2);
	assert_int_equal(child->identifiers[1]->scheme,
			 SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_LOCAL);
	assert_string_equal(child->identifiers[1]->value, "RPG/PARIS/4711");
	assert_string_equal(child->identifiers[1]->issuer->code, "RPG");
	unmap(&mapping);
}

static void
referral_keeps_the_children_of_two_senders_apart(void **state)
{
	struct profile profile = health_profile();
	struct mapping first =
		map_with("4711^^^PARIS^PI", "12345^^^PAS^PI", &profile);
	char *text = health_replace(health_ref_i12, "|PARIS|RPG|",
				    "|PORTAL|RZZ^2.16.840^ISO|");
	char *other = health_replace(text, "4711^^^PARIS^PI", "12345^^^PAS^PI");
	struct mapping second = map(other, &profile);

	(void)state;
	assert_string_equal(first.event->child->identifiers[1]->value,
			    "RPG/PAS/12345");
	assert_string_equal(second.event->child->identifiers[1]->value,
			    "RZZ/PAS/12345");
	unmap(&first);
	unmap(&second);
	free(other);
	free(text);
}

/* With an authority and an id it is longer than a local identifier may be. */
#define LONG_FACILITY                                                          \
	"|PARIS|123456789012345678901234567890123456789012345678901234|"

static void
referral_leaves_out_local_identifiers_of_no_certain_sender(void **state)
{
	static const char *const facilities[] = {
		"|PARIS||",          "|PARIS|\"\"|", "|PARIS|R G|",
		"|PARIS|RPG/PARIS|", LONG_FACILITY,
	};
	struct profile profile = health_profile();

	(void)state;
	profile.from_organisation = profile.to_organisation;
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]);
	     i++) {
		struct mapping mapping =
			map_with("|PARIS|RPG|", facilities[i], &profile);

		assert_int_equal(mapping.err, BATON_OK);
		assert_int_equal(mapping.event->child->n_identifiers, 1);
		unmap(&mapping);
	}
}

static void
referral_carries_a_local_identifier_of_64_bytes(void **state)
{
	/* RPG/ and PAS/ are 8 of them. */
	static const char longest[] = "1234567890123456789012345678901234567890"
				      "1234567890123456^^^PAS^PI";
	static const char longer[] = "1234567890123456789012345678901234567890"
				     "12345678901234567^^^PAS^PI";
	struct profile profile = health_profile();
	struct mapping mapping = map_with("4711^^^PARIS^PI", longest, &profile);

	(void)state;
	assert_int_equal(mapping.err, BATON_OK);
	assert_int_equal(mapping.event->child->n_identifiers, 2);
	assert_int_equal(strlen(mapping.event->child->identifiers[1]->value),
			 64);
	unmap(&mapping);
	mapping = map_with("4711^^^PARIS^PI", longer, &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_int_equal(mapping.event->child->n_identifiers, 1);
	unmap(&mapping);
}

static void
referral_leaves_out_numbers_that_name_no_child(void **state)
{
	static const char *const numbers[] = {
		"4711",
		"4711^^^PARIS^AN",
		"4711^^^PARIS^SS",
		"47 11^^^PARIS^PI",
		"4711^^^\"\"^PI",
		"4711^^^PAS/1^PI",
	};
	struct profile profile = health_profile();

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct mapping mapping =
			map_with("4711^^^PARIS^PI", numbers[i], &profile);

		assert_int_equal(mapping.err, BATON_OK);
		assert_int_equal(mapping.event->child->n_identifiers, 1);
		unmap(&mapping);
	}
}

static void
referral_flags_a_failing_nhs_number_only_by_profile(void **state)
{
	struct profile profile = health_profile();
	struct mapping mapping;

	(void)state;
	refused("9990000018^^^NHS", "0000255355^^^NHS", &profile,
		HL7V2_DATA_TYPE, "PID", 3);
	profile.failed_nhs_number = PROFILE_FAILED_FLAG;
	mapping = map_with("9990000018^^^NHS", "9990000019^^^NHS", &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_int_equal(
		mapping.event->child->identifiers[0]->nhs_number_status,
		SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_FAILED_CHECK);
	unmap(&mapping);
}

static void
referral_says_what_happened_by_event_and_status(void **state)
{
	static const struct {
		const char *event;
		const char *status;
		Send__V1__Action action;
		Send__V1__ReferralStatus expected;
	} cases[] = {
		{"I12", "P", 1, 1}, {"I12", "", 1, 1},  {"I12", "A", 1, 2},
		{"I13", "A", 2, 2}, {"I13", "R", 2, 3}, {"I13", "E", 2, 8},
		{"I14", "R", 2, 8}, {"I14", "P", 2, 8}, {"I14", "zz", 2, 8},
	};
	struct profile profile = health_profile();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *first =
			health_replace(health_ref_i12, "REF^I12", "REF^@");
		char *second = health_replace(first, "@", cases[i].event);
		char *text =
			health_replace(second, "P^Pending", cases[i].status);
		struct mapping mapping = map(text, &profile);

		assert_int_equal(mapping.err, BATON_OK);
		assert_int_equal(mapping.event->action, cases[i].action);
		assert_int_equal(mapping.event->referral->status,
				 cases[i].expected);
		unmap(&mapping);
		free(text);
		free(second);
		free(first);
	}
}

static void
referral_reads_priorities_by_the_profiles_list(void **state)
{
	static const struct {
		const char *code;
		int list;
		int expected;
	} cases[] = {
		{"A", PROFILE_PRIORITY_HL7, 3},
		{"R", PROFILE_PRIORITY_HL7, 1},
		{"S", PROFILE_PRIORITY_HL7, 2},
		{"", PROFILE_PRIORITY_HL7, 0},
		{"1", PROFILE_PRIORITY_NUMERIC, 1},
		{"2", PROFILE_PRIORITY_NUMERIC, 2},
		{"3", PROFILE_PRIORITY_NUMERIC, 4},
	};
	struct profile profile = health_profile();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mapping mapping;

		profile.priority_codes = cases[i].list;
		mapping = map_with("R^Routine", cases[i].code, &profile);
		assert_int_equal(mapping.err, BATON_OK);
		assert_int_equal(mapping.event->referral->priority,
				 cases[i].expected);
		unmap(&mapping);
	}
}

static void
referral_reads_a_drdoctor_like_message(void **state)
{
	/* No PRD, EVN present, the id in component 3, numeric priority, breach
	 * date in RF1-8, NHS number marked in CX-5 alone. */
	static const char text[] =
		"MSH|^~\\&|DRD|RXH|BATON|RPG|20260701093000||REF^I12|77|P|2.4\n"
		"EVN|I12|20260701093000\n"
		"PID|1||9990000026^^^^NHS||TEST^CHILD||20180101\n"
		"RF1|A|2|320||||20260630|20261103|||^^REF001\n";
	static char code[] = "320";
	struct profile_service service = {
		.code = code,
		.kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE,
		.treatment_function = 420,
	};
	struct profile profile = health_profile();
	struct mapping mapping;

	(void)state;
	profile.referral_id_component = 3;
	profile.priority_codes = PROFILE_PRIORITY_NUMERIC;
	profile.rf1_8_is_breach_date = true;
	profile.services = &service;
	profile.services_count = 1;
	profile.to_organisation = NULL;
	mapping = map(text, &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_string_equal(mapping.event->referral->referral_id, "REF001");
	assert_string_equal(mapping.event->referral->from->organisation->code,
			    "RXH");
	assert_string_equal(mapping.event->referral->to->organisation->code,
			    "RPG");
	assert_int_equal(
		mapping.event->referral->to->service->treatment_function, 420);
	assert_string_equal(mapping.event->referral->waiting->breach_date,
			    "2026-11-03");
	/* British Summer Time. */
	assert_int_equal(mapping.event->occurred_at->seconds, 1782894600);
	unmap(&mapping);
}

static void
referral_maps_the_senders_codes_of_organisations(void **state)
{
	static char code[] = "887X";
	static char council[] = "/la/886";
	struct profile_organisation organisation = {code, council};
	struct profile profile = health_profile();
	struct mapping mapping;

	(void)state;
	profile.organisations = &organisation;
	profile.organisations_count = 1;
	mapping = map(health_ref_i12, &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_string_equal(mapping.event->referral->to->organisation->code,
			    "886");
	unmap(&mapping);
}

static void
referral_prefers_the_profiles_organisations_to_codes_of_the_header(void **state)
{
	static char from[] = "/ods/RZZ";
	static char code[] = "RPH";
	static char mapped[] = "/la/886";
	struct profile_organisation organisation = {code, mapped};
	struct profile profile = health_profile();
	char *text =
		health_replace(health_ref_i12, "|ROUTE|ROUTE|", "|ROUTE|RPH|");
	char *message = health_replace(text, "RPG01^ODS", "");
	struct mapping mapping;

	(void)state;
	profile.from_organisation = from;
	mapping = map(message, &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_string_equal(mapping.event->referral->from->organisation->code,
			    "RZZ");
	assert_string_equal(mapping.event->referral->to->organisation->code,
			    "887");
	unmap(&mapping);
	/* A code that the profile itself names comes before its general word.
	 */
	profile.organisations = &organisation;
	profile.organisations_count = 1;
	mapping = map(message, &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_string_equal(mapping.event->referral->to->organisation->code,
			    "886");
	unmap(&mapping);
	free(message);
	free(text);
}

static void
referral_takes_a_service_code_for_a_kind_by_profile(void **state)
{
	static char code[] = "EHCNA";
	struct profile_service service = {
		.code = code,
		.kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_EHC_NEEDS_ASSESSMENT_REQUEST,
	};
	struct profile profile = health_profile();
	struct mapping mapping;

	(void)state;
	profile.services = &service;
	profile.services_count = 1;
	mapping = map_with("290^Community Paediatrics", "EHCNA", &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_int_equal(mapping.event->referral->kind, service.kind);
	assert_null(mapping.event->referral->to->service);
	unmap(&mapping);
}

static void
referral_refuses_content_with_its_field(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		enum hl7v2_code code;
		const char *segment;
		unsigned field;
	} cases[] = {
		{"\rPID|", "\rZPI|", HL7V2_SEGMENT_SEQUENCE, "PID", 0},
		{"\rRF1|", "\rZF1|", HL7V2_SEGMENT_SEQUENCE, "RF1", 0},
		{"ZU1|anything", "PID|2||9990000026^^^NHS",
		 HL7V2_SEGMENT_SEQUENCE, "PID", 0},
		{"ZU1|anything", "RF1|P|R|290|||REF-1002|20260202",
		 HL7V2_SEGMENT_SEQUENCE, "RF1", 0},
		{"20260203141500+0000", "20261303", HL7V2_DATA_TYPE, "MSH", 7},
		{"9990000018^^^NHS^NH~4711^^^PARIS^PI", "", HL7V2_FIELD_MISSING,
		 "PID", 3},
		{"4711^^^PARIS^PI", "9990000026^^^NHS", HL7V2_DATA_TYPE, "PID",
		 3},
		{"20190405", "20191305", HL7V2_DATA_TYPE, "PID", 7},
		{"P^Pending", "X", HL7V2_TABLE_VALUE, "RF1", 1},
		{"R^Routine", "1", HL7V2_TABLE_VALUE, "RF1", 2},
		{"290^Community", "999^Community", HL7V2_TABLE_VALUE, "RF1", 3},
		{"290^Community Paediatrics", "Med", HL7V2_FIELD_MISSING, "RF1",
		 3},
		{"REF-1001^PARIS", "", HL7V2_FIELD_MISSING, "RF1", 6},
		{"REF-1001", "a\\X00\\", HL7V2_DATA_TYPE, "RF1", 6},
		{"20260202", "20260231", HL7V2_DATA_TYPE, "RF1", 7},
	};
	struct profile profile = health_profile();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		refused(cases[i].from, cases[i].to, &profile, cases[i].code,
			cases[i].segment, cases[i].field);
	}
}

static void
referral_refuses_without_an_organisation(void **state)
{
	struct profile profile = health_profile();

	(void)state;
	profile.to_organisation = NULL;
	refused("|2\r", "|\r", &profile, HL7V2_FIELD_MISSING, "PRD", 7);
	/* No code is as long. */
	refused("|ROUTE|ROUTE|",
		"|ROUTE|1234567890123456789012345678901234567890"
		"1234567890123456789012345678901234567890|",
		&profile, HL7V2_FIELD_MISSING, "PRD", 7);
}

static void
referral_refuses_notes_over_500_bytes_rather_than_cut_them(void **state)
{
	struct profile profile = health_profile();
	char note[502];
	struct mapping mapping;

	(void)state;
	profile.reason_text = PROFILE_REASON_TEXT_NTE;
	memset(note, 'x', sizeof(note));
	note[500] = '\0';
	mapping = map_with("Speech is late\\.br\\and hearing was checked", note,
			   &profile);
	assert_int_equal(mapping.err, BATON_OK);
	assert_int_equal(strlen(mapping.event->referral->reason_text), 500);
	unmap(&mapping);
	note[500] = 'x';
	note[501] = '\0';
	refused("Speech is late\\.br\\and hearing was checked", note, &profile,
		HL7V2_DATA_TYPE, "NTE", 3);
}

static void
referral_carries_no_notes_unless_the_profile_says_so(void **state)
{
	struct profile profile = health_profile();
	struct mapping mapping = map(health_ref_i12, &profile);

	(void)state;
	assert_string_equal(mapping.event->referral->reason_text, "");
	unmap(&mapping);
}

static void
referral_joins_notes_with_one_space(void **state)
{
	struct profile profile = health_profile();
	struct mapping mapping;

	(void)state;
	profile.reason_text = PROFILE_REASON_TEXT_NTE;
	mapping = map_with("ZU1|anything", "NTE|2|| ~ and so on ", &profile);
	assert_string_equal(mapping.event->referral->reason_text,
			    "Speech is late and hearing was checked and so on");
	unmap(&mapping);
}

static void
referral_bounds_identifiers_and_reasons(void **state)
{
	struct profile profile = health_profile();

	(void)state;
	refused("4711^^^PARIS^PI",
		"1^^^A~2^^^A~3^^^A~4^^^A~5^^^A~6^^^A~7^^^A~8^^^A", &profile,
		HL7V2_DATA_TYPE, "PID", 3);
	refused("DEV^Developmental concern^LOCAL", "1~2~3~4~5~6~7~8~9~10~11",
		&profile, HL7V2_DATA_TYPE, "RF1", 10);
}

static void
referral_blames_the_field_that_an_events_field_is_from(void **state)
{
	static const struct {
		baton_err err;
		const char *path;
		enum hl7v2_code code;
		const char *segment;
		unsigned field;
	} cases[] = {
		{BATON_IDENTIFIER_INVALID, "child.identifiers[0].value",
		 HL7V2_DATA_TYPE, "PID", 3},
		{BATON_DATE_INVALID, "child.date_of_birth", HL7V2_DATA_TYPE,
		 "PID", 7},
		{BATON_IDENTITY_CONFLICT, "child", HL7V2_UNKNOWN_KEY, "PID", 3},
		{BATON_ID_REUSED, "id", HL7V2_DUPLICATE_KEY, "MSH", 10},
		{BATON_FIELD_MISSING, "referral.to.service",
		 HL7V2_FIELD_MISSING, "RF1", 3},
		{BATON_FIELD_INVALID, "referral.to.organisation.code",
		 HL7V2_DATA_TYPE, "PRD", 7},
		{BATON_SOURCE_DENIED, "source", HL7V2_INTERNAL, "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct baton_problem problem = {.code = cases[i].err,
						.text = "is not right"};
		struct hl7v2_fault fault;

		strncpy(problem.path, cases[i].path, sizeof(problem.path) - 1);
		referral_blame(&problem, &fault);
		assert_int_equal(fault.code, cases[i].code);
		assert_string_equal(fault.where.segment, cases[i].segment);
		assert_int_equal(fault.where.field, cases[i].field);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(referral_reads_a_whole_message),
		cmocka_unit_test(referral_lists_reasons_with_their_systems),
		cmocka_unit_test(
			referral_of_a_message_sent_twice_is_the_same_bytes),
		cmocka_unit_test(
			referral_id_tells_senders_and_control_ids_apart),
		cmocka_unit_test(
			referral_without_control_id_is_refused_or_digested),
		cmocka_unit_test(referral_finds_the_nhs_number_by_every_marker),
		cmocka_unit_test(
			referral_takes_ni_for_an_nhs_number_only_by_profile),
		cmocka_unit_test(
			referral_qualifies_local_identifiers_by_authority),
		cmocka_unit_test(
			referral_keeps_the_children_of_two_senders_apart),
		cmocka_unit_test(
			referral_leaves_out_local_identifiers_of_no_certain_sender),
		cmocka_unit_test(
			referral_carries_a_local_identifier_of_64_bytes),
		cmocka_unit_test(
			referral_leaves_out_numbers_that_name_no_child),
		cmocka_unit_test(
			referral_flags_a_failing_nhs_number_only_by_profile),
		cmocka_unit_test(
			referral_says_what_happened_by_event_and_status),
		cmocka_unit_test(
			referral_reads_priorities_by_the_profiles_list),
		cmocka_unit_test(referral_reads_a_drdoctor_like_message),
		cmocka_unit_test(
			referral_maps_the_senders_codes_of_organisations),
		cmocka_unit_test(
			referral_prefers_the_profiles_organisations_to_codes_of_the_header),
		cmocka_unit_test(
			referral_takes_a_service_code_for_a_kind_by_profile),
		cmocka_unit_test(referral_refuses_content_with_its_field),
		cmocka_unit_test(referral_refuses_without_an_organisation),
		cmocka_unit_test(
			referral_refuses_notes_over_500_bytes_rather_than_cut_them),
		cmocka_unit_test(
			referral_carries_no_notes_unless_the_profile_says_so),
		cmocka_unit_test(referral_joins_notes_with_one_space),
		cmocka_unit_test(referral_bounds_identifiers_and_reasons),
		cmocka_unit_test(
			referral_blames_the_field_that_an_events_field_is_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
