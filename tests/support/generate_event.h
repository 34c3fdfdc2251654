/* SPDX-License-Identifier: MIT */
#ifndef BATON_GENERATE_EVENT_H
#define BATON_GENERATE_EVENT_H

#include "client/contract.h"

/**
 * Events nobody thought of, for tests: valid ones of every family and broken
 * ones with the answer they must get. Driven by the contract's descriptors
 * and rule tables; the same seed gives the same event everywhere. All data is
 * invented; NHS numbers are of the 999 test range.
 */

/**
 * A valid event. family: 100 to 103, see contract_family_name().
 * Gives the event, free with baton_event_free(); never NULL (aborts).
 */
Send__V1__Event *generate_event(uint64_t seed, int family);

/** What a broken event must be answered. */
struct generate_fault {
	baton_err code;
	char path[BATON_FIELD_PATH_BYTES];
};

/** Breaks one rule of one field of a generated event, at random. */
void generate_break(uint64_t seed, Send__V1__Event *event,
		    struct generate_fault *fault);

#endif /* BATON_GENERATE_EVENT_H */
