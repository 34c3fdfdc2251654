/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_HL7V2_H
#define BATON_HEALTH_HL7V2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/event.h"

/**
 * HL7 version 2.1 to 2.8 messages in their vertical-bar form, read in place: a
 * message is a list of spans over the caller's bytes, and every value is a span
 * of them until hl7v2_text() copies it out. Z segments and other unknown
 * segments are kept and read by nobody.
 *
 * A parsed message is not changed by reading it: any thread.
 */
struct hl7v2_message;
struct hl7v2_segment;

/** Bounds of one message; more is refused. */
#define HL7V2_SEGMENTS_MAX 1000
#define HL7V2_FIELDS_MAX 300
#define HL7V2_REPETITIONS_MAX 200

/** HL7 table 0357, "message error condition codes". */
enum hl7v2_code {
	HL7V2_OK = 0,
	HL7V2_SEGMENT_SEQUENCE = 100,
	HL7V2_FIELD_MISSING = 101,
	HL7V2_DATA_TYPE = 102,
	HL7V2_TABLE_VALUE = 103,
	HL7V2_MESSAGE_TYPE = 200,
	HL7V2_EVENT_CODE = 201,
	HL7V2_PROCESSING_ID = 202,
	HL7V2_VERSION_ID = 203,
	HL7V2_UNKNOWN_KEY = 204,
	HL7V2_DUPLICATE_KEY = 205,
	HL7V2_INTERNAL = 207,
};

/** The code's name in table 0357; never NULL. */
const char *hl7v2_code_name(enum hl7v2_code code);

/** A place in a message; 0 and "" stand for "the whole". */
struct hl7v2_where {
	char segment[4];
	/** Which of the segments of that name, from 1. */
	unsigned sequence;
	unsigned field;
	unsigned repetition;
	unsigned component;
};

#define HL7V2_FAULT_TEXT_BYTES 200

/** What is wrong with a message and where. The text is ASCII and holds no
 *  value from the message. */
struct hl7v2_fault {
	enum hl7v2_code code;
	struct hl7v2_where where;
	char text[HL7V2_FAULT_TEXT_BYTES];
};

/** Sets code, place and text; returns err. where: NULL for the whole. */
baton_err hl7v2_fault_set(struct hl7v2_fault *fault, baton_err err,
			  enum hl7v2_code code, const struct hl7v2_where *where,
			  const char *format, ...) BATON_PRINTF(5, 6);

/** Separators of one message; '\0' when MSH-2 does not give it. */
struct hl7v2_separators {
	char field;
	char component;
	char repetition;
	char escape;
	char subcomponent;
};

/**
 * Splits a message into segments. When it has any CR, segments end with CR and
 * one LF at a segment's start is dropped, since LF is legal data; else they end
 * with LF. Blank lines are skipped.
 *
 * bytes: borrowed until hl7v2_free(). *message: given, NULL on failure.
 * fault: filled on failure. Errors: MALFORMED (no MSH, BHS or FHS at the start;
 * MSH-2 not of 2 to 5 characters; a line that is no segment), TOO_LARGE (the
 * bounds above), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err hl7v2_parse(struct baton_span bytes,
				       struct hl7v2_message **message,
				       struct hl7v2_fault *fault);

/** NULL is allowed. */
void hl7v2_free(struct hl7v2_message *message);

/** Separators from MSH-1 and MSH-2. A character that is there twice (`^~\\&`
 *  is seen) counts once. */
const struct hl7v2_separators *
hl7v2_separators(const struct hl7v2_message *message);

/** MSH-2 as it stands. */
struct baton_span hl7v2_encoding(const struct hl7v2_message *message);

/** The first segment: MSH, BHS or FHS. Never NULL. */
const struct hl7v2_segment *hl7v2_header(const struct hl7v2_message *message);

/** Whether this is a batch: it has BHS, FHS, BTS, FTS or a second MSH. */
bool hl7v2_is_batch(const struct hl7v2_message *message);

/** The next segment of that name after another (NULL: from the start), or
 *  NULL. */
const struct hl7v2_segment *hl7v2_next(const struct hl7v2_message *message,
				       const char *name,
				       const struct hl7v2_segment *after);

/** The segment after another (NULL: the first), or NULL. */
const struct hl7v2_segment *hl7v2_after(const struct hl7v2_message *message,
					const struct hl7v2_segment *after);

/** The whole segment with its name. */
struct baton_span hl7v2_line(const struct hl7v2_segment *segment);

/** The segment's name and place, for a fault. */
struct hl7v2_where hl7v2_where(const struct hl7v2_message *message,
			       const struct hl7v2_segment *segment,
			       unsigned field, unsigned component);

/**
 * Parts of a message, counted from 1 as the standard counts them (MSH-1 is the
 * field separator itself). A part that is not there is empty: empty tail
 * fields and components may be left out. segment: NULL gives an empty span.
 */
struct baton_span hl7v2_field(const struct hl7v2_message *message,
			      const struct hl7v2_segment *segment,
			      unsigned number);
struct baton_span hl7v2_repetition(const struct hl7v2_message *message,
				   struct baton_span field, unsigned number);
struct baton_span hl7v2_component(const struct hl7v2_message *message,
				  struct baton_span repetition,
				  unsigned number);
struct baton_span hl7v2_subcomponent(const struct hl7v2_message *message,
				     struct baton_span component,
				     unsigned number);

/** Repetitions in a field; 0 when it is empty. */
unsigned hl7v2_repetitions(const struct hl7v2_message *message,
			   struct baton_span field);

/** First subcomponent of a component of a field's first repetition; `""`,
 *  which sets a value to null, reads as empty. */
struct baton_span hl7v2_value(const struct hl7v2_message *message,
			      const struct hl7v2_segment *segment,
			      unsigned field, unsigned component);

/** The same for one repetition. */
struct baton_span hl7v2_part(const struct hl7v2_message *message,
			     struct baton_span repetition, unsigned component);

/** Whether a span is this text, byte for byte. */
bool hl7v2_is(struct baton_span span, const char *text);

/** Versions as numbers: 210 for 2.1, 231 for 2.3.1, 251 for 2.5.1; 0 for one
 *  outside 2.1 to 2.8. Reads component 1 of MSH-12. */
unsigned hl7v2_version(const struct hl7v2_message *message);

/* ---- text (hl7v2_text.c) ---- */

/** Character sets, HL7 table 0211. */
enum hl7v2_charset {
	/** MSH-18 is empty: ASCII, and UTF-8 where it is valid. */
	HL7V2_CHARSET_UNSTATED,
	HL7V2_CHARSET_ASCII,
	HL7V2_CHARSET_UTF_8,
	HL7V2_CHARSET_8859_1,
	/** One we cannot read. */
	HL7V2_CHARSET_OTHER,
};

/** The character set that MSH-18's first repetition names. UNICODE is read as
 *  UTF-8, which is what is sent under that name. */
enum hl7v2_charset hl7v2_charset(const struct hl7v2_message *message);

/**
 * Checks that every byte of the message is of the character set; in UTF-8 also
 * that no field holds a control character other than newline and tab.
 *
 * Errors: TEXT_INVALID, with the field of the first that is not.
 */
BATON_MUST_CHECK baton_err hl7v2_check_text(const struct hl7v2_message *message,
					    enum hl7v2_charset charset,
					    struct hl7v2_fault *fault);

/**
 * Copies a value out as NUL-terminated UTF-8, its escapes undone: \F\ \S\ \T\
 * \R\ \E\ to the separators, \Xhh..\ to bytes of the character set with CR and
 * CR LF as a newline, \.br\ to a newline, \H\ and \N\ to nothing. Any other
 * escape, and one that does not end, stays as it stands.
 *
 * span: after splitting. text: size bytes.
 * Errors: TOO_LARGE (does not fit), TEXT_INVALID (bytes not of the character
 * set, or a control character other than newline and tab).
 */
BATON_MUST_CHECK baton_err hl7v2_text(const struct hl7v2_message *message,
				      enum hl7v2_charset charset,
				      struct baton_span span, char *text,
				      size_t size);

#endif /* BATON_HEALTH_HL7V2_H */
