/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delivery.h"
#include "broker/protobuf_text.h"
#include "tests/support/delivery_fixture.h"

#include <cmocka.h>

#define ACK BATON__V1__VERDICT__VERDICT_ACK
#define RETRY BATON__V1__VERDICT__VERDICT_RETRY
#define REJECT BATON__V1__VERDICT__VERDICT_REJECT
#define EXTEND BATON__V1__VERDICT__VERDICT_EXTEND

/* Lanes A and B of the tests. */
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
assert_sequences(const struct delivered *delivered, size_t count,
		 const uint64_t *expected, size_t expected_count)
{
	assert_int_equal(count, expected_count);
	for (size_t i = 0; i < count; i++) {
		/* count were filled, which the analyzer cannot see:
		 * NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
		assert_int_equal(delivered[i].sequence, expected[i]);
	}
}

static void
fetch_gives_events_in_order(void **state)
{
	struct delivered got[8];
	const uint64_t all[] = {1, 2, 3};

	delivery_fixture_publish(*state, aab, 3);
	assert_sequences(got, delivery_fixture_fetch(*state, "sen", got, 8),
			 all, 3);
}

static void
fetch_leases_a_lane_to_one_fetch_at_a_time(void **state)
{
	struct delivered first;
	struct delivered second[8];
	const uint64_t other[] = {3};

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", &first, 1), 1);
	assert_sequences(second,
			 delivery_fixture_fetch(*state, "sen", second, 8),
			 other, 1);
}

static void
fetch_of_settled_events_gives_nothing(void **state)
{
	struct delivered got[8];

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 3, ACK, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 0);
}

static void
fetch_waits_until_an_event_is_published(void **state)
{
	struct fake_exchange *fetch =
		delivery_fixture_post_fetch(*state, "sen", 8, 30000);
	const Baton__V1__Response *response;

	delivery_fixture_publish(*state, aab, 1);
	response = fake_exchange_wait(fetch);
	assert_non_null(response);
	assert_int_equal(response->fetch->n_deliveries, 1);
	fake_exchange_free(fetch);
}

static void
fetch_is_answered_empty_when_its_wait_is_over(void **state)
{
	struct fake_exchange *fetch =
		delivery_fixture_post_fetch(*state, "sen", 8, 30000);
	const Baton__V1__Response *response;

	/* Requests are handled in order: after this answer it is parked. */
	(void)delivery_fixture_status(*state, "sen");
	assert_false(fake_exchange_answered(fetch));
	delivery_fixture_advance(*state, 30000);
	response = fake_exchange_wait(fetch);
	assert_non_null(response);
	assert_int_equal(response->fetch->n_deliveries, 0);
	fake_exchange_free(fetch);
}

static void
fetch_of_unknown_subscription_is_not_found(void **state)
{
	struct fake_exchange *fetch =
		delivery_fixture_post_fetch(*state, "nobody", 8, 0);

	assert_non_null(fake_exchange_wait(fetch));
	assert_int_equal(fake_exchange_wait(fetch)->status->code,
			 BATON_NOT_FOUND);
	fake_exchange_free(fetch);
}

static void
fetch_stays_within_max_bytes_but_gives_one(void **state)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Fetch fetch;
	Baton__V1__Response *response;

	baton__v1__fetch__init(&fetch);
	delivery_fixture_publish(*state, aab, 3);
	fetch.subscription = protobuf_text("sen");
	fetch.max_events = 8;
	/* Events have 64 bytes. */
	fetch.max_bytes = 130;
	request.op_case = BATON__V1__REQUEST__OP_FETCH;
	request.fetch = &fetch;
	assert_int_equal(delivery_fixture_ask(*state, &request, &response),
			 BATON_OK);
	assert_int_equal(response->fetch->n_deliveries, 2);
	baton__v1__response__free_unpacked(response, NULL);
	fetch.max_bytes = 1;
	assert_int_equal(delivery_fixture_ask(*state, &request, &response),
			 BATON_OK);
	assert_int_equal(response->fetch->n_deliveries, 1);
	baton__v1__response__free_unpacked(response, NULL);
}

static void
retry_delivers_the_event_and_those_after_it_again(void **state)
{
	struct delivered got[8];
	const uint64_t again[] = {1, 2};

	delivery_fixture_publish(*state, aab, 2);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 2);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 1, RETRY, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 0);
	delivery_fixture_advance(*state, 1200);
	assert_sequences(got, delivery_fixture_fetch(*state, "sen", got, 8),
			 again, 2);
	assert_int_equal(got[0].attempt, 2);
	assert_int_equal(got[1].attempt, 1);
}

static void
retry_does_not_hold_up_other_lanes_nor_the_position(void **state)
{
	struct delivered got[8];

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 1, RETRY, NULL),
		BATON_OK);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got + 2, 1, ACK, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_status(*state, "sen").position, 3);
	assert_int_equal(delivery_fixture_status(*state, "sen").lag, 2);
}

static void
event_is_parked_after_its_last_attempt(void **state)
{
	struct delivered got[8];

	delivery_fixture_publish(*state, aab, 3);
	for (uint32_t attempt = 1; attempt <= 3; attempt++) {
		assert_true(delivery_fixture_fetch(*state, "sen", got, 8) > 0);
		assert_int_equal(got[0].attempt, attempt);
		assert_int_equal(delivery_fixture_settle(*state, "sen", got, 1,
							 RETRY, NULL),
				 BATON_OK);
		delivery_fixture_advance(*state, 5000);
	}
	assert_int_equal(delivery_fixture_status(*state, "sen").lanes_parked,
			 1);
	delivery_fixture_advance(*state, 3600000);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 1);
	assert_int_equal(got[0].sequence, 3);
}

static void
retried_parked_event_is_delivered_with_attempts_anew(void **state)
{
	struct delivered got[8];
	const uint64_t again[] = {1, 2};

	delivery_fixture_publish(*state, aab, 2);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 2);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 1, REJECT, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 0);
	assert_int_equal(delivery_fixture_resolve(
				 *state, "sen", 1,
				 BATON__V1__RESOLUTION__RESOLUTION_RETRY),
			 BATON_OK);
	assert_sequences(got, delivery_fixture_fetch(*state, "sen", got, 8),
			 again, 2);
	assert_int_equal(got[0].attempt, 1);
}

static void
discarded_event_lets_those_behind_it_flow(void **state)
{
	struct delivered got[8];
	const uint64_t rest[] = {2};

	delivery_fixture_publish(*state, aab, 2);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 2);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 1, REJECT, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_resolve(
				 *state, "sen", 1,
				 BATON__V1__RESOLUTION__RESOLUTION_DISCARD),
			 BATON_OK);
	assert_sequences(got, delivery_fixture_fetch(*state, "sen", got, 8),
			 rest, 1);
}

static void
resolve_of_what_is_not_parked_is_not_found(void **state)
{
	delivery_fixture_publish(*state, aab, 2);
	assert_int_equal(delivery_fixture_resolve(
				 *state, "sen", 1,
				 BATON__V1__RESOLUTION__RESOLUTION_RETRY),
			 BATON_NOT_FOUND);
}

static void
expired_lease_counts_an_attempt_and_is_lost(void **state)
{
	struct delivered old;
	struct delivered got[8];
	baton_err code;

	delivery_fixture_publish(*state, aab, 1);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", &old, 1), 1);
	delivery_fixture_advance(*state, 10000);
	/* The expiry is written, then backs off. */
	while (delivery_fixture_status(*state, "sen").lanes_backing_off == 0) {
	}
	delivery_fixture_advance(*state, 1200);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 1);
	assert_int_equal(got[0].attempt, 2);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", &old, 1, ACK, &code),
		BATON_OK);
	assert_int_equal(code, BATON_LEASE_LOST);
}

static void
extended_lease_does_not_expire(void **state)
{
	struct delivered got;
	baton_err code;

	delivery_fixture_publish(*state, aab, 1);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", &got, 1), 1);
	for (int i = 0; i < 5; i++) {
		delivery_fixture_advance(*state, 6000);
		assert_int_equal(delivery_fixture_settle(*state, "sen", &got, 1,
							 EXTEND, &code),
				 BATON_OK);
		assert_int_equal(code, BATON_OK);
	}
}

static void
repeated_acknowledgement_is_answered_ok(void **state)
{
	struct delivered got;
	baton_err code;

	delivery_fixture_publish(*state, aab, 1);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", &got, 1), 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(delivery_fixture_settle(*state, "sen", &got, 1,
							 ACK, &code),
				 BATON_OK);
		assert_int_equal(code, BATON_OK);
	}
}

static void
acknowledgement_before_an_earlier_one_is_lost(void **state)
{
	struct delivered got[2];
	baton_err code;

	delivery_fixture_publish(*state, aab, 2);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 2), 2);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got + 1, 1, ACK, &code),
		BATON_OK);
	assert_int_equal(code, BATON_LEASE_LOST);
}

static void
acknowledgement_of_no_event_is_not_found(void **state)
{
	const struct delivered invented = {.sequence = 99, .lease = 1};
	baton_err code;

	assert_int_equal(delivery_fixture_settle(*state, "sen", &invented, 1,
						 ACK, &code),
			 BATON_OK);
	assert_int_equal(code, BATON_NOT_FOUND);
}

static void
settlement_that_is_not_written_is_refused_and_the_lease_goes_on(void **state)
{
	struct delivery_fixture *fixture = *state;
	struct delivered got;

	delivery_fixture_publish(fixture, aab, 1);
	assert_int_equal(delivery_fixture_fetch(fixture, "sen", &got, 1), 1);
	writer_stop(fixture->writer);
	assert_int_equal(
		delivery_fixture_settle(fixture, "sen", &got, 1, ACK, NULL),
		BATON_CLOSED);
	assert_int_equal(delivery_fixture_status(fixture, "sen").leased, 1);
}

static void
gone_peer_frees_its_lanes_for_others(void **state)
{
	struct delivery_fixture *fixture = *state;
	struct delivered got;

	delivery_fixture_publish(fixture, aab, 1);
	assert_int_equal(delivery_fixture_fetch(fixture, "sen", &got, 1), 1);
	delivery_peer_gone(fixture->delivery, fixture->peer.pipe);
	while (delivery_fixture_status(fixture, "sen").lanes_backing_off == 0) {
	}
	delivery_fixture_advance(fixture, 1200);
	assert_int_equal(delivery_fixture_fetch(fixture, "sen", &got, 1), 1);
	assert_int_equal(got.attempt, 2);
}

static void
gone_peer_drops_its_waiting_fetch(void **state)
{
	struct delivery_fixture *fixture = *state;
	struct fake_exchange *fetch =
		delivery_fixture_post_fetch(fixture, "sen", 8, 30000);

	delivery_peer_gone(fixture->delivery, fixture->peer.pipe);
	assert_non_null(fake_exchange_wait(fetch));
	fake_exchange_free(fetch);
}

static void
restart_delivers_exactly_the_unsettled(void **state)
{
	const uint64_t children[] = {1, 2, 3, 1, 2, 3};
	const uint64_t rest[] = {2, 4, 5, 6};
	struct delivered got[8];

	delivery_fixture_publish(*state, children, 6);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 6);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 1, ACK, NULL),
		BATON_OK);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got + 2, 1, ACK, NULL),
		BATON_OK);
	delivery_fixture_restart(*state);
	assert_sequences(got, delivery_fixture_fetch(*state, "sen", got, 8),
			 rest, 4);
}

static void
restart_keeps_attempts_and_parked_lanes(void **state)
{
	struct delivered got[8];

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 1, REJECT, NULL),
		BATON_OK);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got + 2, 1, RETRY, NULL),
		BATON_OK);
	delivery_fixture_restart(*state);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 0);
	delivery_fixture_advance(*state, 1200);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 1);
	assert_int_equal(got[0].sequence, 3);
	assert_int_equal(got[0].attempt, 2);
	assert_int_equal(delivery_fixture_status(*state, "sen").lanes_parked,
			 1);
}

static void
lease_of_an_earlier_process_is_lost(void **state)
{
	struct delivered old;
	struct delivered got;
	baton_err code;

	delivery_fixture_publish(*state, aab, 1);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", &old, 1), 1);
	delivery_fixture_restart(*state);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", &got, 1), 1);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", &old, 1, ACK, &code),
		BATON_OK);
	assert_int_equal(code, BATON_LEASE_LOST);
}

static void
replay_delivers_everything_after_its_sequence_again(void **state)
{
	struct delivered got[8];
	const uint64_t again[] = {2, 3};

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 3, ACK, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_replay(*state, "sen", 2, ""),
			 BATON_OK);
	assert_sequences(got, delivery_fixture_fetch(*state, "sen", got, 8),
			 again, 2);
}

static void
replay_ends_outstanding_leases(void **state)
{
	struct delivered got[8];
	baton_err codes[3];

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
	assert_int_equal(delivery_fixture_replay(*state, "sen", 1, ""),
			 BATON_OK);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 3, ACK, codes),
		BATON_OK);
	assert_int_equal(codes[0], BATON_LEASE_LOST);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
}

static void
replay_of_a_child_moves_its_lane_alone(void **state)
{
	struct delivered got[8];
	const uint64_t again[] = {1, 2};
	char key[128];

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 3, ACK, NULL),
		BATON_OK);
	delivery_fixture_child_key(1, key);
	assert_int_equal(delivery_fixture_replay(*state, "sen", 1, key),
			 BATON_OK);
	delivery_fixture_restart(*state);
	assert_sequences(got, delivery_fixture_fetch(*state, "sen", got, 8),
			 again, 2);
}

static void
replay_past_the_journals_end_is_invalid(void **state)
{
	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_replay(*state, "sen", 5, ""),
			 BATON_INVALID);
	assert_int_equal(delivery_fixture_replay(*state, "sen", 4, ""),
			 BATON_OK);
}

static void
lane_parked_before_a_replay_stays_parked(void **state)
{
	struct delivered got[8];

	delivery_fixture_publish(*state, aab, 3);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 3);
	assert_int_equal(
		delivery_fixture_settle(*state, "sen", got, 1, REJECT, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_replay(*state, "sen", 2, ""),
			 BATON_OK);
	assert_int_equal(delivery_fixture_fetch(*state, "sen", got, 8), 1);
	assert_int_equal(got[0].sequence, 3);
	assert_int_equal(delivery_fixture_status(*state, "sen").lanes_parked,
			 1);
}

static void
one_slow_lease_does_not_stop_the_window(void **state)
{
	struct delivery_fixture *fixture = *state;
	uint64_t children[64];
	struct delivered slow;
	struct delivered got[8];
	uint64_t last = 0;

	fixture->options.window_events = 8;
	delivery_fixture_restart(fixture);
	for (size_t i = 0; i < 64; i++) {
		children[i] = i + 1;
	}
	delivery_fixture_publish(fixture, children, 64);
	assert_int_equal(delivery_fixture_fetch(fixture, "sen", &slow, 1), 1);
	while (last < 64) {
		struct fake_exchange *fetch =
			delivery_fixture_post_fetch(fixture, "sen", 1, 30000);
		const Baton__V1__Response *response = fake_exchange_wait(fetch);

		assert_non_null(response);
		assert_int_equal(response->fetch->n_deliveries, 1);
		got[0].sequence = response->fetch->deliveries[0]->sequence;
		got[0].lease = response->fetch->deliveries[0]->lease;
		fake_exchange_free(fetch);
		assert_int_equal(got[0].sequence, last == 0 ? 2 : last + 1);
		last = got[0].sequence;
		assert_int_equal(delivery_fixture_settle(fixture, "sen", got, 1,
							 ACK, NULL),
				 BATON_OK);
	}
	assert_int_equal(
		delivery_fixture_settle(fixture, "sen", &slow, 1, ACK, NULL),
		BATON_OK);
	assert_int_equal(delivery_fixture_status(fixture, "sen").lag, 0);
}

static void
stop_answers_waiting_fetches_empty(void **state)
{
	struct delivery_fixture *fixture = *state;
	struct fake_exchange *fetch =
		delivery_fixture_post_fetch(fixture, "sen", 8, 30000);

	(void)delivery_fixture_status(fixture, "sen");
	delivery_stop(fixture->delivery);
	assert_non_null(fake_exchange_wait(fetch));
	assert_int_equal(fake_exchange_wait(fetch)->status->code, BATON_OK);
	fake_exchange_free(fetch);
	fetch = delivery_fixture_post_fetch(fixture, "sen", 8, 30000);
	assert_non_null(fake_exchange_wait(fetch));
	assert_int_equal(fake_exchange_wait(fetch)->status->code, BATON_CLOSED);
	fake_exchange_free(fetch);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(fetch_gives_events_in_order),
		CASE(fetch_leases_a_lane_to_one_fetch_at_a_time),
		CASE(fetch_of_settled_events_gives_nothing),
		CASE(fetch_waits_until_an_event_is_published),
		CASE(fetch_is_answered_empty_when_its_wait_is_over),
		CASE(fetch_of_unknown_subscription_is_not_found),
		CASE(fetch_stays_within_max_bytes_but_gives_one),
		CASE(retry_delivers_the_event_and_those_after_it_again),
		CASE(retry_does_not_hold_up_other_lanes_nor_the_position),
		CASE(event_is_parked_after_its_last_attempt),
		CASE(retried_parked_event_is_delivered_with_attempts_anew),
		CASE(discarded_event_lets_those_behind_it_flow),
		CASE(resolve_of_what_is_not_parked_is_not_found),
		CASE(expired_lease_counts_an_attempt_and_is_lost),
		CASE(extended_lease_does_not_expire),
		CASE(repeated_acknowledgement_is_answered_ok),
		CASE(acknowledgement_before_an_earlier_one_is_lost),
		CASE(acknowledgement_of_no_event_is_not_found),
		CASE(settlement_that_is_not_written_is_refused_and_the_lease_goes_on),
		CASE(gone_peer_frees_its_lanes_for_others),
		CASE(gone_peer_drops_its_waiting_fetch),
		CASE(restart_delivers_exactly_the_unsettled),
		CASE(restart_keeps_attempts_and_parked_lanes),
		CASE(lease_of_an_earlier_process_is_lost),
		CASE(replay_delivers_everything_after_its_sequence_again),
		CASE(replay_ends_outstanding_leases),
		CASE(replay_of_a_child_moves_its_lane_alone),
		CASE(replay_past_the_journals_end_is_invalid),
		CASE(lane_parked_before_a_replay_stays_parked),
		CASE(one_slow_lease_does_not_stop_the_window),
		CASE(stop_answers_waiting_fetches_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
