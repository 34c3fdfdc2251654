/* SPDX-License-Identifier: MIT */
#include "tests/unit/broker/store_suite_cases.h"

/* ---- subscriptions ---- */

static void
store_subscription_reads_back_as_put(void **state)
{
	struct suite *suite = *state;
	struct store_subscription put = {.partner = "council",
					 .name = "cases",
					 .position = 1,
					 .created_at_ms = 12};
	struct store_subscription *list;
	size_t count;

	(void)store_append_numbered(suite->store, 1, 1);
	put.filter.families = UINT64_C(0x8000000000000001);
	suite_copy(put.filter.sources[0], "/ods/RZZ");
	suite_copy(put.filter.sources[1], "/la/887");
	put.filter.sources_count = 2;
	suite_copy(put.filter.child_key, "local:/ods/RZZ:C000001");
	put.filter.child = suite_child_of(suite, put.filter.child_key);
	suite_begin(suite);
	suite_assert_ok(suite, store_subscription_put(suite->store, &put,
						      &suite->error));
	suite_commit(suite);
	suite_assert_ok(suite, store_read_subscriptions(suite->reader, &list,
							&count, &suite->error));
	assert_int_equal(count, 1);
	assert_int_equal(list[0].id, put.id);
	assert_string_equal(list[0].partner, "council");
	assert_string_equal(list[0].name, "cases");
	assert_true(list[0].filter.families == put.filter.families);
	assert_int_equal(list[0].filter.sources_count, 2);
	assert_string_equal(list[0].filter.sources[0], "/ods/RZZ");
	assert_string_equal(list[0].filter.sources[1], "/la/887");
	assert_int_equal(list[0].filter.child, put.filter.child);
	assert_string_equal(list[0].filter.child_key, put.filter.child_key);
	assert_int_equal(list[0].position, 1);
	assert_int_equal(list[0].created_at_ms, 12);
	free(list);
}

static void
store_subscription_put_replaces_filter_whole(void **state)
{
	struct suite *suite = *state;
	struct store_subscription put = {.partner = "council", .name = "cases"};
	struct store_subscription *list;
	size_t count;

	suite_copy(put.filter.sources[0], "/ods/RZZ");
	put.filter.sources_count = 1;
	suite_begin(suite);
	suite_assert_ok(suite, store_subscription_put(suite->store, &put,
						      &suite->error));
	suite_copy(put.filter.sources[0], "/la/887");
	suite_assert_ok(suite, store_subscription_put(suite->store, &put,
						      &suite->error));
	suite_commit(suite);
	suite_assert_ok(suite, store_read_subscriptions(suite->reader, &list,
							&count, &suite->error));
	assert_int_equal(count, 1);
	assert_int_equal(list[0].filter.sources_count, 1);
	assert_string_equal(list[0].filter.sources[0], "/la/887");
	free(list);
}

static void
store_subscription_of_same_name_exists(void **state)
{
	struct suite *suite = *state;
	struct store_subscription again = {.partner = "council",
					   .name = "cases"};

	(void)suite_subscribe(suite, "cases");
	suite_begin(suite);
	assert_int_equal(
		store_subscription_put(suite->store, &again, &suite->error),
		BATON_EXISTS);
	suite_commit(suite);
	assert_int_equal(suite_count_subscriptions(suite), 1);
}

static void
store_subscription_id_is_not_used_again(void **state)
{
	struct suite *suite = *state;
	int64_t first = suite_subscribe(suite, "cases").id;

	suite_begin(suite);
	suite_assert_ok(suite, store_subscription_drop(suite->store, first,
						       &suite->error));
	suite_commit(suite);
	assert_true(suite_subscribe(suite, "cases").id > first);
}

static void
store_subscription_unknown_is_not_found(void **state)
{
	struct suite *suite = *state;
	struct store_subscription unknown = {
		.id = 99, .partner = "council", .name = "cases"};

	suite_begin(suite);
	assert_int_equal(
		store_subscription_put(suite->store, &unknown, &suite->error),
		BATON_NOT_FOUND);
	assert_int_equal(store_position_set(suite->store, 99, 1, &suite->error),
			 BATON_NOT_FOUND);
	assert_int_equal(
		store_subscription_drop(suite->store, 99, &suite->error),
		BATON_NOT_FOUND);
	suite_commit(suite);
}

static void
store_subscription_filter_needs_a_known_child(void **state)
{
	struct suite *suite = *state;
	struct store_subscription unknown = {.partner = "council",
					     .name = "cases"};

	unknown.filter.child = 42;
	suite_begin(suite);
	assert_int_equal(
		store_subscription_put(suite->store, &unknown, &suite->error),
		BATON_NOT_FOUND);
	suite_commit(suite);
}

/* ---- lanes ---- */

static void
store_lane_reads_back_as_put(void **state)
{
	struct suite *suite = *state;
	struct store_lane lane = {
		.subscription = suite_subscribe(suite, "cases").id,
		.settled_to = 4,
		.state = STORE_LANE_PARKED,
		.behind = true,
		.held_sequence = 6,
		.attempts = 8,
		.retry_at_ms = 100,
		.parked_at_ms = 200,
		.reason = "template is missing",
	};
	struct store_lane *list;
	size_t count;

	(void)store_append_numbered(suite->store, 1, 1);
	lane.child = suite_child_of(suite, "local:/ods/RZZ:C000001");
	suite_put_lane(suite, &lane);
	suite_assert_ok(suite,
			store_read_lanes(suite->reader, lane.subscription,
					 &list, &count, &suite->error));
	assert_int_equal(count, 1);
	assert_int_equal(list[0].child, lane.child);
	assert_int_equal(list[0].settled_to, 4);
	assert_int_equal(list[0].state, STORE_LANE_PARKED);
	assert_true(list[0].behind);
	assert_int_equal(list[0].held_sequence, 6);
	assert_int_equal(list[0].attempts, 8);
	assert_int_equal(list[0].retry_at_ms, 100);
	assert_int_equal(list[0].parked_at_ms, 200);
	assert_string_equal(list[0].reason, "template is missing");
	free(list);
}

static void
store_lane_of_unknown_subscription_is_not_found(void **state)
{
	struct suite *suite = *state;
	struct store_lane lane = {.subscription = 99, .child = 1};

	(void)store_append_numbered(suite->store, 1, 1);
	suite_begin(suite);
	assert_int_equal(store_lane_put(suite->store, &lane, &suite->error),
			 BATON_NOT_FOUND);
	suite_commit(suite);
}

/* One lane each: overtaken, ahead, behind, parked. */
static int64_t
put_four_lanes(struct suite *suite)
{
	struct store_lane lane = {
		.subscription = suite_subscribe(suite, "cases").id,
	};
	uint64_t i;

	for (i = 1; i <= 4; i++)
		(void)store_append_numbered(suite->store, i, i);
	lane.settled_to = 3;
	lane.child = suite_child_of(suite, "local:/ods/RZZ:C000001");
	suite_put_lane(suite, &lane);
	lane.settled_to = 4;
	lane.child = suite_child_of(suite, "local:/ods/RZZ:C000002");
	suite_put_lane(suite, &lane);
	lane.settled_to = 1;
	lane.behind = true;
	lane.child = suite_child_of(suite, "local:/ods/RZZ:C000003");
	suite_put_lane(suite, &lane);
	lane.behind = false;
	lane.state = STORE_LANE_PARKED;
	lane.held_sequence = 4;
	lane.child = suite_child_of(suite, "local:/ods/RZZ:C000004");
	suite_put_lane(suite, &lane);
	return lane.subscription;
}

static void
store_position_set_removes_only_overtaken_lanes(void **state)
{
	struct suite *suite = *state;
	int64_t subscription = put_four_lanes(suite);
	struct store_lane *list;
	size_t count;

	suite_set_position(suite, subscription, 3);
	suite_assert_ok(suite, store_read_lanes(suite->reader, subscription,
						&list, &count, &suite->error));
	assert_int_equal(count, 3);
	assert_int_equal(list[0].settled_to, 4);
	assert_true(list[1].behind);
	assert_int_equal(list[2].state, STORE_LANE_PARKED);
	free(list);
}

static void
store_lane_drop_removes_one(void **state)
{
	struct suite *suite = *state;
	int64_t subscription = put_four_lanes(suite);

	suite_begin(suite);
	suite_assert_ok(
		suite,
		store_lane_drop(suite->store, subscription,
				suite_child_of(suite, "local:/ods/RZZ:C000002"),
				&suite->error));
	suite_commit(suite);
	assert_int_equal(suite_count_lanes(suite, subscription), 3);
}

static void
store_lanes_drop_removes_all_of_a_subscription(void **state)
{
	struct suite *suite = *state;
	int64_t subscription = put_four_lanes(suite);
	struct store_lane other = {
		.subscription = suite_subscribe(suite, "others").id,
		.child = suite_child_of(suite, "local:/ods/RZZ:C000001"),
	};

	suite_put_lane(suite, &other);
	suite_begin(suite);
	suite_assert_ok(suite, store_lanes_drop(suite->store, subscription,
						&suite->error));
	suite_commit(suite);
	assert_int_equal(suite_count_lanes(suite, subscription), 0);
	assert_int_equal(suite_count_lanes(suite, other.subscription), 1);
}

static void
store_subscription_drop_takes_its_lanes(void **state)
{
	struct suite *suite = *state;
	int64_t subscription = put_four_lanes(suite);

	suite_begin(suite);
	suite_assert_ok(suite,
			store_subscription_drop(suite->store, subscription,
						&suite->error));
	suite_commit(suite);
	assert_int_equal(suite_count_lanes(suite, subscription), 0);
}

const struct CMUnitTest suite_cases_lanes[] = {
	SUITE_CASE(store_subscription_reads_back_as_put),
	SUITE_CASE(store_subscription_put_replaces_filter_whole),
	SUITE_CASE(store_subscription_of_same_name_exists),
	SUITE_CASE(store_subscription_id_is_not_used_again),
	SUITE_CASE(store_subscription_unknown_is_not_found),
	SUITE_CASE(store_subscription_filter_needs_a_known_child),
	SUITE_CASE(store_lane_reads_back_as_put),
	SUITE_CASE(store_lane_of_unknown_subscription_is_not_found),
	SUITE_CASE(store_position_set_removes_only_overtaken_lanes),
	SUITE_CASE(store_lane_drop_removes_one),
	SUITE_CASE(store_lanes_drop_removes_all_of_a_subscription),
	SUITE_CASE(store_subscription_drop_takes_its_lanes),
};

const size_t suite_cases_lanes_count =
	sizeof(suite_cases_lanes) / sizeof(suite_cases_lanes[0]);
