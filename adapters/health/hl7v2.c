/* SPDX-License-Identifier: MIT */
#include "adapters/health/hl7v2.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adapters/health/hl7v2_private.h"

const char *
hl7v2_code_name(enum hl7v2_code code)
{
	switch (code) {
	case HL7V2_OK:
		return "Message accepted";
	case HL7V2_SEGMENT_SEQUENCE:
		return "Segment sequence error";
	case HL7V2_FIELD_MISSING:
		return "Required field missing";
	case HL7V2_DATA_TYPE:
		return "Data type error";
	case HL7V2_TABLE_VALUE:
		return "Table value not found";
	case HL7V2_MESSAGE_TYPE:
		return "Unsupported message type";
	case HL7V2_EVENT_CODE:
		return "Unsupported event code";
	case HL7V2_PROCESSING_ID:
		return "Unsupported processing id";
	case HL7V2_VERSION_ID:
		return "Unsupported version id";
	case HL7V2_UNKNOWN_KEY:
		return "Unknown key identifier";
	case HL7V2_DUPLICATE_KEY:
		return "Duplicate key identifier";
	case HL7V2_INTERNAL:
		break;
	}
	return "Application internal error";
}

baton_err
hl7v2_fault_set(struct hl7v2_fault *fault, baton_err err, enum hl7v2_code code,
		const struct hl7v2_where *where, const char *format, ...)
{
	va_list args;

	memset(fault, 0, sizeof(*fault));
	fault->code = code;
	if (where != NULL)
		fault->where = *where;
	va_start(args, format);
	(void)vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return err;
}

/* ---- splitting ---- */

static struct baton_span
hl7v2_span(const uint8_t *data, size_t len)
{
	struct baton_span span = {data, len};

	return span;
}

struct baton_span
hl7v2_split(struct baton_span span, char separator, unsigned number)
{
	const uint8_t *at = span.data;
	size_t left = span.len;
	const uint8_t *end;

	if (number == 0 || left == 0)
		return hl7v2_span(NULL, 0);
	if (separator == '\0')
		return number == 1 ? span : hl7v2_span(NULL, 0);
	for (;;) {
		end = memchr(at, separator, left);
		if (--number == 0) {
			return hl7v2_span(at, end == NULL ? left
							  : (size_t)(end - at));
		}
		if (end == NULL)
			return hl7v2_span(NULL, 0);
		left -= (size_t)(end - at) + 1;
		at = end + 1;
		if (left == 0)
			return hl7v2_span(NULL, 0);
	}
}

static unsigned
hl7v2_count(struct baton_span span, char separator)
{
	unsigned count = span.len > 0 ? 1 : 0;

	if (separator == '\0')
		return count;
	for (size_t i = 0; i < span.len; i++) {
		if (span.data[i] == (uint8_t)separator)
			count++;
	}
	return count;
}

static bool
hl7v2_is_header(const struct hl7v2_segment *segment)
{
	return strcmp(segment->name, "MSH") == 0 ||
	       strcmp(segment->name, "BHS") == 0 ||
	       strcmp(segment->name, "FHS") == 0;
}

struct baton_span
hl7v2_field(const struct hl7v2_message *message,
	    const struct hl7v2_segment *segment, unsigned number)
{
	if (segment == NULL)
		return hl7v2_span(NULL, 0);
	/* The name counts as part 1; in a header MSH-1 is the separator. */
	if (!hl7v2_is_header(segment)) {
		return hl7v2_split(segment->line, message->separators.field,
				   number + 1);
	}
	if (number == 1)
		return hl7v2_span(segment->line.data + 3, 1);
	return hl7v2_split(segment->line, message->separators.field, number);
}

struct baton_span
hl7v2_repetition(const struct hl7v2_message *message, struct baton_span field,
		 unsigned number)
{
	return hl7v2_split(field, message->separators.repetition, number);
}

struct baton_span
hl7v2_component(const struct hl7v2_message *message,
		struct baton_span repetition, unsigned number)
{
	return hl7v2_split(repetition, message->separators.component, number);
}

struct baton_span
hl7v2_subcomponent(const struct hl7v2_message *message,
		   struct baton_span component, unsigned number)
{
	return hl7v2_split(component, message->separators.subcomponent, number);
}

unsigned
hl7v2_repetitions(const struct hl7v2_message *message, struct baton_span field)
{
	return hl7v2_count(field, message->separators.repetition);
}

struct baton_span
hl7v2_part(const struct hl7v2_message *message, struct baton_span repetition,
	   unsigned component)
{
	struct baton_span part = hl7v2_subcomponent(
		message, hl7v2_component(message, repetition, component), 1);

	return hl7v2_is(part, "\"\"") ? hl7v2_span(NULL, 0) : part;
}

struct baton_span
hl7v2_value(const struct hl7v2_message *message,
	    const struct hl7v2_segment *segment, unsigned field,
	    unsigned component)
{
	struct baton_span first = hl7v2_repetition(
		message, hl7v2_field(message, segment, field), 1);

	return hl7v2_part(message, first, component);
}

bool
hl7v2_is(struct baton_span span, const char *text)
{
	return span.len == strlen(text) &&
	       (span.len == 0 || memcmp(span.data, text, span.len) == 0);
}

/* ---- reading the message ---- */

const struct hl7v2_separators *
hl7v2_separators(const struct hl7v2_message *message)
{
	return &message->separators;
}

struct baton_span
hl7v2_encoding(const struct hl7v2_message *message)
{
	return message->encoding;
}

const struct hl7v2_segment *
hl7v2_header(const struct hl7v2_message *message)
{
	return &message->segments[0];
}

bool
hl7v2_is_batch(const struct hl7v2_message *message)
{
	return message->batch;
}

const struct hl7v2_segment *
hl7v2_next(const struct hl7v2_message *message, const char *name,
	   const struct hl7v2_segment *after)
{
	size_t at = after == NULL ? 0 : (size_t)(after - message->segments) + 1;

	for (; at < message->count; at++) {
		if (strcmp(message->segments[at].name, name) == 0)
			return &message->segments[at];
	}
	return NULL;
}

const struct hl7v2_segment *
hl7v2_after(const struct hl7v2_message *message,
	    const struct hl7v2_segment *after)
{
	size_t at = after == NULL ? 0 : (size_t)(after - message->segments) + 1;

	return at < message->count ? &message->segments[at] : NULL;
}

struct baton_span
hl7v2_line(const struct hl7v2_segment *segment)
{
	return segment->line;
}

struct hl7v2_where
hl7v2_where(const struct hl7v2_message *message,
	    const struct hl7v2_segment *segment, unsigned field,
	    unsigned component)
{
	struct hl7v2_where where = {.field = field, .component = component};

	memcpy(where.segment, segment->name, sizeof(where.segment));
	for (const struct hl7v2_segment *at = message->segments; at <= segment;
	     at++) {
		if (strcmp(at->name, segment->name) == 0)
			where.sequence++;
	}
	return where;
}

unsigned
hl7v2_version(const struct hl7v2_message *message)
{
	static const struct {
		const char *text;
		unsigned number;
	} versions[] = {
		{"2.1", 210},   {"2.2", 220},   {"2.3", 230},   {"2.3.1", 231},
		{"2.4", 240},   {"2.5", 250},   {"2.5.1", 251}, {"2.6", 260},
		{"2.7", 270},   {"2.7.1", 271}, {"2.8", 280},   {"2.8.1", 281},
		{"2.8.2", 282},
	};
	const struct hl7v2_segment *header = hl7v2_header(message);
	struct baton_span version;

	if (strcmp(header->name, "MSH") != 0)
		return 0;
	version = hl7v2_value(message, header, 12, 1);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (hl7v2_is(version, versions[i].text))
			return versions[i].number;
	}
	return 0;
}
