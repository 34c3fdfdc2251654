/* SPDX-License-Identifier: MIT */
#ifndef BATON_LOCATE_H
#define BATON_LOCATE_H

#include "baton/error.h"
#include "client/config.h"

/**
 * Errors of a configuration file that its table cannot say, because they are
 * about two settings or about the world outside: in the form of
 * config_load(), "file:line: partners[2].id: what is wrong".
 *
 * path, table: as given to config_load(), which accepted the file.
 * setting: "limits.max_event_bytes" or "partners[2].id". A setting that is
 * not in the file is named without a line: its default is meant.
 * Returns CONFIG.
 */
baton_err locate_error(const char *path, const struct config_table *table,
		       const char *setting, struct baton_error *error,
		       const char *format, ...) BATON_PRINTF(5, 6);

#endif /* BATON_LOCATE_H */
