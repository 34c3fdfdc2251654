/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/proto_json.h"
#include "client/timestamp.h"
#include "google/protobuf/timestamp.pb-c.h"

void
proto_json_name(const char *name, char json_name[PROTO_JSON_NAME_BYTES])
{
	bool upper = false;
	size_t at = 0;

	for (; *name != '\0' && at < PROTO_JSON_NAME_BYTES - 1; name++) {
		if (*name == '_') {
			upper = true;
			continue;
		}
		if (upper && *name >= 'a' && *name <= 'z') {
			json_name[at++] = (char)(*name - 'a' + 'A');
		} else {
			json_name[at++] = *name;
		}
		upper = false;
	}
	json_name[at] = '\0';
}

static json_t *
proto_json_bytes(const ProtobufCBinaryData *bytes)
{
	size_t size = sodium_base64_encoded_len(bytes->len,
						sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(size);
	json_t *json;

	if (text == NULL)
		return NULL;
	(void)sodium_bin2base64(text, size, bytes->data, bytes->len,
				sodium_base64_VARIANT_ORIGINAL);
	json = json_string(text);
	free(text);
	return json;
}

/* An enum by its name; a number that a newer contract may know as number. */
static json_t *
proto_json_enum(const ProtobufCEnumDescriptor *list, int number)
{
	const ProtobufCEnumValue *value =
		protobuf_c_enum_descriptor_get_value(list, number);

	return value == NULL ? json_integer(number) : json_string(value->name);
}

/* Anything but a message; NULL when out of memory. */
static json_t *
proto_json_scalar(const ProtobufCFieldDescriptor *field, const void *value)
{
	char digits[24];

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return json_integer(*(const int32_t *)value);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return json_integer(*(const uint32_t *)value);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		(void)snprintf(digits, sizeof(digits), "%" PRId64,
			       *(const int64_t *)value);
		return json_string(digits);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		(void)snprintf(digits, sizeof(digits), "%" PRIu64,
			       *(const uint64_t *)value);
		return json_string(digits);
	case PROTOBUF_C_TYPE_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)value);
	case PROTOBUF_C_TYPE_ENUM:
		return proto_json_enum(field->descriptor, *(const int *)value);
	case PROTOBUF_C_TYPE_STRING:
		return json_string(*(char *const *)value);
	case PROTOBUF_C_TYPE_BYTES:
		return proto_json_bytes(value);
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return NULL;
}

static baton_err
proto_json_no_memory(struct baton_problem *problem)
{
	return problem_set(problem, BATON_NO_MEMORY, NULL, "out of memory");
}

static baton_err
proto_json_timestamp(const ProtobufCMessage *message,
		     const struct problem_place *place, json_t **json,
		     struct baton_problem *problem)
{
	const Google__Protobuf__Timestamp *time =
		(const Google__Protobuf__Timestamp *)message;
	char text[TIMESTAMP_BYTES];

	if (!timestamp_format(time->seconds, time->nanos, text)) {
		return problem_set(problem, BATON_MALFORMED, place,
				   "the time is not within years 1 to 9999");
	}
	*json = json_string(text);
	return *json == NULL ? proto_json_no_memory(problem) : BATON_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
static baton_err
proto_json_value(const ProtobufCFieldDescriptor *field, const void *value,
		 const struct problem_place *place, json_t **json,
		 struct baton_problem *problem)
{
	if (field->type == PROTOBUF_C_TYPE_FLOAT ||
	    field->type == PROTOBUF_C_TYPE_DOUBLE) {
		return problem_set(problem, BATON_UNSUPPORTED, place,
				   "the contract has no floating point");
	}
	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		return proto_json_write(*(ProtobufCMessage *const *)value,
					place, json, problem);
	}
	*json = proto_json_scalar(field, value);
	return *json == NULL ? proto_json_no_memory(problem) : BATON_OK;
}

size_t
proto_json_width(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		break;
	}
	return sizeof(uint32_t);
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
static baton_err
proto_json_list(const ProtobufCFieldDescriptor *field,
		const unsigned char *entries, size_t count,
		struct problem_place *place, json_t *list,
		struct baton_problem *problem)
{
	json_t *entry = NULL;
	baton_err err;

	for (place->index = 0; place->index < count; place->index++) {
		err = proto_json_value(
			field,
			entries + place->index * proto_json_width(field->type),
			place, &entry, problem);
		if (err != BATON_OK)
			return err;
		if (json_array_append_new(list, entry) != 0)
			return proto_json_no_memory(problem);
	}
	return BATON_OK;
}

/* Whether a singular field outside a oneof has another value than its
 * default. */
static bool
proto_json_is_set(const ProtobufCFieldDescriptor *field, const void *value)
{
	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return *(char *const *)value != NULL &&
		       **(char *const *)value != '\0';
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(ProtobufCMessage *const *)value != NULL;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *)value)->len > 0;
	default:
		break;
	}
	if (proto_json_width(field->type) == sizeof(uint64_t))
		return *(const uint64_t *)value != 0;
	return *(const uint32_t *)value != 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
baton_err
proto_json_write_field(const ProtobufCMessage *message,
		       const ProtobufCFieldDescriptor *field,
		       const struct problem_place *place, json_t *object,
		       struct baton_problem *problem)
{
	const unsigned char *base = (const unsigned char *)message;
	const void *quantifier = base + field->quantifier_offset;
	const void *value = base + field->offset;
	char name[PROTO_JSON_NAME_BYTES];
	struct problem_place here = {place, name, PROBLEM_NO_INDEX};
	json_t *json = NULL;
	baton_err err;

	proto_json_name(field->name, name);
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		if (*(const size_t *)quantifier == 0)
			return BATON_OK;
		json = json_array();
		err = proto_json_list(field, *(unsigned char *const *)value,
				      *(const size_t *)quantifier, &here, json,
				      problem);
	} else {
		bool is_oneof =
			(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;

		if (is_oneof ? *(const uint32_t *)quantifier != field->id
			     : !proto_json_is_set(field, value))
			return BATON_OK;
		err = proto_json_value(field, value, &here, &json, problem);
	}
	if (err != BATON_OK) {
		json_decref(json);
		return err;
	}
	if (json_object_set_new(object, name, json) != 0)
		return proto_json_no_memory(problem);
	return BATON_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): our contracts have no recursive message */
baton_err
proto_json_write(const ProtobufCMessage *message,
		 const struct problem_place *place, json_t **json,
		 struct baton_problem *problem)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	json_t *object;
	baton_err err;

	*json = NULL;
	if (descriptor == &google__protobuf__timestamp__descriptor)
		return proto_json_timestamp(message, place, json, problem);
	object = json_object();
	if (object == NULL)
		return proto_json_no_memory(problem);
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		err = proto_json_write_field(message, &descriptor->fields[i],
					     place, object, problem);
		if (err != BATON_OK)
			goto err0;
	}
	*json = object;
	return BATON_OK;

err0:
	json_decref(object);
	return err;
}
