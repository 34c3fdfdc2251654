/* SPDX-License-Identifier: MIT */
#include "client/wire_scan.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "client/problem.h"
#include "client/utf8.h"

#define WIRE_VARINT_BYTES 10
/* Tags and lengths have 32 bits; protobuf-c reads no more than five bytes. */
#define WIRE_VARINT32_BYTES 5

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_64BIT = 1,
	WIRE_LENGTH = 2,
	WIRE_GROUP_START = 3,
	WIRE_GROUP_END = 4,
	WIRE_32BIT = 5,
};

/* A message that is being read; nested ones are a stack, never recursion. */
struct wire_frame {
	const ProtobufCMessageDescriptor *descriptor;
	const uint8_t *end;
	/* The field that holds this message; unused at the bottom. */
	struct problem_place place;
	/* How often each field of the descriptor was seen. */
	uint32_t seen[WIRE_FIELDS_MAX];
};

struct wire_scan {
	const uint8_t *at;
	const struct wire_limits *limits;
	size_t fields;
	size_t depth;
	bool unknown_seen;
	struct baton_problem *problem;
	struct wire_frame frames[WIRE_DEPTH_MAX];
};

/* Reads one varint; false when it is cut short, longer than max_bytes or
 * beyond 64 bits. */
static bool
wire_read_varint(const uint8_t **at, const uint8_t *end, size_t max_bytes,
		 uint64_t *value)
{
	uint64_t result = 0;

	for (size_t i = 0; i < max_bytes && *at < end; i++) {
		uint8_t byte = *(*at)++;

		if (i == WIRE_VARINT_BYTES - 1 && byte > 1)
			return false;
		result |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			*value = result;
			return true;
		}
	}
	return false;
}

static const struct problem_place *
wire_parent(const struct wire_scan *scan)
{
	return scan->depth == 0 ? NULL : &scan->frames[scan->depth].place;
}

static baton_err
wire_refuse(struct wire_scan *scan, const ProtobufCFieldDescriptor *field,
	    baton_err code, const char *text)
{
	const struct wire_frame *frame = &scan->frames[scan->depth];
	struct problem_place place = {
		.parent = wire_parent(scan),
		.index = PROBLEM_NO_INDEX,
	};

	if (field == NULL) {
		return problem_set(scan->problem, code, place.parent, "%s",
				   text);
	}
	place.name = field->name;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		place.index =
			frame->seen[field - frame->descriptor->fields] - 1;
	}
	return problem_set(scan->problem, code, &place, "%s", text);
}

static enum wire_type
wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_LENGTH;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		break;
	}
	return WIRE_VARINT;
}

/* Whether a varint is a value of the type: protobuf-c would cut it down. */
static bool
wire_varint_fits(ProtobufCType type, uint64_t value)
{
	if (type == PROTOBUF_C_TYPE_BOOL)
		return value <= 1;
	if (type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_SINT32)
		return value <= UINT32_MAX;
	if (type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_ENUM) {
		return value <= INT32_MAX ||
		       value >= (uint64_t)(int64_t)INT32_MIN;
	}
	return true;
}

/* Steps over one number. */
static bool
wire_skip_number(ProtobufCType type, const uint8_t **at, const uint8_t *end)
{
	enum wire_type wire = wire_type_of(type);
	size_t width = wire == WIRE_32BIT ? 4 : 8;
	uint64_t value;

	if (wire == WIRE_VARINT) {
		return wire_read_varint(at, end, WIRE_VARINT_BYTES, &value) &&
		       wire_varint_fits(type, value);
	}
	if ((size_t)(end - *at) < width)
		return false;
	*at += width;
	return true;
}

/* Reads a length and makes sure that so many bytes follow. */
static bool
wire_read_length(struct wire_scan *scan, size_t *len)
{
	const uint8_t *end = scan->frames[scan->depth].end;
	uint64_t value;

	if (!wire_read_varint(&scan->at, end, WIRE_VARINT32_BYTES, &value) ||
	    value > (uint64_t)(end - scan->at))
		return false;
	*len = (size_t)value;
	return true;
}

static baton_err
wire_skip_unknown(struct wire_scan *scan, enum wire_type wire)
{
	const uint8_t *end = scan->frames[scan->depth].end;
	bool ok = false;
	size_t len;

	if (scan->limits->unknown == CONTRACT_UNKNOWN_REFUSE) {
		return wire_refuse(scan, NULL, BATON_FIELD_UNKNOWN,
				   "this message has a field that the contract "
				   "does not know; publish by this version of "
				   "the contract");
	}
	scan->unknown_seen = true;
	switch (wire) {
	case WIRE_VARINT:
		ok = wire_skip_number(PROTOBUF_C_TYPE_UINT64, &scan->at, end);
		break;
	case WIRE_64BIT:
		ok = wire_skip_number(PROTOBUF_C_TYPE_FIXED64, &scan->at, end);
		break;
	case WIRE_32BIT:
		ok = wire_skip_number(PROTOBUF_C_TYPE_FIXED32, &scan->at, end);
		break;
	case WIRE_LENGTH:
		ok = wire_read_length(scan, &len);
		if (ok)
			scan->at += len;
		break;
	case WIRE_GROUP_START:
	case WIRE_GROUP_END:
		break;
	}
	if (!ok) {
		return wire_refuse(scan, NULL, BATON_MALFORMED,
				   "an unknown field is cut short or a group");
	}
	return BATON_OK;
}

/* Nothing may be last-wins: one value for a singular field, one member of a
 * oneof. */
static bool
wire_seen_before(const struct wire_frame *frame,
		 const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *descriptor = frame->descriptor;

	if (frame->seen[field - descriptor->fields] > 0)
		return true;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return false;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *other = &descriptor->fields[i];

		if ((other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
		    other->quantifier_offset == field->quantifier_offset &&
		    frame->seen[i] > 0)
			return true;
	}
	return false;
}

static baton_err
wire_count(struct wire_scan *scan, const ProtobufCFieldDescriptor *field)
{
	struct wire_frame *frame = &scan->frames[scan->depth];

	if (field->label != PROTOBUF_C_LABEL_REPEATED &&
	    wire_seen_before(frame, field)) {
		return wire_refuse(scan, field, BATON_MALFORMED,
				   "this field, or another of its oneof, is "
				   "there twice; send it once");
	}
	frame->seen[field - frame->descriptor->fields]++;
	if (++scan->fields > scan->limits->max_fields) {
		return wire_refuse(scan, field, BATON_TOO_LARGE,
				   "the message has too many fields; send "
				   "fewer");
	}
	return BATON_OK;
}

static baton_err
wire_push(struct wire_scan *scan, const ProtobufCFieldDescriptor *field,
	  size_t len)
{
	struct wire_frame *outer = &scan->frames[scan->depth];
	const struct problem_place *parent = wire_parent(scan);
	struct wire_frame *inner;

	if (scan->depth + 1 == WIRE_DEPTH_MAX) {
		return wire_refuse(scan, field, BATON_MALFORMED,
				   "messages are nested too deeply");
	}
	inner = &scan->frames[++scan->depth];
	inner->descriptor = field->descriptor;
	inner->end = scan->at + len;
	inner->place.parent = parent;
	inner->place.name = field->name;
	inner->place.index = PROBLEM_NO_INDEX;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		inner->place.index =
			outer->seen[field - outer->descriptor->fields] - 1;
	}
	assert(inner->descriptor->n_fields <= WIRE_FIELDS_MAX);
	memset(inner->seen, 0, sizeof(inner->seen));
	return BATON_OK;
}

/* A list of numbers in one length; every one counts as a field. */
static baton_err
wire_scan_packed(struct wire_scan *scan, const ProtobufCFieldDescriptor *field,
		 size_t len)
{
	const uint8_t *end = scan->at + len;
	baton_err err;

	while (scan->at < end) {
		err = wire_count(scan, field);
		if (err != BATON_OK)
			return err;
		if (!wire_skip_number(field->type, &scan->at, end)) {
			return wire_refuse(scan, field, BATON_MALFORMED,
					   "a number is cut short or out of "
					   "range");
		}
	}
	return BATON_OK;
}

static baton_err
wire_scan_length(struct wire_scan *scan, const ProtobufCFieldDescriptor *field)
{
	bool packed = wire_type_of(field->type) != WIRE_LENGTH;
	baton_err err;
	size_t len;

	if (!packed) {
		err = wire_count(scan, field);
		if (err != BATON_OK)
			return err;
	}
	if (!wire_read_length(scan, &len)) {
		return wire_refuse(scan, packed ? NULL : field, BATON_MALFORMED,
				   "a length points beyond the end");
	}
	if (packed)
		return wire_scan_packed(scan, field, len);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return wire_push(scan, field, len);
	if (field->type == PROTOBUF_C_TYPE_STRING &&
	    !utf8_text_valid(scan->at, len)) {
		return wire_refuse(scan, field, BATON_TEXT_INVALID,
				   "text must be UTF-8 without control "
				   "characters other than tab and newline");
	}
	scan->at += len;
	return BATON_OK;
}

static baton_err
wire_scan_field(struct wire_scan *scan)
{
	struct wire_frame *frame = &scan->frames[scan->depth];
	const ProtobufCFieldDescriptor *field;
	enum wire_type wire;
	uint64_t tag;
	baton_err err;

	if (!wire_read_varint(&scan->at, frame->end, WIRE_VARINT32_BYTES,
			      &tag) ||
	    tag > UINT32_MAX || tag >> 3 == 0 || (tag & 7) > WIRE_32BIT) {
		return wire_refuse(scan, NULL, BATON_MALFORMED,
				   "a field's tag is not valid");
	}
	wire = (enum wire_type)(tag & 7);
	field = protobuf_c_message_descriptor_get_field(frame->descriptor,
							(unsigned)(tag >> 3));
	if (field == NULL) {
		if (++scan->fields > scan->limits->max_fields) {
			return wire_refuse(scan, NULL, BATON_TOO_LARGE,
					   "the message has too many fields");
		}
		return wire_skip_unknown(scan, wire);
	}
	if (wire == WIRE_LENGTH && (wire_type_of(field->type) == WIRE_LENGTH ||
				    field->label == PROTOBUF_C_LABEL_REPEATED))
		return wire_scan_length(scan, field);
	err = wire_count(scan, field);
	if (err != BATON_OK)
		return err;
	if (wire != wire_type_of(field->type) ||
	    !wire_skip_number(field->type, &scan->at, frame->end)) {
		return wire_refuse(scan, field, BATON_MALFORMED,
				   "a number is cut short, out of range or of "
				   "another wire type");
	}
	return BATON_OK;
}

static baton_err
wire_scan_message(struct wire_scan *scan)
{
	baton_err err;

	for (;;) {
		if (scan->at < scan->frames[scan->depth].end) {
			err = wire_scan_field(scan);
			if (err != BATON_OK)
				return err;
		} else if (scan->depth == 0) {
			return BATON_OK;
		} else {
			scan->depth--;
		}
	}
}

baton_err
wire_scan(const ProtobufCMessageDescriptor *descriptor, struct baton_span bytes,
	  const struct wire_limits *limits, bool *unknown_seen,
	  struct baton_problem *problem)
{
	struct wire_scan scan;
	baton_err err;

	scan.at = bytes.data;
	scan.limits = limits;
	scan.fields = 0;
	scan.depth = 0;
	scan.unknown_seen = false;
	scan.problem = problem;
	scan.frames[0].descriptor = descriptor;
	scan.frames[0].end = bytes.data + bytes.len;
	memset(scan.frames[0].seen, 0, sizeof(scan.frames[0].seen));
	assert(descriptor->n_fields <= WIRE_FIELDS_MAX);
	err = wire_scan_message(&scan);
	*unknown_seen = scan.unknown_seen;
	return err;
}
