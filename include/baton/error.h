/* SPDX-License-Identifier: MIT */
#ifndef BATON_ERROR_H
#define BATON_ERROR_H

/**
 * Errors of baton: one list, one number space, the same on the wire
 * (baton.v1.Status.code) and in every function of this library.
 *
 * Numbers are appended, never changed. 1 to 99 answer a call or a request;
 * 100 and up say why one event is not valid and come with a field path.
 */
/* X(name, number, text) */
#define BATON_ERR_LIST(X)                                                      \
	X(OK, 0, "success")                                                    \
	X(NO_MEMORY, 1, "out of memory")                                       \
	X(INVALID, 2, "invalid argument")                                      \
	X(IO, 3, "input or output failed")                                     \
	X(TIMEOUT, 4, "timed out")                                             \
	X(CLOSED, 5, "closed")                                                 \
	X(UNREACHABLE, 6, "broker cannot be reached")                          \
	X(BUSY, 7, "broker is busy, repeat later")                             \
	X(UNAVAILABLE, 8, "journal is unavailable, repeat later")              \
	X(DENIED, 9, "not permitted by the agreement")                         \
	X(NOT_FOUND, 10, "not found")                                          \
	X(EXISTS, 11, "exists already and differs")                            \
	X(TOO_LARGE, 12, "too large")                                          \
	X(MALFORMED, 13, "malformed bytes")                                    \
	X(UNSUPPORTED, 14, "unsupported version or operation")                 \
	X(CORRUPT, 15, "record fails its checksum")                            \
	X(INTERNAL, 16, "internal error")                                      \
	X(LEASE_LOST, 17, "lease is no longer held")                           \
	X(CONFIG, 18, "configuration is not valid")                            \
	X(FIELD_MISSING, 100, "required field is missing")                     \
	X(FIELD_INVALID, 101, "field has a wrong form")                        \
	X(FIELD_TOO_LONG, 102, "field is too long or has too many entries")    \
	X(FIELD_UNKNOWN, 103, "field is not in the contract")                  \
	X(ENUM_UNKNOWN, 104, "value is not in the code list")                  \
	X(TEXT_INVALID, 105, "text is not UTF-8 or holds a control character") \
	X(DATE_INVALID, 106, "date does not exist or is out of range")         \
	X(IDENTIFIER_INVALID, 107, "identifier fails its check")               \
	X(ENTRY_REPEATED, 108, "entry is there twice")                         \
	X(RULE_BROKEN, 109, "fields contradict each other")                    \
	X(IDENTITY_CONFLICT, 110, "identifiers belong to different children")  \
	X(ID_REUSED, 111, "id was used for another event")                     \
	X(SOURCE_DENIED, 112, "source is not the publishing partner's")

typedef enum baton_err {
#define BATON_ERR_ENUM(name, number, text) BATON_##name = (number),
	BATON_ERR_LIST(BATON_ERR_ENUM)
#undef BATON_ERR_ENUM
} baton_err;

#if defined(__GNUC__)
#define BATON_MUST_CHECK __attribute__((warn_unused_result))
#define BATON_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define BATON_API __attribute__((visibility("default")))
#else
#define BATON_MUST_CHECK
#define BATON_PRINTF(text, first)
#define BATON_API
#endif

/** Room for an error's text, with its terminating NUL. */
#define BATON_ERROR_TEXT_BYTES 256

/**
 * An error with its detail, filled by the function that fails and owned by
 * the caller. Texts hold no personal data.
 */
struct baton_error {
	baton_err code;
	char text[BATON_ERROR_TEXT_BYTES];
};

/** The error's name without prefix, e.g. "BUSY"; never NULL. Any thread. */
BATON_API const char *baton_err_name(baton_err code);

/** The error's general text; never NULL. Any thread. */
BATON_API const char *baton_err_text(baton_err code);

/**
 * Sets code and text, cutting a text that is too long.
 *
 * error: may be NULL, then nothing is written.
 * Returns code, so that `return baton_error_set(error, ...)` reads well.
 */
BATON_API baton_err baton_error_set(struct baton_error *error, baton_err code,
				    const char *format, ...) BATON_PRINTF(3, 4);

/**
 * Puts context before an error's text: "publish: store: database is full".
 *
 * error: may be NULL. Returns error's code, or BATON_INTERNAL when error is
 * NULL.
 */
BATON_API baton_err baton_error_wrap(struct baton_error *error,
				     const char *format, ...)
	BATON_PRINTF(2, 3);

#endif /* BATON_ERROR_H */
