/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_FLAT_H
#define BATON_KIT_FLAT_H

#include <jansson.h>

#include "adapters/kit/kit.h"

/**
 * An event as a CSV file of two rows, header and values: sequence, source and
 * type, then the columns of its family's table (adapters/kit/families.h), all
 * of them always. A cell that a spreadsheet would run as a formula (it begins
 * with = + - @, a tab or CR) gets a single quote in front. Of several
 * identifiers of one scheme the first is written; the JSON form has all.
 *
 * event: the CloudEvents JSON; the table's flatten may change it. *text:
 * given, NUL-terminated, free(3) it. Errors: NO_MEMORY. Any thread.
 */
BATON_MUST_CHECK baton_err flat_write(const struct kit_table *table,
				      json_t *event, uint64_t sequence,
				      char **text);

#endif /* BATON_KIT_FLAT_H */
