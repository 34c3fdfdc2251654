/* SPDX-License-Identifier: MIT */
#ifndef BATON_SETTINGS_H
#define BATON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "baton/error.h"

/**
 * batond.yaml: what batond needs to know besides the agreement. Plain values;
 * bounds and defaults are in settings.c's table, which --help-config prints.
 */
struct settings_limits {
	int64_t max_message_bytes;
	int64_t max_event_bytes;
	int64_t max_batch_events;
};

struct settings_connections {
	int64_t contexts_min;
	int64_t contexts_max;
	int64_t per_connection;
	int64_t reply_timeout_ms;
};

struct settings_queue {
	int64_t max_commands;
	int64_t max_bytes;
	int64_t batch_commands;
	int64_t batch_bytes;
};

struct settings_delivery {
	int64_t max_attempts;
	int64_t backoff_min_ms;
	int64_t backoff_max_ms;
	int64_t lease_ms;
	int64_t max_fetch_events;
	int64_t max_fetch_bytes;
	int64_t max_wait_ms;
	int64_t window_events;
	int64_t max_subscriptions;
	int64_t tail_bytes;
};

struct settings_web {
	char *address;
	/** 0: off. */
	int64_t port;
	/** Addresses other than loopback are allowed. */
	bool insecure;
};

struct settings_tcp {
	char *partner;
	char *url;
};

struct settings {
	char *data_directory;
	char *run_directory;
	char *agreement;
	/** enum log_level. */
	int log_level;
	struct settings_limits *limits;
	struct settings_connections *connections;
	struct settings_queue *queue;
	struct settings_delivery *delivery;
	struct settings_web *web;
	/** NULL when not asked for. */
	struct settings_tcp *insecure_tcp;
};

/**
 * Loads and checks a file, also what one setting demands of another.
 *
 * *settings: given, free with settings_free().
 * Errors: IO, CONFIG ("file:line: setting: what is wrong"), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err settings_load(const char *path,
					 struct settings **settings,
					 struct baton_error *error);

/** NULL is allowed. */
void settings_free(struct settings *settings);

/** Prints every setting with its bounds, default and help, as YAML. */
void settings_print_help(FILE *out);

#endif /* BATON_SETTINGS_H */
