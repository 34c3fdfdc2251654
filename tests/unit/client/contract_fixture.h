/* SPDX-License-Identifier: MIT */
#ifndef BATON_CONTRACT_FIXTURE_H
#define BATON_CONTRACT_FIXTURE_H

#include "client/contract.h"

/** What the tests of the contract's rules share. */

enum {
	REFERRAL = 100,
	PANEL_DECISION = 101,
	REVIEW_DUE = 102,
	TRANSITION = 103
};

/** A valid event that a test then changes; baton_event_free(). */
Send__V1__Event *fixture_event(int family);

/** Fails the test unless the event is accepted. */
void fixture_accepts(const Send__V1__Event *event);

/** Fails the test unless the event is refused with code at path. */
void fixture_refuses(const Send__V1__Event *event, baton_err code,
		     const char *path);

/** Text that a test writes into an event, which wants it writable. */
char *fixture_text(const char *text);

#endif /* BATON_CONTRACT_FIXTURE_H */
