/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "tests/unit/broker/store_suite_cases.h"

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
	(void)suite_append_alone(suite, &draft);
	suite_assert_ok(suite,
			store_read(suite->reader,
				   &(struct store_range){.max_records = 1},
				   &record, &count, &suite->error));
	assert_int_equal(count, 1);
	assert_int_equal(record->sequence, 1);
	assert_int_equal(record->child,
			 suite_child_of(suite, "local:/ods/RZZ:C000001"));
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
	struct store_range range = suite_whole;
	uint64_t seen[SUITE_ROOM];
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, 1);
	range.after = 1;
	range.to = 4;
	assert_int_equal(suite_sequences(suite, &range, seen), 3);
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[2], 4);
}

static void
store_read_of_one_child_leaves_others_out(void **state)
{
	struct suite *suite = *state;
	struct store_range range = suite_whole;
	uint64_t seen[SUITE_ROOM];
	uint64_t i;

	for (i = 1; i <= 6; i++)
		(void)store_append_numbered(suite->store, i, i % 2);
	range.child = suite_child_of(suite, "local:/ods/RZZ:C000000");
	range.after = 2;
	assert_int_equal(suite_sequences(suite, &range, seen), 2);
	assert_int_equal(seen[0], 4);
	assert_int_equal(seen[1], 6);
}

static void
store_read_stops_at_max_records(void **state)
{
	struct suite *suite = *state;
	struct store_range range = suite_whole;
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, 1);
	range.max_records = 2;
	assert_int_equal(suite_count_range(suite, &range), 2);
}

static void
store_read_stops_at_max_bytes(void **state)
{
	struct suite *suite = *state;
	struct store_range range = suite_whole;
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, 1);
	range.max_bytes = 3 * 64 + 63;
	assert_int_equal(suite_count_range(suite, &range), 3);
}

static void
store_read_gives_one_record_however_large(void **state)
{
	struct suite *suite = *state;
	struct store_range range = suite_whole;

	(void)store_append_numbered(suite->store, 1, 1);
	range.max_bytes = 1;
	assert_int_equal(suite_count_range(suite, &range), 1);
}

static void
store_read_heads_agrees_with_read(void **state)
{
	struct suite *suite = *state;
	struct store_head heads[SUITE_ROOM];
	uint64_t seen[SUITE_ROOM];
	size_t count;
	uint64_t i;

	for (i = 1; i <= 5; i++)
		(void)store_append_numbered(suite->store, i, i);
	assert_int_equal(suite_sequences(suite, &suite_whole, seen), 5);
	suite_assert_ok(suite, store_read_heads(suite->reader, &suite_whole,
						heads, &count, &suite->error));
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
		(void)suite_append_alone(suite, &draft);
	}
	suite_assert_ok(suite, store_find_time(suite->reader, 1001, &sequence,
					       &suite->error));
	assert_int_equal(sequence, 2);
	suite_assert_ok(suite, store_find_time(suite->reader, 3001, &sequence,
					       &suite->error));
	assert_int_equal(sequence, 4);
	suite_assert_ok(suite, store_find_time(suite->reader, 4001, &sequence,
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

const struct CMUnitTest suite_cases_read[] = {
	SUITE_CASE(store_read_gives_back_every_field),
	SUITE_CASE(store_read_keeps_to_after_and_to),
	SUITE_CASE(store_read_of_one_child_leaves_others_out),
	SUITE_CASE(store_read_stops_at_max_records),
	SUITE_CASE(store_read_stops_at_max_bytes),
	SUITE_CASE(store_read_gives_one_record_however_large),
	SUITE_CASE(store_read_heads_agrees_with_read),
	SUITE_CASE(store_find_time_gives_first_sequence_at_or_after),
	SUITE_CASE(store_find_child_of_unknown_key_is_not_found),
	SUITE_CASE(store_reader_on_another_thread_sees_all_in_order),
};

const size_t suite_cases_read_count =
	sizeof(suite_cases_read) / sizeof(suite_cases_read[0]);
