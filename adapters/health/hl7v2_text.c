/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "adapters/health/hl7v2.h"
#include "client/utf8.h"

/* Where the unescaped value goes: bytes of 8859/1 become two of UTF-8. */
struct hl7v2_output {
	enum hl7v2_charset charset;
	char *text;
	size_t size;
	size_t len;
	baton_err err;
};

static void
hl7v2_put(struct hl7v2_output *out, uint8_t byte)
{
	bool two = out->charset == HL7V2_CHARSET_8859_1 && byte >= 0x80;

	if (out->len + (two ? 2 : 1) >= out->size) {
		out->err = BATON_TOO_LARGE;
		return;
	}
	if (two) {
		out->text[out->len++] = (char)(0xc0 | (byte >> 6));
		out->text[out->len++] = (char)(0x80 | (byte & 0x3f));
		return;
	}
	out->text[out->len++] = (char)byte;
}

/* Whether a field's bytes are of the character set. */
static bool
hl7v2_of_charset(struct baton_span field, enum hl7v2_charset charset)
{
	if (charset == HL7V2_CHARSET_8859_1)
		return true;
	if (charset != HL7V2_CHARSET_ASCII)
		return utf8_text_valid(field.data, field.len);
	for (size_t i = 0; i < field.len; i++) {
		if (field.data[i] >= 0x80)
			return false;
	}
	return true;
}

enum hl7v2_charset
hl7v2_charset(const struct hl7v2_message *message)
{
	static const struct {
		const char *name;
		enum hl7v2_charset charset;
	} names[] = {
		{"ASCII", HL7V2_CHARSET_ASCII},
		{"UNICODE", HL7V2_CHARSET_UTF_8},
		{"UNICODE UTF-8", HL7V2_CHARSET_UTF_8},
		{"UTF-8", HL7V2_CHARSET_UTF_8},
		{"UTF8", HL7V2_CHARSET_UTF_8},
		{"8859/1", HL7V2_CHARSET_8859_1},
		{"8859-1", HL7V2_CHARSET_8859_1},
		{"ISO-8859-1", HL7V2_CHARSET_8859_1},
	};
	const struct hl7v2_segment *header = hl7v2_next(message, "MSH", NULL);
	struct baton_span name = hl7v2_value(message, header, 18, 1);

	if (name.len == 0)
		return HL7V2_CHARSET_UNSTATED;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == name.len &&
		    strncasecmp(names[i].name, (const char *)name.data,
				name.len) == 0)
			return names[i].charset;
	}
	return HL7V2_CHARSET_OTHER;
}

/* Number of the first field that is not of the character set, or 0. */
static unsigned
hl7v2_foreign_field(const struct hl7v2_message *message,
		    const struct hl7v2_segment *segment,
		    enum hl7v2_charset charset)
{
	if (hl7v2_of_charset(hl7v2_line(segment), charset))
		return 0;
	for (unsigned i = 1; i <= HL7V2_FIELDS_MAX; i++) {
		if (!hl7v2_of_charset(hl7v2_field(message, segment, i),
				      charset))
			return i;
	}
	return 0;
}

baton_err
hl7v2_check_text(const struct hl7v2_message *message,
		 enum hl7v2_charset charset, struct hl7v2_fault *fault)
{
	const struct hl7v2_segment *segment = NULL;
	struct hl7v2_where where;
	unsigned field;

	while ((segment = hl7v2_after(message, segment)) != NULL) {
		field = hl7v2_foreign_field(message, segment, charset);
		if (field == 0)
			continue;
		where = hl7v2_where(message, segment, field, 0);
		return hl7v2_fault_set(
			fault, BATON_TEXT_INVALID, HL7V2_DATA_TYPE, &where,
			"bytes are not of the character set that MSH-18 or the "
			"profile's character_set names");
	}
	return BATON_OK;
}

static int
hl7v2_hex(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return -1;
}

/* \Xhh..\: at least one pair of hexadecimal digits, or it stays verbatim. CR,
 * alone or before LF, is how senders write a newline there. */
static bool
hl7v2_put_hex(struct hl7v2_output *out, const uint8_t *digits, size_t len)
{
	uint8_t last = 0;

	if (len == 0 || len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (hl7v2_hex(digits[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < len; i += 2) {
		uint8_t byte = (uint8_t)(hl7v2_hex(digits[i]) * 16 +
					 hl7v2_hex(digits[i + 1]));

		if (byte != '\n' || last != '\r')
			hl7v2_put(out, byte == '\r' ? '\n' : byte);
		last = byte;
	}
	return true;
}

/* Writes what the escape between two escape characters stands for; false when
 * it is not one of ours. */
static bool
hl7v2_put_escape(const struct hl7v2_separators *separators,
		 struct hl7v2_output *out, const uint8_t *name, size_t len)
{
	static const char letters[] = "FSTRE";
	const char characters[] = {separators->field, separators->component,
				   separators->subcomponent,
				   separators->repetition, separators->escape};
	const char *letter;

	/* Highlighting starts, ends: nothing in plain text. */
	if (len == 1 && (name[0] == 'H' || name[0] == 'N'))
		return true;
	if (len == 1 && name[0] != '\0') {
		letter = strchr(letters, name[0]);
		if (letter == NULL || characters[letter - letters] == '\0')
			return false;
		hl7v2_put(out, (uint8_t)characters[letter - letters]);
		return true;
	}
	if (len == 3 && memcmp(name, ".br", 3) == 0) {
		hl7v2_put(out, '\n');
		return true;
	}
	if (len > 1 && name[0] == 'X')
		return hl7v2_put_hex(out, name + 1, len - 1);
	return false;
}

static void
hl7v2_unescape(const struct hl7v2_separators *separators,
	       struct baton_span span, struct hl7v2_output *out)
{
	size_t at = 0;
	const uint8_t *end;
	size_t len;

	while (at < span.len && out->err == BATON_OK) {
		if (separators->escape != '\0' &&
		    span.data[at] == (uint8_t)separators->escape) {
			end = memchr(span.data + at + 1, separators->escape,
				     span.len - at - 1);
			len = end == NULL
				      ? 0
				      : (size_t)(end - (span.data + at + 1));
			if (end != NULL &&
			    hl7v2_put_escape(separators, out,
					     span.data + at + 1, len)) {
				at += len + 2;
				continue;
			}
		}
		hl7v2_put(out, span.data[at++]);
	}
}

baton_err
hl7v2_text(const struct hl7v2_message *message, enum hl7v2_charset charset,
	   struct baton_span span, char *text, size_t size)
{
	struct hl7v2_output out = {charset, text, size, 0, BATON_OK};

	text[0] = '\0';
	hl7v2_unescape(hl7v2_separators(message), span, &out);
	if (out.err != BATON_OK)
		return out.err;
	if (!utf8_text_valid((const uint8_t *)text, out.len))
		out.err = BATON_TEXT_INVALID;
	text[out.err == BATON_OK ? out.len : 0] = '\0';
	return out.err;
}
