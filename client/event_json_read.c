/* SPDX-License-Identifier: MIT */
/* An event as structured-mode CloudEvents 1.0: reading. */
#include <stdio.h>
#include <string.h>

#include "client/contract.h"
#include "client/event_json.h"
#include "client/proto_json.h"
#include "client/timestamp.h"
#include "client/utf8.h"

#define EVENT_JSON_BYTES_MAX ((size_t)256 * 1024)
#define EVENT_JSON_MEMORY_MAX ((size_t)1024 * 1024)
#define EVENT_JSON_FIRST_BYTES ((size_t)4096)
/* data, referral, from, organisation and their like: six at most. */
#define EVENT_JSON_DEPTH_MAX 16

#define EVENT_JSON_TYPE_PREFIX "uk.send."
#define EVENT_JSON_TYPE_SUFFIX ".v1"

struct event_json_reading {
	struct proto_json_reader reader;
	Send__V1__Event *event;
	/* As read, borrowed from the JSON; NULL when not given. */
	const char *text[EVENT_JSON_COUNT];
	json_t *data;
	char filled_id[BATON_UUID_BYTES];
};

static baton_err
event_json_refuse(const struct event_json_reading *reading, baton_err code,
		  enum event_json_attribute attribute, const char *text)
{
	struct problem_place place = {NULL, event_json_names[attribute],
				      PROBLEM_NO_INDEX};

	return problem_set(reading->reader.problem, code, &place, "%s", text);
}

/* Whether brackets open deeper than an event's do; strings hold none. */
static bool
event_json_too_deep(const char *json, size_t len)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = json[i];

		if (in_string && c == '\\') {
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == '{' || c == '[')) {
			depth++;
		} else if (!in_string && (c == '}' || c == ']') && depth > 0) {
			depth--;
		}
		if (depth > EVENT_JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

/* jansson's own text quotes the input, which may be personal data. */
static const char *
event_json_fault(const json_error_t *error)
{
	switch ((int)json_error_code(error)) {
	case json_error_premature_end_of_input:
		return "the JSON ends too early";
	case json_error_end_of_input_expected:
		return "something follows the JSON object";
	case json_error_invalid_utf8:
		return "text is not UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "text holds a NUL character";
	case json_error_duplicate_key:
		return "a member is there twice";
	case json_error_numeric_overflow:
		return "a number is too large";
	default:
		return "this is not JSON";
	}
}

static baton_err
event_json_parse(const char *json, size_t len, json_t **root,
		 struct baton_problem *problem)
{
	json_error_t error;

	*root = NULL;
	if (len > EVENT_JSON_BYTES_MAX) {
		return problem_set(problem, BATON_TOO_LARGE, NULL,
				   "more than %zu bytes of JSON; send less",
				   EVENT_JSON_BYTES_MAX);
	}
	if (event_json_too_deep(json, len)) {
		return problem_set(problem, BATON_MALFORMED, NULL,
				   "nested deeper than %d levels",
				   EVENT_JSON_DEPTH_MAX);
	}
	*root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	if (*root == NULL) {
		if (json_error_code(&error) == json_error_out_of_memory) {
			return problem_set(problem, BATON_NO_MEMORY, NULL,
					   "out of memory");
		}
		return problem_set(problem, BATON_MALFORMED, NULL,
				   "line %d, column %d: %s", error.line,
				   error.column, event_json_fault(&error));
	}
	if (!json_is_object(*root)) {
		return problem_set(problem, BATON_MALFORMED, NULL,
				   "line 1, column 1: an event is a JSON "
				   "object");
	}
	return BATON_OK;
}

/* Takes one member of the root apart from the others. */
static baton_err
event_json_sort(struct event_json_reading *reading, const char *name,
		json_t *value)
{
	size_t at = 0;

	if (strcmp(name, "data") == 0) {
		reading->data = value;
		return BATON_OK;
	}
	while (at < EVENT_JSON_COUNT && strcmp(name, event_json_names[at]) != 0)
		at++;
	if (at == EVENT_JSON_COUNT) {
		return proto_json_refuse_unknown(reading->reader.problem, NULL,
						 name);
	}
	if (json_is_null(value))
		return BATON_OK;
	if (!json_is_string(value)) {
		return event_json_refuse(reading, BATON_FIELD_INVALID,
					 (enum event_json_attribute)at,
					 "must be a string");
	}
	reading->text[at] = json_string_value(value);
	if (!utf8_text_valid((const uint8_t *)reading->text[at],
			     json_string_length(value))) {
		return event_json_refuse(reading, BATON_TEXT_INVALID,
					 (enum event_json_attribute)at,
					 "text may hold no control characters");
	}
	return BATON_OK;
}

static baton_err
event_json_require(const struct event_json_reading *reading)
{
	static const enum event_json_attribute required[] = {
		EVENT_JSON_SPECVERSION, EVENT_JSON_ID, EVENT_JSON_SOURCE,
		EVENT_JSON_TYPE};
	const char *type = reading->text[EVENT_JSON_DATACONTENTTYPE];

	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++) {
		const char *text = reading->text[required[i]];

		if (text == NULL || *text == '\0') {
			return event_json_refuse(
				reading, BATON_FIELD_MISSING, required[i],
				"this attribute is required; give it");
		}
	}
	if (strcmp(reading->text[EVENT_JSON_SPECVERSION], "1.0") != 0) {
		return event_json_refuse(reading, BATON_FIELD_INVALID,
					 EVENT_JSON_SPECVERSION,
					 "must be 1.0, the version of "
					 "CloudEvents");
	}
	if (type != NULL && strcmp(type, "application/json") != 0) {
		return event_json_refuse(reading, BATON_FIELD_INVALID,
					 EVENT_JSON_DATACONTENTTYPE,
					 "must be application/json");
	}
	return BATON_OK;
}

/* Family number of "uk.send.referral.v1"; 0 when there is none. */
static int
event_json_family(const char *type)
{
	const size_t prefix = sizeof(EVENT_JSON_TYPE_PREFIX) - 1;
	const size_t suffix = sizeof(EVENT_JSON_TYPE_SUFFIX) - 1;
	size_t len = strlen(type);
	char name[PROTO_JSON_NAME_BYTES];

	if (len <= prefix + suffix || len - prefix - suffix >= sizeof(name) ||
	    strncmp(type, EVENT_JSON_TYPE_PREFIX, prefix) != 0 ||
	    strcmp(type + len - suffix, EVENT_JSON_TYPE_SUFFIX) != 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(len - prefix - suffix),
		       type + prefix);
	return contract_family_number(name);
}

/* Copies an attribute into a text field, when it was given. */
static baton_err
event_json_copy(const struct event_json_reading *reading,
		enum event_json_attribute attribute, char **field)
{
	char *copy;

	if (reading->text[attribute] == NULL)
		return BATON_OK;
	copy = proto_json_text_new(&reading->reader, reading->text[attribute]);
	if (copy == NULL)
		return arena_error(reading->reader.arena);
	*field = copy;
	return BATON_OK;
}

static baton_err
event_json_read_source(const struct event_json_reading *reading)
{
	Send__V1__Organisation *source;
	char code[16];

	source = (Send__V1__Organisation *)proto_json_message_new(
		&reading->reader, &send__v1__organisation__descriptor);
	if (source == NULL)
		return arena_error(reading->reader.arena);
	reading->event->source = source;
	if (!contract_organisation_parse(reading->text[EVENT_JSON_SOURCE],
					 &source->scheme, code)) {
		return event_json_refuse(reading, BATON_FIELD_INVALID,
					 EVENT_JSON_SOURCE,
					 "must be /ods/CODE, /urn/6 digits or "
					 "/la/3 digits");
	}
	source->code = proto_json_text_new(&reading->reader, code);
	if (source->code == NULL)
		return arena_error(reading->reader.arena);
	return event_json_copy(reading, EVENT_JSON_SOURCENAME, &source->name);
}

static baton_err
event_json_read_time(const struct event_json_reading *reading)
{
	Google__Protobuf__Timestamp *time;

	if (reading->text[EVENT_JSON_TIME] == NULL)
		return BATON_OK;
	time = (Google__Protobuf__Timestamp *)proto_json_message_new(
		&reading->reader, &google__protobuf__timestamp__descriptor);
	if (time == NULL)
		return arena_error(reading->reader.arena);
	reading->event->occurred_at = time;
	if (!timestamp_parse(reading->text[EVENT_JSON_TIME], &time->seconds,
			     &time->nanos)) {
		return event_json_refuse(reading, BATON_DATE_INVALID,
					 EVENT_JSON_TIME,
					 "must be a time as RFC 3339 writes "
					 "it, 2026-02-15T09:30:00Z");
	}
	return BATON_OK;
}

static baton_err
event_json_read_action(const struct event_json_reading *reading)
{
	const char *text = reading->text[EVENT_JSON_ACTION];

	if (text == NULL)
		return BATON_OK;
	for (int i = 1; i < EVENT_JSON_ACTION_COUNT; i++) {
		if (strcmp(text, event_json_actions[i]) == 0) {
			reading->event->action = (Send__V1__Action)i;
			return BATON_OK;
		}
	}
	return event_json_refuse(reading, BATON_ENUM_UNKNOWN, EVENT_JSON_ACTION,
				 "must be new, update or delete");
}

static baton_err
event_json_read_attributes(const struct event_json_reading *reading)
{
	static const enum event_json_attribute texts[] = {
		EVENT_JSON_ID, EVENT_JSON_SUBJECT, EVENT_JSON_DATAREF,
		EVENT_JSON_TRACEPARENT};
	Send__V1__Event *event = reading->event;
	char **fields[] = {&event->id, &event->case_reference, &event->dataref,
			   &event->traceparent};
	baton_err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		err = event_json_copy(reading, texts[i], fields[i]);
		if (err != BATON_OK)
			return err;
	}
	err = event_json_read_source(reading);
	if (err != BATON_OK)
		return err;
	err = event_json_read_time(reading);
	if (err != BATON_OK)
		return err;
	return event_json_read_action(reading);
}

static baton_err
event_json_read_data(const struct event_json_reading *reading)
{
	const ProtobufCMessageDescriptor *descriptor =
		&send__v1__event__descriptor;
	struct problem_place data = {NULL, "data", PROBLEM_NO_INDEX};
	int family = event_json_family(reading->text[EVENT_JSON_TYPE]);
	char name[PROTO_JSON_NAME_BYTES];
	struct problem_place member = {&data, name, PROBLEM_NO_INDEX};
	uint64_t refused = 0;
	baton_err err;

	if (family == 0) {
		return event_json_refuse(reading, BATON_ENUM_UNKNOWN,
					 EVENT_JSON_TYPE,
					 "no event of this contract; use "
					 "uk.send.<family>.v1");
	}
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		if (event_json_is_attribute(&descriptor->fields[i]))
			refused |= UINT64_C(1) << i;
	}
	if (reading->data != NULL) {
		err = proto_json_read(&reading->reader, reading->data, refused,
				      &data, &reading->event->base);
		if (err != BATON_OK)
			return err;
	}
	if ((int)reading->event->data_case == family)
		return BATON_OK;
	proto_json_name(contract_family_name(family), name);
	if (reading->event->data_case == SEND__V1__EVENT__DATA__NOT_SET) {
		return problem_set(reading->reader.problem, BATON_FIELD_MISSING,
				   &member,
				   "data has no member for the event's type; "
				   "give it");
	}
	return event_json_refuse(reading, BATON_RULE_BROKEN, EVENT_JSON_TYPE,
				 "the type is not that of the data; correct "
				 "one of them");
}

static baton_err
event_json_read(struct event_json_reading *reading, json_t *root,
		enum baton_fill_id fill_id)
{
	const char *name;
	json_t *value;
	baton_err err;

	json_object_foreach(root, name, value)
	{
		err = event_json_sort(reading, name, value);
		if (err != BATON_OK)
			return err;
	}
	if (fill_id == BATON_ID_FILL && reading->text[EVENT_JSON_ID] == NULL) {
		err = baton_uuid7(reading->filled_id);
		if (err != BATON_OK) {
			return problem_set(reading->reader.problem, err, NULL,
					   "no randomness for an id");
		}
		reading->text[EVENT_JSON_ID] = reading->filled_id;
	}
	err = event_json_require(reading);
	if (err != BATON_OK)
		return err;
	err = event_json_read_attributes(reading);
	if (err != BATON_OK)
		return err;
	return event_json_read_data(reading);
}

static baton_err
event_json_pack(const Send__V1__Event *event, uint8_t **bytes, size_t *len,
		struct baton_problem *problem)
{
	baton_err err = baton_event_pack(event, bytes, len);

	if (err != BATON_OK) {
		return problem_set(problem, err, NULL,
				   "the event cannot be packed into %zu bytes; "
				   "send less",
				   BATON_EVENT_MAX_BYTES);
	}
	return BATON_OK;
}

baton_err
baton_event_from_json(const char *json, size_t len, enum baton_fill_id fill_id,
		      uint8_t **bytes, size_t *bytes_len,
		      struct baton_problem *problem)
{
	struct event_json_reading reading = {.reader = {.problem = problem}};
	struct arena *arena = NULL;
	json_t *root;
	baton_err err;

	*bytes = NULL;
	*bytes_len = 0;
	err = event_json_parse(json, len, &root, problem);
	if (err != BATON_OK)
		goto done;
	arena = arena_new(EVENT_JSON_FIRST_BYTES, EVENT_JSON_MEMORY_MAX);
	if (arena == NULL) {
		err = problem_set(problem, BATON_NO_MEMORY, NULL,
				  "out of memory");
		goto done;
	}
	reading.reader.arena = arena;
	reading.event = (Send__V1__Event *)proto_json_message_new(
		&reading.reader, &send__v1__event__descriptor);
	if (reading.event == NULL) {
		err = arena_error(arena);
		goto done;
	}
	err = event_json_read(&reading, root, fill_id);
	if (err == BATON_OK)
		err = event_json_pack(reading.event, bytes, bytes_len, problem);
done:
	arena_free(arena);
	json_decref(root);
	return err;
}
