/* SPDX-License-Identifier: MIT */
#include "broker/policy.h"

#include <stddef.h>
#include <string.h>

#define TO(sector) (1U << (unsigned)(sector))
/* Those who share data. */
#define PARTNERS                                                               \
	(TO(SECTOR_HEALTH) | TO(SECTOR_SEND) | TO(SECTOR_SOCIAL_CARE) |        \
	 TO(SECTOR_EDUCATION))
/* Those who run the broker: they mend, they do not publish or subscribe. */
#define OPERATORS TO(SECTOR_OPERATOR)

static const struct {
	Baton__V1__Request__OpCase op;
	unsigned granted;
	const char *name;
} policy_rules[] = {
	{BATON__V1__REQUEST__OP_HELLO, PARTNERS | OPERATORS, "hello"},
	{BATON__V1__REQUEST__OP_PUBLISH, PARTNERS, "publish"},
	{BATON__V1__REQUEST__OP_FETCH, PARTNERS, "fetch"},
	{BATON__V1__REQUEST__OP_SETTLE, PARTNERS, "settle"},
	{BATON__V1__REQUEST__OP_SUBSCRIBE, PARTNERS, "subscribe"},
	{BATON__V1__REQUEST__OP_UNSUBSCRIBE, PARTNERS, "unsubscribe"},
	{BATON__V1__REQUEST__OP_LIST_SUBSCRIPTIONS, PARTNERS | OPERATORS,
	 "list subscriptions"},
	{BATON__V1__REQUEST__OP_REPLAY, PARTNERS | OPERATORS, "replay"},
	{BATON__V1__REQUEST__OP_LIST_PARKED, PARTNERS | OPERATORS,
	 "list parked"},
	{BATON__V1__REQUEST__OP_RESOLVE_PARKED, OPERATORS, "resolve parked"},
	{BATON__V1__REQUEST__OP_JOURNEY, OPERATORS, "journey"},
	{BATON__V1__REQUEST__OP_GET_STATUS, OPERATORS, "status"},
};

/* The partner whose things a request is about; "" means the caller's own. */
static const char *
policy_subject(const Baton__V1__Request *request)
{
	if (request->op_case == BATON__V1__REQUEST__OP_REPLAY)
		return request->replay->partner;
	if (request->op_case == BATON__V1__REQUEST__OP_LIST_PARKED)
		return request->list_parked->partner;
	return "";
}

baton_err
policy_check(const struct peer *peer, const Baton__V1__Request *request,
	     struct baton_error *error)
{
	const char *subject = policy_subject(request);

	for (size_t i = 0; i < sizeof(policy_rules) / sizeof(policy_rules[0]);
	     i++) {
		if (policy_rules[i].op != request->op_case)
			continue;
		if ((policy_rules[i].granted & TO(peer->sector)) == 0) {
			return baton_error_set(
				error, BATON_DENIED,
				"%s is not granted to this partner's sector",
				policy_rules[i].name);
		}
		if (peer->sector != SECTOR_OPERATOR && *subject != '\0' &&
		    strcmp(subject, peer->partner) != 0) {
			return baton_error_set(
				error, BATON_DENIED,
				"only an operator may name another partner");
		}
		return BATON_OK;
	}
	return baton_error_set(error, BATON_UNSUPPORTED,
			       "this broker does not know the operation");
}
