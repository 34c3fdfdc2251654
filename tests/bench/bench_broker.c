/* SPDX-License-Identifier: MIT */
/* How many events a second the real batond acknowledges over ipc. Prints
 * "name=... value=... unit=..." lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/clock.h"
#include "harness.h"
#include "tests/support/sample_event.h"
#include "wire_client.h"

/* Requests under way at once. */
#define PARALLEL 16
#define RUN_MS 3000

static struct wire_call *
begin(struct wire_client *client, size_t batch, size_t *next)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Publish publish = BATON__V1__PUBLISH__INIT;
	struct wire_call *call = NULL;
	ProtobufCBinaryData *events = calloc(batch, sizeof(*events));

	if (events == NULL)
		return NULL;
	publish.events = events;
	while (publish.n_events < batch) {
		char id[32];
		const struct sample_event sample = {.id = id};
		ProtobufCBinaryData *event = &events[publish.n_events];

		(void)snprintf(id, sizeof(id), "bench-%zu", (*next)++);
		if (sample_event_pack(&sample, &event->data, &event->len) !=
		    BATON_OK)
			goto out;
		publish.n_events++;
	}
	request.op_case = BATON__V1__REQUEST__OP_PUBLISH;
	request.publish = &publish;
	call = wire_client_begin_request(client, &request);
out:
	for (size_t i = 0; i < publish.n_events; i++)
		baton_event_bytes_free(events[i].data);
	free(events);
	return call;
}

/* Events accepted of one answer; frees it. */
static size_t
end(struct wire_call *call)
{
	Baton__V1__Response *response = wire_client_end(call);
	size_t accepted = 0;

	if (response == NULL)
		return 0;
	if (response->publish != NULL)
		accepted = response->publish->n_results;
	baton__v1__response__free_unpacked(response, NULL);
	return accepted;
}

static void
measure(struct wire_client *client, size_t batch, size_t *next)
{
	struct wire_call *calls[PARALLEL];
	int64_t start_ns = clock_monotonic_ns();
	size_t accepted = 0;
	double seconds;

	for (size_t i = 0; i < PARALLEL; i++)
		calls[i] = begin(client, batch, next);
	while (clock_monotonic_ns() - start_ns < RUN_MS * 1000000LL) {
		for (size_t i = 0; i < PARALLEL; i++) {
			accepted += end(calls[i]);
			calls[i] = begin(client, batch, next);
		}
	}
	for (size_t i = 0; i < PARALLEL; i++)
		accepted += end(calls[i]);
	seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
	(void)printf("name=publish_ipc_batch_%zu value=%.0f unit=events/s\n",
		     batch, (double)accepted / seconds);
}

int
main(void)
{
	const struct harness_options options = {NULL, NULL};
	struct harness *harness = harness_new(&options);
	struct wire_client *client;
	size_t next = 0;
	bool stopped;

	if (harness == NULL || !harness_start(harness))
		return 1;
	client = wire_client_new(harness_url(harness, "community"));
	if (client == NULL)
		return 1;
	measure(client, 1, &next);
	measure(client, 100, &next);
	wire_client_free(client);
	stopped = harness_stop(harness);
	harness_free(harness);
	return stopped ? 0 : 1;
}
