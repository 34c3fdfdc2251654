/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLIENT_FIXTURE_H
#define BATON_CLIENT_FIXTURE_H

#include "baton/client.h"
#include "fake_broker.h"

/** A fake broker on a socket of its own, and a client of it. */
struct fixture {
	char dir[64];
	char url[96];
	struct fake_broker *broker;
	struct baton_client *client;
	struct baton_error error;
};

/** cmocka's set-up and tear-down; *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/** Gives the fixture a client with another timeout. */
int fixture_set_timeout(struct fixture *fixture, uint32_t timeout_ms);

/** A step that does this, and nothing else is special about it. */
void fixture_script(struct fixture *fixture, int op, enum fake_do what);

/** A step that refuses. */
void fixture_script_refuse(struct fixture *fixture, int op, baton_err code,
			   uint32_t retry_after_ms);

#endif /* BATON_CLIENT_FIXTURE_H */
