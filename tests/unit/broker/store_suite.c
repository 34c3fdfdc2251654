/* SPDX-License-Identifier: MIT */
#include "tests/unit/broker/store_suite.h"

#include "tests/unit/broker/store_suite_cases.h"

/* cmocka hands the opener in as *state and takes the fixture back. */
struct suite_target {
	store_suite_open_fn open;
};

int
suite_setup(void **state)
{
	const struct suite_target *target = *state;
	struct suite *suite = calloc(1, sizeof(*suite));

	assert_non_null(suite);
	store_directory_make(&suite->directory);
	if (target->open(&suite->directory, &suite->store, &suite->error) !=
		    BATON_OK ||
	    store_reader_new(suite->store, &suite->reader, &suite->error) !=
		    BATON_OK)
		fail_msg("%s", suite->error.text);
	*state = suite;
	return 0;
}

int
suite_teardown(void **state)
{
	struct suite *suite = *state;

	store_reader_free(suite->reader);
	store_free(suite->store);
	store_directory_remove(&suite->directory);
	free(suite);
	return 0;
}

/* ---- helpers ---- */

void
suite_begin(struct suite *suite)
{
	suite_assert_ok(suite, store_begin(suite->store, &suite->error));
}

void
suite_commit(struct suite *suite)
{
	suite_assert_ok(suite, store_commit(suite->store, &suite->error));
}

struct store_appended
suite_append(struct suite *suite, const struct store_draft *draft)
{
	struct store_appended appended;

	suite_assert_ok(suite, store_append(suite->store, &draft->event,
					    &appended, &suite->error));
	record_unref(appended.record);
	appended.record = NULL;
	return appended;
}

struct store_appended
suite_append_alone(struct suite *suite, const struct store_draft *draft)
{
	struct store_appended appended;

	suite_begin(suite);
	appended = suite_append(suite, draft);
	suite_commit(suite);
	return appended;
}

struct store_figures
suite_figures(struct suite *suite)
{
	struct store_figures read;

	suite_assert_ok(
		suite, store_read_figures(suite->reader, &read, &suite->error));
	return read;
}

int64_t
suite_child_of(struct suite *suite, const char *key)
{
	int64_t child;

	suite_assert_ok(suite, store_find_child(suite->reader, key, &child,
						&suite->error));
	return child;
}

void
suite_copy(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1);
}

size_t
suite_sequences(struct suite *suite, const struct store_range *range,
		uint64_t seen[SUITE_ROOM])
{
	const struct record *records[SUITE_ROOM];
	size_t count;
	size_t i;

	assert_true(range->max_records <= SUITE_ROOM);
	suite_assert_ok(suite, store_read(suite->reader, range, records, &count,
					  &suite->error));
	for (i = 0; i < count; i++) {
		seen[i] = records[i]->sequence;
		record_unref(records[i]);
	}
	return count;
}

size_t
suite_count_range(struct suite *suite, const struct store_range *range)
{
	uint64_t seen[SUITE_ROOM];

	return suite_sequences(suite, range, seen);
}

const struct store_range suite_whole = {.max_records = SUITE_ROOM,
					.max_bytes = SIZE_MAX};

struct store_subscription
suite_subscribe(struct suite *suite, const char *name)
{
	struct store_subscription subscription = {.partner = "council",
						  .created_at_ms = 7};

	(void)snprintf(subscription.name, sizeof(subscription.name), "%s",
		       name);
	suite_begin(suite);
	suite_assert_ok(suite,
			store_subscription_put(suite->store, &subscription,
					       &suite->error));
	suite_commit(suite);
	return subscription;
}

void
suite_put_lane(struct suite *suite, const struct store_lane *lane)
{
	suite_begin(suite);
	suite_assert_ok(suite,
			store_lane_put(suite->store, lane, &suite->error));
	suite_commit(suite);
}

void
suite_set_position(struct suite *suite, int64_t subscription, uint64_t position)
{
	suite_begin(suite);
	suite_assert_ok(suite, store_position_set(suite->store, subscription,
						  position, &suite->error));
	suite_commit(suite);
}

size_t
suite_count_lanes(struct suite *suite, int64_t subscription)
{
	struct store_lane *list;
	size_t count;

	suite_assert_ok(suite, store_read_lanes(suite->reader, subscription,
						&list, &count, &suite->error));
	free(list);
	return count;
}

size_t
suite_count_subscriptions(struct suite *suite)
{
	struct store_subscription *list;
	size_t count;

	suite_assert_ok(suite, store_read_subscriptions(suite->reader, &list,
							&count, &suite->error));
	free(list);
	return count;
}

/* ---- the list ---- */

int
store_suite_run(const char *name, store_suite_open_fn open)
{
	const struct {
		const struct CMUnitTest *cases;
		size_t count;
	} parts[] = {
		{suite_cases_append, suite_cases_append_count},
		{suite_cases_read, suite_cases_read_count},
		{suite_cases_lanes, suite_cases_lanes_count},
	};
	struct suite_target target = {.open = open};
	struct CMUnitTest tests[128];
	size_t count = 0;
	size_t part;
	size_t i;

	for (part = 0; part < 3; part++) {
		for (i = 0; i < parts[part].count; i++) {
			assert_true(count < 128);
			tests[count] = parts[part].cases[i];
			tests[count++].initial_state = &target;
		}
	}
	return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}
