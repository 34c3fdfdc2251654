/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "broker/tail.h"

#include <cmocka.h>

#define BODY_BYTES 100
/* What one of this file's records counts. */
#define COST (sizeof(struct record) + BODY_BYTES)

static struct tail *
make(size_t records)
{
	struct tail *tail;

	assert_int_equal(tail_new(records * COST, &tail), BATON_OK);
	return tail;
}

/* Not on the test's thread too, so it asserts nothing. */
static void
push(struct tail *tail, uint64_t sequence)
{
	static const uint8_t body[BODY_BYTES];
	struct record from = {
		.sequence = sequence,
		.event = {.data = body, .len = BODY_BYTES},
	};
	const struct record *record = record_new(&from);

	tail_push(tail, record);
	record_unref(record);
}

static bool
holds(struct tail *tail, uint64_t sequence)
{
	const struct record *record = tail_get(tail, sequence);
	bool held = record != NULL && record->sequence == sequence;

	record_unref(record);
	return held;
}

static void
tail_get_gives_what_was_pushed(void **state)
{
	struct tail *tail = make(4);

	(void)state;
	push(tail, 1);
	push(tail, 2);
	assert_true(holds(tail, 1));
	assert_true(holds(tail, 2));
	assert_false(holds(tail, 3));
	tail_free(tail);
}

static void
tail_of_nothing_gives_nothing(void **state)
{
	struct tail *tail = make(4);

	(void)state;
	assert_false(holds(tail, 0));
	assert_false(holds(tail, 1));
	tail_free(tail);
}

static void
tail_drops_the_oldest_beyond_its_bytes(void **state)
{
	struct tail *tail = make(3);
	uint64_t i;

	(void)state;
	for (i = 1; i <= 10; i++)
		push(tail, i);
	assert_false(holds(tail, 7));
	assert_true(holds(tail, 8));
	assert_true(holds(tail, 10));
	tail_free(tail);
}

static void
tail_starts_at_any_sequence(void **state)
{
	struct tail *tail = make(3);

	(void)state;
	push(tail, UINT64_C(1) << 40);
	assert_true(holds(tail, UINT64_C(1) << 40));
	tail_free(tail);
}

static void
tail_gap_is_a_miss(void **state)
{
	struct tail *tail = make(8);

	(void)state;
	push(tail, 1);
	push(tail, 4);
	assert_true(holds(tail, 1));
	assert_false(holds(tail, 2));
	assert_true(holds(tail, 4));
	tail_free(tail);
}

static void
tail_wide_gap_forgets_what_was_before(void **state)
{
	struct tail *tail = make(4);

	(void)state;
	push(tail, 1);
	push(tail, 1000000);
	push(tail, 1000001);
	assert_false(holds(tail, 1));
	assert_true(holds(tail, 1000000));
	assert_true(holds(tail, 1000001));
	tail_free(tail);
}

static void
tail_ignores_a_sequence_that_does_not_rise(void **state)
{
	struct tail *tail = make(4);

	(void)state;
	push(tail, 5);
	push(tail, 5);
	push(tail, 3);
	assert_true(holds(tail, 5));
	assert_false(holds(tail, 3));
	tail_free(tail);
}

static void
tail_holds_nothing_that_is_larger_than_itself(void **state)
{
	struct tail *tail;

	(void)state;
	assert_int_equal(tail_new(COST - 1, &tail), BATON_OK);
	push(tail, 1);
	assert_false(holds(tail, 1));
	tail_free(tail);
}

static void
tail_record_outlives_its_place(void **state)
{
	struct tail *tail = make(1);
	const struct record *record;

	(void)state;
	push(tail, 1);
	record = tail_get(tail, 1);
	push(tail, 2);
	tail_free(tail);
	assert_int_equal(record->sequence, 1);
	record_unref(record);
}

#define PUSHES 20000

struct chase {
	struct tail *tail;
	_Atomic uint64_t pushed;
	bool mixed_up;
};

static void *
chase(void *context)
{
	struct chase *shared = context;
	const struct record *record;
	uint64_t sequence = 0;

	while (sequence < PUSHES) {
		sequence = atomic_load(&shared->pushed);
		record = tail_get(shared->tail, sequence);
		if (record != NULL && record->sequence != sequence)
			shared->mixed_up = true;
		record_unref(record);
	}
	return NULL;
}

static void
tail_serves_another_thread_while_pushed(void **state)
{
	struct chase shared = {.tail = make(16)};
	pthread_t thread;
	uint64_t i;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, chase, &shared), 0);
	for (i = 1; i <= PUSHES; i++) {
		push(shared.tail, i);
		atomic_store(&shared.pushed, i);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(shared.mixed_up);
	tail_free(shared.tail);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tail_get_gives_what_was_pushed),
		cmocka_unit_test(tail_of_nothing_gives_nothing),
		cmocka_unit_test(tail_drops_the_oldest_beyond_its_bytes),
		cmocka_unit_test(tail_starts_at_any_sequence),
		cmocka_unit_test(tail_gap_is_a_miss),
		cmocka_unit_test(tail_wide_gap_forgets_what_was_before),
		cmocka_unit_test(tail_ignores_a_sequence_that_does_not_rise),
		cmocka_unit_test(tail_holds_nothing_that_is_larger_than_itself),
		cmocka_unit_test(tail_record_outlives_its_place),
		cmocka_unit_test(tail_serves_another_thread_while_pushed),
	};

	return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
