/* SPDX-License-Identifier: MIT */
/* Publishes an invented child's referral; $BATON_URL names RPG's socket. */
#include <stdio.h>
#include <time.h>

#include "baton/baton.h"
#include "send/v1/event.pb-c.h"

/* clang-format off */
#define OF(type) .base = PROTOBUF_C_MESSAGE_INIT(&send__v1__##type##__descriptor)
#define CODE(list, value) SEND__V1__##list##__##list##_##value

static Send__V1__Organisation trust = {
	OF(organisation), .scheme = CODE(ORGANISATION_SCHEME, ODS), .code = "RPG"};
static Send__V1__Organisation council = {
	OF(organisation), .scheme = CODE(ORGANISATION_SCHEME, LA), .code = "887"};
static Send__V1__Team team = {
	OF(team), .organisation = &trust, .name = "Community Paediatrics"};
static Send__V1__Identifier *identifiers[] = {&(Send__V1__Identifier){
	OF(identifier), .scheme = CODE(IDENTIFIER_SCHEME, NHS_NUMBER),
	.value = "9990000018", .nhs_number_status = CODE(NHS_NUMBER_STATUS, VERIFIED)}};
static Send__V1__Child child = {
	OF(child), .n_identifiers = 1, .identifiers = identifiers};
static Send__V1__ReferralFrom from = {
	OF(referral_from), .organisation = &trust, .source = CODE(REQUEST_SOURCE, HEALTH)};
static Send__V1__ReferralTo to = {OF(referral_to), .organisation = &council};
static Send__V1__Referral referral = {
	OF(referral), .referral_id = "EXAMPLE-1", .from = &from, .to = &to,
	.kind = CODE(REFERRAL_KIND, EHC_NEEDS_ASSESSMENT_REQUEST),
	.status = CODE(REFERRAL_STATUS, REQUESTED), .authored_on = "2026-02-16"};
static Google__Protobuf__Timestamp now = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
static char id[BATON_UUID_BYTES];
static Send__V1__Event event = {
	OF(event), .id = id, .source = &trust, .action = CODE(ACTION, NEW),
	.occurred_at = &now, .child = &child, .contact_team = &team,
	.purpose = CODE(PURPOSE, SEND_STATUTORY_DUTY),
	.lawful_basis = CODE(LAWFUL_BASIS, PUBLIC_TASK),
	.data_case = SEND__V1__EVENT__DATA_REFERRAL, .referral = &referral};
/* clang-format on */

int
main(void)
{
	struct baton_publish_result result = {0};
	struct baton_client *client;
	struct baton_error error;
	uint8_t *bytes;
	size_t len;

	now.seconds = time(NULL);
	if (baton_uuid7(id) || baton_event_pack(&event, &bytes, &len) ||
	    baton_client_new(NULL, &client, &error) ||
	    baton_publish(client, &(struct baton_span){bytes, len}, 1, &result,
			  &error))
		return fprintf(stderr, "publisher: %s\n", error.text), 1;
	printf("%s %d %s\n", id, (int)result.outcome, result.problem.text);
	baton_client_free(client);
	return 0;
}
