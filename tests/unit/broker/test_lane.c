/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/lane.h"

#include <cmocka.h>

static void
lane_move_outside_the_table_ends_the_process(void **state)
{
	struct lane *lane = lane_new(1, 0);
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(lane);
	pid = fork();
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		lane_move(lane, LANE_PARKED);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
	lane_free(lane);
}

static void
lane_gives_its_events_in_order(void **state)
{
	struct lane *lane = lane_new(1, 0);

	(void)state;
	assert_non_null(lane);
	for (uint64_t sequence = 1; sequence <= 3; sequence++) {
		struct head *head = calloc(1, sizeof(*head));

		assert_non_null(head);
		head->sequence = sequence;
		lane_append(lane, head);
	}
	for (uint64_t sequence = 1; sequence <= 3; sequence++) {
		assert_int_equal(lane->first->sequence, sequence);
		lane_pop(lane);
	}
	assert_null(lane->first);
	lane_free(lane);
}

static void
lane_index_finds_what_is_in_it_and_nothing_else(void **state)
{
	enum { KEYS = 1000 };
	struct lane_index index = {NULL, 0, 0};
	struct lane *lanes[KEYS];

	(void)state;
	for (uint64_t key = 0; key < KEYS; key++) {
		lanes[key] = lane_new((int64_t)key, 0);
		assert_non_null(lanes[key]);
		assert_int_equal(lane_index_reserve(&index, key + 1), BATON_OK);
		lane_index_put(&index, key * 7, lanes[key]);
	}
	for (uint64_t key = 0; key < KEYS; key += 3) {
		lane_index_remove(&index, key * 7);
	}
	for (uint64_t key = 0; key < KEYS; key++) {
		assert_ptr_equal(lane_index_get(&index, key * 7),
				 key % 3 == 0 ? NULL : lanes[key]);
	}
	for (uint64_t key = 0; key < KEYS; key++) {
		lane_free(lanes[key]);
	}
	lane_index_fini(&index);
}

static void
heap_gives_the_smallest_key_first(void **state)
{
	enum { NODES = 500 };
	struct heap heap = {NULL, 0, 0};
	struct heap_node nodes[NODES];
	uint64_t random = 42;
	uint64_t last = 0;

	(void)state;
	assert_int_equal(heap_reserve(&heap, NODES), BATON_OK);
	for (size_t i = 0; i < NODES; i++) {
		random = random * UINT64_C(6364136223846793005) + 1;
		nodes[i].place = 0;
		heap_put(&heap, &nodes[i], random >> 33);
	}
	for (size_t i = 0; i < NODES; i += 2) {
		heap_remove(&heap, &nodes[i]);
	}
	for (size_t i = 0; i < NODES / 2; i++) {
		struct heap_node *first = heap_first(&heap);

		assert_true(first->key >= last);
		last = first->key;
		heap_remove(&heap, first);
	}
	assert_null(heap_first(&heap));
	heap_fini(&heap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lane_move_outside_the_table_ends_the_process),
		cmocka_unit_test(lane_gives_its_events_in_order),
		cmocka_unit_test(
			lane_index_finds_what_is_in_it_and_nothing_else),
		cmocka_unit_test(heap_gives_the_smallest_key_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
