/* SPDX-License-Identifier: MIT */
#ifndef BATON_WEB_H
#define BATON_WEB_H

#include <stdint.h>

#include "baton/error.h"
#include "broker/metrics.h"

/**
 * Health and figures by HTTP, for monitoring: GET /healthz (the process is
 * alive), /readyz (the broker can do its work, 503 with the reason when not)
 * and /metrics (Prometheus). Bounded in connections and time, takes no body,
 * keeps no log.
 */
struct web;

struct web_options {
	/** IPv4 or IPv6 address. */
	const char *address;
	/** 0: any free port; web_port() tells. */
	uint16_t port;
	/** Writes why the broker is not ready, "" when it is; web's threads,
	 *  several at once; may take seconds. */
	void (*readiness)(void *context, char text[BATON_ERROR_TEXT_BYTES]);
	void *context;
};

/**
 * Starts to serve on threads of its own.
 *
 * metrics: shared, outlives it. *web: given, web_free() it.
 * Errors: INVALID (address), IO (cannot listen), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err web_new(const struct web_options *options,
				   struct metrics *metrics, struct web **web,
				   struct baton_error *error);

uint16_t web_port(const struct web *web);

/** Finishes answers under way. NULL is allowed. */
void web_free(struct web *web);

#endif /* BATON_WEB_H */
