/* SPDX-License-Identifier: MIT */
/*
 * 100,000 events of four families for 5,000 children go through the real
 * broker: four publishers, two subscriptions, everything settled. Counts and
 * the order for each child are exact; with kills in between, what comes twice
 * is what came before.
 */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "baton/baton.h"
#include "client/clock.h"
#include "harness.h"
#include "send/v1/event.pb-c.h"
#include "tests/support/invented.h"

#include <cmocka.h>

#define PUBLISHERS 4
#define BATCH 500

struct plan {
	uint32_t children;
	uint32_t serials;
};

struct publisher {
	const struct plan *plan;
	const char *url;
	uint32_t number;
	atomic_uint *published;
	uint64_t accepted;
	uint64_t duplicates;
	baton_err err;
	struct baton_error error;
};

/* Publishes one batch; counts outcomes. */
static baton_err
publish_batch(struct publisher *self, struct baton_client *client,
	      const struct baton_span *events, size_t count)
{
	struct baton_publish_result results[BATCH];
	baton_err err;

	err = baton_publish(client, events, count, results, &self->error);
	for (size_t i = 0; err == BATON_OK && i < count; i++) {
		const struct baton_problem *problem = &results[i].problem;

		self->accepted += results[i].outcome == BATON_OUTCOME_ACCEPTED;
		self->duplicates +=
			results[i].outcome == BATON_OUTCOME_DUPLICATE;
		if (results[i].outcome == BATON_OUTCOME_REJECTED) {
			err = baton_error_set(&self->error, problem->code,
					      "%s: %s", problem->path,
					      problem->text);
		}
	}
	atomic_fetch_add(self->published, (unsigned)count);
	return err;
}

/* Its own quarter of the children, serial after serial, so that the order of
 * each child is the order of publishing. */
static void *
publisher_run(void *context)
{
	struct publisher *self = context;
	const struct baton_client_options options = {.url = self->url,
						     .timeout_ms = 120000};
	uint32_t total = self->plan->children * self->plan->serials;
	struct baton_span events[BATCH];
	struct baton_client *client;
	size_t count = 0;

	self->err = baton_client_new(&options, &client, &self->error);
	for (uint32_t i = 0; self->err == BATON_OK && i < total; i++) {
		uint32_t child = i % self->plan->children;
		uint8_t *bytes;

		if (child % PUBLISHERS == self->number) {
			invented_event("/ods/RPG", child,
				       i / self->plan->children, &bytes,
				       &events[count].len);
			events[count].data = bytes;
			count++;
		}
		if (count < BATCH && i + 1 < total)
			continue;
		self->err = publish_batch(self, client, events, count);
		while (count > 0) {
			count--;
			baton_event_bytes_free(
				(uint8_t *)(uintptr_t)events[count].data);
		}
	}
	baton_client_free(client);
	return NULL;
}

struct subscriber {
	const struct plan *plan;
	const char *url;
	const char *name;
	/** Serial that each child's next new event must have. */
	uint32_t *next;
	uint64_t fresh;
	uint64_t repeats;
	uint64_t wrong;
	struct baton_client *client;
	baton_err err;
	struct baton_error error;
};

static enum baton_verdict
subscriber_take(void *context, const struct baton_delivery *delivery,
		char reason[201])
{
	struct subscriber *self = context;
	Send__V1__Event *event;
	uint32_t child;
	uint32_t serial;

	(void)reason;
	if (baton_event_unpack(delivery->event, &event, NULL) != BATON_OK) {
		self->wrong++;
		return BATON_ACCEPTED;
	}
	if (!invented_parse_id(event->id, &child, &serial) ||
	    child >= self->plan->children || serial > self->next[child]) {
		self->wrong++;
	} else if (serial < self->next[child]) {
		self->repeats++;
	} else {
		self->next[child]++;
		self->fresh++;
	}
	baton_event_free(event);
	if (self->fresh == (uint64_t)self->plan->children * self->plan->serials)
		baton_client_close(self->client);
	return BATON_ACCEPTED;
}

static void *
subscriber_run(void *context)
{
	struct subscriber *self = context;
	const struct baton_client_options options = {.url = self->url};
	const struct baton_subscription_options subscription = {
		.name = self->name,
		.max_events = 500,
	};

	self->err = baton_client_new(&options, &self->client, &self->error);
	if (self->err != BATON_OK)
		return NULL;
	self->err = baton_run(self->client, &subscription, subscriber_take,
			      self, &self->error);
	baton_client_free(self->client);
	return NULL;
}

/* Resident memory of batond in KiB. */
static long
resident_kib(struct harness *harness)
{
	char path[64];
	char line[128];
	long kib = -1;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status",
		       (long)harness_pid(harness));
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	}
	(void)fclose(file);
	return kib;
}

struct flow {
	struct harness *harness;
	struct plan plan;
	char community[160];
	char council[160];
	atomic_uint published;
	struct publisher publishers[PUBLISHERS];
	struct subscriber subscribers[2];
	pthread_t threads[PUBLISHERS + 2];
};

static void
flow_start(struct flow *flow, uint32_t children, uint32_t serials)
{
	static const char *const names[] = {"everything", "cases"};
	const struct harness_options options = {NULL, NULL};

	memset(flow, 0, sizeof(*flow));
	flow->plan.children = children;
	flow->plan.serials = serials;
	flow->harness = harness_new(&options);
	assert_non_null(flow->harness);
	assert_true(harness_start(flow->harness));
	(void)snprintf(flow->community, sizeof(flow->community), "%s",
		       harness_url(flow->harness, "community"));
	(void)snprintf(flow->council, sizeof(flow->council), "%s",
		       harness_url(flow->harness, "council"));
	for (uint32_t i = 0; i < PUBLISHERS; i++) {
		flow->publishers[i].plan = &flow->plan;
		flow->publishers[i].url = flow->community;
		flow->publishers[i].number = i;
		flow->publishers[i].published = &flow->published;
		assert_int_equal(pthread_create(&flow->threads[i], NULL,
						publisher_run,
						&flow->publishers[i]),
				 0);
	}
	for (size_t i = 0; i < 2; i++) {
		struct subscriber *subscriber = &flow->subscribers[i];

		subscriber->plan = &flow->plan;
		subscriber->url = i == 0 ? flow->community : flow->council;
		subscriber->name = names[i];
		subscriber->next = calloc(children, sizeof(uint32_t));
		assert_non_null(subscriber->next);
		assert_int_equal(pthread_create(&flow->threads[PUBLISHERS + i],
						NULL, subscriber_run,
						subscriber),
				 0);
	}
}

/* Waits for all threads, checks every count. */
static void
flow_finish(struct flow *flow)
{
	uint64_t total = (uint64_t)flow->plan.children * flow->plan.serials;
	uint64_t answered = 0;

	for (size_t i = 0; i < PUBLISHERS; i++) {
		const struct publisher *publisher = &flow->publishers[i];

		(void)pthread_join(flow->threads[i], NULL);
		if (publisher->err != BATON_OK) {
			fail_msg("publisher %zu: %s: %s", i,
				 baton_err_name(publisher->err),
				 publisher->error.text);
		}
		answered += publisher->accepted + publisher->duplicates;
	}
	for (size_t i = PUBLISHERS; i < PUBLISHERS + 2; i++)
		(void)pthread_join(flow->threads[i], NULL);
	assert_int_equal(answered, total);
	for (size_t i = 0; i < 2; i++) {
		const struct subscriber *subscriber = &flow->subscribers[i];

		if (subscriber->err != BATON_OK)
			fail_msg("subscriber: %s", subscriber->error.text);
		assert_int_equal(subscriber->fresh, total);
		assert_int_equal(subscriber->wrong, 0);
	}
}

static void
flow_end(struct flow *flow)
{
	assert_true(harness_stop(flow->harness));
	harness_free(flow->harness);
	free(flow->subscribers[0].next);
	free(flow->subscribers[1].next);
}

static void
flow_of_100000_events_is_exact(void **state)
{
	struct flow flow;
	int64_t started_ms = clock_monotonic_ms();
	int64_t took_ms;

	(void)state;
	flow_start(&flow, 5000, 20);
	flow_finish(&flow);
	took_ms = clock_monotonic_ms() - started_ms;
	assert_int_equal(flow.subscribers[0].repeats, 0);
	assert_int_equal(flow.subscribers[1].repeats, 0);
	assert_true(harness_wait_figure(flow.harness, "baton_settled_total",
					200000));
	assert_int_equal(harness_figure(flow.harness, "baton_published_total"),
			 100000);
	(void)printf("name=flow_events value=%d unit=1/s\n"
		     "name=flow_batond_peak_memory value=%ld unit=KiB\n",
		     (int)(INT64_C(100000000) / (took_ms + 1)),
		     resident_kib(flow.harness));
#ifdef FLOW_MEMORY_KIB
	/* The journal of these events is larger: it is not held in memory. */
	assert_in_range(resident_kib(flow.harness), 1, FLOW_MEMORY_KIB);
#endif
	flow_end(&flow);
}

/* Waits until so many events have been answered. */
static void
await_published(struct flow *flow, unsigned count)
{
	int64_t deadline_ms = clock_monotonic_ms() + 60000;
	const struct timespec pause = {.tv_nsec = 2000000};

	while (atomic_load(&flow->published) < count &&
	       clock_monotonic_ms() < deadline_ms)
		(void)nanosleep(&pause, NULL);
}

static void
flow_survives_kills_with_order_and_counts(void **state)
{
	struct flow flow;

	(void)state;
	flow_start(&flow, 1000, 20);
	for (unsigned kill = 1; kill <= 8; kill++) {
		await_published(&flow, kill * 2000);
		harness_kill(flow.harness);
		assert_true(harness_start(flow.harness));
	}
	flow_finish(&flow);
	(void)printf("name=flow_redelivered_after_8_kills value=%" PRIu64
		     " unit=events\n",
		     flow.subscribers[0].repeats + flow.subscribers[1].repeats);
	flow_end(&flow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_of_100000_events_is_exact),
		cmocka_unit_test(flow_survives_kills_with_order_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
