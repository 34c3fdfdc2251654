/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_SUBSCRIPTION_MODEL_H
#define BATON_TESTS_SUBSCRIPTION_MODEL_H

#include <stddef.h>
#include <stdint.h>

/**
 * Drives a subscription's state beside a model that is too simple to be wrong:
 * for every child, which event is the next unsettled one. The bytes choose the
 * operations: events, fetches, verdicts, lapses of time, writes that succeed,
 * fail, or fail and are on disk all the same, resolving, replays, restarts.
 * At the end everything is delivered and settled.
 *
 * Returns NULL, or what does not hold: an event out of order, skipped,
 * repeated while leased, delivered while held; a store that would deliver a
 * settled event after a restart, or would not deliver an unsettled one.
 */
const char *subscription_model_run(const uint8_t *data, size_t size);

#endif /* BATON_TESTS_SUBSCRIPTION_MODEL_H */
