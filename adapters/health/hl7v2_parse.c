/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "adapters/health/hl7v2_private.h"

#define HL7V2_FIRST_SEGMENTS 32

static bool
hl7v2_upper(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool
hl7v2_alphanumeric(uint8_t byte)
{
	return hl7v2_upper(byte) || (byte >= 'a' && byte <= 'z') ||
	       (byte >= '0' && byte <= '9');
}

/* A separator is a printable ASCII character that is no letter or digit. */
static bool
hl7v2_may_separate(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && !hl7v2_alphanumeric(byte);
}

/* Reads MSH-1 and MSH-2 from the first segment's line. */
static baton_err
hl7v2_read_separators(struct hl7v2_message *message, struct baton_span line,
		      struct hl7v2_fault *fault)
{
	struct hl7v2_separators *separators = &message->separators;
	char *const slots[] = {&separators->component, &separators->repetition,
			       &separators->escape, &separators->subcomponent};
	const struct hl7v2_where where = {"MSH", 1, 2, 0, 0};
	struct baton_span encoding;
	size_t slot = 0;

	separators->field = (char)line.data[3];
	encoding = hl7v2_split(line, separators->field, 2);
	if (!hl7v2_may_separate(line.data[3]) || encoding.len < 2 ||
	    encoding.len > 5) {
		return hl7v2_fault_set(fault, BATON_MALFORMED, HL7V2_DATA_TYPE,
				       &where,
				       "MSH-2 is not 2 to 5 separators");
	}
	message->encoding = encoding;
	for (size_t i = 0; i < encoding.len; i++) {
		if (!hl7v2_may_separate(encoding.data[i])) {
			return hl7v2_fault_set(
				fault, BATON_MALFORMED, HL7V2_DATA_TYPE, &where,
				"MSH-2 holds a character that cannot separate");
		}
		if (memchr(encoding.data, encoding.data[i], i) == NULL &&
		    slot < sizeof(slots) / sizeof(slots[0]))
			*slots[slot++] = (char)encoding.data[i];
	}
	return BATON_OK;
}

static bool
hl7v2_starts_message(struct baton_span line)
{
	return line.len >= 4 && (memcmp(line.data, "MSH", 3) == 0 ||
				 memcmp(line.data, "BHS", 3) == 0 ||
				 memcmp(line.data, "FHS", 3) == 0);
}

/* Whether a line is a segment: a name of three and then a field or the end. */
static bool
hl7v2_is_segment(const struct hl7v2_message *message, struct baton_span line)
{
	return line.len >= 3 && hl7v2_upper(line.data[0]) &&
	       hl7v2_alphanumeric(line.data[1]) &&
	       hl7v2_alphanumeric(line.data[2]) &&
	       (line.len == 3 ||
		line.data[3] == (uint8_t)message->separators.field);
}

static baton_err
hl7v2_check_bounds(const struct hl7v2_message *message,
		   const struct hl7v2_segment *segment,
		   struct hl7v2_fault *fault)
{
	const struct hl7v2_separators *separators = &message->separators;
	unsigned fields = 0;
	unsigned repetitions = 0;
	struct hl7v2_where where;

	for (size_t i = 0; i < segment->line.len; i++) {
		if (segment->line.data[i] == (uint8_t)separators->field) {
			fields++;
			repetitions = 0;
		} else if (separators->repetition != '\0' &&
			   segment->line.data[i] ==
				   (uint8_t)separators->repetition) {
			repetitions++;
		}
		if (fields > HL7V2_FIELDS_MAX ||
		    repetitions >= HL7V2_REPETITIONS_MAX) {
			where = hl7v2_where(message, segment, fields, 0);
			return hl7v2_fault_set(
				fault, BATON_TOO_LARGE, HL7V2_DATA_TYPE, &where,
				"more than %d fields or %d repetitions",
				HL7V2_FIELDS_MAX, HL7V2_REPETITIONS_MAX);
		}
	}
	return BATON_OK;
}

/* Makes room for one more segment; NULL, with the fault, when there is none. */
static struct hl7v2_segment *
hl7v2_grow(struct hl7v2_message *message, struct hl7v2_fault *fault)
{
	struct hl7v2_segment *segments = message->segments;
	size_t room =
		message->room == 0 ? HL7V2_FIRST_SEGMENTS : message->room * 2;

	if (message->count >= HL7V2_SEGMENTS_MAX) {
		(void)hl7v2_fault_set(
			fault, BATON_TOO_LARGE, HL7V2_SEGMENT_SEQUENCE, NULL,
			"more than %d segments", HL7V2_SEGMENTS_MAX);
		return NULL;
	}
	if (segments == NULL || message->count == message->room) {
		segments = realloc(segments, room * sizeof(*segments));
		if (segments == NULL) {
			(void)hl7v2_fault_set(fault, BATON_NO_MEMORY,
					      HL7V2_INTERNAL, NULL,
					      "out of memory, send again "
					      "later");
			return NULL;
		}
		message->segments = segments;
		message->room = room;
	}
	return &segments[message->count];
}

static baton_err
hl7v2_add(struct hl7v2_message *message, struct baton_span line,
	  struct hl7v2_fault *fault)
{
	struct hl7v2_segment *segment;
	baton_err err;

	if (message->count == 0) {
		if (!hl7v2_starts_message(line)) {
			return hl7v2_fault_set(
				fault, BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE,
				NULL, "message does not begin with MSH");
		}
		err = hl7v2_read_separators(message, line, fault);
		if (err != BATON_OK)
			return err;
	}
	if (!hl7v2_is_segment(message, line)) {
		return hl7v2_fault_set(
			fault, BATON_MALFORMED, HL7V2_SEGMENT_SEQUENCE, NULL,
			"line %zu is no segment", message->count + 1);
	}
	segment = hl7v2_grow(message, fault);
	if (segment == NULL) {
		return fault->code == HL7V2_INTERNAL ? BATON_NO_MEMORY
						     : BATON_TOO_LARGE;
	}
	message->count++;
	memcpy(segment->name, line.data, 3);
	segment->name[3] = '\0';
	segment->line = line;
	if (strcmp(segment->name, "BHS") == 0 ||
	    strcmp(segment->name, "FHS") == 0 ||
	    strcmp(segment->name, "BTS") == 0 ||
	    strcmp(segment->name, "FTS") == 0 ||
	    (strcmp(segment->name, "MSH") == 0 && message->count > 1))
		message->batch = true;
	return hl7v2_check_bounds(message, segment, fault);
}

static bool
hl7v2_blank(struct baton_span line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] != ' ' && line.data[i] != '\t')
			return false;
	}
	return true;
}

static baton_err
hl7v2_split_lines(struct hl7v2_message *message, struct baton_span bytes,
		  struct hl7v2_fault *fault)
{
	bool has_cr = bytes.len > 0 && memchr(bytes.data, '\r', bytes.len);
	size_t at = 0;
	baton_err err;

	while (at < bytes.len) {
		const uint8_t *start = bytes.data + at;
		const uint8_t *end =
			memchr(start, has_cr ? '\r' : '\n', bytes.len - at);
		size_t len =
			end == NULL ? bytes.len - at : (size_t)(end - start);
		struct baton_span line = {start, len};

		at += len + 1;
		if (has_cr && len > 0 && start[0] == '\n')
			line = (struct baton_span){start + 1, len - 1};
		if (hl7v2_blank(line))
			continue;
		err = hl7v2_add(message, line, fault);
		if (err != BATON_OK)
			return err;
	}
	if (message->count == 0) {
		return hl7v2_fault_set(fault, BATON_MALFORMED,
				       HL7V2_SEGMENT_SEQUENCE, NULL,
				       "message is empty");
	}
	return BATON_OK;
}

baton_err
hl7v2_parse(struct baton_span bytes, struct hl7v2_message **message,
	    struct hl7v2_fault *fault)
{
	struct hl7v2_message *parsed = calloc(1, sizeof(*parsed));
	baton_err err;

	*message = NULL;
	if (parsed == NULL) {
		return hl7v2_fault_set(fault, BATON_NO_MEMORY, HL7V2_INTERNAL,
				       NULL, "out of memory, send again later");
	}
	err = hl7v2_split_lines(parsed, bytes, fault);
	if (err != BATON_OK) {
		hl7v2_free(parsed);
		return err;
	}
	*message = parsed;
	return BATON_OK;
}

void
hl7v2_free(struct hl7v2_message *message)
{
	if (message == NULL)
		return;
	free(message->segments);
	free(message);
}
