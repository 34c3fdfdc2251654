/* SPDX-License-Identifier: MIT */
/* proto3 JSON of what events do not have: the broker's own messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include "baton/v1/broker.pb-c.h"
#include "client/proto_json.h"

#include <cmocka.h>

static void
expect_written(const ProtobufCMessage *message, const char *text)
{
	json_t *json;
	char *dump;

	assert_int_equal(proto_json_write(message, NULL, &json, NULL),
			 BATON_OK);
	dump = json_dumps(json, JSON_COMPACT);
	assert_string_equal(dump, text);
	free(dump);
	json_decref(json);
}

/* Reads text into a message of an arena that the caller frees. */
static baton_err
read_text(const ProtobufCMessageDescriptor *descriptor, const char *text,
	  struct arena *arena, ProtobufCMessage **message)
{
	struct proto_json_reader reader = {.arena = arena};
	json_t *json = json_loads(text, 0, NULL);
	baton_err err;

	assert_non_null(json);
	*message = proto_json_message_new(&reader, descriptor);
	assert_non_null(*message);
	err = proto_json_read(&reader, json, 0, NULL, *message);
	json_decref(json);
	return err;
}

static void
expect_read(const ProtobufCMessageDescriptor *descriptor, const char *text,
	    baton_err code)
{
	struct arena *arena = arena_new(1024, 65536);
	ProtobufCMessage *message;

	assert_non_null(arena);
	assert_int_equal(read_text(descriptor, text, arena, &message), code);
	arena_free(arena);
}

static const char delivery_text[] =
	"{\"sequence\":\"18446744073709551615\",\"event\":\"AP8Q\","
	"\"attempt\":4294967295,\"acceptedAtMs\":\"-9223372036854775808\"}";

static void
json_writes_64_bits_as_strings_and_bytes_in_base64(void **state)
{
	Baton__V1__Delivery delivery;
	uint8_t bytes[] = {0x00, 0xff, 0x10};

	(void)state;
	baton__v1__delivery__init(&delivery);
	delivery.sequence = UINT64_MAX;
	delivery.accepted_at_ms = INT64_MIN;
	delivery.attempt = UINT32_MAX;
	delivery.event.data = bytes;
	delivery.event.len = sizeof(bytes);
	expect_written(&delivery.base, delivery_text);
}

static void
json_reads_what_it_writes(void **state)
{
	struct arena *arena = arena_new(1024, 65536);
	ProtobufCMessage *message;

	(void)state;
	assert_non_null(arena);
	assert_int_equal(read_text(&baton__v1__delivery__descriptor,
				   delivery_text, arena, &message),
			 BATON_OK);
	expect_written(message, delivery_text);
	arena_free(arena);
}

static void
json_writes_lists_of_strings_and_messages(void **state)
{
	Baton__V1__Filter filter;
	Baton__V1__Subscribe subscribe;
	char one[] = "referral";
	char two[] = "transition";
	char name[] = "s";
	char *types[] = {one, two};

	(void)state;
	baton__v1__filter__init(&filter);
	baton__v1__subscribe__init(&subscribe);
	filter.n_types = 2;
	filter.types = types;
	subscribe.name = name;
	subscribe.filter = &filter;
	expect_written(&subscribe.base,
		       "{\"name\":\"s\",\"filter\":{\"types\":[\"referral\","
		       "\"transition\"]}}");
}

static void
json_writes_an_unknown_enum_as_its_number(void **state)
{
	Baton__V1__Settlement settlement;

	(void)state;
	baton__v1__settlement__init(&settlement);
	settlement.verdict = (Baton__V1__Verdict)99;
	expect_written(&settlement.base, "{\"verdict\":99}");
}

static void
json_takes_64_bits_as_strings_or_integers(void **state)
{
	const ProtobufCMessageDescriptor *delivery =
		&baton__v1__delivery__descriptor;

	(void)state;
	expect_read(delivery, "{\"sequence\":7,\"acceptedAtMs\":-7}", BATON_OK);
	expect_read(delivery, "{\"sequence\":-1}", BATON_FIELD_INVALID);
	expect_read(delivery, "{\"sequence\":\"-1\"}", BATON_FIELD_INVALID);
	expect_read(delivery, "{\"sequence\":\"18446744073709551616\"}",
		    BATON_FIELD_INVALID);
	expect_read(delivery, "{\"acceptedAtMs\":\"9223372036854775808\"}",
		    BATON_FIELD_INVALID);
	expect_read(delivery, "{\"sequence\":\" 1\"}", BATON_FIELD_INVALID);
	expect_read(delivery, "{\"sequence\":\"\"}", BATON_FIELD_INVALID);
	expect_read(delivery, "{\"sequence\":\"0x1\"}", BATON_FIELD_INVALID);
	expect_read(delivery, "{\"sequence\":1.5}", BATON_FIELD_INVALID);
}

static void
json_refuses_32_bits_out_of_range(void **state)
{
	(void)state;
	expect_read(&baton__v1__delivery__descriptor,
		    "{\"attempt\":4294967296}", BATON_FIELD_INVALID);
}

static void
json_refuses_what_is_not_base64(void **state)
{
	(void)state;
	expect_read(&baton__v1__delivery__descriptor, "{\"event\":\"A?==\"}",
		    BATON_FIELD_INVALID);
	expect_read(&baton__v1__delivery__descriptor, "{\"event\":5}",
		    BATON_FIELD_INVALID);
}

static void
json_stops_at_the_memory_budget(void **state)
{
	struct arena *arena = arena_new(256, 512);
	ProtobufCMessage *message;

	(void)state;
	assert_non_null(arena);
	assert_int_equal(
		read_text(&baton__v1__publish__descriptor,
			  "{\"events\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\","
			  "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
			  "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}",
			  arena, &message),
		BATON_TOO_LARGE);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			json_writes_64_bits_as_strings_and_bytes_in_base64),
		cmocka_unit_test(json_reads_what_it_writes),
		cmocka_unit_test(json_writes_lists_of_strings_and_messages),
		cmocka_unit_test(json_writes_an_unknown_enum_as_its_number),
		cmocka_unit_test(json_takes_64_bits_as_strings_or_integers),
		cmocka_unit_test(json_refuses_32_bits_out_of_range),
		cmocka_unit_test(json_refuses_what_is_not_base64),
		cmocka_unit_test(json_stops_at_the_memory_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
