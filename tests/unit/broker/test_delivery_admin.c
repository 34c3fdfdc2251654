/* SPDX-License-Identifier: MIT */
/* What operators and partners ask about subscriptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delivery.h"
#include "broker/protobuf_text.h"
#include "tests/support/delivery_fixture.h"

#include <cmocka.h>

static const uint64_t aab[] = {1, 1, 2};

static int
setup(void **state)
{
	struct delivery_fixture *fixture = calloc(1, sizeof(*fixture));
	struct baton_error error;
	struct store *store;

	assert_non_null(fixture);
	assert_int_equal(store_open_memory(&store, &error), BATON_OK);
	delivery_fixture_open(fixture, store);
	assert_int_equal(delivery_fixture_subscribe(fixture, "sen"), BATON_OK);
	*state = fixture;
	return 0;
}

static int
teardown(void **state)
{
	delivery_fixture_close(*state);
	free(*state);
	return 0;
}

static void
become(struct delivery_fixture *fixture, const char *partner,
       enum sector sector)
{
	(void)snprintf(fixture->peer.partner, NAME_BYTES, "%s", partner);
	fixture->peer.sector = sector;
}

static baton_err
subscribe(struct delivery_fixture *fixture, const char *name, const char *type,
	  const char *child, Baton__V1__StartAt at)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Subscribe message;
	Baton__V1__Filter filter;
	Baton__V1__Start start = BATON__V1__START__INIT;
	char *types[] = {protobuf_text(type)};

	baton__v1__subscribe__init(&message);
	baton__v1__filter__init(&filter);
	filter.types = types;
	filter.n_types = type[0] != '\0';
	filter.child = protobuf_text(child);
	start.at = at;
	message.name = protobuf_text(name);
	message.filter = &filter;
	message.start = &start;
	request.op_case = BATON__V1__REQUEST__OP_SUBSCRIBE;
	request.subscribe = &message;
	return delivery_fixture_ask(fixture, &request, NULL);
}

static Baton__V1__Response *
list_parked(struct delivery_fixture *fixture, const char *partner,
	    const char *subscription, uint64_t sequence)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__ListParked message;
	Baton__V1__Response *response = NULL;

	baton__v1__list_parked__init(&message);
	message.partner = protobuf_text(partner);
	message.subscription = protobuf_text(subscription);
	message.sequence = sequence;
	request.op_case = BATON__V1__REQUEST__OP_LIST_PARKED;
	request.list_parked = &message;
	(void)delivery_fixture_ask(fixture, &request, &response);
	return response;
}

static void
park_first(struct delivery_fixture *fixture)
{
	struct delivered got[3];

	delivery_fixture_publish(fixture, aab, 3);
	assert_int_equal(delivery_fixture_fetch(fixture, "sen", got, 3), 3);
	assert_int_equal(delivery_fixture_settle(
				 fixture, "sen", got, 1,
				 BATON__V1__VERDICT__VERDICT_REJECT, NULL),
			 BATON_OK);
}

static void
subscribe_again_with_the_same_filter_is_ok(void **state)
{
	assert_int_equal(subscribe(*state, "sen", "", "",
				   BATON__V1__START_AT__START_AT_NOW),
			 BATON_OK);
}

static void
subscribe_again_with_another_filter_exists(void **state)
{
	assert_int_equal(subscribe(*state, "sen", "referral", "",
				   BATON__V1__START_AT__START_AT_NOW),
			 BATON_EXISTS);
}

static void
subscribe_refuses_names_of_another_form(void **state)
{
	assert_int_equal(subscribe(*state, "SEN team", "", "",
				   BATON__V1__START_AT__START_AT_NOW),
			 BATON_INVALID);
	assert_int_equal(subscribe(*state, "", "", "",
				   BATON__V1__START_AT__START_AT_NOW),
			 BATON_INVALID);
}

static void
subscribe_to_an_unknown_child_is_not_found(void **state)
{
	assert_int_equal(subscribe(*state, "one", "", "nhs_number:9990000018",
				   BATON__V1__START_AT__START_AT_NOW),
			 BATON_NOT_FOUND);
}

static void
subscribe_to_a_child_gives_its_events_only(void **state)
{
	struct delivered got[3];
	char key[128];

	delivery_fixture_publish(*state, aab, 3);
	delivery_fixture_child_key(2, key);
	assert_int_equal(subscribe(*state, "one", "", key,
				   BATON__V1__START_AT__START_AT_BEGINNING),
			 BATON_OK);
	assert_int_equal(delivery_fixture_fetch(*state, "one", got, 3), 1);
	assert_int_equal(got[0].sequence, 3);
}

static void
subscribe_now_leaves_earlier_events_out(void **state)
{
	struct delivered got[3];

	delivery_fixture_publish(*state, aab, 2);
	assert_int_equal(subscribe(*state, "new", "", "",
				   BATON__V1__START_AT__START_AT_NOW),
			 BATON_OK);
	delivery_fixture_publish(*state, aab, 1);
	assert_int_equal(delivery_fixture_fetch(*state, "new", got, 3), 1);
	assert_int_equal(got[0].sequence, 3);
}

static void
subscribe_beyond_the_limit_is_too_large(void **state)
{
	struct delivery_fixture *fixture = *state;

	fixture->options.max_subscriptions = 1;
	delivery_fixture_restart(fixture);
	assert_int_equal(subscribe(fixture, "two", "", "",
				   BATON__V1__START_AT__START_AT_NOW),
			 BATON_TOO_LARGE);
}

static void
unsubscribed_name_is_unknown_afterwards(void **state)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Unsubscribe message;
	struct fake_exchange *fetch =
		delivery_fixture_post_fetch(*state, "sen", 1, 30000);

	baton__v1__unsubscribe__init(&message);
	message.name = protobuf_text("sen");
	request.op_case = BATON__V1__REQUEST__OP_UNSUBSCRIBE;
	request.unsubscribe = &message;
	assert_int_equal(delivery_fixture_ask(*state, &request, NULL),
			 BATON_OK);
	assert_non_null(fake_exchange_wait(fetch));
	assert_int_equal(fake_exchange_wait(fetch)->status->code,
			 BATON_NOT_FOUND);
	fake_exchange_free(fetch);
	assert_int_equal(delivery_fixture_ask(*state, &request, NULL),
			 BATON_NOT_FOUND);
}

static void
other_partners_subscription_is_not_found(void **state)
{
	Baton__V1__Response *response;

	park_first(*state);
	become(*state, "trust", SECTOR_HEALTH);
	response = list_parked(*state, "council", "sen", 0);
	assert_int_equal(response->status->code, BATON_NOT_FOUND);
	baton__v1__response__free_unpacked(response, NULL);
}

static void
partner_sees_none_of_anothers_parked_events(void **state)
{
	Baton__V1__Response *response;

	park_first(*state);
	become(*state, "trust", SECTOR_HEALTH);
	response = list_parked(*state, "", "", 0);
	assert_int_equal(response->status->code, BATON_OK);
	assert_int_equal(response->list_parked->n_parked, 0);
	baton__v1__response__free_unpacked(response, NULL);
}

static void
operator_sees_every_partners_parked_events(void **state)
{
	const Baton__V1__ParkedEvent *parked;
	Baton__V1__Response *response;

	park_first(*state);
	become(*state, "operator", SECTOR_OPERATOR);
	response = list_parked(*state, "", "", 0);
	assert_int_equal(response->list_parked->n_parked, 1);
	parked = response->list_parked->parked[0];
	assert_string_equal(parked->partner, "council");
	assert_string_equal(parked->event_type, "uk.send.referral.v1");
	assert_string_equal(parked->reason, "invented reason");
	assert_int_equal(parked->waiting_behind, 1);
	assert_int_equal(parked->event.len, 0);
	baton__v1__response__free_unpacked(response, NULL);
}

static void
parked_event_asked_for_by_sequence_has_its_bytes(void **state)
{
	Baton__V1__Response *response;

	park_first(*state);
	response = list_parked(*state, "", "sen", 1);
	assert_int_equal(response->list_parked->n_parked, 1);
	assert_int_equal(response->list_parked->parked[0]->event.len, 64);
	baton__v1__response__free_unpacked(response, NULL);
}

static void
journey_gives_a_childs_events_page_by_page(void **state)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Journey journey;
	Baton__V1__Response *response;
	char key[128];

	baton__v1__journey__init(&journey);
	delivery_fixture_publish(*state, aab, 3);
	become(*state, "operator", SECTOR_OPERATOR);
	delivery_fixture_child_key(1, key);
	journey.child = key;
	journey.limit = 1;
	request.op_case = BATON__V1__REQUEST__OP_JOURNEY;
	request.journey = &journey;
	for (uint64_t sequence = 1; sequence <= 2; sequence++) {
		assert_int_equal(
			delivery_fixture_ask(*state, &request, &response),
			BATON_OK);
		assert_int_equal(response->journey->n_entries, 1);
		assert_int_equal(response->journey->entries[0]->sequence,
				 sequence);
		assert_int_equal(response->journey->more, sequence == 1);
		journey.after_sequence = sequence;
		baton__v1__response__free_unpacked(response, NULL);
	}
}

static void
status_counts_events_children_and_parked_lanes(void **state)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__GetStatus message = BATON__V1__GET_STATUS__INIT;
	Baton__V1__Response *response;

	park_first(*state);
	request.op_case = BATON__V1__REQUEST__OP_GET_STATUS;
	request.get_status = &message;
	assert_int_equal(delivery_fixture_ask(*state, &request, &response),
			 BATON_OK);
	assert_true(response->get_status->ready);
	assert_int_equal(response->get_status->events, 3);
	assert_int_equal(response->get_status->children, 2);
	assert_int_equal(response->get_status->parked_lanes, 1);
	assert_int_equal(response->get_status->delivered, 3);
	baton__v1__response__free_unpacked(response, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(subscribe_again_with_the_same_filter_is_ok),
		CASE(subscribe_again_with_another_filter_exists),
		CASE(subscribe_refuses_names_of_another_form),
		CASE(subscribe_to_an_unknown_child_is_not_found),
		CASE(subscribe_to_a_child_gives_its_events_only),
		CASE(subscribe_now_leaves_earlier_events_out),
		CASE(subscribe_beyond_the_limit_is_too_large),
		CASE(unsubscribed_name_is_unknown_afterwards),
		CASE(other_partners_subscription_is_not_found),
		CASE(partner_sees_none_of_anothers_parked_events),
		CASE(operator_sees_every_partners_parked_events),
		CASE(parked_event_asked_for_by_sequence_has_its_bytes),
		CASE(journey_gives_a_childs_events_page_by_page),
		CASE(status_counts_events_children_and_parked_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
