/* SPDX-License-Identifier: MIT */
/* What must hold for every event, tried on thousands that nobody wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baton/event.h"
#include "client/contract_rules.h"
#include "tests/support/generate_event.h"

#include <cmocka.h>

#define EVENTS_PER_FAMILY 5000

/* Says which event failed, so that it can be made again. */
static void
require(int ok, const char *what, uint64_t seed, int family,
	const struct baton_problem *problem)
{
	if (!ok) {
		fail_msg("%s: seed %llu family %d: %s: %s", what,
			 (unsigned long long)seed, family, problem->path,
			 problem->text);
	}
}

static void
each_event(void (*claim)(uint64_t seed, int family, struct baton_span bytes))
{
	for (int family = CONTRACT_FAMILY_MIN;
	     contract_family_name(family) != NULL; family++) {
		for (uint64_t seed = 0; seed < EVENTS_PER_FAMILY; seed++) {
			Send__V1__Event *event = generate_event(seed, family);
			struct baton_span span;
			uint8_t *bytes;

			assert_int_equal(
				baton_event_pack(event, &bytes, &span.len),
				BATON_OK);
			span.data = bytes;
			claim(seed, family, span);
			baton_event_bytes_free(bytes);
			baton_event_free(event);
		}
	}
}

static void
claim_accepted(uint64_t seed, int family, struct baton_span bytes)
{
	struct baton_problem problem = {0};

	require(baton_event_check(bytes, BATON_NHS_NUMBER_REJECT, &problem) ==
			BATON_OK,
		"refused", seed, family, &problem);
}

static void
event_generated_is_accepted(void **state)
{
	(void)state;
	each_event(claim_accepted);
}

static void
claim_json_round_trip(uint64_t seed, int family, struct baton_span bytes)
{
	struct baton_problem problem = {0};
	uint8_t *again;
	size_t len;
	char *json;

	require(baton_event_to_json(bytes, &json, &problem) == BATON_OK,
		"not written", seed, family, &problem);
	require(baton_event_from_json(json, strlen(json), BATON_ID_REQUIRED,
				      &again, &len, &problem) == BATON_OK,
		"not read", seed, family, &problem);
	require(len == bytes.len && memcmp(again, bytes.data, len) == 0,
		"not the same bytes", seed, family, &problem);
	baton_event_bytes_free(again);
	baton_json_free(json);
}

static void
event_generated_survives_json_byte_for_byte(void **state)
{
	(void)state;
	each_event(claim_json_round_trip);
}

static void
claim_pack_round_trip(uint64_t seed, int family, struct baton_span bytes)
{
	struct baton_problem problem = {0};
	Send__V1__Event *event;
	uint8_t *again;
	size_t len;

	require(baton_event_unpack(bytes, &event, &problem) == BATON_OK,
		"not unpacked", seed, family, &problem);
	assert_int_equal(baton_event_pack(event, &again, &len), BATON_OK);
	require(len == bytes.len && memcmp(again, bytes.data, len) == 0,
		"not the same bytes", seed, family, &problem);
	baton_event_bytes_free(again);
	baton_event_free(event);
}

static void
event_generated_survives_unpacking_byte_for_byte(void **state)
{
	(void)state;
	each_event(claim_pack_round_trip);
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void require_same(const ProtobufCMessage *a, const ProtobufCMessage *b);

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
require_same_value(const ProtobufCFieldDescriptor *field, const void *a,
		   const void *b)
{
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		assert_string_equal(*(char *const *)a, *(char *const *)b);
	} else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		assert_int_equal(*(void *const *)a == NULL,
				 *(void *const *)b == NULL);
		if (*(void *const *)a != NULL) {
			require_same(*(ProtobufCMessage *const *)a,
				     *(ProtobufCMessage *const *)b);
		}
	} else {
		bool wide = field->type == PROTOBUF_C_TYPE_INT64;

		assert_memory_equal(a, b, wide ? 8 : 4);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
require_same(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	assert_ptr_equal(a->descriptor, b->descriptor);
	for (unsigned i = 0; i < a->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field =
			&a->descriptor->fields[i];
		const unsigned char *in_a = (const unsigned char *)a;
		const unsigned char *in_b = (const unsigned char *)b;
		const void *count_a = in_a + field->quantifier_offset;
		const void *count_b = in_b + field->quantifier_offset;
		size_t width = field->type == PROTOBUF_C_TYPE_MESSAGE
				       ? sizeof(void *)
				       : sizeof(int);

		in_a += field->offset;
		in_b += field->offset;
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			assert_int_equal(*(const size_t *)count_a,
					 *(const size_t *)count_b);
			for (size_t j = 0; j < *(const size_t *)count_a; j++) {
				require_same_value(
					field,
					*(unsigned char *const *)in_a +
						j * width,
					*(unsigned char *const *)in_b +
						j * width);
			}
			continue;
		}
		if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
			assert_int_equal(*(const int *)count_a,
					 *(const int *)count_b);
			if (*(const uint32_t *)count_a != field->id)
				continue;
		}
		require_same_value(field, in_a, in_b);
	}
}

static void
event_generated_survives_json_field_for_field(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		Send__V1__Event *event =
			generate_event((uint64_t)i, 100 + i % 4);
		Send__V1__Event *again;
		struct baton_span span;
		uint8_t *bytes;
		uint8_t *read;
		char *json;

		assert_int_equal(baton_event_pack(event, &bytes, &span.len), 0);
		span.data = bytes;
		assert_int_equal(baton_event_to_json(span, &json, NULL), 0);
		assert_int_equal(baton_event_from_json(json, strlen(json),
						       BATON_ID_REQUIRED, &read,
						       &span.len, NULL),
				 0);
		span.data = read;
		assert_int_equal(baton_event_unpack(span, &again, NULL), 0);
		require_same(&event->base, &again->base);
		baton_event_free(again);
		baton_event_free(event);
		baton_event_bytes_free(bytes);
		baton_event_bytes_free(read);
		baton_json_free(json);
	}
}

static void
event_broken_is_refused_where_it_is_broken(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20000; seed++) {
		int family = 100 + (int)(seed % 4);
		Send__V1__Event *event = generate_event(seed, family);
		struct baton_problem problem = {0};
		struct generate_fault fault;
		struct baton_span span;
		uint8_t *bytes;
		baton_err err;

		generate_break(seed, event, &fault);
		assert_int_equal(baton_event_pack(event, &bytes, &span.len), 0);
		span.data = bytes;
		err = baton_event_check(span, BATON_NHS_NUMBER_REJECT,
					&problem);
		if (err != fault.code ||
		    strcmp(problem.path, fault.path) != 0) {
			fail_msg("seed %llu: wanted %s at %s, got %s at %s",
				 (unsigned long long)seed,
				 baton_err_name(fault.code), fault.path,
				 baton_err_name(err), problem.path);
		}
		baton_event_bytes_free(bytes);
		baton_event_free(event);
	}
}

/* Truncated and flipped bytes: any answer but a crash, and what is still
 * accepted must still be representable. */
static void
claim_damage_is_survived(uint64_t seed, int family, struct baton_span bytes)
{
	uint8_t *damaged = malloc(bytes.len);
	struct baton_span span = {damaged, bytes.len};
	struct baton_problem problem = {0};
	char *json;

	assert_non_null(damaged);
	memcpy(damaged, bytes.data, bytes.len);
	damaged[seed * 7919 % bytes.len] ^= (uint8_t)(1U << (seed % 8));
	if (seed % 3 == 0)
		span.len = seed * 104729 % bytes.len;
	if (baton_event_check(span, BATON_NHS_NUMBER_REJECT, &problem) ==
	    BATON_OK) {
		require(baton_event_to_json(span, &json, &problem) == BATON_OK,
			"accepted but not written", seed, family, &problem);
		baton_json_free(json);
	}
	free(damaged);
}

static void
event_damaged_does_no_harm(void **state)
{
	(void)state;
	each_event(claim_damage_is_survived);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_generated_is_accepted),
		cmocka_unit_test(event_generated_survives_json_byte_for_byte),
		cmocka_unit_test(
			event_generated_survives_unpacking_byte_for_byte),
		cmocka_unit_test(event_generated_survives_json_field_for_field),
		cmocka_unit_test(event_broken_is_refused_where_it_is_broken),
		cmocka_unit_test(event_damaged_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
