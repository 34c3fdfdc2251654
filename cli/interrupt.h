/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_INTERRUPT_H
#define BATON_CLI_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

#include "baton/client.h"

/**
 * SIGINT and SIGTERM while events are printed. A thread of its own waits for
 * the signal. If no event is in hand it ends the call under way by closing the
 * client; otherwise what is in hand is printed and settled first. A second
 * signal ends the program at once.
 *
 * But for interrupt_block() all functions are for one thread, the one that
 * prints.
 */
struct interrupt;

/** Keeps the signals from this thread and those it starts; call it before the
 *  first of them. */
void interrupt_block(void);

/**
 * Starts to wait for signals.
 *
 * client: shared; outlives the interrupt. *interrupt: given, free with
 * interrupt_free(). Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err interrupt_new(struct baton_client *client,
					 struct interrupt **interrupt);

/** NULL is allowed. */
void interrupt_free(struct interrupt *interrupt);

/** An event is about to be printed; false when the client is closed, so that
 *  it could not be settled. */
bool interrupt_take_in_hand(struct interrupt *interrupt);

/** Everything that was printed is settled. */
void interrupt_hand_empty(struct interrupt *interrupt);

/** Whether a signal came. */
bool interrupt_came(struct interrupt *interrupt);

/** Waits, but no longer than until a signal comes. */
void interrupt_pause(struct interrupt *interrupt, uint32_t pause_ms);

#endif /* BATON_CLI_INTERRUPT_H */
