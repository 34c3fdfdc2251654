/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "client/sp.h"

#include <cmocka.h>

static void
sp_greeting_of_a_req_is_known(void **state)
{
	static const uint8_t req[] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};

	(void)state;
	assert_true(sp_greeting_is_req(req));
}

static void
sp_greeting_of_another_protocol_is_refused(void **state)
{
	(void)state;
	assert_false(sp_greeting_is_req(sp_greeting_rep));
}

static void
sp_greeting_of_a_rep_is_known(void **state)
{
	static const uint8_t rep[] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};

	(void)state;
	assert_true(sp_greeting_is_rep(rep));
	assert_false(sp_greeting_is_rep(sp_greeting_req));
}

static void
sp_id_has_the_highest_bit_set(void **state)
{
	static const uint8_t wanted[] = {0x81, 2, 3, 4};
	uint8_t id[SP_ID_BYTES];

	(void)state;
	assert_int_equal(sp_id_write(0x01020304, id), 0x81020304);
	assert_memory_equal(id, wanted, sizeof(id));
}

static void
sp_head_of_ipc_is_read_as_written(void **state)
{
	uint8_t head[SP_HEAD_BYTES];
	uint64_t len;

	(void)state;
	sp_head_write(SP_FRAMING_IPC, 0x0102030405060708, head);
	assert_true(sp_head_read(SP_FRAMING_IPC, head, &len));
	assert_int_equal(len, 0x0102030405060708);
}

static void
sp_head_of_tcp_ends_before_the_body(void **state)
{
	uint8_t head[SP_HEAD_BYTES];
	uint64_t len;

	(void)state;
	sp_head_write(SP_FRAMING_TCP, 300, head);
	assert_true(sp_head_read(
		SP_FRAMING_TCP,
		head + SP_HEAD_BYTES - sp_head_len(SP_FRAMING_TCP), &len));
	assert_int_equal(len, 300);
}

static void
sp_head_of_an_unknown_type_is_refused(void **state)
{
	static const uint8_t head[SP_HEAD_BYTES] = {2, 0, 0, 0, 0, 0, 0, 0, 9};
	uint64_t len;

	(void)state;
	assert_false(sp_head_read(SP_FRAMING_IPC, head, &len));
}

static void
sp_trace_ends_with_the_request_id(void **state)
{
	static const uint8_t bytes[] = {0, 0, 0, 7, 0x80, 0, 0, 1, 0xff};

	(void)state;
	assert_int_equal(sp_trace_len(bytes, sizeof(bytes)), 8);
}

static void
sp_trace_that_is_cut_short_is_refused(void **state)
{
	static const uint8_t bytes[] = {0, 0, 0, 7, 0x80, 0, 0};

	(void)state;
	assert_int_equal(sp_trace_len(bytes, sizeof(bytes)), 0);
}

static void
sp_trace_of_too_many_hops_is_refused(void **state)
{
	uint8_t bytes[SP_TRACE_BYTES + 4] = {0};

	(void)state;
	bytes[SP_TRACE_BYTES] = 0x80;
	assert_int_equal(sp_trace_len(bytes, sizeof(bytes)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sp_greeting_of_a_req_is_known),
		cmocka_unit_test(sp_greeting_of_another_protocol_is_refused),
		cmocka_unit_test(sp_greeting_of_a_rep_is_known),
		cmocka_unit_test(sp_id_has_the_highest_bit_set),
		cmocka_unit_test(sp_head_of_ipc_is_read_as_written),
		cmocka_unit_test(sp_head_of_tcp_ends_before_the_body),
		cmocka_unit_test(sp_head_of_an_unknown_type_is_refused),
		cmocka_unit_test(sp_trace_ends_with_the_request_id),
		cmocka_unit_test(sp_trace_that_is_cut_short_is_refused),
		cmocka_unit_test(sp_trace_of_too_many_hops_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
