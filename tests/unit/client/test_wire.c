/* SPDX-License-Identifier: MIT */
/* Bytes that somebody hostile wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baton/v1/broker.pb-c.h"
#include "client/arena.h"
#include "client/utf8.h"
#include "client/wire_scan.h"
#include "send/v1/event.pb-c.h"

#include <cmocka.h>

/* Unpacks an event and expects an answer. */
static void
expect_event(const char *bytes, size_t len, enum contract_unknown unknown,
	     baton_err code, const char *path)
{
	struct wire_limits limits = wire_event_limits;
	struct baton_span span = {(const uint8_t *)bytes, len};
	struct baton_problem problem = {0};
	ProtobufCMessage *message;
	baton_err err;

	limits.unknown = unknown;
	err = wire_unpack(&send__v1__event__descriptor, span, &limits, &message,
			  &problem);
	assert_string_equal(baton_err_name(err), baton_err_name(code));
	assert_string_equal(problem.path, path);
	assert_int_equal(message == NULL, code != BATON_OK);
	wire_free(message);
}

#define EXPECT(text, code, path)                                               \
	expect_event(text, sizeof(text) - 1, CONTRACT_UNKNOWN_REFUSE, code,    \
		     path)

static void
wire_takes_an_empty_message(void **state)
{
	(void)state;
	expect_event(NULL, 0, CONTRACT_UNKNOWN_REFUSE, BATON_OK, "");
}

static void
wire_refuses_a_tag_cut_short(void **state)
{
	(void)state;
	EXPECT("\x8a", BATON_MALFORMED, "");
}

static void
wire_refuses_a_tag_of_six_bytes(void **state)
{
	(void)state;
	EXPECT("\x8a\x80\x80\x80\x80\x00", BATON_MALFORMED, "");
}

static void
wire_refuses_field_number_zero(void **state)
{
	(void)state;
	EXPECT("\x02\x00", BATON_MALFORMED, "");
}

static void
wire_refuses_groups(void **state)
{
	(void)state;
	EXPECT("\x0b\x0c", BATON_MALFORMED, "id");
	expect_event("\xfb\x01\xfc\x01", 4, CONTRACT_UNKNOWN_TOLERATE,
		     BATON_MALFORMED, "");
}

static void
wire_refuses_wire_types_six_and_seven(void **state)
{
	(void)state;
	EXPECT("\x0e\x00", BATON_MALFORMED, "");
	EXPECT("\x0f\x00", BATON_MALFORMED, "");
}

static void
wire_refuses_a_length_beyond_the_end(void **state)
{
	(void)state;
	EXPECT("\x0a\x03"
	       "ab",
	       BATON_MALFORMED, "id");
	EXPECT("\x0a\xff\xff\xff\xff\x0f", BATON_MALFORMED, "id");
	EXPECT("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", BATON_MALFORMED,
	       "id");
}

static void
wire_refuses_a_length_beyond_its_message(void **state)
{
	(void)state;
	/* source { code: 5 bytes of which the message has 1 }, id. */
	EXPECT("\x12\x03\x12\x05"
	       "A\x0a\x01"
	       "x",
	       BATON_MALFORMED, "source.code");
}

static void
wire_refuses_a_varint_of_eleven_bytes(void **state)
{
	(void)state;
	EXPECT("\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
	       BATON_MALFORMED, "action");
}

static void
wire_refuses_a_varint_beyond_64_bits(void **state)
{
	(void)state;
	EXPECT("\x22\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
	       BATON_MALFORMED, "occurred_at.seconds");
}

static void
wire_refuses_an_enum_that_would_be_cut_to_32_bits(void **state)
{
	(void)state;
	/* 2^32 + 1 would become ACTION_NEW. */
	EXPECT("\x18\x81\x80\x80\x80\x10", BATON_MALFORMED, "action");
}

static void
wire_takes_a_negative_enum_in_ten_bytes(void **state)
{
	(void)state;
	EXPECT("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", BATON_OK, "");
}

static void
wire_refuses_a_bool_that_is_neither(void **state)
{
	(void)state;
	/* panel_decision { mediation_offered: 2 } */
	EXPECT("\xaa\x06\x02\x58\x02", BATON_MALFORMED,
	       "panel_decision.mediation_offered");
}

static void
wire_refuses_another_wire_type(void **state)
{
	(void)state;
	EXPECT("\x08\x01", BATON_MALFORMED, "id");
	EXPECT("\x1a\x01\x01", BATON_MALFORMED, "action");
}

static void
wire_refuses_a_singular_field_twice(void **state)
{
	(void)state;
	EXPECT("\x18\x01\x18\x01", BATON_MALFORMED, "action");
	EXPECT("\x12\x00\x12\x00", BATON_MALFORMED, "source");
}

static void
wire_refuses_two_members_of_a_oneof(void **state)
{
	(void)state;
	EXPECT("\xa2\x06\x00\xba\x06\x00", BATON_MALFORMED, "transition");
}

static void
wire_takes_a_list_packed_and_unpacked(void **state)
{
	/* transition { changes: packed 1 and 2, then 3, then 4 } */
	static const char bytes[] =
		"\xba\x06\x08\x32\x02\x01\x02\x30\x03\x30\x04";
	struct baton_span span = {(const uint8_t *)bytes, sizeof(bytes) - 1};
	const Send__V1__Transition *transition;
	ProtobufCMessage *message;

	(void)state;
	assert_int_equal(wire_unpack(&send__v1__event__descriptor, span,
				     &wire_event_limits, &message, NULL),
			 BATON_OK);
	transition = ((Send__V1__Event *)message)->transition;
	assert_int_equal(transition->n_changes, 4);
	assert_int_equal(transition->changes[0], 1);
	assert_int_equal(transition->changes[3], 4);
	wire_free(message);
}

static void
wire_refuses_a_packed_list_cut_short(void **state)
{
	(void)state;
	EXPECT("\xba\x06\x04\x32\x02\x01\x80", BATON_MALFORMED,
	       "transition.changes[1]");
}

static void
wire_refuses_nul_in_text(void **state)
{
	(void)state;
	EXPECT("\x0a\x03"
	       "a\0b",
	       BATON_TEXT_INVALID, "id");
}

static void
wire_refuses_bad_utf8(void **state)
{
	(void)state;
	EXPECT("\x0a\x02\xc3\x28", BATON_TEXT_INVALID, "id");
	EXPECT("\x2a\x06\x0a\x04\x12\x02\xc0\x80", BATON_TEXT_INVALID,
	       "child.identifiers[0].value");
}

static void
wire_refuses_an_unknown_field_when_told(void **state)
{
	(void)state;
	EXPECT("\xf8\x01\x01", BATON_FIELD_UNKNOWN, "");
	EXPECT("\x12\x03\xa8\x01\x01", BATON_FIELD_UNKNOWN, "source");
}

static void
wire_drops_unknown_fields_when_told_to_tolerate(void **state)
{
	/* 31: 1, source { scheme: 1, 21: 1, 20: "hi" } */
	static const char bytes[] =
		"\xf8\x01\x01\x12\x0a\x08\x01\xa8\x01\x01\xa2\x01\x02hi";
	struct wire_limits limits = wire_event_limits;
	struct baton_span span = {(const uint8_t *)bytes, sizeof(bytes) - 1};
	ProtobufCMessage *message;

	(void)state;
	limits.unknown = CONTRACT_UNKNOWN_TOLERATE;
	assert_int_equal(wire_unpack(&send__v1__event__descriptor, span,
				     &limits, &message, NULL),
			 BATON_OK);
	/* source { scheme: 1 } is all that is left. */
	assert_int_equal(protobuf_c_message_get_packed_size(message), 4);
	wire_free(message);
}

static void
wire_refuses_more_bytes_than_the_limit(void **state)
{
	char *bytes = calloc(1, BATON_EVENT_MAX_BYTES + 1);

	(void)state;
	assert_non_null(bytes);
	expect_event(bytes, BATON_EVENT_MAX_BYTES + 1, CONTRACT_UNKNOWN_REFUSE,
		     BATON_TOO_LARGE, "");
	free(bytes);
}

/* 34 KB of one-field messages, the depth that overflows protobuf-c's stack:
 * our schema ends the descent. */
static void
wire_survives_deep_nesting(void **state)
{
	static char bytes[34000];
	size_t at = sizeof(bytes);
	size_t len = 0;

	(void)state;
	while (at >= 4) {
		char varint[3] = {(char)(len & 0x7f), 0, 0};
		size_t width = 1;

		if (len >= 128) {
			varint[0] = (char)((len & 0x7f) | 0x80);
			varint[1] = (char)((len >> 7) & 0x7f);
			width = 2;
		}
		if (len >= 16384) {
			varint[1] = (char)(((len >> 7) & 0x7f) | 0x80);
			varint[2] = (char)(len >> 14);
			width = 3;
		}
		at -= width;
		memcpy(bytes + at, varint, width);
		bytes[--at] = 0x2a;
		len += width + 1;
	}
	expect_event(bytes + at, len, CONTRACT_UNKNOWN_REFUSE,
		     BATON_FIELD_UNKNOWN, "child");
	expect_event(bytes + at, len, CONTRACT_UNKNOWN_TOLERATE, BATON_OK, "");
}

static void
wire_bounds_empty_messages_in_an_event(void **state)
{
	static char bytes[60004] = "\x2a\xe0\xd4\x03";

	(void)state;
	for (size_t i = 4; i < sizeof(bytes); i += 2)
		bytes[i] = 0x0a;
	expect_event(bytes, sizeof(bytes), CONTRACT_UNKNOWN_REFUSE,
		     BATON_TOO_LARGE, "child.identifiers[1023]");
}

static void
wire_bounds_unknown_fields(void **state)
{
	static const char field[] = {'\xf8', '\x01', '\x01'};
	static char bytes[6000];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = field[i % sizeof(field)];
	expect_event(bytes, sizeof(bytes), CONTRACT_UNKNOWN_TOLERATE,
		     BATON_TOO_LARGE, "");
}

/* 1 MB of empty settlements takes protobuf-c 53 MB. */
static void
wire_bounds_empty_messages_in_a_request(void **state)
{
	static const uint8_t head[] = {0x6a, 0x80, 0x80, 0x40};
	const size_t inner = (size_t)1024 * 1024;
	struct baton_problem problem = {0};
	ProtobufCMessage *message;
	struct baton_span span;
	uint8_t *bytes = malloc(inner + 4);

	(void)state;
	assert_non_null(bytes);
	/* Request.settle is field 13, 2^20 bytes long. */
	memcpy(bytes, head, sizeof(head));
	for (size_t i = sizeof(head); i < inner + sizeof(head); i++)
		bytes[i] = i % 2 == 0 ? 0x12 : 0x00;
	span.data = bytes;
	span.len = inner + 4;
	assert_int_equal(wire_unpack(&baton__v1__request__descriptor, span,
				     &wire_request_limits, &message, &problem),
			 BATON_TOO_LARGE);
	assert_null(message);
	free(bytes);
}

static void
wire_stops_at_the_memory_budget(void **state)
{
	struct wire_limits limits = wire_event_limits;
	struct baton_problem problem = {0};
	ProtobufCMessage *message;
	/* child { 148 empty identifiers } */
	char bytes[3 + 296] = "\x2a\xa8\x02";
	struct baton_span span = {(const uint8_t *)bytes, sizeof(bytes)};

	(void)state;
	for (size_t i = 3; i < sizeof(bytes); i += 2)
		bytes[i] = 0x0a;
	limits.max_memory = 8192;
	assert_int_equal(wire_unpack(&send__v1__event__descriptor, span,
				     &limits, &message, &problem),
			 BATON_TOO_LARGE);
	limits.max_memory = (size_t)64 * 1024;
	assert_int_equal(wire_unpack(&send__v1__event__descriptor, span,
				     &limits, &message, &problem),
			 BATON_OK);
	wire_free(message);
}

/* NOLINTNEXTLINE(misc-no-recursion): what it proves is that it ends */
static void
require_room(const ProtobufCMessageDescriptor *descriptor, size_t depth)
{
	if (depth > WIRE_DEPTH_MAX || descriptor->n_fields > WIRE_FIELDS_MAX) {
		fail_msg("%s is too deep or has too many fields",
			 descriptor->name);
	}
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
			require_room(descriptor->fields[i].descriptor,
				     depth + 1);
		}
	}
}

static void
wire_has_room_for_every_message(void **state)
{
	(void)state;
	require_room(&send__v1__event__descriptor, 1);
	require_room(&baton__v1__request__descriptor, 1);
	require_room(&baton__v1__response__descriptor, 1);
}

static void
wire_free_takes_null(void **state)
{
	(void)state;
	wire_free(NULL);
}

static void
arena_keeps_its_budget(void **state)
{
	struct arena *arena = arena_new(64, 4096);
	size_t given = 0;

	(void)state;
	assert_non_null(arena);
	while (arena_alloc(arena, 16) != NULL)
		given += 16;
	assert_true(given <= 4096 && given >= 4000);
	assert_int_equal(arena_error(arena), BATON_TOO_LARGE);
	arena_free(arena);
}

static void
arena_is_found_from_its_first_allocation(void **state)
{
	struct arena *arena = arena_new(64, 4096);

	(void)state;
	assert_non_null(arena);
	assert_ptr_equal(arena_of(arena_alloc(arena, 40)), arena);
	arena_free(arena);
}

static void
arena_refuses_a_size_that_overflows(void **state)
{
	struct arena *arena = arena_new(64, 4096);

	(void)state;
	assert_null(arena_alloc(arena, SIZE_MAX));
	arena_free(arena);
}

static void
utf8_takes_every_length_and_refuses_the_edges(void **state)
{
	static const char *const good[] = {"",
					   "a\tb\nc",
					   "\xc2\xa0",
					   "\xdf\xbf",
					   "\xe0\xa0\x80",
					   "\xed\x9f\xbf",
					   "\xee\x80\x80",
					   "\xf0\x90\x80\x80",
					   "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x01",
					  "\r",
					  "\x1b[0m",
					  "\x7f",
					  "\xc2\x80",
					  "\xc2\x9f",
					  "\x80",
					  "\xc1\xbf",
					  "\xc3",
					  "\xe0\x9f\xbf",
					  "\xed\xa0\x80",
					  "\xe2\x82",
					  "\xf0\x8f\xbf\xbf",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xe2\x28\xa1"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(utf8_text_valid((const uint8_t *)good[i],
					    strlen(good[i])));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(utf8_text_valid((const uint8_t *)bad[i],
					     strlen(bad[i])));
	}
}

static void
utf8_finds_a_bad_byte_at_every_place(void **state)
{
	static const uint8_t bad[] = {0x00, 0x1f, 0x7f, 0x80, 0xff};
	uint8_t text[24];

	(void)state;
	for (size_t at = 0; at < sizeof(text); at++) {
		for (size_t i = 0; i < sizeof(bad); i++) {
			memset(text, '~', sizeof(text));
			assert_true(utf8_text_valid(text, sizeof(text)));
			text[at] = bad[i];
			assert_false(utf8_text_valid(text, sizeof(text)));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_takes_an_empty_message),
		cmocka_unit_test(wire_refuses_a_tag_cut_short),
		cmocka_unit_test(wire_refuses_a_tag_of_six_bytes),
		cmocka_unit_test(wire_refuses_field_number_zero),
		cmocka_unit_test(wire_refuses_groups),
		cmocka_unit_test(wire_refuses_wire_types_six_and_seven),
		cmocka_unit_test(wire_refuses_a_length_beyond_the_end),
		cmocka_unit_test(wire_refuses_a_length_beyond_its_message),
		cmocka_unit_test(wire_refuses_a_varint_of_eleven_bytes),
		cmocka_unit_test(wire_refuses_a_varint_beyond_64_bits),
		cmocka_unit_test(
			wire_refuses_an_enum_that_would_be_cut_to_32_bits),
		cmocka_unit_test(wire_takes_a_negative_enum_in_ten_bytes),
		cmocka_unit_test(wire_refuses_a_bool_that_is_neither),
		cmocka_unit_test(wire_refuses_another_wire_type),
		cmocka_unit_test(wire_refuses_a_singular_field_twice),
		cmocka_unit_test(wire_refuses_two_members_of_a_oneof),
		cmocka_unit_test(wire_takes_a_list_packed_and_unpacked),
		cmocka_unit_test(wire_refuses_a_packed_list_cut_short),
		cmocka_unit_test(wire_refuses_nul_in_text),
		cmocka_unit_test(wire_refuses_bad_utf8),
		cmocka_unit_test(wire_refuses_an_unknown_field_when_told),
		cmocka_unit_test(
			wire_drops_unknown_fields_when_told_to_tolerate),
		cmocka_unit_test(wire_refuses_more_bytes_than_the_limit),
		cmocka_unit_test(wire_survives_deep_nesting),
		cmocka_unit_test(wire_bounds_empty_messages_in_an_event),
		cmocka_unit_test(wire_bounds_unknown_fields),
		cmocka_unit_test(wire_bounds_empty_messages_in_a_request),
		cmocka_unit_test(wire_stops_at_the_memory_budget),
		cmocka_unit_test(wire_has_room_for_every_message),
		cmocka_unit_test(wire_free_takes_null),
		cmocka_unit_test(arena_keeps_its_budget),
		cmocka_unit_test(arena_is_found_from_its_first_allocation),
		cmocka_unit_test(arena_refuses_a_size_that_overflows),
		cmocka_unit_test(utf8_takes_every_length_and_refuses_the_edges),
		cmocka_unit_test(utf8_finds_a_bad_byte_at_every_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
