/* SPDX-License-Identifier: MIT */
#ifndef BATON_PUBLISH_H
#define BATON_PUBLISH_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/exchange.h"
#include "broker/metrics.h"
#include "broker/tail.h"
#include "broker/writer.h"
#include "client/clock.h"

/**
 * Publish, from request to answer: each event is checked on the thread that
 * received it, the valid ones go to the writer as one command, and the answer
 * is sent when they are on disk.
 */
struct publish;

struct publish_options {
	size_t max_batch_events;
	size_t max_event_bytes;
	/** accepted_at_ms of the journal's newest event; later ones are never
	 *  before it, even when the clock is set back. */
	int64_t last_accepted_at_ms;
	struct clock_source clock;
};

/**
 * writer, tail, metrics: shared, outlive it.
 * *publish: given, free with publish_free() when the writer has stopped.
 * Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err publish_new(struct writer *writer, struct tail *tail,
				       struct metrics *metrics,
				       const struct publish_options *options,
				       struct publish **publish);

/** NULL is allowed. */
void publish_free(struct publish *publish);

/** Serves a Publish request; takes the exchange. Any thread; does not wait for
 *  the disk. */
void publish_serve(struct publish *publish, struct exchange *exchange);

#endif /* BATON_PUBLISH_H */
