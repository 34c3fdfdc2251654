/* SPDX-License-Identifier: MIT */
#ifndef BATON_READINESS_H
#define BATON_READINESS_H

#include <stdint.h>

#include "baton/error.h"
#include "broker/delivery.h"
#include "broker/writer.h"

/**
 * Can the broker do its work: does the journal take writes, and does the
 * delivery thread answer? Asks both, so a thread that is stuck is noticed.
 *
 * text: why not, without personal data; "" when ready. Waits at most
 * timeout_ms. Any thread.
 */
void readiness_check(struct writer *writer, struct delivery *delivery,
		     uint32_t timeout_ms, char text[BATON_ERROR_TEXT_BYTES]);

#endif /* BATON_READINESS_H */
