/* SPDX-License-Identifier: MIT */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_CHUNK_BYTES 65536

/*
 * Where the reader stands. NUL stands for the end of input.
 *
 *   START --[--> BETWEEN --{--> OBJECT --}--> BETWEEN --]--> AFTER
 *     |             ^  |          |
 *     +------{------|--|----------+ (no array)
 *                   |  +--other--> JUNK
 *                   +----line end----+
 */
enum input_state {
	INPUT_START,
	INPUT_BETWEEN,
	INPUT_OBJECT,
	/** The rest of a line that no event begins. */
	INPUT_JUNK,
	/** After an array: only blanks may follow. */
	INPUT_AFTER,
	INPUT_ENDED,
};

struct input {
	int fd;
	bool owns_fd;
	enum input_state state;
	bool in_array;
	bool wants_comma;
	/* Within an object. */
	bool in_string;
	bool escaped;
	size_t depth;
	uint64_t object_column;
	/* Why the object or junk under way is bad; NULL while it is good. */
	const char *problem;
	baton_err code;
	uint64_t item_line;
	uint64_t number;
	/* Of the next byte, from 1 and 0; only blanks before it in its line. */
	uint64_t line;
	uint64_t column;
	bool line_blank;
	uint64_t bytes;
	size_t chunk_at;
	size_t chunk_len;
	size_t text_len;
	char chunk[INPUT_CHUNK_BYTES];
	char text[INPUT_EVENT_MAX];
};

baton_err
input_new(int fd, struct input **input)
{
	*input = calloc(1, sizeof(**input));
	if (*input == NULL)
		return BATON_NO_MEMORY;
	(*input)->fd = fd;
	(*input)->state = INPUT_START;
	(*input)->line = 1;
	(*input)->line_blank = true;
	return BATON_OK;
}

baton_err
input_open(const char *path, struct input **input, struct baton_error *error)
{
	bool owns_fd = strcmp(path, "-") != 0;
	int fd = owns_fd ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	*input = NULL;
	if (fd < 0) {
		return baton_error_set(error, BATON_IO,
				       "the file cannot be opened: %s",
				       strerror(errno));
	}
	if (input_new(fd, input) != BATON_OK) {
		if (owns_fd)
			(void)close(fd);
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	}
	(*input)->owns_fd = owns_fd;
	return BATON_OK;
}

void
input_free(struct input *input)
{
	if (input == NULL)
		return;
	if (input->owns_fd)
		(void)close(input->fd);
	free(input);
}

uint64_t
input_bytes(const struct input *input)
{
	return input->bytes;
}

static void
input_give(const struct input *input, enum input_kind kind,
	   struct input_item *item)
{
	item->kind = kind;
	item->text = input->text;
	item->len = input->text_len;
	item->line = input->item_line;
	item->number = input->number;
	item->code = input->code;
	item->problem = input->problem;
}

/* Notes the first problem of what is under way. */
static void
input_blame(struct input *input, baton_err code, const char *problem)
{
	if (input->problem != NULL)
		return;
	input->code = code;
	input->problem = problem;
}

static void
input_begin(struct input *input, enum input_state state)
{
	input->state = state;
	input->item_line = input->line;
	input->number++;
	input->text_len = 0;
	input->problem = NULL;
	input->code = BATON_OK;
}

/* Gives what is under way, and is between events again. */
static bool
input_finish(struct input *input, struct input_item *item)
{
	input->state = INPUT_BETWEEN;
	input->wants_comma = input->in_array;
	input_give(input, input->problem == NULL ? INPUT_EVENT : INPUT_BAD,
		   item);
	return true;
}

static void
input_begin_object(struct input *input)
{
	bool comma_missing = input->in_array && input->wants_comma;

	input_begin(input, INPUT_OBJECT);
	input->in_string = false;
	input->escaped = false;
	input->depth = 0;
	input->object_column = input->column;
	if (comma_missing) {
		input_blame(input, BATON_MALFORMED,
			    "a comma is missing before this event; put one "
			    "between the events of an array");
	}
}

static void
input_begin_junk(struct input *input)
{
	input_begin(input, INPUT_JUNK);
	input_blame(input, BATON_MALFORMED,
		    "this is not an event; each event is a JSON object from "
		    "{ to }");
}

/* One byte of an object; true when the object is complete. */
static bool
input_object_byte(struct input *input, char byte)
{
	if (input->text_len < INPUT_EVENT_MAX) {
		input->text[input->text_len++] = byte;
	} else {
		input_blame(input, BATON_TOO_LARGE,
			    "the event is larger than 256 KiB; send a dataref "
			    "in place of long content");
	}
	if (input->in_string) {
		if (byte == '\n') {
			input_blame(input, BATON_MALFORMED,
				    "a text is not closed at the end of its "
				    "line; close it with a quotation mark");
			input->in_string = false;
		} else if (input->escaped) {
			input->escaped = false;
		} else if (byte == '\\') {
			input->escaped = true;
		} else if (byte == '"') {
			input->in_string = false;
		}
	} else if (byte == '"') {
		input->in_string = true;
		input->escaped = false;
	} else if (byte == '{' || byte == '[') {
		input->depth++;
	} else if (byte == '}' || byte == ']') {
		input->depth--;
	}
	return input->depth == 0;
}

static bool
input_is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* A byte between events; never ends an item by itself. */
static void
input_between_byte(struct input *input, char byte)
{
	/* A byte order mark, as some Windows programs write it. */
	static const char mark[] = {'\xef', '\xbb', '\xbf'};
	bool is_mark = input->state == INPUT_START &&
		       input->bytes <= sizeof(mark) &&
		       byte == mark[input->bytes - 1];

	if (input_is_blank(byte) || is_mark)
		return;
	if (byte == '{' && input->state != INPUT_AFTER) {
		input_begin_object(input);
		(void)input_object_byte(input, byte);
	} else if (byte == '[' && input->state == INPUT_START) {
		input->state = INPUT_BETWEEN;
		input->in_array = true;
	} else if (byte == ',' && input->wants_comma) {
		input->wants_comma = false;
	} else if (byte == ']' && input->in_array) {
		input->state = INPUT_AFTER;
		input->in_array = false;
		input->wants_comma = false;
	} else {
		input_begin_junk(input);
	}
}

/* Whether a byte begins the next event although one is still open. */
static bool
input_is_restart(const struct input *input, char byte)
{
	return input->state == INPUT_OBJECT && byte == '{' &&
	       input->line_blank && input->line > input->item_line &&
	       input->column <= input->object_column;
}

/* One byte; true when it completes an item. */
static bool
input_byte(struct input *input, char byte, struct input_item *item)
{
	if (input->state == INPUT_OBJECT) {
		if (input_object_byte(input, byte))
			return input_finish(input, item);
	} else if (input->state == INPUT_JUNK) {
		if (byte == '\n') {
			(void)input_finish(input, item);
			/* What the comma was after is not known. */
			input->wants_comma = false;
			return true;
		}
	} else {
		input_between_byte(input, byte);
	}
	return false;
}

static void
input_move_on(struct input *input, char byte)
{
	input->chunk_at++;
	if (byte == '\n') {
		input->line++;
		input->column = 0;
		input->line_blank = true;
	} else {
		input->column++;
		input->line_blank = input->line_blank && input_is_blank(byte);
	}
}

/* The input is over: what is still open is not an event. */
static void
input_end(struct input *input, struct input_item *item)
{
	enum input_state state = input->state;

	input->state = INPUT_ENDED;
	if (state == INPUT_OBJECT) {
		input_blame(input, BATON_MALFORMED,
			    "the input ends inside this event; it was cut "
			    "short");
		input_give(input, INPUT_BAD, item);
	} else if (state == INPUT_JUNK) {
		input_give(input, INPUT_BAD, item);
	} else if (state == INPUT_BETWEEN && input->in_array) {
		input_begin(input, INPUT_ENDED);
		input_blame(input, BATON_MALFORMED,
			    "the array is not closed with ]; the input was cut "
			    "short");
		input_give(input, INPUT_BAD, item);
	} else {
		input_give(input, INPUT_END, item);
	}
}

/* Reads the next chunk; false when item says why there is none. */
static bool
input_fill(struct input *input, enum input_patience patience,
	   struct input_item *item)
{
	struct pollfd ready = {.fd = input->fd, .events = POLLIN};
	ssize_t got;

	if (patience == INPUT_NO_WAIT && poll(&ready, 1, 0) == 0) {
		input_give(input, INPUT_WAIT, item);
		return false;
	}
	do {
		got = read(input->fd, input->chunk, sizeof(input->chunk));
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		input->state = INPUT_ENDED;
		input->code = BATON_IO;
		input->problem = strerror(errno);
		input_give(input, INPUT_FAILED, item);
		return false;
	}
	if (got == 0) {
		input_end(input, item);
		return false;
	}
	input->chunk_at = 0;
	input->chunk_len = (size_t)got;
	return true;
}

void
input_next(struct input *input, enum input_patience patience,
	   struct input_item *item)
{
	if (input->state == INPUT_ENDED) {
		input_give(input, INPUT_END, item);
		return;
	}
	for (;;) {
		char byte;
		bool done;

		if (input->chunk_at == input->chunk_len &&
		    !input_fill(input, patience, item))
			return;
		byte = input->chunk[input->chunk_at];
		if (input_is_restart(input, byte)) {
			input_blame(input, BATON_MALFORMED,
				    "the next event begins before this one is "
				    "complete; close it with }");
			(void)input_finish(input, item);
			input->wants_comma = false;
			return;
		}
		input->bytes++;
		done = input_byte(input, byte, item);
		input_move_on(input, byte);
		if (done)
			return;
	}
}
