/* SPDX-License-Identifier: MIT */
#ifndef BATON_EVENT_JSON_H
#define BATON_EVENT_JSON_H

#include <stdbool.h>

#include "send/v1/event.pb-c.h"

/**
 * What writing and reading an event's CloudEvents form share; the mapping is
 * in include/baton/event.h. Any thread.
 */

/** The attributes in the order they are written. */
enum event_json_attribute {
	EVENT_JSON_SPECVERSION,
	EVENT_JSON_ID,
	EVENT_JSON_SOURCE,
	EVENT_JSON_TYPE,
	EVENT_JSON_SUBJECT,
	EVENT_JSON_TIME,
	EVENT_JSON_ACTION,
	EVENT_JSON_DATAREF,
	EVENT_JSON_TRACEPARENT,
	EVENT_JSON_DATACONTENTTYPE,
	EVENT_JSON_SOURCENAME,
	EVENT_JSON_COUNT,
};

extern const char *const event_json_names[EVENT_JSON_COUNT];

/** "new", "update", "delete" by their number; NULL for 0. */
enum { EVENT_JSON_ACTION_COUNT = SEND__V1__ACTION__ACTION_DELETE + 1 };
extern const char *const event_json_actions[EVENT_JSON_ACTION_COUNT];

/** Room for "/ods/RPG" with its NUL; a longer code is not one. */
#define EVENT_JSON_SOURCE_BYTES 32

/** Whether the envelope's field is a CloudEvents attribute, not in data. */
bool event_json_is_attribute(const ProtobufCFieldDescriptor *field);

#endif /* BATON_EVENT_JSON_H */
