/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_SETTINGS_H
#define BATON_HEALTH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/health/hl7v2_ack.h"
#include "client/config.h"

struct profile;

/** The adapter's section of its configuration file. */
struct health_settings {
	char *listen_host;
	int64_t listen_port;
	int64_t max_connections;
	int64_t max_message_bytes;
	int64_t idle_timeout_s;
	int64_t frame_timeout_s;
	int64_t publish_timeout_ms;
	int64_t workers;
	/** NULL with count 0: only "P". */
	char **processing_ids;
	size_t processing_ids_count;
	int silence;
	struct profile *profiles;
	size_t profiles_count;
};

extern const struct config_table health_settings_table;

#endif /* BATON_HEALTH_SETTINGS_H */
