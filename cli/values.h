/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_VALUES_H
#define BATON_CLI_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "baton/client.h"
#include "client/contract.h"

/**
 * What is typed for an option or an operand, read and checked before the
 * broker is asked. No error text repeats what was typed: it may be a child's
 * identifier.
 *
 * Errors of all: INVALID, with what is wrong and what is right.
 */

/** A decimal number within min..max. what names it in the error. */
BATON_MUST_CHECK baton_err values_number(const char *text, const char *what,
					 uint64_t min, uint64_t max,
					 uint64_t *value,
					 struct baton_error *error);

/** A point in time: "2026-11-22" (local midnight), "2026-11-22T10:15",
 *  "2026-11-22T10:15:30" (local), or with "Z" or "+01:00" at the end. */
BATON_MUST_CHECK baton_err values_time(const char *text, int64_t *time_ms,
				       struct baton_error *error);

struct values_start {
	enum baton_start at;
	uint64_t sequence;
	int64_t time_ms;
};

/** "beginning", "now", a sequence or a time as values_time() takes it. */
BATON_MUST_CHECK baton_err values_start(const char *text,
					struct values_start *start,
					struct baton_error *error);

/**
 * A child as a person types it: a key ("nhs_number:9990000018"), a bare NHS
 * number with or without spaces, or a bare UPN. Writes the key.
 */
BATON_MUST_CHECK baton_err values_child(const char *text,
					char key[CONTRACT_CHILD_KEY_BYTES],
					struct baton_error *error);

/** Entries a list may have. */
#define VALUES_LIST_MAX 32

/** A list "a,b,c", copied. */
struct values_list {
	char *text;
	const char *entries[VALUES_LIST_MAX];
	size_t count;
};

/** Event types without prefix and version. Free with values_list_fini(). */
BATON_MUST_CHECK baton_err values_types(const char *text,
					struct values_list *list,
					struct baton_error *error);

/** Organisations, "/ods/RPG". Free with values_list_fini(). */
BATON_MUST_CHECK baton_err values_sources(const char *text,
					  struct values_list *list,
					  struct baton_error *error);

void values_list_fini(struct values_list *list);

#endif /* BATON_CLI_VALUES_H */
