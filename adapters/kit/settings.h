/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_SETTINGS_H
#define BATON_KIT_SETTINGS_H

#include <stdint.h>
#include <stdio.h>

#include "adapters/kit/kit.h"

/** An adapter's configuration file: what the kit needs, and the adapter's own
 *  section. */

enum settings_format {
	SETTINGS_FORMAT_JSON = 1,
	SETTINGS_FORMAT_CSV = 2,
	/** Both bits. */
	SETTINGS_FORMAT_BOTH = 3,
};

/** One durable subscription and the folder that its events go to. */
struct settings_outbox {
	char *subscription;
	char *folder;
	char **types;
	size_t types_count;
	char **sources;
	size_t sources_count;
	/** enum settings_format. */
	int format;
};

struct settings {
	char *broker;
	char *source;
	char *rejected;
	/** NULL: no inbox. */
	char *inbox;
	int64_t scan_interval_s;
	/** enum log_level. */
	int log_level;
	struct settings_outbox *outboxes;
	size_t outboxes_count;
	/** The adapter's own section; NULL when it has none. */
	void *own;
};

/**
 * Loads and checks a file.
 *
 * *settings: given, free with settings_free().
 * Errors: IO, CONFIG, NO_MEMORY.
 */
BATON_MUST_CHECK baton_err settings_load(const struct kit_adapter *adapter,
					 const char *path,
					 struct settings **settings,
					 struct baton_error *error);

/** NULL is allowed. */
void settings_free(const struct kit_adapter *adapter,
		   struct settings *settings);

/** Prints every setting of the adapter as commented YAML. */
void settings_print_help(const struct kit_adapter *adapter, FILE *out);

#endif /* BATON_KIT_SETTINGS_H */
