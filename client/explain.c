/* SPDX-License-Identifier: MIT */
#include "client/explain.h"

#include <unistd.h>

#include "client/address.h"

/* After so many connections without one reply the peer is turning us away,
 * rather than restarting. */
#define EXPLAIN_FRUITLESS_MIN 3

/* Why a peer that accepts connections gives no answer; UNREACHABLE. */
static baton_err
explain_loss(const char *url, uint32_t fruitless, struct baton_error *error)
{
	if (fruitless < EXPLAIN_FRUITLESS_MIN) {
		return baton_error_set(error, BATON_UNREACHABLE,
				       "%s: connection lost before the answer",
				       url);
	}
	return baton_error_set(error, BATON_UNREACHABLE,
			       "%s: every connection is closed without an "
			       "answer: this user (uid %ld) is not permitted "
			       "there; see batond's log and the partner's unix "
			       "user in the agreement",
			       url, (long)geteuid());
}

baton_err
explain_absence(const char *url, uint32_t fruitless, struct baton_error *error)
{
	char why[160];

	if (address_diagnose(url, why, sizeof(why)) == ADDRESS_AWAY) {
		return baton_error_set(error, BATON_UNREACHABLE, "%s: %s", url,
				       why);
	}
	if (fruitless >= EXPLAIN_FRUITLESS_MIN)
		return explain_loss(url, fruitless, error);
	return baton_error_set(error, BATON_UNREACHABLE,
			       "%s: connections are accepted but not answered: "
			       "batond may be starting, or another program "
			       "listens there",
			       url);
}

baton_err
explain_exchange(const char *url, baton_err err, uint32_t fruitless,
		 struct baton_error *error)
{
	switch ((int)err) {
	case BATON_OK:
		return BATON_OK;
	case BATON_TIMEOUT:
		return baton_error_set(error, err, "%s: no answer in time",
				       url);
	case BATON_UNREACHABLE:
		return explain_loss(url, fruitless, error);
	case BATON_CLOSED:
		return baton_error_set(error, err, "the client is closed");
	default:
		return baton_error_set(error, err, "out of memory");
	}
}
