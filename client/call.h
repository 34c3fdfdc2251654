/* SPDX-License-Identifier: MIT */
#ifndef BATON_CALL_H
#define BATON_CALL_H

#include "baton/client.h"
#include "baton/v1/broker.pb-c.h"

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

#endif /* BATON_CALL_H */
