/* SPDX-License-Identifier: MIT */
#include "cli/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* One printf may not print more than this; longer text is cut. */
#define PRINT_LINE_BYTES 4096

/* The longest escape, as JSON: a pair of surrogates. */
_Static_assert(sizeof("\\uXXXX\\uXXXX") <=
		       sizeof(((struct print_piece *)0)->text),
	       "every escape fits a piece");

struct print_range {
	uint32_t first;
	uint32_t last;
};

/* What is never printed as it is, in order; see the header. */
static const struct print_range print_unsafe[] = {
	{0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},
	{0x061c, 0x061c}, {0x200b, 0x200b},   {0x200e, 0x200f},
	{0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff},
	{0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool
print_is_unsafe(uint32_t point)
{
	size_t count = sizeof(print_unsafe) / sizeof(print_unsafe[0]);

	for (size_t i = 0; i < count; i++) {
		if (point >= print_unsafe[i].first &&
		    point <= print_unsafe[i].last)
			return true;
	}
	return false;
}

/* Length of the UTF-8 sequence that a byte begins; 0 when it begins none. */
static size_t
print_sequence_len(unsigned char byte)
{
	if (byte < 0x80)
		return 1;
	if (byte >= 0xc2 && byte <= 0xdf)
		return 2;
	if (byte >= 0xe0 && byte <= 0xef)
		return 3;
	if (byte >= 0xf0 && byte <= 0xf4)
		return 4;
	return 0;
}

/* Reads one code point (RFC 3629); returns its length, 0 when it is not one. */
static size_t
print_decode(const char *text, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t len = print_sequence_len((unsigned char)text[0]);

	if (len == 0)
		return 0;
	*point = (unsigned char)text[0] & mask[len];
	for (size_t i = 1; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		*point = (*point << 6) | (byte & 0x3f);
	}
	if (*point < least[len] || *point > 0x10ffff ||
	    (*point >= 0xd800 && *point <= 0xdfff))
		return 0;
	return len;
}

static void
print_set_escape(struct print_piece *piece, enum print_escape escape,
		 uint32_t point)
{
	int wrote;

	if (escape == PRINT_ESCAPE_TEXT) {
		wrote = snprintf(piece->text, sizeof(piece->text), "\\u{%x}",
				 (unsigned)point);
	} else if (point > 0xffff) {
		wrote = snprintf(piece->text, sizeof(piece->text),
				 "\\u%04x\\u%04x",
				 (unsigned)(0xd7c0 + (point >> 10)),
				 (unsigned)(0xdc00 + (point & 0x3ff)));
	} else {
		wrote = snprintf(piece->text, sizeof(piece->text), "\\u%04x",
				 (unsigned)point);
	}
	piece->len = (size_t)wrote;
	piece->columns = piece->len;
}

bool
print_next(const char **text, enum print_escape escape,
	   struct print_piece *piece)
{
	uint32_t point = 0;
	size_t len;
	int columns;

	if (**text == '\0')
		return false;
	len = print_decode(*text, &point);
	if (len == 0) {
		/* JSON is checked to be UTF-8 before it comes here. */
		piece->len = (size_t)snprintf(piece->text, sizeof(piece->text),
					      "\\x{%02x}",
					      (unsigned)(unsigned char)**text);
		piece->columns = piece->len;
		*text += 1;
		return true;
	}
	if (print_is_unsafe(point)) {
		print_set_escape(piece, escape, point);
	} else {
		columns = wcwidth((wchar_t)point);
		memcpy(piece->text, *text, len);
		piece->text[len] = '\0';
		piece->len = len;
		piece->columns = columns < 0 ? 1 : (size_t)columns;
	}
	*text += len;
	return true;
}

char *
print_escaped(const char *text, enum print_escape escape)
{
	struct print_piece piece;
	const char *at = text;
	size_t len = 0;
	char *copy;

	while (print_next(&at, escape, &piece))
		len += piece.len;
	copy = malloc(len + 1);
	if (copy == NULL)
		return NULL;
	at = text;
	len = 0;
	while (print_next(&at, escape, &piece)) {
		memcpy(copy + len, piece.text, piece.len);
		len += piece.len;
	}
	copy[len] = '\0';
	return copy;
}

size_t
print_columns(const char *text)
{
	struct print_piece piece;
	size_t columns = 0;

	while (print_next(&text, PRINT_ESCAPE_TEXT, &piece))
		columns += piece.columns;
	return columns;
}

void
print_text(FILE *out, const char *format, ...)
{
	char line[PRINT_LINE_BYTES];
	struct print_piece piece;
	const char *at = line;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	while (*at != '\0') {
		if (*at == '\n') {
			(void)fputc('\n', out);
			at++;
		} else if (print_next(&at, PRINT_ESCAPE_TEXT, &piece)) {
			(void)fwrite(piece.text, 1, piece.len, out);
		}
	}
}

void
print_json_text(FILE *out, const char *json)
{
	struct print_piece piece;

	while (print_next(&json, PRINT_ESCAPE_JSON, &piece))
		(void)fwrite(piece.text, 1, piece.len, out);
	(void)fputc('\n', out);
}

baton_err
print_json(FILE *out, json_t *object)
{
	char *text;

	if (object == NULL)
		return BATON_NO_MEMORY;
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (text == NULL)
		return BATON_NO_MEMORY;
	print_json_text(out, text);
	free(text);
	return BATON_OK;
}

const char *
print_time_local(int64_t time_ms, char text[PRINT_TIME_BYTES])
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm local;

	if (time_ms == 0 || localtime_r(&seconds, &local) == NULL ||
	    strftime(text, PRINT_TIME_BYTES, "%Y-%m-%d %H:%M", &local) == 0)
		(void)snprintf(text, PRINT_TIME_BYTES, "-");
	return text;
}

const char *
print_time_utc(int64_t time_ms, char text[PRINT_TIME_BYTES])
{
	int64_t fraction_ms = time_ms % 1000;
	time_t seconds = (time_t)(time_ms / 1000);
	char stamp[PRINT_TIME_BYTES - 8];
	struct tm utc;

	if (fraction_ms < 0) {
		fraction_ms += 1000;
		seconds--;
	}
	if (gmtime_r(&seconds, &utc) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc) == 0) {
		(void)snprintf(text, PRINT_TIME_BYTES, "-");
	} else {
		(void)snprintf(text, PRINT_TIME_BYTES, "%s.%03dZ", stamp,
			       (int)fraction_ms);
	}
	return text;
}

json_t *
print_time_json(int64_t time_ms)
{
	char text[PRINT_TIME_BYTES];

	if (time_ms == 0)
		return json_null();
	return json_string(print_time_utc(time_ms, text));
}
