/* SPDX-License-Identifier: MIT */
#include "abuse_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char settings[] = "limits:\n"
			       "  max_message_bytes: 131072\n"
			       "delivery:\n"
			       "  max_fetch_events: 10\n"
			       "  max_fetch_bytes: 65536\n"
			       "connections:\n"
			       "  contexts_min: 4\n"
			       "  contexts_max: 32\n"
			       "  per_connection: 4\n"
			       "  reply_timeout_ms: 300\n";

int
abuse_setup(void **state)
{
	const struct harness_options options = {NULL, settings};
	struct abuse_fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	*state = fixture;
	fixture->harness = harness_new(&options);
	if (fixture->harness == NULL || !harness_start(fixture->harness))
		return -1;
	fixture->abuser =
		wire_client_new(harness_url(fixture->harness, "community"));
	fixture->other =
		wire_client_new(harness_url(fixture->harness, "council"));
	return fixture->abuser == NULL || fixture->other == NULL ? -1 : 0;
}

int
abuse_teardown(void **state)
{
	struct abuse_fixture *fixture = *state;
	bool stopped;

	wire_client_free(fixture->abuser);
	wire_client_free(fixture->other);
	stopped = fixture->harness != NULL && harness_stop(fixture->harness);
	harness_free(fixture->harness);
	free(fixture);
	return stopped ? 0 : -1;
}

Baton__V1__Response *
abuse_hello(struct wire_client *client)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Hello op;

	baton__v1__hello__init(&op);
	request.op_case = BATON__V1__REQUEST__OP_HELLO;
	request.hello = &op;
	return wire_client_call(client, &request);
}

void
abuse_assert_others_are_served(struct abuse_fixture *fixture)
{
	assert_int_equal(wire_client_code(abuse_hello(fixture->other)),
			 BATON_OK);
}
