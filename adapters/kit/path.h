/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_PATH_H
#define BATON_KIT_PATH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "baton/error.h"

/**
 * Paths into an event's JSON, as struct kit_column has them: member names with
 * dots between, where "present[sector=SECTOR_HEALTH]" stands for the entry of
 * the list "present" whose member "sector" has that text. Paths are our own
 * constants. Any thread, one at a time for each JSON value.
 */

/**
 * Sets the value at path, making what is missing on the way.
 *
 * value: taken, also on failure; NULL is NO_MEMORY. Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err path_set(json_t *root, const char *path,
				    json_t *value);

/** The value at path, borrowed; NULL when there is none. */
json_t *path_get(const json_t *root, const char *path);

/**
 * Whether path, resolved in root, names the same field as where: a problem's
 * path, in JSON form ("data.child.dateOfBirth") or in the contract's
 * ("child.date_of_birth", "child.identifiers[1].value").
 *
 * Returns 0 when not; else how well: the larger the closer, an exact match
 * best.
 */
size_t path_match(const json_t *root, const char *path, const char *where);

#endif /* BATON_KIT_PATH_H */
