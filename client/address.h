/* SPDX-License-Identifier: MIT */
#ifndef BATON_ADDRESS_H
#define BATON_ADDRESS_H

#include <stddef.h>

#include "baton/error.h"

/**
 * Addresses of a broker: which ones a client may dial, and why one does not
 * answer. Any thread.
 */

/** Where a broker's operator listens when nothing else is said. */
#define ADDRESS_DEFAULT "ipc:///run/baton/partners/operator.sock"

/** What the caller said, else $BATON_URL (never for a set-user-id program),
 *  else ADDRESS_DEFAULT. url: borrowed, may be NULL. Borrows its result. */
const char *address_choose(const char *url);

/**
 * Checks an address: "ipc://" with an absolute path that fits a socket
 * address, or "tcp://" with a literal loopback address and a port. Plain tcp
 * beyond this host would carry children's records in the clear.
 * Errors: INVALID.
 */
BATON_MUST_CHECK baton_err address_check(const char *url,
					 struct baton_error *error);

/** What a plain attempt to reach an address found. */
enum address_state {
	/** Somebody accepts connections there. */
	ADDRESS_LISTENING = 0,
	ADDRESS_AWAY = 1,
};

/**
 * Finds out why an address that passed address_check() does not answer, by
 * connecting to it plainly.
 *
 * why: a clause that says what is wrong and what to do, cut at size.
 */
enum address_state address_diagnose(const char *url, char *why, size_t size);

#endif /* BATON_ADDRESS_H */
