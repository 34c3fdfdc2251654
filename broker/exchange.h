/* SPDX-License-Identifier: MIT */
#ifndef BATON_EXCHANGE_H
#define BATON_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "baton/error.h"
#include "baton/v1/broker.pb-c.h"
#include "broker/record.h"
#include "client/contract.h"

/** Sectors a partner of the agreement can be in. */
enum sector {
	SECTOR_HEALTH = 1,
	SECTOR_SEND = 2,
	SECTOR_SOCIAL_CARE = 3,
	SECTOR_EDUCATION = 4,
	/** Runs the broker: administrative calls, no care data of its own. */
	SECTOR_OPERATOR = 5,
};

/** Who is asking: a copy of what the agreement said when the request came. */
struct peer {
	char partner[NAME_BYTES];
	/** Source attribute this partner may publish as. */
	char source[SOURCE_BYTES];
	enum sector sector;
	enum baton_nhs_number_policy nhs_number_policy;
	/** Id of one client connection, never 0. */
	uint32_t pipe;
};

/**
 * One request on its way to its answer. The listener makes it; whoever holds
 * it answers exactly once, from any thread, and must not touch it after.
 */
struct exchange {
	struct peer peer;
	/** Scanned and unpacked; lives as long as the exchange. */
	const Baton__V1__Request *request;
	/** Packs and sends; takes the exchange; borrows response. The
	 *  implementation's own; call exchange_answer(). */
	void (*answer)(struct exchange *exchange,
		       const Baton__V1__Response *response);
	/** For queues of whoever holds the exchange. */
	struct exchange *next;
};

/** Answers. response: borrowed; status is filled with OK when NULL. */
void exchange_answer(struct exchange *exchange, Baton__V1__Response *response);

/** Answers with an error; text as printf, without personal data. */
void exchange_refuse(struct exchange *exchange, baton_err code,
		     uint32_t retry_after_ms, const char *format, ...)
	BATON_PRINTF(4, 5);

#endif /* BATON_EXCHANGE_H */
