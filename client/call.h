/* SPDX-License-Identifier: MIT */
#ifndef BATON_CALL_H
#define BATON_CALL_H

#include "baton/client.h"
#include "baton/v1/broker.pb-c.h"
#include "client/channel.h"

/**
 * One request and its answer, for the command's administrative calls.
 *
 * Repeats on lost connections, BUSY and UNAVAILABLE until the client's
 * timeout plus extra_wait_ms is up; so only requests that may be repeated.
 *
 * request: borrowed; protocol_version is filled in. *response: given with
 * status OK, free with baton_call_free(). Errors: the response's status code
 * with its text, and those of baton_publish().
 */
BATON_MUST_CHECK baton_err baton_call(struct baton_client *client,
				      Baton__V1__Request *request,
				      uint32_t extra_wait_ms,
				      Baton__V1__Response **response,
				      struct baton_error *error);

void baton_call_free(Baton__V1__Response *response);

/** The error with a number off the wire; INTERNAL when this version does not
 *  know it. */
baton_err call_code(uint32_t number);

/** How one call of several is made. */
struct call_terms {
	/** When to give up, clock_monotonic_ms(). */
	int64_t deadline_ms;
	/** How much longer than usual the broker may hold its answer back. */
	uint32_t extra_wait_ms;
	enum channel_phase phase;
};

/** The terms of a call that starts now: the client's timeout and no more. */
struct call_terms call_terms_now(const struct baton_client *client);

/**
 * baton_call() within terms, for calls that take several requests. With phase
 * CHANNEL_AFTER_CLOSE it is tried once.
 */
BATON_MUST_CHECK baton_err call_make(struct baton_client *client,
				     Baton__V1__Request *request,
				     const struct call_terms *terms,
				     Baton__V1__Response **response,
				     struct baton_error *error);

/** The limits of the connection there is, or of a new one. Errors: as
 *  baton_client_hello(). */
BATON_MUST_CHECK baton_err call_limits(struct baton_client *client,
				       const struct call_terms *terms,
				       struct baton_hello *hello,
				       struct baton_error *error);

#endif /* BATON_CALL_H */
