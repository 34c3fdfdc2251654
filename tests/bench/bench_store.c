/* SPDX-License-Identifier: MIT */
/*
 * Events a second through the writer into the journal on disk, fully durable,
 * at several sizes of a transaction:
 *
 *   bench_store [DIRECTORY]
 *
 * DIRECTORY (default: the current one) should lie on the disk in question.
 * Prints lines of name=... value=... unit=...
 */
#include <inttypes.h>
#include <limits.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "broker/writer.h"
#include "client/clock.h"

#define BODY_BYTES 512
#define CHILDREN 5000
/* Commands that may be under way: twice the largest transaction. */
#define SLOTS 2000

struct slot {
	struct writer_command command;
	struct bench *bench;
	uint64_t number;
};

struct bench {
	char directory[PATH_MAX];
	struct store *store;
	struct metrics *metrics;
	struct writer *writer;
	struct slot slots[SLOTS];
	/** Slots that are free; they come back in the order of submission. */
	sem_t idle;
	/** The writer's thread only, read after it ended. */
	uint64_t failed;
};

static baton_err
append(struct writer_command *command, struct store *store,
       struct baton_error *error)
{
	static const char prefix[] = "018f3c2e-7a10-7000-8000-";
	const struct slot *slot = (const struct slot *)command;
	char keys[1][CONTRACT_CHILD_KEY_BYTES];
	char id[BATON_EVENT_ID_MAX + 1];
	struct store_appended appended;
	uint8_t body[BODY_BYTES];
	struct store_event event = {
		.partner = "trust",
		.source = "/ods/RZZ",
		.id = id,
		.family = CONTRACT_FAMILY_MIN,
		.action = 1,
		.occurred_at_ms = (int64_t)slot->number,
		.accepted_at_ms = (int64_t)slot->number / 10,
		.event = {.data = body, .len = sizeof(body)},
		.child_keys = (const char(*)[CONTRACT_CHILD_KEY_BYTES])keys,
		.child_keys_count = 1,
	};
	baton_err err;

	(void)snprintf(id, sizeof(id), "%s%012" PRIx64, prefix, slot->number);
	(void)snprintf(keys[0], sizeof(keys[0]), "local:/ods/RZZ:%08" PRIu64,
		       slot->number * 7919 % CHILDREN);
	memset(body, (int)(slot->number & 0x7f), sizeof(body));
	err = store_append(store, &event, &appended, error);
	record_unref(appended.record);
	return err;
}

static void
done(struct writer_command *command, baton_err err,
     const struct baton_error *error)
{
	struct slot *slot = (struct slot *)command;

	if (err != BATON_OK) {
		if (slot->bench->failed++ == 0)
			(void)fprintf(stderr, "bench_store: %s\n", error->text);
	}
	(void)sem_post(&slot->bench->idle);
}

static void
remove_journal(const struct bench *bench)
{
	static const char *const names[] = {"journal.db", "lock"};
	char path[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", bench->directory,
			       names[i]);
		(void)unlink(path);
	}
	(void)rmdir(bench->directory);
}

static baton_err
bench_open(struct bench *bench, const char *parent, size_t batch,
	   struct baton_error *error)
{
	struct writer_options options = {
		.max_commands = SLOTS,
		.max_bytes = (size_t)SLOTS * BODY_BYTES,
		.batch_commands = batch,
		.batch_bytes = (size_t)SLOTS * BODY_BYTES,
	};
	struct store_options place = {.directory = bench->directory};
	baton_err err;

	(void)snprintf(bench->directory, sizeof(bench->directory),
		       "%s/bench-store-XXXXXX", parent);
	if (mkdtemp(bench->directory) == NULL) {
		return baton_error_set(error, BATON_IO,
				       "cannot make a directory in %s", parent);
	}
	err = store_open_sqlite(&place, &bench->store, error);
	if (err != BATON_OK)
		goto err0;
	err = metrics_new(&bench->metrics);
	if (err != BATON_OK)
		goto err1;
	err = writer_new(bench->store, bench->metrics, &options, &bench->writer,
			 error);
	if (err != BATON_OK)
		goto err2;
	return BATON_OK;
err2:
	metrics_free(bench->metrics);
err1:
	store_free(bench->store);
err0:
	remove_journal(bench);
	return err;
}

static void
bench_close(struct bench *bench)
{
	writer_free(bench->writer);
	metrics_free(bench->metrics);
	store_free(bench->store);
	remove_journal(bench);
}

/* Submits events as fast as slots come free; returns how long all took. */
static int64_t
run(struct bench *bench, uint64_t events)
{
	int64_t began_ns = clock_monotonic_ns();
	struct slot *slot;
	uint64_t i;

	for (i = 0; i < events; i++) {
		while (sem_wait(&bench->idle) != 0)
			continue;
		slot = &bench->slots[i % SLOTS];
		slot->command.apply = append;
		slot->command.done = done;
		slot->command.bytes = BODY_BYTES;
		slot->bench = bench;
		slot->number = i + 1;
		if (writer_submit(bench->writer, &slot->command) != BATON_OK) {
			(void)fprintf(stderr, "bench_store: not taken\n");
			exit(1);
		}
	}
	writer_stop(bench->writer);
	return clock_monotonic_ns() - began_ns;
}

/* Of this process: says more than the time on a machine with other work. */
static double
cpu_us(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void
print(size_t batch, const char *what, double value, const char *unit)
{
	(void)printf("name=store.batch_%zu.%s value=%.1f unit=%s\n", batch,
		     what, value, unit);
}

static int
measure(const char *parent, size_t batch, uint64_t events)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct baton_error error = {.code = BATON_OK};
	uint64_t commits;
	int64_t took_ns;
	double cpu;
	int failed;

	if (bench == NULL)
		return 1;
	(void)sem_init(&bench->idle, 0, SLOTS);
	if (bench_open(bench, parent, batch, &error) != BATON_OK) {
		(void)fprintf(stderr, "bench_store: %s\n", error.text);
		free(bench);
		return 1;
	}
	cpu = cpu_us();
	took_ns = run(bench, events);
	cpu = cpu_us() - cpu;
	commits = atomic_load(&bench->metrics->commits);
	print(batch, "events", (double)events * 1e9 / (double)took_ns,
	      "events/s");
	print(batch, "cpu", cpu / (double)events, "us/event");
	print(batch, "commit",
	      (double)atomic_load(&bench->metrics->commit_sum_us) /
		      (double)(commits == 0 ? 1 : commits),
	      "us");
	print(batch, "journal",
	      (double)atomic_load(&bench->metrics->journal_bytes) /
		      (double)events,
	      "bytes/event");
	failed = bench->failed != 0;
	bench_close(bench);
	(void)sem_destroy(&bench->idle);
	free(bench);
	return failed;
}

int
main(int argc, char **argv)
{
	const char *parent = argc > 1 ? argv[1] : ".";

	if (measure(parent, 1, 10000) != 0 || measure(parent, 10, 40000) != 0 ||
	    measure(parent, 100, 100000) != 0 ||
	    measure(parent, 1000, 200000) != 0)
		return 1;
	return 0;
}
