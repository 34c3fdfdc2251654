/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_FAKE_EXCHANGE_H
#define BATON_TESTS_FAKE_EXCHANGE_H

#include <stdbool.h>

#include "broker/exchange.h"

/**
 * An exchange without a listener: keeps a copy of the answer, which a test
 * waits for.
 */
struct fake_exchange;

/** request: copied. NULL when memory is out. */
struct fake_exchange *fake_exchange_new(const struct peer *peer,
					const Baton__V1__Request *request);

/** The exchange to hand over, borrowed. */
struct exchange *fake_exchange_get(struct fake_exchange *fake);

/** Waits for the answer, up to a minute of real time, then NULL. The answer
 *  is borrowed. */
const Baton__V1__Response *fake_exchange_wait(struct fake_exchange *fake);

/** Gives the answer away: baton__v1__response__free_unpacked() it. */
Baton__V1__Response *fake_exchange_take(struct fake_exchange *fake);

bool fake_exchange_answered(struct fake_exchange *fake);

/** Only after it has been answered, or when it was never handed over. */
void fake_exchange_free(struct fake_exchange *fake);

#endif /* BATON_TESTS_FAKE_EXCHANGE_H */
