/* SPDX-License-Identifier: MIT */
#include "tests/unit/broker/store_suite.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One case's journal, with a reader. */
struct suite {
	struct store_directory directory;
	struct store *store;
	struct store_reader *reader;
	struct baton_error error;
};

/* cmocka hands the opener in as *state and takes the fixture back. */
struct suite_target {
	store_suite_open_fn open;
};

static int
setup(void **state)
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

static int
teardown(void **state)
{
	struct suite *suite = *state;

	store_reader_free(suite->reader);
	store_free(suite->store);
	store_directory_remove(&suite->directory);
	free(suite);
	return 0;
}

/* ---- helpers ---- */

#define assert_ok(suite, call)                                                 \
	do {                                                                   \
		if ((call) != BATON_OK)                                        \
			fail_msg("%s", (suite)->error.text);                   \
	} while (0)

static void
begin(struct suite *suite)
{
	assert_ok(suite, store_begin(suite->store, &suite->error));
}

static void
commit(struct suite *suite)
{
	assert_ok(suite, store_commit(suite->store, &suite->error));
}

/* Appends within a transaction; drops the record. */
static struct store_appended
append(struct suite *suite, const struct store_draft *draft)
{
	struct store_appended appended;

	assert_ok(suite, store_append(suite->store, &draft->event, &appended,
				      &suite->error));
	record_unref(appended.record);
	appended.record = NULL;
	return appended;
}

/* The same in a transaction of its own. */
static struct store_appended
append_alone(struct suite *suite, const struct store_draft *draft)
{
	struct store_appended appended;

	begin(suite);
	appended = append(suite, draft);
	commit(suite);
	return appended;
}

static struct store_figures
figures(struct suite *suite)
{
	struct store_figures read;

	assert_ok(suite,
		  store_read_figures(suite->reader, &read, &suite->error));
	return read;
}

static int64_t
child_of(struct suite *suite, const char *key)
{
	int64_t child;

	assert_ok(suite,
		  store_find_child(suite->reader, key, &child, &suite->error));
	return child;
}

/* Into a buffer of a filter; the texts of these tests are short. */
static void
copy(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1);
}

#define ROOM 64

/* Reads the sequences of a range into seen; returns how many. */
static size_t
sequences(struct suite *suite, const struct store_range *range,
	  uint64_t seen[ROOM])
{
	const struct record *records[ROOM];
	size_t count;
	size_t i;

	assert_true(range->max_records <= ROOM);
	assert_ok(suite, store_read(suite->reader, range, records, &count,
				    &suite->error));
	for (i = 0; i < count; i++) {
		seen[i] = records[i]->sequence;
		record_unref(records[i]);
	}
	return count;
}

static size_t
count_range(struct suite *suite, const struct store_range *range)
{
	uint64_t seen[ROOM];

	return sequences(suite, range, seen);
}

static const struct store_range whole = {.max_records = ROOM,
					 .max_bytes = SIZE_MAX};

/* A subscription of that name that is stored. */
static struct store_subscription
subscribe(struct suite *suite, const char *name)
{
	struct store_subscription subscription = {.partner = "council",
						  .created_at_ms = 7};

	(void)snprintf(subscription.name, sizeof(subscription.name), "%s",
		       name);
	begin(suite);
	assert_ok(suite, store_subscription_put(suite->store, &subscription,
						&suite->error));
	commit(suite);
	return subscription;
}

static void
put_lane(struct suite *suite, const struct store_lane *lane)
{
	begin(suite);
	assert_ok(suite, store_lane_put(suite->store, lane, &suite->error));
	commit(suite);
}

static void
set_position(struct suite *suite, int64_t subscription, uint64_t position)
{
	begin(suite);
	assert_ok(suite, store_position_set(suite->store, subscription,
					    position, &suite->error));
	commit(suite);
}

static size_t
count_lanes(struct suite *suite, int64_t subscription)
{
	struct store_lane *list;
	size_t count;

	assert_ok(suite, store_read_lanes(suite->reader, subscription, &list,
					  &count, &suite->error));
	free(list);
	return count;
}

static size_t
count_subscriptions(struct suite *suite)
{
	struct store_subscription *list;
	size_t count;

	assert_ok(suite, store_read_subscriptions(suite->reader, &list, &count,
						  &suite->error));
	free(list);
	return count;
}

/* ---- append ---- */

static void
store_append_gives_rising_sequences_from_1(void **state)
{
	struct suite *suite = *state;

	assert_int_equal(store_append_numbered(suite->store, 1, 1), 1);
	assert_int_equal(store_append_numbered(suite->store, 2, 1), 2);
	assert_int_equal(store_append_numbered(suite->store, 3, 2), 3);
}

static void
store_append_gives_the_record_it_wrote(void **state)
{
	struct suite *suite = *state;
	struct store_appended appended;
	struct store_draft draft;

	store_draft_fill(&draft, 5, 1);
	begin(suite);
	assert_ok(suite, store_append(suite->store, &draft.event, &appended,
				      &suite->error));
	commit(suite);
	assert_int_equal(appended.record->sequence, 1);
	assert_string_equal(appended.record->id, draft.id);
	assert_memory_equal(appended.record->event.data, draft.body, 64);
	record_unref(appended.record);
}

static void
store_append_repeat_answers_duplicate_with_first_sequence(void **state)
{
	struct suite *suite = *state;
	struct store_appended again;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	(void)append_alone(suite, &draft);
	(void)store_append_numbered(suite->store, 2, 1);
	/* Another time of acceptance does not make it another event. */
	draft.event.accepted_at_ms += 5000;
	again = append_alone(suite, &draft);
	assert_int_equal(again.outcome, STORE_DUPLICATE);
	assert_int_equal(again.sequence, 1);
	assert_int_equal(figures(suite).events, 2);
}

static void
store_append_repeat_within_transaction_is_duplicate(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	begin(suite);
	assert_int_equal(append(suite, &draft).outcome, STORE_ACCEPTED);
	assert_int_equal(append(suite, &draft).outcome, STORE_DUPLICATE);
	commit(suite);
}

static void
store_append_other_bytes_under_one_id_are_rejected(void **state)
{
	struct suite *suite = *state;
	struct store_appended again;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	(void)append_alone(suite, &draft);
	draft.body[63] ^= 1;
	again = append_alone(suite, &draft);
	assert_int_equal(again.outcome, STORE_REJECTED);
	assert_int_equal(again.reason, BATON_ID_REUSED);
	assert_int_equal(again.sequence, 1);
}

static void
store_append_one_id_of_two_sources_is_two_events(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	(void)append_alone(suite, &draft);
	draft.event.source = "/la/887";
	assert_int_equal(append_alone(suite, &draft).outcome, STORE_ACCEPTED);
}

static void
store_append_unknown_identifier_becomes_alias(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	(void)append_alone(suite, &draft);
	store_draft_fill(&draft, 2, 1);
	store_draft_add_key(&draft, "nhs_number:9990000018");
	(void)append_alone(suite, &draft);
	assert_int_equal(child_of(suite, "nhs_number:9990000018"),
			 child_of(suite, "local:/ods/RZZ:C000001"));
	assert_int_equal(figures(suite).children, 1);
}

static void
store_append_two_known_children_are_a_conflict(void **state)
{
	struct suite *suite = *state;
	struct store_appended appended;
	struct store_draft draft;

	(void)store_append_numbered(suite->store, 1, 1);
	(void)store_append_numbered(suite->store, 2, 2);
	store_draft_fill(&draft, 3, 1);
	store_draft_add_key(&draft, "local:/ods/RZZ:C000002");
	appended = append_alone(suite, &draft);
	assert_int_equal(appended.outcome, STORE_REJECTED);
	assert_int_equal(appended.reason, BATON_IDENTITY_CONFLICT);
}

static void
store_append_conflict_leaves_no_trace(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;
	int64_t child;

	(void)store_append_numbered(suite->store, 1, 1);
	(void)store_append_numbered(suite->store, 2, 2);
	store_draft_fill(&draft, 3, 1);
	store_draft_add_key(&draft, "nhs_number:9990000018");
	store_draft_add_key(&draft, "local:/ods/RZZ:C000002");
	(void)append_alone(suite, &draft);
	assert_int_equal(store_find_child(suite->reader,
					  "nhs_number:9990000018", &child,
					  &suite->error),
			 BATON_NOT_FOUND);
	assert_int_equal(figures(suite).last_sequence, 2);
}

static void
store_append_goes_on_after_a_rejection(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	begin(suite);
	(void)append(suite, &draft);
	draft.body[0] ^= 1;
	assert_int_equal(append(suite, &draft).outcome, STORE_REJECTED);
	store_draft_fill(&draft, 2, 1);
	assert_int_equal(append(suite, &draft).sequence, 2);
	commit(suite);
	assert_int_equal(count_range(suite, &whole), 2);
}

static void
store_append_refuses_an_id_too_long_for_a_record(void **state)
{
	struct suite *suite = *state;
	struct store_appended appended;
	struct store_draft draft;
	char id[BATON_EVENT_ID_MAX + 2];

	memset(id, 'a', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	store_draft_fill(&draft, 1, 1);
	draft.event.id = id;
	begin(suite);
	assert_int_equal(store_append(suite->store, &draft.event, &appended,
				      &suite->error),
			 BATON_INVALID);
	commit(suite);
}

static void
store_append_takes_an_empty_body(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	draft.event.event.data = NULL;
	draft.event.event.len = 0;
	assert_int_equal(append_alone(suite, &draft).outcome, STORE_ACCEPTED);
	assert_int_equal(append_alone(suite, &draft).outcome, STORE_DUPLICATE);
	assert_int_equal(count_range(suite, &whole), 1);
}

/* ---- transactions ---- */

static void
store_rollback_leaves_no_trace(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;
	int64_t child;

	store_draft_fill(&draft, 1, 1);
	begin(suite);
	(void)append(suite, &draft);
	store_rollback(suite->store);
	assert_int_equal(figures(suite).events, 0);
	assert_int_equal(store_find_child(suite->reader,
					  "local:/ods/RZZ:C000001", &child,
					  &suite->error),
			 BATON_NOT_FOUND);
}

static void
store_append_after_rollback_is_accepted_again(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	begin(suite);
	(void)append(suite, &draft);
	store_rollback(suite->store);
	assert_int_equal(append_alone(suite, &draft).outcome, STORE_ACCEPTED);
}

static void
store_rollback_restores_subscriptions_and_lanes(void **state)
{
	struct suite *suite = *state;
	struct store_subscription kept = subscribe(suite, "kept");
	struct store_lane lane = {.subscription = kept.id, .behind = true};

	(void)store_append_numbered(suite->store, 1, 1);
	lane.child = child_of(suite, "local:/ods/RZZ:C000001");
	put_lane(suite, &lane);
	begin(suite);
	assert_ok(suite, store_subscription_drop(suite->store, kept.id,
						 &suite->error));
	store_rollback(suite->store);
	assert_int_equal(count_subscriptions(suite), 1);
	assert_int_equal(count_lanes(suite, kept.id), 1);
}

static void
store_write_outside_of_transaction_is_refused(void **state)
{
	struct suite *suite = *state;
	struct store_appended appended;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	assert_int_equal(store_append(suite->store, &draft.event, &appended,
				      &suite->error),
			 BATON_INTERNAL);
	assert_int_equal(figures(suite).events, 0);
}

static void
store_begin_within_transaction_is_refused(void **state)
{
	struct suite *suite = *state;

	begin(suite);
	assert_int_equal(store_begin(suite->store, &suite->error),
			 BATON_INTERNAL);
	store_rollback(suite->store);
}

static void
store_reader_sees_only_what_is_committed(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	begin(suite);
	(void)append(suite, &draft);
	assert_int_equal(count_range(suite, &whole), 0);
	commit(suite);
	assert_int_equal(count_range(suite, &whole), 1);
}

static void
store_probe_changes_no_figures(void **state)
{
	struct suite *suite = *state;

	(void)store_append_numbered(suite->store, 1, 1);
	assert_ok(suite, store_probe(suite->store, &suite->error));
	assert_int_equal(figures(suite).last_sequence, 1);
}

static void
store_reopen_keeps_what_is_committed(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	(void)store_append_numbered(suite->store, 1, 1);
	store_draft_fill(&draft, 2, 1);
	begin(suite);
	(void)append(suite, &draft);
	assert_ok(suite, store_reopen(suite->store, &suite->error));
	assert_int_equal(count_range(suite, &whole), 1);
	assert_int_equal(store_append_numbered(suite->store, 3, 1), 2);
}

/* ---- reading ---- */

static void
store_read_gives_back_every_field(void **state)
{
	struct suite *suite = *state;
	const struct record *record;
	struct store_draft draft;
	size_t count;

	store_draft_fill(&draft, 9, 1);
	draft.event.family = 102;
	draft.event.action = 3;
	draft.event.occurred_at_ms = -5;
	(void)append_alone(suite, &draft);
	assert_ok(suite, store_read(suite->reader,
				    &(struct store_range){.max_records = 1},
				    &record, &count, &suite->error));
	assert_int_equal(count, 1);
	assert_int_equal(record->sequence, 1);
	assert_int_equal(record->child,
			 child_of(suite, "local:/ods/RZZ:C000001"));
	assert_int_equal(record->family, 102);
	assert_int_equal(record->action, 3);
	assert_true(record->occurred_at_ms == -5);
	assert_true(record->accepted_at_ms == draft.event.accepted_at_ms);
	assert_string_equal(record->partner, "trust");
	assert_string_equal(record->source, "/ods/RZZ");
	assert_string_equal(record->id, draft.id);
	assert_int_equal(record->event.len, 64);
	assert_memory_equal(record->event.data, draft.body, 64);
	record_unref(record);
}

static void
store_read_keeps_to_after_and_to(void **state)
{
	struct suite *suite = *state;
	struct store_range range = whole;
	uint64_t seen[ROOM];
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, 1);
	range.after = 1;
	range.to = 4;
	assert_int_equal(sequences(suite, &range, seen), 3);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[2], 4);
}

static void
store_read_of_one_child_leaves_others_out(void **state)
{
	struct suite *suite = *state;
	struct store_range range = whole;
	uint64_t seen[ROOM];
	uint64_t i;

	for (i = 1; i <= 6; i++)
		(void)store_append_numbered(suite->store, i, i % 2);
	range.child = child_of(suite, "local:/ods/RZZ:C000000");
	range.after = 2;
	assert_int_equal(sequences(suite, &range, seen), 2);
	assert_int_equal(seen[0], 4);
	assert_int_equal(seen[1], 6);
}

static void
store_read_stops_at_max_records(void **state)
{
	struct suite *suite = *state;
	struct store_range range = whole;
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, 1);
	range.max_records = 2;
	assert_int_equal(count_range(suite, &range), 2);
}

static void
store_read_stops_at_max_bytes(void **state)
{
	struct suite *suite = *state;
	struct store_range range = whole;
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, 1);
	range.max_bytes = 3 * 64 + 63;
	assert_int_equal(count_range(suite, &range), 3);
}

static void
store_read_gives_one_record_however_large(void **state)
{
	struct suite *suite = *state;
	struct store_range range = whole;

	(void)store_append_numbered(suite->store, 1, 1);
	range.max_bytes = 1;
	assert_int_equal(count_range(suite, &range), 1);
}

static void
store_read_heads_agrees_with_read(void **state)
{
	struct suite *suite = *state;
	struct store_head heads[ROOM];
	uint64_t seen[ROOM];
	size_t count;
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, i);
	assert_int_equal(sequences(suite, &whole, seen), 5);
	assert_ok(suite, store_read_heads(suite->reader, &whole, heads, &count,
					  &suite->error));
	assert_int_equal(count, 5);
	for (i = 0; i < 5; i++) {
		assert_int_equal(heads[i].sequence, seen[i]);
		assert_int_equal(heads[i].bytes, 64);
		assert_int_equal(heads[i].family, CONTRACT_FAMILY_MIN);
		assert_string_equal(heads[i].source, "/ods/RZZ");
		assert_true(heads[i].child > 0);
	}
}

static void
store_find_time_gives_first_sequence_at_or_after(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;
	uint64_t sequence;
	/* The third clock jumped back: it never hides the second. */
	const int64_t times[] = {1000, 3000, 2000, 4000};
	size_t i;

	for (i = 0; i < 4; i++) {
		store_draft_fill(&draft, i, 1);
		draft.event.accepted_at_ms = times[i];
		(void)append_alone(suite, &draft);
	}
	assert_ok(suite, store_find_time(suite->reader, 1001, &sequence,
					 &suite->error));
	assert_int_equal(sequence, 2);
	assert_ok(suite, store_find_time(suite->reader, 3001, &sequence,
					 &suite->error));
	assert_int_equal(sequence, 4);
	assert_ok(suite, store_find_time(suite->reader, 4001, &sequence,
					 &suite->error));
	assert_int_equal(sequence, 5);
}

static void
store_find_child_of_unknown_key_is_not_found(void **state)
{
	struct suite *suite = *state;
	int64_t child;

	assert_int_equal(store_find_child(suite->reader,
					  "nhs_number:9990000018", &child,
					  &suite->error),
			 BATON_NOT_FOUND);
}

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
	copy(put.filter.sources[0], "/ods/RZZ");
	copy(put.filter.sources[1], "/la/887");
	put.filter.sources_count = 2;
	copy(put.filter.child_key, "local:/ods/RZZ:C000001");
	put.filter.child = child_of(suite, put.filter.child_key);
	begin(suite);
	assert_ok(suite,
		  store_subscription_put(suite->store, &put, &suite->error));
	commit(suite);
	assert_ok(suite, store_read_subscriptions(suite->reader, &list, &count,
						  &suite->error));
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

	copy(put.filter.sources[0], "/ods/RZZ");
	put.filter.sources_count = 1;
	begin(suite);
	assert_ok(suite,
		  store_subscription_put(suite->store, &put, &suite->error));
	copy(put.filter.sources[0], "/la/887");
	assert_ok(suite,
		  store_subscription_put(suite->store, &put, &suite->error));
	commit(suite);
	assert_ok(suite, store_read_subscriptions(suite->reader, &list, &count,
						  &suite->error));
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

	(void)subscribe(suite, "cases");
	begin(suite);
	assert_int_equal(
		store_subscription_put(suite->store, &again, &suite->error),
		BATON_EXISTS);
	commit(suite);
	assert_int_equal(count_subscriptions(suite), 1);
}

static void
store_subscription_id_is_not_used_again(void **state)
{
	struct suite *suite = *state;
	int64_t first = subscribe(suite, "cases").id;

	begin(suite);
	assert_ok(suite,
		  store_subscription_drop(suite->store, first, &suite->error));
	commit(suite);
	assert_true(subscribe(suite, "cases").id > first);
}

static void
store_subscription_unknown_is_not_found(void **state)
{
	struct suite *suite = *state;
	struct store_subscription unknown = {
		.id = 99, .partner = "council", .name = "cases"};

	begin(suite);
	assert_int_equal(
		store_subscription_put(suite->store, &unknown, &suite->error),
		BATON_NOT_FOUND);
	assert_int_equal(store_position_set(suite->store, 99, 1, &suite->error),
			 BATON_NOT_FOUND);
	assert_int_equal(
		store_subscription_drop(suite->store, 99, &suite->error),
		BATON_NOT_FOUND);
	commit(suite);
}

static void
store_subscription_filter_needs_a_known_child(void **state)
{
	struct suite *suite = *state;
	struct store_subscription unknown = {.partner = "council",
					     .name = "cases"};

	unknown.filter.child = 42;
	begin(suite);
	assert_int_equal(
		store_subscription_put(suite->store, &unknown, &suite->error),
		BATON_NOT_FOUND);
	commit(suite);
}

/* ---- lanes ---- */

static void
store_lane_reads_back_as_put(void **state)
{
	struct suite *suite = *state;
	struct store_lane lane = {
		.subscription = subscribe(suite, "cases").id,
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
	lane.child = child_of(suite, "local:/ods/RZZ:C000001");
	put_lane(suite, &lane);
	assert_ok(suite, store_read_lanes(suite->reader, lane.subscription,
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
	begin(suite);
	assert_int_equal(store_lane_put(suite->store, &lane, &suite->error),
			 BATON_NOT_FOUND);
	commit(suite);
}

/* One lane each: overtaken, ahead, behind, parked. */
static int64_t
put_four_lanes(struct suite *suite)
{
	struct store_lane lane = {
		.subscription = subscribe(suite, "cases").id,
	};
	uint64_t i;

	for (i = 1; i <= 4; i++)
		(void)store_append_numbered(suite->store, i, i);
	lane.settled_to = 3;
	lane.child = child_of(suite, "local:/ods/RZZ:C000001");
	put_lane(suite, &lane);
	lane.settled_to = 4;
	lane.child = child_of(suite, "local:/ods/RZZ:C000002");
	put_lane(suite, &lane);
	lane.settled_to = 1;
	lane.behind = true;
	lane.child = child_of(suite, "local:/ods/RZZ:C000003");
	put_lane(suite, &lane);
	lane.behind = false;
	lane.state = STORE_LANE_PARKED;
	lane.held_sequence = 4;
	lane.child = child_of(suite, "local:/ods/RZZ:C000004");
	put_lane(suite, &lane);
	return lane.subscription;
}

static void
store_position_set_removes_only_overtaken_lanes(void **state)
{
	struct suite *suite = *state;
	int64_t subscription = put_four_lanes(suite);
	struct store_lane *list;
	size_t count;

	set_position(suite, subscription, 3);
	assert_ok(suite, store_read_lanes(suite->reader, subscription, &list,
					  &count, &suite->error));
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

	begin(suite);
	assert_ok(suite,
		  store_lane_drop(suite->store, subscription,
				  child_of(suite, "local:/ods/RZZ:C000002"),
				  &suite->error));
	commit(suite);
	assert_int_equal(count_lanes(suite, subscription), 3);
}

static void
store_lanes_drop_removes_all_of_a_subscription(void **state)
{
	struct suite *suite = *state;
	int64_t subscription = put_four_lanes(suite);
	struct store_lane other = {
		.subscription = subscribe(suite, "others").id,
		.child = child_of(suite, "local:/ods/RZZ:C000001"),
	};

	put_lane(suite, &other);
	begin(suite);
	assert_ok(suite,
		  store_lanes_drop(suite->store, subscription, &suite->error));
	commit(suite);
	assert_int_equal(count_lanes(suite, subscription), 0);
	assert_int_equal(count_lanes(suite, other.subscription), 1);
}

static void
store_subscription_drop_takes_its_lanes(void **state)
{
	struct suite *suite = *state;
	int64_t subscription = put_four_lanes(suite);

	begin(suite);
	assert_ok(suite, store_subscription_drop(suite->store, subscription,
						 &suite->error));
	commit(suite);
	assert_int_equal(count_lanes(suite, subscription), 0);
}

/* ---- threads, size ---- */

#define STREAM_EVENTS 500

/* What the reading thread found; looked at on the test's thread only. */
struct stream {
	struct store_reader *reader;
	uint64_t last;
	bool gap;
	baton_err err;
};

static void *
read_stream(void *context)
{
	struct stream *stream = context;
	const struct record *records[16];
	struct store_range range = {.max_records = 16, .max_bytes = SIZE_MAX};
	size_t count;
	size_t i;

	while (stream->last < STREAM_EVENTS && stream->err == BATON_OK) {
		range.after = stream->last;
		stream->err = store_read(stream->reader, &range, records,
					 &count, NULL);
		for (i = 0; i < count; i++) {
			if (records[i]->sequence != stream->last + 1)
				stream->gap = true;
			stream->last = records[i]->sequence;
			record_unref(records[i]);
		}
	}
	return NULL;
}

static void
store_reader_on_another_thread_sees_all_in_order(void **state)
{
	struct suite *suite = *state;
	struct stream stream = {.reader = suite->reader};
	pthread_t thread;
	uint64_t i;

	assert_int_equal(pthread_create(&thread, NULL, read_stream, &stream),
			 0);
	for (i = 1; i <= STREAM_EVENTS; i++)
		(void)store_append_numbered(suite->store, i, i % 7);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(stream.err, BATON_OK);
	assert_false(stream.gap);
	assert_int_equal(stream.last, STREAM_EVENTS);
}

/* ---- the list ---- */

#define CASE(name)                                                             \
	{                                                                      \
#name, name, setup, teardown, NULL                             \
	}

static const struct CMUnitTest cases[] = {
	CASE(store_append_gives_rising_sequences_from_1),
	CASE(store_append_gives_the_record_it_wrote),
	CASE(store_append_repeat_answers_duplicate_with_first_sequence),
	CASE(store_append_repeat_within_transaction_is_duplicate),
	CASE(store_append_other_bytes_under_one_id_are_rejected),
	CASE(store_append_one_id_of_two_sources_is_two_events),
	CASE(store_append_unknown_identifier_becomes_alias),
	CASE(store_append_two_known_children_are_a_conflict),
	CASE(store_append_conflict_leaves_no_trace),
	CASE(store_append_goes_on_after_a_rejection),
	CASE(store_append_refuses_an_id_too_long_for_a_record),
	CASE(store_append_takes_an_empty_body),
	CASE(store_rollback_leaves_no_trace),
	CASE(store_append_after_rollback_is_accepted_again),
	CASE(store_rollback_restores_subscriptions_and_lanes),
	CASE(store_write_outside_of_transaction_is_refused),
	CASE(store_begin_within_transaction_is_refused),
	CASE(store_reader_sees_only_what_is_committed),
	CASE(store_probe_changes_no_figures),
	CASE(store_reopen_keeps_what_is_committed),
	CASE(store_read_gives_back_every_field),
	CASE(store_read_keeps_to_after_and_to),
	CASE(store_read_of_one_child_leaves_others_out),
	CASE(store_read_stops_at_max_records),
	CASE(store_read_stops_at_max_bytes),
	CASE(store_read_gives_one_record_however_large),
	CASE(store_read_heads_agrees_with_read),
	CASE(store_find_time_gives_first_sequence_at_or_after),
	CASE(store_find_child_of_unknown_key_is_not_found),
	CASE(store_subscription_reads_back_as_put),
	CASE(store_subscription_put_replaces_filter_whole),
	CASE(store_subscription_of_same_name_exists),
	CASE(store_subscription_id_is_not_used_again),
	CASE(store_subscription_unknown_is_not_found),
	CASE(store_subscription_filter_needs_a_known_child),
	CASE(store_lane_reads_back_as_put),
	CASE(store_lane_of_unknown_subscription_is_not_found),
	CASE(store_position_set_removes_only_overtaken_lanes),
	CASE(store_lane_drop_removes_one),
	CASE(store_lanes_drop_removes_all_of_a_subscription),
	CASE(store_subscription_drop_takes_its_lanes),
	CASE(store_reader_on_another_thread_sees_all_in_order),
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

int
store_suite_run(const char *name, store_suite_open_fn open)
{
	struct suite_target target = {.open = open};
	struct CMUnitTest tests[CASES];
	size_t i;

	for (i = 0; i < CASES; i++) {
		tests[i] = cases[i];
		tests[i].initial_state = &target;
	}
	return _cmocka_run_group_tests(name, tests, CASES, NULL, NULL);
}
