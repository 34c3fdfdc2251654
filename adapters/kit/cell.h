/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_CELL_H
#define BATON_KIT_CELL_H

#include <jansson.h>
#include <stddef.h>

#include "adapters/kit/kit.h"

/** One CSV cell to its JSON and back. Any thread. */

/**
 * Reads a cell's text.
 *
 * text: len bytes without a NUL among them, at least 1. *value: given,
 * json_decref() it; NULL on failure.
 * problem: code and text on failure. Errors: TEXT_INVALID, FIELD_INVALID,
 * FIELD_TOO_LONG, NO_MEMORY.
 */
BATON_MUST_CHECK baton_err cell_read(const struct kit_column *column,
				     const char *text, size_t len,
				     json_t **value,
				     struct baton_problem *problem);

/** An organisation's JSON from "/ods/RPG"; NULL when it is not of that form.
 *  Given. */
json_t *cell_organisation(const char *text);

/**
 * Writes a value as a cell would have it: the reverse of cell_read().
 *
 * value: NULL is a field not in the JSON. *text: given, a NUL-terminated
 * string, free(3) it. Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err cell_write(const struct kit_column *column,
				      const json_t *value, char **text);

#endif /* BATON_KIT_CELL_H */
