/* SPDX-License-Identifier: MIT */
/*
 * What one core does with events: validating (contract_open), unpacking,
 * and writing JSON, in processor time, so that a busy machine does not blur it.
 * Prints a line a figure: name=... value=... unit=...
 * usage: bench_contract [ROUNDS]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client/contract.h"
#include "tests/support/generate_event.h"

#define EVENTS 1000
#define ROUNDS_DEFAULT 50

static struct baton_span events[EVENTS];

/* Work on one event; false when it fails. */
typedef bool bench_work(struct baton_span bytes);

static bool
work_open(struct baton_span bytes)
{
	Send__V1__Event *event;

	if (contract_open(bytes, BATON_NHS_NUMBER_REJECT, &event, NULL) !=
	    BATON_OK)
		return false;
	baton_event_free(event);
	return true;
}

static bool
work_unpack(struct baton_span bytes)
{
	Send__V1__Event *event;

	if (baton_event_unpack(bytes, &event, NULL) != BATON_OK)
		return false;
	baton_event_free(event);
	return true;
}

/* protobuf-c alone, on malloc, for comparison. */
static bool
work_unpack_plain(struct baton_span bytes)
{
	Send__V1__Event *event =
		send__v1__event__unpack(NULL, bytes.len, bytes.data);

	send__v1__event__free_unpacked(event, NULL);
	return event != NULL;
}

static bool
work_to_json(struct baton_span bytes)
{
	char *json;

	if (baton_event_to_json(bytes, &json, NULL) != BATON_OK)
		return false;
	baton_json_free(json);
	return true;
}

static int64_t
bench_cpu_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool
bench_run(const char *name, long rounds, bench_work *work)
{
	int64_t start = bench_cpu_ns();
	int64_t took;
	double count = (double)rounds * EVENTS;

	for (long round = 0; round < rounds; round++) {
		for (size_t i = 0; i < EVENTS; i++) {
			if (!work(events[i]))
				return false;
		}
	}
	took = bench_cpu_ns() - start;
	(void)printf("name=%s_rate value=%.0f unit=events/s\n", name,
		     count * 1e9 / (double)took);
	(void)printf("name=%s_cost value=%.0f unit=ns/event\n", name,
		     (double)took / count);
	return true;
}

/* Generated events, whose texts are longer than most real ones. */
static bool
bench_generate(void)
{
	size_t total = 0;

	for (size_t i = 0; i < EVENTS; i++) {
		Send__V1__Event *event = generate_event(i, 100 + (int)(i % 4));
		uint8_t *bytes;
		baton_err err = baton_event_pack(event, &bytes, &events[i].len);

		baton_event_free(event);
		if (err != BATON_OK)
			return false;
		events[i].data = bytes;
		total += events[i].len;
	}
	(void)printf("name=event_size_mean value=%zu unit=bytes\n",
		     total / EVENTS);
	return true;
}

int
main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS_DEFAULT;
	bool ok = bench_generate() &&
		  bench_run("contract_open", rounds, work_open) &&
		  bench_run("event_unpack", rounds, work_unpack) &&
		  bench_run("protobuf_c_unpack", rounds, work_unpack_plain) &&
		  bench_run("event_to_json", rounds, work_to_json);

	return ok ? 0 : 1;
}
