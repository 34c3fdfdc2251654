/* SPDX-License-Identifier: MIT */
#include "tests/support/sample_event.h"

#include <stdio.h>

#include "send/v1/event.pb-c.h"

#define SCHEME_ODS SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_ODS

/* protobuf-c's structs hold char *, so the texts are copied to be writable. */
struct texts {
	char id[BATON_EVENT_ID_MAX + 1];
	char ods[16];
	char nhs_number[16];
	char reason_text[512];
	char receiver[8];
	char team[32];
	char referral_id[16];
	char authored_on[16];
};

static void
fill_texts(struct texts *texts, const struct sample_event *sample)
{
#define TEXT(member, preset)                                                   \
	(void)snprintf(texts->member, sizeof(texts->member), "%s",             \
		       sample->member == NULL ? (preset) : sample->member)
	TEXT(id, "sample-1");
	TEXT(ods, "RPG");
	TEXT(nhs_number, "9990000018");
	TEXT(reason_text, "Unclear speech");
#undef TEXT
	(void)snprintf(texts->receiver, sizeof(texts->receiver), "RXY");
	(void)snprintf(texts->team, sizeof(texts->team), "Community therapy");
	(void)snprintf(texts->referral_id, sizeof(texts->referral_id), "R-1");
	(void)snprintf(texts->authored_on, sizeof(texts->authored_on),
		       "2026-02-16");
}

static void
fill_referral(Send__V1__Referral *referral, struct texts *texts)
{
	referral->referral_id = texts->referral_id;
	referral->kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE;
	referral->status = SEND__V1__REFERRAL_STATUS__REFERRAL_STATUS_REQUESTED;
	referral->authored_on = texts->authored_on;
	referral->reason_text = texts->reason_text;
}

baton_err
sample_event_pack(const struct sample_event *sample, uint8_t **bytes,
		  size_t *len)
{
	Send__V1__Event event;
	Send__V1__Organisation source;
	Send__V1__Organisation receiver;
	Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
	Send__V1__Identifier identifier;
	Send__V1__Identifier *identifiers[] = {&identifier};
	Send__V1__Child child;
	Send__V1__Team team;
	Send__V1__Service service;
	Send__V1__ReferralFrom from;
	Send__V1__ReferralTo to = SEND__V1__REFERRAL_TO__INIT;
	Send__V1__Referral referral;
	struct texts texts;

	send__v1__event__init(&event);
	send__v1__organisation__init(&source);
	send__v1__organisation__init(&receiver);
	send__v1__identifier__init(&identifier);
	send__v1__child__init(&child);
	send__v1__team__init(&team);
	send__v1__service__init(&service);
	send__v1__referral_from__init(&from);
	send__v1__referral__init(&referral);
	fill_texts(&texts, sample);
	source.scheme = SCHEME_ODS;
	source.code = texts.ods;
	receiver.scheme = SCHEME_ODS;
	receiver.code = texts.receiver;
	time.seconds = 1771236000; /* 2026-02-16T10:00:00Z */
	identifier.scheme =
		SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_NHS_NUMBER;
	identifier.value = texts.nhs_number;
	identifier.nhs_number_status =
		SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_VERIFIED;
	child.n_identifiers = 1;
	child.identifiers = identifiers;
	team.organisation = &source;
	team.name = texts.team;
	service.code_case = SEND__V1__SERVICE__CODE_TREATMENT_FUNCTION;
	service.treatment_function =
		SEND__V1__TREATMENT_FUNCTION__TREATMENT_FUNCTION_SPEECH_AND_LANGUAGE_THERAPY;
	from.organisation = &source;
	from.source = SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_HEALTH;
	to.service = &service;
	to.organisation = &receiver;
	fill_referral(&referral, &texts);
	referral.from = &from;
	referral.to = &to;
	event.id = texts.id;
	event.source = &source;
	event.action = SEND__V1__ACTION__ACTION_NEW;
	event.occurred_at = &time;
	event.child = &child;
	event.contact_team = &team;
	event.purpose = SEND__V1__PURPOSE__PURPOSE_DIRECT_CARE;
	event.lawful_basis = SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_PUBLIC_TASK;
	event.data_case = SEND__V1__EVENT__DATA_REFERRAL;
	event.referral = &referral;
	return baton_event_pack(&event, bytes, len);
}
