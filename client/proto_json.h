/* SPDX-License-Identifier: MIT */
#ifndef BATON_PROTO_JSON_H
#define BATON_PROTO_JSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "client/arena.h"
#include "client/problem.h"

/**
 * Any protobuf-c message as proto3 JSON and back, by its descriptor: names in
 * lowerCamelCase, enums by name, 64-bit numbers as strings, bytes in base64,
 * timestamps in RFC 3339, default values left out. On input the names of the
 * proto file, numbers for enums the code list has and null for "not given"
 * are taken too. Our contracts have no float, map or recursive message, and
 * neither has this. Any thread.
 */

/** Room for a field's JSON name with its NUL. */
#define PROTO_JSON_NAME_BYTES 64

/** Writes "contactTeam" for "contact_team". */
void proto_json_name(const char *name, char json_name[PROTO_JSON_NAME_BYTES]);

/** Bytes that one value of a list takes in memory. */
size_t proto_json_width(ProtobufCType type);

/**
 * Writes a message.
 *
 * place: of the message, NULL at the top. *json: given, json_decref().
 * Errors: MALFORMED (a timestamp out of range), UNSUPPORTED (a float),
 * NO_MEMORY.
 */
BATON_MUST_CHECK baton_err proto_json_write(const ProtobufCMessage *message,
					    const struct problem_place *place,
					    json_t **json,
					    struct baton_problem *problem);

/** Adds one field to an object, unless it has its default value. place: of
 *  the message. Errors: as proto_json_write(). */
BATON_MUST_CHECK baton_err proto_json_write_field(
	const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
	const struct problem_place *place, json_t *object,
	struct baton_problem *problem);

/** What a reading shares: where messages go and whom to tell. */
struct proto_json_reader {
	struct arena *arena;
	struct baton_problem *problem;
};

/**
 * Makes an empty message in the reader's arena; NULL when that is full, and
 * the problem then says so.
 */
ProtobufCMessage *
proto_json_message_new(const struct proto_json_reader *reader,
		       const ProtobufCMessageDescriptor *descriptor);

/** Copies text into the reader's arena; NULL as above. */
char *proto_json_text_new(const struct proto_json_reader *reader,
			  const char *text);

/**
 * Reads an object into a message of the reader's arena.
 *
 * refused: a bit for each field of the descriptor that may not be there.
 * place: of the message. Errors: FIELD_UNKNOWN, FIELD_INVALID, ENUM_UNKNOWN,
 * ENTRY_REPEATED (a field under both its names), RULE_BROKEN (two members of
 * a oneof), TEXT_INVALID, DATE_INVALID, TOO_LARGE, NO_MEMORY; with the JSON
 * path.
 */
BATON_MUST_CHECK baton_err proto_json_read(
	const struct proto_json_reader *reader, json_t *json, uint64_t refused,
	const struct problem_place *place, ProtobufCMessage *message);

/**
 * Refuses a member that nobody knows. Its name is in the path when it looks
 * like a field's name and not like somebody's data.
 */
baton_err proto_json_refuse_unknown(struct baton_problem *problem,
				    const struct problem_place *place,
				    const char *name);

#endif /* BATON_PROTO_JSON_H */
