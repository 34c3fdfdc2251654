/* SPDX-License-Identifier: MIT */
#include "tests/unit/broker/store_suite_cases.h"

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
	suite_begin(suite);
	suite_assert_ok(suite, store_append(suite->store, &draft.event,
					    &appended, &suite->error));
	suite_commit(suite);
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
	(void)suite_append_alone(suite, &draft);
	(void)store_append_numbered(suite->store, 2, 1);
	/* Another time of acceptance does not make it another event. */
	draft.event.accepted_at_ms += 5000;
	again = suite_append_alone(suite, &draft);
	assert_int_equal(again.outcome, STORE_DUPLICATE);
	assert_int_equal(again.sequence, 1);
	assert_int_equal(suite_figures(suite).events, 2);
}

static void
store_append_repeat_within_transaction_is_duplicate(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	suite_begin(suite);
	assert_int_equal(suite_append(suite, &draft).outcome, STORE_ACCEPTED);
	assert_int_equal(suite_append(suite, &draft).outcome, STORE_DUPLICATE);
	suite_commit(suite);
}

static void
store_append_other_bytes_under_one_id_are_rejected(void **state)
{
	struct suite *suite = *state;
	struct store_appended again;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	(void)suite_append_alone(suite, &draft);
	draft.body[63] ^= 1;
	again = suite_append_alone(suite, &draft);
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
	(void)suite_append_alone(suite, &draft);
	draft.event.source = "/la/887";
	assert_int_equal(suite_append_alone(suite, &draft).outcome,
			 STORE_ACCEPTED);
}

static void
store_append_unknown_identifier_becomes_alias(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	(void)suite_append_alone(suite, &draft);
	store_draft_fill(&draft, 2, 1);
	store_draft_add_key(&draft, "nhs_number:9990000018");
	(void)suite_append_alone(suite, &draft);
	assert_int_equal(suite_child_of(suite, "nhs_number:9990000018"),
			 suite_child_of(suite, "local:/ods/RZZ:C000001"));
	assert_int_equal(suite_figures(suite).children, 1);
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
	appended = suite_append_alone(suite, &draft);
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
	(void)suite_append_alone(suite, &draft);
	assert_int_equal(store_find_child(suite->reader,
					  "nhs_number:9990000018", &child,
					  &suite->error),
			 BATON_NOT_FOUND);
	assert_int_equal(suite_figures(suite).last_sequence, 2);
}

static void
store_append_goes_on_after_a_rejection(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	suite_begin(suite);
	(void)suite_append(suite, &draft);
	draft.body[0] ^= 1;
	assert_int_equal(suite_append(suite, &draft).outcome, STORE_REJECTED);
	store_draft_fill(&draft, 2, 1);
	assert_int_equal(suite_append(suite, &draft).sequence, 2);
	suite_commit(suite);
	assert_int_equal(suite_count_range(suite, &suite_whole), 2);
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
	suite_begin(suite);
	assert_int_equal(store_append(suite->store, &draft.event, &appended,
				      &suite->error),
			 BATON_INVALID);
	suite_commit(suite);
}

static void
store_append_takes_an_empty_body(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	draft.event.event.data = NULL;
	draft.event.event.len = 0;
	assert_int_equal(suite_append_alone(suite, &draft).outcome,
			 STORE_ACCEPTED);
	assert_int_equal(suite_append_alone(suite, &draft).outcome,
			 STORE_DUPLICATE);
	assert_int_equal(suite_count_range(suite, &suite_whole), 1);
}

/* ---- transactions ---- */

static void
store_rollback_leaves_no_trace(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;
	int64_t child;

	store_draft_fill(&draft, 1, 1);
	suite_begin(suite);
	(void)suite_append(suite, &draft);
	store_rollback(suite->store);
	assert_int_equal(suite_figures(suite).events, 0);
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
	suite_begin(suite);
	(void)suite_append(suite, &draft);
	store_rollback(suite->store);
	assert_int_equal(suite_append_alone(suite, &draft).outcome,
			 STORE_ACCEPTED);
}

static void
store_rollback_forgets_what_was_appended_first(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	store_draft_fill(&draft, 1, 1);
	suite_begin(suite);
	(void)suite_append(suite, &draft);
	store_rollback(suite->store);
	(void)store_append_numbered(suite->store, 2, 2);
	assert_int_equal(suite_append_alone(suite, &draft).outcome,
			 STORE_ACCEPTED);
}

static void
store_rollback_restores_subscriptions_and_lanes(void **state)
{
	struct suite *suite = *state;
	struct store_subscription kept = suite_subscribe(suite, "kept");
	struct store_lane lane = {.subscription = kept.id, .behind = true};

	(void)store_append_numbered(suite->store, 1, 1);
	lane.child = suite_child_of(suite, "local:/ods/RZZ:C000001");
	suite_put_lane(suite, &lane);
	suite_begin(suite);
	suite_assert_ok(suite, store_subscription_drop(suite->store, kept.id,
						       &suite->error));
	store_rollback(suite->store);
	assert_int_equal(suite_count_subscriptions(suite), 1);
	assert_int_equal(suite_count_lanes(suite, kept.id), 1);
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
	assert_int_equal(suite_figures(suite).events, 0);
}

static void
store_begin_within_transaction_is_refused(void **state)
{
	struct suite *suite = *state;

	suite_begin(suite);
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
	suite_begin(suite);
	(void)suite_append(suite, &draft);
	assert_int_equal(suite_count_range(suite, &suite_whole), 0);
	suite_commit(suite);
	assert_int_equal(suite_count_range(suite, &suite_whole), 1);
}

static void
store_probe_changes_no_figures(void **state)
{
	struct suite *suite = *state;

	(void)store_append_numbered(suite->store, 1, 1);
	suite_assert_ok(suite, store_probe(suite->store, &suite->error));
	assert_int_equal(suite_figures(suite).last_sequence, 1);
}

static void
store_reopen_keeps_what_is_committed(void **state)
{
	struct suite *suite = *state;
	struct store_draft draft;

	(void)store_append_numbered(suite->store, 1, 1);
	store_draft_fill(&draft, 2, 1);
	suite_begin(suite);
	(void)suite_append(suite, &draft);
	suite_assert_ok(suite, store_reopen(suite->store, &suite->error));
	assert_int_equal(suite_count_range(suite, &suite_whole), 1);
	assert_int_equal(store_append_numbered(suite->store, 3, 1), 2);
}

const struct CMUnitTest suite_cases_append[] = {
	SUITE_CASE(store_append_gives_rising_sequences_from_1),
	SUITE_CASE(store_append_gives_the_record_it_wrote),
	SUITE_CASE(store_append_repeat_answers_duplicate_with_first_sequence),
	SUITE_CASE(store_append_repeat_within_transaction_is_duplicate),
	SUITE_CASE(store_append_other_bytes_under_one_id_are_rejected),
	SUITE_CASE(store_append_one_id_of_two_sources_is_two_events),
	SUITE_CASE(store_append_unknown_identifier_becomes_alias),
	SUITE_CASE(store_append_two_known_children_are_a_conflict),
	SUITE_CASE(store_append_conflict_leaves_no_trace),
	SUITE_CASE(store_append_goes_on_after_a_rejection),
	SUITE_CASE(store_append_refuses_an_id_too_long_for_a_record),
	SUITE_CASE(store_append_takes_an_empty_body),
	SUITE_CASE(store_rollback_leaves_no_trace),
	SUITE_CASE(store_append_after_rollback_is_accepted_again),
	SUITE_CASE(store_rollback_forgets_what_was_appended_first),
	SUITE_CASE(store_rollback_restores_subscriptions_and_lanes),
	SUITE_CASE(store_write_outside_of_transaction_is_refused),
	SUITE_CASE(store_begin_within_transaction_is_refused),
	SUITE_CASE(store_reader_sees_only_what_is_committed),
	SUITE_CASE(store_probe_changes_no_figures),
	SUITE_CASE(store_reopen_keeps_what_is_committed),
};

const size_t suite_cases_append_count =
	sizeof(suite_cases_append) / sizeof(suite_cases_append[0]);
