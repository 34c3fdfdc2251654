/* SPDX-License-Identifier: MIT */
#include "client_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FIXTURE_TIMEOUT_MS 10000

int
fixture_set_timeout(struct fixture *fixture, uint32_t timeout_ms)
{
	const struct baton_client_options options = {
		.url = fixture->url,
		.name = "test 1.0",
		.timeout_ms = timeout_ms,
	};

	baton_client_free(fixture->client);
	fixture->client = NULL;
	return baton_client_new(&options, &fixture->client, &fixture->error) ==
			       BATON_OK
		       ? 0
		       : -1;
}

int
fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	*state = fixture;
	(void)snprintf(fixture->dir, sizeof(fixture->dir),
		       "/tmp/baton-client-XXXXXX");
	if (mkdtemp(fixture->dir) == NULL)
		return -1;
	(void)snprintf(fixture->url, sizeof(fixture->url), "ipc://%s/s",
		       fixture->dir);
	fixture->broker =
		fake_broker_start(fixture->url + sizeof("ipc://") - 1);
	if (fixture->broker == NULL)
		return -1;
	return fixture_set_timeout(fixture, FIXTURE_TIMEOUT_MS);
}

int
fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	baton_client_free(fixture->client);
	fake_broker_stop(fixture->broker);
	(void)unlink(fixture->url + sizeof("ipc://") - 1);
	(void)rmdir(fixture->dir);
	free(fixture);
	return 0;
}

void
fixture_script(struct fixture *fixture, int op, enum fake_do what)
{
	const struct fake_step step = {.what = what};

	fake_broker_script(fixture->broker, op, &step);
}

void
fixture_script_refuse(struct fixture *fixture, int op, baton_err code,
		      uint32_t retry_after_ms)
{
	const struct fake_step step = {
		.what = FAKE_REFUSE,
		.code = code,
		.retry_after_ms = retry_after_ms,
	};

	fake_broker_script(fixture->broker, op, &step);
}
