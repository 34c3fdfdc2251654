/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_INPUT_H
#define BATON_CLI_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"

/**
 * A stream of events as JSON, cut into single events without holding more
 * than one of them: one object, objects one after the other (NDJSON, or each
 * over several lines), or one array of them (CloudEvents batch format).
 *
 * Only the borders of events are looked for; whether what is between is JSON
 * is for baton_event_from_json(). A broken event costs itself and not the
 * ones after it: an object that is still open is given up where a line begins
 * with '{' no further right than the open object did.
 */
struct input;

/** The longest event as JSON; what baton_event_from_json() takes. */
#define INPUT_EVENT_MAX ((size_t)262144)

enum input_kind {
	/** text and len are one object. */
	INPUT_EVENT,
	/** Something that is not an event; code and problem say why. */
	INPUT_BAD,
	/** Nothing can be read at the moment. */
	INPUT_WAIT,
	/** The stream ended. */
	INPUT_END,
	/** Reading failed; code and problem say why. */
	INPUT_FAILED,
};

struct input_item {
	enum input_kind kind;
	/** Borrowed until the next call. */
	const char *text;
	size_t len;
	/** Line it begins in, and how many events began up to it; from 1. */
	uint64_t line;
	uint64_t number;
	baton_err code;
	/** A static text: what is wrong and what to do. */
	const char *problem;
};

/**
 * Opens a file, or standard input for "-".
 *
 * *input: given, free with input_free(). Errors: IO (text says what the
 * system says), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err input_open(const char *path, struct input **input,
				      struct baton_error *error);

/** The same from a descriptor, which is borrowed. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err input_new(int fd, struct input **input);

/** NULL is allowed. */
void input_free(struct input *input);

enum input_patience {
	/** Reads until there is something to give. */
	INPUT_MAY_WAIT,
	/** Gives INPUT_WAIT rather than wait for the writer of a pipe. */
	INPUT_NO_WAIT,
};

void input_next(struct input *input, enum input_patience patience,
		struct input_item *item);

/** Bytes read so far. */
uint64_t input_bytes(const struct input *input);

#endif /* BATON_CLI_INPUT_H */
