/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "broker/policy.h"

#include <cmocka.h>

static const enum sector partner_sectors[] = {
	SECTOR_HEALTH,
	SECTOR_SEND,
	SECTOR_SOCIAL_CARE,
	SECTOR_EDUCATION,
};

static baton_err
check(enum sector sector, Baton__V1__Request *request)
{
	struct peer peer = {.partner = "own", .sector = sector};
	struct baton_error error;

	return policy_check(&peer, request, &error);
}

/* Every sector of partners gets this answer to an op without a subject. */
static void
assert_partners(Baton__V1__Request__OpCase op, baton_err expected)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;

	request.op_case = op;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(check(partner_sectors[i], &request), expected);
}

static void
assert_operator(Baton__V1__Request__OpCase op, baton_err expected)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;

	request.op_case = op;
	assert_int_equal(check(SECTOR_OPERATOR, &request), expected);
}

static void
policy_grants_partners_the_flow_of_events(void **state)
{
	(void)state;
	assert_partners(BATON__V1__REQUEST__OP_HELLO, BATON_OK);
	assert_partners(BATON__V1__REQUEST__OP_PUBLISH, BATON_OK);
	assert_partners(BATON__V1__REQUEST__OP_SUBSCRIBE, BATON_OK);
	assert_partners(BATON__V1__REQUEST__OP_FETCH, BATON_OK);
	assert_partners(BATON__V1__REQUEST__OP_SETTLE, BATON_OK);
}

static void
policy_denies_partners_a_childs_journey(void **state)
{
	(void)state;
	assert_partners(BATON__V1__REQUEST__OP_JOURNEY, BATON_DENIED);
}

static void
policy_denies_partners_the_operators_work(void **state)
{
	(void)state;
	assert_partners(BATON__V1__REQUEST__OP_GET_STATUS, BATON_DENIED);
	assert_partners(BATON__V1__REQUEST__OP_RESOLVE_PARKED, BATON_DENIED);
}

static void
policy_grants_operators_the_administrative_calls(void **state)
{
	(void)state;
	assert_operator(BATON__V1__REQUEST__OP_HELLO, BATON_OK);
	assert_operator(BATON__V1__REQUEST__OP_GET_STATUS, BATON_OK);
	assert_operator(BATON__V1__REQUEST__OP_JOURNEY, BATON_OK);
	assert_operator(BATON__V1__REQUEST__OP_RESOLVE_PARKED, BATON_OK);
	assert_operator(BATON__V1__REQUEST__OP_LIST_SUBSCRIPTIONS, BATON_OK);
}

static void
policy_denies_operators_care_data(void **state)
{
	(void)state;
	assert_operator(BATON__V1__REQUEST__OP_PUBLISH, BATON_DENIED);
	assert_operator(BATON__V1__REQUEST__OP_FETCH, BATON_DENIED);
	assert_operator(BATON__V1__REQUEST__OP_SUBSCRIBE, BATON_DENIED);
}

static void
policy_denies_a_sector_it_does_not_know(void **state)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;

	(void)state;
	request.op_case = BATON__V1__REQUEST__OP_HELLO;
	assert_int_equal(check((enum sector)0, &request), BATON_DENIED);
}

static void
policy_refuses_a_request_without_operation(void **state)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;

	(void)state;
	assert_int_equal(check(SECTOR_HEALTH, &request), BATON_UNSUPPORTED);
}

static baton_err
check_replay(enum sector sector, const char *partner)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Replay replay;
	char name[16];

	baton__v1__replay__init(&replay);
	(void)snprintf(name, sizeof(name), "%s", partner);
	replay.partner = name;
	request.op_case = BATON__V1__REQUEST__OP_REPLAY;
	request.replay = &replay;
	return check(sector, &request);
}

static void
policy_lets_partners_replay_their_own(void **state)
{
	(void)state;
	assert_int_equal(check_replay(SECTOR_SEND, ""), BATON_OK);
	assert_int_equal(check_replay(SECTOR_SEND, "own"), BATON_OK);
}

static void
policy_denies_partners_to_replay_for_others(void **state)
{
	(void)state;
	assert_int_equal(check_replay(SECTOR_SEND, "other"), BATON_DENIED);
}

static void
policy_lets_operators_replay_for_others(void **state)
{
	(void)state;
	assert_int_equal(check_replay(SECTOR_OPERATOR, "other"), BATON_OK);
}

static void
policy_denies_partners_to_list_what_others_parked(void **state)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__ListParked list;
	char other[] = "other";

	baton__v1__list_parked__init(&list);
	(void)state;
	list.partner = other;
	request.op_case = BATON__V1__REQUEST__OP_LIST_PARKED;
	request.list_parked = &list;
	assert_int_equal(check(SECTOR_HEALTH, &request), BATON_DENIED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_grants_partners_the_flow_of_events),
		cmocka_unit_test(policy_denies_partners_a_childs_journey),
		cmocka_unit_test(policy_denies_partners_the_operators_work),
		cmocka_unit_test(
			policy_grants_operators_the_administrative_calls),
		cmocka_unit_test(policy_denies_operators_care_data),
		cmocka_unit_test(policy_denies_a_sector_it_does_not_know),
		cmocka_unit_test(policy_refuses_a_request_without_operation),
		cmocka_unit_test(policy_lets_partners_replay_their_own),
		cmocka_unit_test(policy_denies_partners_to_replay_for_others),
		cmocka_unit_test(policy_lets_operators_replay_for_others),
		cmocka_unit_test(
			policy_denies_partners_to_list_what_others_parked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
