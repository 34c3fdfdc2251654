/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_OUTBOX_H
#define BATON_KIT_OUTBOX_H

#include "adapters/kit/settings.h"

/**
 * A durable subscription whose events become files in a folder:
 * <sequence, 20 digits>-<type>.json and .csv, mode 0600, each whole from the
 * moment it has its name. An event is settled after its files are durable; a
 * redelivery writes the same files again. A folder that is full or gone means
 * RETRY: the broker keeps the event.
 */

/** Writes one delivered event to the folder: the callback of the
 *  subscription. Any thread, one for each folder. */
enum baton_verdict outbox_deliver(const struct settings_outbox *settings,
				  const struct baton_delivery *delivery,
				  char reason[201]);

struct outbox;

/**
 * Starts the subscription on a thread of its own; the broker may be away.
 *
 * program: for the broker's log. settings: borrowed until outbox_stop().
 * *outbox: given, end with outbox_stop().
 * Errors: IO (the folder cannot be opened), INVALID (broker's address),
 * NO_MEMORY, INTERNAL.
 */
BATON_MUST_CHECK baton_err outbox_start(const char *program, const char *broker,
					const struct settings_outbox *settings,
					struct outbox **outbox,
					struct baton_error *error);

/** Tells the thread to stop after the event in hand; does not wait. */
void outbox_close(struct outbox *outbox);

/** Stops, waits and frees. NULL is allowed. */
void outbox_stop(struct outbox *outbox);

#endif /* BATON_KIT_OUTBOX_H */
