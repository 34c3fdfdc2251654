/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_PRINT_H
#define BATON_CLI_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "baton/error.h"

/**
 * Printing what others wrote. Text of an event may hold escape sequences that
 * would take over a terminal, or direction overrides that would show an
 * order of words that is not there; nothing printed by the command does.
 *
 * Shown as an escape: C0 and C1 controls, DEL, line and paragraph separators,
 * the bidirectional controls, invisible format characters and tags, and bytes
 * that are not UTF-8.
 */
enum print_escape {
	/** "\u{202e}"; a byte that is not UTF-8 as "\x{e9}". */
	PRINT_ESCAPE_TEXT,
	/** "\u202e", as JSON has it, so that the data stays the same. */
	PRINT_ESCAPE_JSON,
};

/** One character as it is to be printed. */
struct print_piece {
	char text[16];
	size_t len;
	/** Columns it takes on a terminal. */
	size_t columns;
};

/** Takes the next character off NUL-terminated *text; false at its end. */
bool print_next(const char **text, enum print_escape escape,
		struct print_piece *piece);

/** A printable copy; free() it. NULL when memory is short. */
char *print_escaped(const char *text, enum print_escape escape);

/** Columns that a printable text takes on a terminal. */
size_t print_columns(const char *text);

/** Formats and prints to out, escaping what is not printable, but for
 *  newlines of the format itself: a text given for %s must be one line. */
void print_text(FILE *out, const char *format, ...) BATON_PRINTF(2, 3);

/** Prints JSON text and a newline, escaped. */
void print_json_text(FILE *out, const char *json);

/**
 * Prints an object on one line.
 *
 * object: taken, whatever the outcome; NULL (memory was short while it was
 * made) answers NO_MEMORY.
 */
BATON_MUST_CHECK baton_err print_json(FILE *out, json_t *object);

/** Room for a time as text. */
#define PRINT_TIME_BYTES 40

/** "2026-11-22 10:15", local time; "-" for 0. Returns text. */
const char *print_time_local(int64_t time_ms, char text[PRINT_TIME_BYTES]);

/** "2026-11-22T10:15:00.000Z". Returns text. */
const char *print_time_utc(int64_t time_ms, char text[PRINT_TIME_BYTES]);

/** A time as JSON: text in UTC, null for 0. */
json_t *print_time_json(int64_t time_ms);

#endif /* BATON_CLI_PRINT_H */
