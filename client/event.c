/* SPDX-License-Identifier: MIT */
#include "baton/event.h"

#include <stdlib.h>

#include "client/contract.h"
#include "client/wire.h"

baton_err
baton_event_check(struct baton_span bytes, enum baton_nhs_number_policy policy,
		  struct baton_problem *problem)
{
	Send__V1__Event *event;
	baton_err err = contract_open(bytes, policy, &event, problem);

	if (err == BATON_OK)
		baton_event_free(event);
	return err;
}

baton_err
baton_event_pack(const Send__V1__Event *event, uint8_t **bytes, size_t *len)
{
	size_t size = protobuf_c_message_get_packed_size(&event->base);
	uint8_t *packed;

	*bytes = NULL;
	*len = 0;
	if (size > BATON_EVENT_MAX_BYTES)
		return BATON_TOO_LARGE;
	/* One byte more: malloc(0) may give NULL. */
	packed = malloc(size + 1);
	if (packed == NULL)
		return BATON_NO_MEMORY;
	*len = protobuf_c_message_pack(&event->base, packed);
	*bytes = packed;
	return BATON_OK;
}

void
baton_event_bytes_free(uint8_t *bytes)
{
	free(bytes);
}

baton_err
baton_event_unpack(struct baton_span bytes, Send__V1__Event **event,
		   struct baton_problem *problem)
{
	struct wire_limits limits = wire_event_limits;
	ProtobufCMessage *message;
	baton_err err;

	limits.unknown = CONTRACT_UNKNOWN_TOLERATE;
	err = wire_unpack(&send__v1__event__descriptor, bytes, &limits,
			  &message, problem);
	*event = (Send__V1__Event *)message;
	return err;
}

void
baton_event_free(Send__V1__Event *event)
{
	wire_free((ProtobufCMessage *)event);
}

const char *
baton_event_type(const Send__V1__Event *event)
{
	switch (event->data_case) {
	case SEND__V1__EVENT__DATA_REFERRAL:
		return "uk.send.referral.v1";
	case SEND__V1__EVENT__DATA_PANEL_DECISION:
		return "uk.send.panel_decision.v1";
	case SEND__V1__EVENT__DATA_ANNUAL_REVIEW_DUE:
		return "uk.send.annual_review_due.v1";
	case SEND__V1__EVENT__DATA_TRANSITION:
		return "uk.send.transition.v1";
	case SEND__V1__EVENT__DATA__NOT_SET:
	case _SEND__V1__EVENT__DATA__CASE_IS_INT_SIZE:
		break;
	}
	return "";
}
