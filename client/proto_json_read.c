/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/proto_json.h"
#include "client/timestamp.h"
#include "client/utf8.h"
#include "google/protobuf/timestamp.pb-c.h"

/* A longer run of digits in an unknown member's name could be a number that
 * names a child. */
#define PROTO_JSON_SHOWN_DIGITS_MAX 4

static baton_err
proto_json_no_room(const struct proto_json_reader *reader)
{
	return problem_set(reader->problem, arena_error(reader->arena), NULL,
			   "the event takes too much memory; send less");
}

static void *
proto_json_alloc(const struct proto_json_reader *reader, size_t size)
{
	void *memory = arena_alloc(reader->arena, size);

	if (memory == NULL)
		(void)proto_json_no_room(reader);
	return memory;
}

ProtobufCMessage *
proto_json_message_new(const struct proto_json_reader *reader,
		       const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *message =
		proto_json_alloc(reader, descriptor->sizeof_message);

	if (message != NULL)
		protobuf_c_message_init(descriptor, message);
	return message;
}

char *
proto_json_text_new(const struct proto_json_reader *reader, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = proto_json_alloc(reader, size);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

static baton_err
proto_json_refuse(const struct proto_json_reader *reader, baton_err code,
		  const struct problem_place *place, const char *text)
{
	return problem_set(reader->problem, code, place, "%s", text);
}

baton_err
proto_json_refuse_unknown(struct baton_problem *problem,
			  const struct problem_place *place, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	struct problem_place here = {place, "?", PROBLEM_NO_INDEX};
	size_t digits = 0;
	size_t at = 0;

	while (strchr(letters, name[at]) != NULL && name[at] != '\0')
		at++;
	if (at > 0) {
		for (; name[at] != '\0'; at++) {
			if (name[at] >= '0' && name[at] <= '9') {
				digits++;
			} else if (strchr(letters, name[at]) == NULL) {
				break;
			}
		}
	}
	if (at > 0 && name[at] == '\0' && at < PROTO_JSON_NAME_BYTES &&
	    digits <= PROTO_JSON_SHOWN_DIGITS_MAX)
		here.name = name;
	return problem_set(problem, BATON_FIELD_UNKNOWN, &here,
			   "the contract has no such member; correct its name "
			   "or leave it out");
}

/* Digits with an optional minus and nothing else. */
static bool
proto_json_is_number(const char *text)
{
	if (*text == '-')
		text++;
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* A signed number from a JSON integer or a string of digits. */
static bool
proto_json_signed(const json_t *json, int64_t min, int64_t max, int64_t *value)
{
	const char *text = json_string_value(json);

	if (json_is_integer(json)) {
		*value = json_integer_value(json);
	} else {
		if (text == NULL || !proto_json_is_number(text))
			return false;
		errno = 0;
		*value = strtoll(text, NULL, 10);
		if (errno != 0)
			return false;
	}
	return *value >= min && *value <= max;
}

static bool
proto_json_unsigned(const json_t *json, uint64_t max, uint64_t *value)
{
	const char *text = json_string_value(json);

	if (json_is_integer(json)) {
		if (json_integer_value(json) < 0)
			return false;
		*value = (uint64_t)json_integer_value(json);
	} else {
		if (text == NULL || *text == '-' || !proto_json_is_number(text))
			return false;
		errno = 0;
		*value = strtoull(text, NULL, 10);
		if (errno != 0)
			return false;
	}
	return *value <= max;
}

static bool
proto_json_read_number(ProtobufCType type, const json_t *json, void *value)
{
	uint64_t natural;
	int64_t integer;

	switch ((int)type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		if (!proto_json_signed(json, INT32_MIN, INT32_MAX, &integer))
			return false;
		*(int32_t *)value = (int32_t)integer;
		return true;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		if (!proto_json_unsigned(json, UINT32_MAX, &natural))
			return false;
		*(uint32_t *)value = (uint32_t)natural;
		return true;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return proto_json_signed(json, INT64_MIN, INT64_MAX, value);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return proto_json_unsigned(json, UINT64_MAX, value);
	default:
		return false;
	}
}

static baton_err
proto_json_read_enum(const struct proto_json_reader *reader, json_t *json,
		     const ProtobufCEnumDescriptor *list,
		     const struct problem_place *place, int *value)
{
	const ProtobufCEnumValue *found = NULL;
	json_int_t number = json_integer_value(json);

	if (json_is_string(json)) {
		found = protobuf_c_enum_descriptor_get_value_by_name(
			list, json_string_value(json));
	} else if (!json_is_integer(json)) {
		return proto_json_refuse(reader, BATON_FIELD_INVALID, place,
					 "must be the name of a code");
	} else if (number >= INT32_MIN && number <= INT32_MAX) {
		found = protobuf_c_enum_descriptor_get_value(list, (int)number);
	}
	if (found == NULL) {
		return problem_set(reader->problem, BATON_ENUM_UNKNOWN, place,
				   "not in the code list %s; use a name of it",
				   list->short_name);
	}
	*value = found->value;
	return BATON_OK;
}

static baton_err
proto_json_read_string(const struct proto_json_reader *reader, json_t *json,
		       const struct problem_place *place, char **value)
{
	const char *text = json_string_value(json);

	if (text == NULL) {
		return proto_json_refuse(reader, BATON_FIELD_INVALID, place,
					 "must be a string");
	}
	if (!utf8_text_valid((const uint8_t *)text, json_string_length(json))) {
		return proto_json_refuse(reader, BATON_TEXT_INVALID, place,
					 "text may hold no control characters "
					 "other than tab and newline");
	}
	*value = proto_json_text_new(reader, text);
	return *value == NULL ? arena_error(reader->arena) : BATON_OK;
}

static baton_err
proto_json_read_bytes(const struct proto_json_reader *reader, json_t *json,
		      const struct problem_place *place,
		      ProtobufCBinaryData *value)
{
	const char *text = json_string_value(json);
	size_t room = json_string_length(json) / 4 * 3 + 3;

	value->data = proto_json_alloc(reader, room);
	if (value->data == NULL)
		return arena_error(reader->arena);
	if (text == NULL ||
	    sodium_base642bin(value->data, room, text, json_string_length(json),
			      NULL, &value->len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0) {
		return proto_json_refuse(reader, BATON_FIELD_INVALID, place,
					 "must be a string in base64");
	}
	return BATON_OK;
}

static baton_err
proto_json_read_timestamp(const struct proto_json_reader *reader, json_t *json,
			  const struct problem_place *place,
			  ProtobufCMessage *message)
{
	Google__Protobuf__Timestamp *time =
		(Google__Protobuf__Timestamp *)message;
	const char *text = json_string_value(json);

	if (text == NULL ||
	    !timestamp_parse(text, &time->seconds, &time->nanos)) {
		return proto_json_refuse(reader, BATON_DATE_INVALID, place,
					 "must be a time as RFC 3339 writes "
					 "it, 2026-02-15T09:30:00Z");
	}
	return BATON_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
static baton_err
proto_json_read_message(const struct proto_json_reader *reader, json_t *json,
			const ProtobufCMessageDescriptor *descriptor,
			const struct problem_place *place,
			ProtobufCMessage **value)
{
	*value = proto_json_message_new(reader, descriptor);
	if (*value == NULL)
		return arena_error(reader->arena);
	if (descriptor == &google__protobuf__timestamp__descriptor)
		return proto_json_read_timestamp(reader, json, place, *value);
	return proto_json_read(reader, json, 0, place, *value);
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
static baton_err
proto_json_read_value(const struct proto_json_reader *reader, json_t *json,
		      const ProtobufCFieldDescriptor *field,
		      const struct problem_place *place, void *value)
{
	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return proto_json_read_string(reader, json, place, value);
	case PROTOBUF_C_TYPE_BYTES:
		return proto_json_read_bytes(reader, json, place, value);
	case PROTOBUF_C_TYPE_ENUM:
		return proto_json_read_enum(reader, json, field->descriptor,
					    place, value);
	case PROTOBUF_C_TYPE_MESSAGE:
		return proto_json_read_message(reader, json, field->descriptor,
					       place, value);
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_is_boolean(json)) {
			return proto_json_refuse(reader, BATON_FIELD_INVALID,
						 place,
						 "must be true or false");
		}
		*(protobuf_c_boolean *)value = json_is_true(json);
		return BATON_OK;
	default:
		break;
	}
	if (!proto_json_read_number(field->type, json, value)) {
		return proto_json_refuse(reader, BATON_FIELD_INVALID, place,
					 "must be a whole number within the "
					 "field's range");
	}
	return BATON_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
static baton_err
proto_json_read_list(const struct proto_json_reader *reader, json_t *json,
		     const ProtobufCFieldDescriptor *field,
		     struct problem_place *place, ProtobufCMessage *message)
{
	unsigned char *base = (unsigned char *)message;
	size_t count = json_array_size(json);
	size_t width = proto_json_width(field->type);
	unsigned char *entries;
	baton_err err;

	if (!json_is_array(json)) {
		return proto_json_refuse(reader, BATON_FIELD_INVALID, place,
					 "must be a list");
	}
	if (count == 0)
		return BATON_OK;
	entries = proto_json_alloc(reader, count * width);
	if (entries == NULL)
		return arena_error(reader->arena);
	for (place->index = 0; place->index < count; place->index++) {
		err = proto_json_read_value(
			reader, json_array_get(json, place->index), field,
			place, entries + place->index * width);
		if (err != BATON_OK)
			return err;
	}
	*(size_t *)(void *)(base + field->quantifier_offset) = count;
	*(void **)(void *)(base + field->offset) = entries;
	return BATON_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
static baton_err
proto_json_read_field(const struct proto_json_reader *reader, json_t *json,
		      const ProtobufCFieldDescriptor *field,
		      struct problem_place *place, ProtobufCMessage *message)
{
	unsigned char *base = (unsigned char *)message;
	void *quantifier = base + field->quantifier_offset;

	if (json_is_null(json))
		return BATON_OK;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		return proto_json_read_list(reader, json, field, place,
					    message);
	}
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
		if (*(uint32_t *)quantifier != 0) {
			return proto_json_refuse(
				reader, BATON_RULE_BROKEN, place,
				"only one of these members may be given; leave "
				"the others out");
		}
		*(uint32_t *)quantifier = field->id;
	}
	return proto_json_read_value(reader, json, field, place,
				     base + field->offset);
}

/* By the name of the proto file or its lowerCamelCase. */
static const ProtobufCFieldDescriptor *
proto_json_find(const ProtobufCMessageDescriptor *descriptor, const char *name)
{
	char json_name[PROTO_JSON_NAME_BYTES];

	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		proto_json_name(descriptor->fields[i].name, json_name);
		if (strcmp(name, json_name) == 0 ||
		    strcmp(name, descriptor->fields[i].name) == 0)
			return &descriptor->fields[i];
	}
	return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
baton_err
proto_json_read(const struct proto_json_reader *reader, json_t *json,
		uint64_t refused, const struct problem_place *place,
		ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	char json_name[PROTO_JSON_NAME_BYTES];
	struct problem_place here = {place, json_name, PROBLEM_NO_INDEX};
	const ProtobufCFieldDescriptor *field;
	uint64_t seen = 0;
	const char *name;
	json_t *value;
	uint64_t bit;
	baton_err err;

	if (!json_is_object(json)) {
		return proto_json_refuse(reader, BATON_FIELD_INVALID, place,
					 "must be an object");
	}
	json_object_foreach(json, name, value)
	{
		field = proto_json_find(descriptor, name);
		bit = field == NULL
			      ? 0
			      : UINT64_C(1) << (field - descriptor->fields);
		if (field == NULL || (refused & bit) != 0) {
			return proto_json_refuse_unknown(reader->problem, place,
							 name);
		}
		proto_json_name(field->name, json_name);
		here.index = PROBLEM_NO_INDEX;
		if ((seen & bit) != 0) {
			return proto_json_refuse(
				reader, BATON_ENTRY_REPEATED, &here,
				"this member is there under both its names; "
				"give it once");
		}
		seen |= bit;
		err = proto_json_read_field(reader, value, field, &here,
					    message);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}
