/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_RECEPTION_H
#define BATON_HEALTH_RECEPTION_H

#include <stdio.h>

#include "adapters/health/profile.h"
#include "adapters/kit/kit.h"
#include "client/clock.h"

/**
 * One message in, its acknowledgements out: reads it, finds the sender's
 * profile, makes the event, publishes it and says what became of it. AA and CA
 * are said only after the broker's own acknowledgement.
 *
 * Any thread, several at a time.
 */
struct reception;

/** What the reception needs of the world outside. */
struct reception_ops {
	/** As kit_publish() with one event. */
	enum kit_verdict (*publish)(void *context, struct baton_span event,
				    struct baton_publish_result *result,
				    int64_t deadline_ms);
	/** Keeps a refused message for an operator, with one line of report.
	 *  False when it could not; why is its own to log. */
	bool (*keep)(void *context, struct baton_span message,
		     const char *report);
	void *context;
	struct clock_source clock;
};

/** settings, source ("/ods/RPG"): borrowed until reception_free(). NULL when
 *  memory is short. */
struct reception *reception_new(const struct health_settings *settings,
				const char *source,
				const struct reception_ops *ops);

/** NULL is allowed. */
void reception_free(struct reception *reception);

/**
 * Handles one message and writes no, one or two MLLP frames to answers. An
 * acknowledgement is never answered.
 *
 * cut: message is only the beginning of one that was too large.
 * Write errors stay in answers (ferror()).
 */
void reception_handle(struct reception *reception, struct baton_span message,
		      bool cut, FILE *answers);

#endif /* BATON_HEALTH_RECEPTION_H */
