/* SPDX-License-Identifier: MIT */
#ifndef BATON_POLICY_H
#define BATON_POLICY_H

#include "baton/error.h"
#include "broker/exchange.h"

/**
 * May this peer make this request? Default deny: what the table in policy.c
 * does not grant to the peer's sector is refused. Which events a peer may
 * publish and see is decided elsewhere, per event. Any thread.
 *
 * Errors: DENIED; UNSUPPORTED when no operation is set.
 */
BATON_MUST_CHECK baton_err policy_check(const struct peer *peer,
					const Baton__V1__Request *request,
					struct baton_error *error);

#endif /* BATON_POLICY_H */
