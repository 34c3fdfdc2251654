/* SPDX-License-Identifier: MIT */
/* An event as structured-mode CloudEvents 1.0: writing. */
#include "client/event_json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/contract.h"
#include "client/proto_json.h"
#include "client/timestamp.h"

const char *const event_json_names[EVENT_JSON_COUNT] = {
	[EVENT_JSON_SPECVERSION] = "specversion",
	[EVENT_JSON_ID] = "id",
	[EVENT_JSON_SOURCE] = "source",
	[EVENT_JSON_TYPE] = "type",
	[EVENT_JSON_SUBJECT] = "subject",
	[EVENT_JSON_TIME] = "time",
	[EVENT_JSON_ACTION] = "action",
	[EVENT_JSON_DATAREF] = "dataref",
	[EVENT_JSON_TRACEPARENT] = "traceparent",
	[EVENT_JSON_DATACONTENTTYPE] = "datacontenttype",
	[EVENT_JSON_SOURCENAME] = "sourcename",
};

const char *const event_json_actions[EVENT_JSON_ACTION_COUNT] = {
	[SEND__V1__ACTION__ACTION_NEW] = "new",
	[SEND__V1__ACTION__ACTION_UPDATE] = "update",
	[SEND__V1__ACTION__ACTION_DELETE] = "delete",
};

bool
event_json_is_attribute(const ProtobufCFieldDescriptor *field)
{
	static const char *const fields[] = {
		"id",          "source",         "action",
		"occurred_at", "case_reference", "dataref",
		"traceparent",
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (strcmp(fields[i], field->name) == 0)
			return true;
	}
	return false;
}

static baton_err
event_json_refuse(struct baton_problem *problem, const char *field,
		  const char *text)
{
	struct problem_place place = {NULL, field, PROBLEM_NO_INDEX};

	return problem_set(problem, BATON_MALFORMED, &place, "%s", text);
}

/* The texts of an event's attributes, or "" for what it does not have. */
struct event_json_texts {
	const char *text[EVENT_JSON_COUNT];
	char source[EVENT_JSON_SOURCE_BYTES];
	char time[TIMESTAMP_BYTES];
};

static baton_err
event_json_describe(const Send__V1__Event *event,
		    struct event_json_texts *texts,
		    struct baton_problem *problem)
{
	const Google__Protobuf__Timestamp *time = event->occurred_at;
	unsigned action = (unsigned)event->action;

	texts->source[0] = '\0';
	texts->time[0] = '\0';
	if (event->source != NULL &&
	    !contract_organisation_format(event->source, texts->source,
					  sizeof(texts->source))) {
		return event_json_refuse(problem, "source",
					 "an organisation of no known scheme");
	}
	if (time != NULL &&
	    !timestamp_format(time->seconds, time->nanos, texts->time)) {
		return event_json_refuse(problem, "occurred_at",
					 "the time is not within years 1 to "
					 "9999");
	}
	if (action >= EVENT_JSON_ACTION_COUNT) {
		return event_json_refuse(problem, "action",
					 "an action of no known kind");
	}
	texts->text[EVENT_JSON_SPECVERSION] = "1.0";
	texts->text[EVENT_JSON_ID] = event->id;
	texts->text[EVENT_JSON_SOURCE] = texts->source;
	texts->text[EVENT_JSON_TYPE] = baton_event_type(event);
	texts->text[EVENT_JSON_SUBJECT] = event->case_reference;
	texts->text[EVENT_JSON_TIME] = texts->time;
	texts->text[EVENT_JSON_ACTION] =
		action == 0 ? "" : event_json_actions[action];
	texts->text[EVENT_JSON_DATAREF] = event->dataref;
	texts->text[EVENT_JSON_TRACEPARENT] = event->traceparent;
	texts->text[EVENT_JSON_DATACONTENTTYPE] = "application/json";
	texts->text[EVENT_JSON_SOURCENAME] =
		event->source == NULL ? "" : event->source->name;
	return BATON_OK;
}

static baton_err
event_json_no_memory(struct baton_problem *problem)
{
	return problem_set(problem, BATON_NO_MEMORY, NULL, "out of memory");
}

/* What CloudEvents has no attribute for. */
static baton_err
event_json_write_data(const Send__V1__Event *event, json_t *root,
		      struct baton_problem *problem)
{
	const ProtobufCMessageDescriptor *descriptor = event->base.descriptor;
	json_t *data = json_object();
	baton_err err;

	/* The root owns data from here on, whatever happens to it. */
	if (json_object_set_new(root, "data", data) != 0)
		return event_json_no_memory(problem);
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (event_json_is_attribute(field))
			continue;
		err = proto_json_write_field(&event->base, field, NULL, data,
					     problem);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

static baton_err
event_json_write(const Send__V1__Event *event, json_t *root,
		 struct baton_problem *problem)
{
	struct event_json_texts texts = {.text = {NULL}};
	baton_err err;

	err = event_json_describe(event, &texts, problem);
	if (err != BATON_OK)
		return err;
	for (size_t i = 0; i < EVENT_JSON_COUNT; i++) {
		if (texts.text[i] == NULL || texts.text[i][0] == '\0')
			continue;
		if (json_object_set_new(root, event_json_names[i],
					json_string(texts.text[i])) != 0)
			return event_json_no_memory(problem);
	}
	return event_json_write_data(event, root, problem);
}

baton_err
baton_event_to_json(struct baton_span bytes, char **json,
		    struct baton_problem *problem)
{
	Send__V1__Event *event;
	json_t *root = NULL;
	baton_err err;

	*json = NULL;
	err = baton_event_unpack(bytes, &event, problem);
	if (err != BATON_OK)
		return err;
	root = json_object();
	if (root == NULL) {
		err = event_json_no_memory(problem);
		goto done;
	}
	err = event_json_write(event, root, problem);
	if (err != BATON_OK)
		goto done;
	*json = json_dumps(root, JSON_COMPACT);
	if (*json == NULL)
		err = event_json_no_memory(problem);
done:
	json_decref(root);
	baton_event_free(event);
	return err;
}

void
baton_json_free(char *json)
{
	free(json);
}
