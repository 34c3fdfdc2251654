/* SPDX-License-Identifier: MIT */
#include "broker/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/clock.h"
#include "client/log.h"

#define PROBE_MIN_MS 100 /* between attempts to bring a journal back */
#define PROBE_MAX_MS 5000

/*
 * What the journal is in. Only the writer's thread moves it.
 *
 *              a batch fails: disk is full
 *   RUNNING ----------------------------------> FULL --+
 *      ^  |                                      ^     | probe fails
 *      |  | a batch fails: the disk failed       +-----+
 *      |  +-----------------> BROKEN --+         |
 *      |                        ^      | reopen  |
 *      |                        |      | or probe fails
 *      |                        +------+         |
 *      +------- probe works ----+----------------+
 *
 * FULL only probes. BROKEN reopens and checks the journal before it probes,
 * because after a failed fsync the connection may believe in what is not on
 * the disk. A probe in FULL that meets a failing disk goes to BROKEN.
 */
enum state {
	STATE_RUNNING = 0,
	STATE_FULL = 1,
	STATE_BROKEN = 2,
};

/* A command of the batch under way and what it will be told. */
struct entry {
	struct writer_command *command;
	struct baton_error error;
};

struct writer {
	struct store *store;
	struct metrics *metrics;
	struct writer_options options;
	pthread_t thread;
	bool joined;
	/* The writer's thread only. */
	struct entry *batch;
	size_t batch_count;
	int64_t probe_ms;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* Under the lock. */
	struct writer_command *first;
	struct writer_command **end;
	size_t queued;
	size_t queued_bytes;
	bool stopping;
	enum state state;
	char health[BATON_ERROR_TEXT_BYTES];
};

static void
set_gauges(struct writer *writer)
{
	atomic_store_explicit(&writer->metrics->queued_commands, writer->queued,
			      memory_order_relaxed);
	atomic_store_explicit(&writer->metrics->queued_bytes,
			      writer->queued_bytes, memory_order_relaxed);
}

/* ---- queue ---- */

/* An empty queue takes a command of any size, or it could never go. */
static bool
has_room(const struct writer *writer, size_t bytes)
{
	return writer->queued == 0 ||
	       (writer->queued < writer->options.max_commands &&
		writer->queued_bytes + bytes <= writer->options.max_bytes);
}

baton_err
writer_submit(struct writer *writer, struct writer_command *command)
{
	baton_err err = BATON_OK;

	(void)pthread_mutex_lock(&writer->lock);
	if (writer->stopping) {
		err = BATON_CLOSED;
	} else if (writer->state != STATE_RUNNING) {
		err = BATON_UNAVAILABLE;
	} else if (!has_room(writer, command->bytes)) {
		err = BATON_BUSY;
	} else {
		command->next = NULL;
		*writer->end = command;
		writer->end = &command->next;
		writer->queued++;
		writer->queued_bytes += command->bytes;
		set_gauges(writer);
		(void)pthread_cond_signal(&writer->wake);
	}
	(void)pthread_mutex_unlock(&writer->lock);
	return err;
}

/* Moves what one transaction may hold from the queue to the batch. */
static void
take_batch(struct writer *writer)
{
	const struct writer_options *options = &writer->options;
	struct writer_command *command;
	size_t bytes = 0;

	writer->batch_count = 0;
	while ((command = writer->first) != NULL &&
	       writer->batch_count < options->batch_commands) {
		if (writer->batch_count > 0 &&
		    bytes + command->bytes > options->batch_bytes)
			break;
		bytes += command->bytes;
		writer->first = command->next;
		if (writer->first == NULL)
			writer->end = &writer->first;
		command->next = NULL;
		writer->queued--;
		writer->queued_bytes -= command->bytes;
		writer->batch[writer->batch_count].command = command;
		writer->batch[writer->batch_count].error.code = BATON_OK;
		writer->batch[writer->batch_count].error.text[0] = '\0';
		writer->batch_count++;
	}
	set_gauges(writer);
}

/* Waits for work. False when there is none left and the writer stops. */
static bool
next_batch(struct writer *writer)
{
	(void)pthread_mutex_lock(&writer->lock);
	while (writer->first == NULL && !writer->stopping)
		(void)pthread_cond_wait(&writer->wake, &writer->lock);
	take_batch(writer);
	(void)pthread_mutex_unlock(&writer->lock);
	return writer->batch_count > 0;
}

/* ---- batch ---- */

/* Tells every command of the batch its error, or OK. */
static void
answer_batch(struct writer *writer)
{
	struct entry *entry;
	size_t i;

	for (i = 0; i < writer->batch_count; i++) {
		entry = &writer->batch[i];
		entry->command->done(entry->command, entry->error.code,
				     &entry->error);
	}
	writer->batch_count = 0;
}

/* Gives the whole batch one error. */
static void
fail_batch(struct writer *writer, baton_err code, const char *text)
{
	size_t i;

	for (i = 0; i < writer->batch_count; i++) {
		(void)baton_error_set(&writer->batch[i].error, code, "%s",
				      text);
	}
}

/* Whether a command's error is its own affair: it wrote nothing. */
static bool
is_own_error(baton_err err)
{
	return err == BATON_INVALID || err == BATON_NOT_FOUND ||
	       err == BATON_EXISTS || err == BATON_DENIED;
}

/* What a failure of the store leaves us in. */
static enum state
state_after(baton_err err)
{
	if (err == BATON_UNAVAILABLE)
		return STATE_FULL;
	if (err == BATON_IO || err == BATON_CORRUPT)
		return STATE_BROKEN;
	return STATE_RUNNING;
}

/* Applies all commands. On failure *failed is the one that did. */
static baton_err
apply_batch(struct writer *writer, size_t *failed, struct baton_error *error)
{
	struct entry *entry;
	baton_err err;
	size_t i;

	for (i = 0; i < writer->batch_count; i++) {
		entry = &writer->batch[i];
		err = entry->command->apply(entry->command, writer->store,
					    &entry->error);
		entry->error.code = err;
		if (err != BATON_OK && !is_own_error(err)) {
			*failed = i;
			*error = entry->error;
			return err;
		}
	}
	return BATON_OK;
}

static baton_err
commit(struct writer *writer, struct baton_error *error)
{
	struct metrics *metrics = writer->metrics;
	int64_t began_ns = clock_monotonic_ns();
	baton_err err;

	err = store_commit(writer->store, error);
	if (err != BATON_OK)
		return err;
	metrics_observe_commit(
		metrics, (uint64_t)((clock_monotonic_ns() - began_ns) / 1000));
	(void)atomic_fetch_add_explicit(&metrics->commands, writer->batch_count,
					memory_order_relaxed);
	return BATON_OK;
}

/* Writes the batch in one transaction; fills what each command is told. */
static baton_err
write_batch(struct writer *writer, struct baton_error *error)
{
	size_t failed = writer->batch_count;
	baton_err err;

	err = store_begin(writer->store, error);
	if (err != BATON_OK)
		goto err0;
	err = apply_batch(writer, &failed, error);
	if (err != BATON_OK)
		goto err1;
	err = commit(writer, error);
	if (err != BATON_OK)
		goto err0;
	return BATON_OK;
err1:
	store_rollback(writer->store);
err0:
	/* To its clients a failing disk is a journal that may come back. */
	fail_batch(writer, BATON_UNAVAILABLE, error->text);
	if (failed < writer->batch_count && state_after(err) == STATE_RUNNING)
		writer->batch[failed].error.code = err;
	log_error("writer.batch_failed", "error=%s commands=%zu text=\"%s\"",
		  baton_err_name(err), writer->batch_count, error->text);
	return err;
}

/* ---- failure and recovery ---- */

/* Moves to a worse state, or back to RUNNING with an empty text. */
static void
set_state(struct writer *writer, enum state state, const char *text)
{
	(void)pthread_mutex_lock(&writer->lock);
	if (state == STATE_RUNNING || state > writer->state)
		writer->state = state;
	(void)snprintf(writer->health, sizeof(writer->health), "%s", text);
	(void)pthread_mutex_unlock(&writer->lock);
}

/* Answers what was queued before the failure: its clients repeat. */
static void
fail_queued(struct writer *writer)
{
	char text[BATON_ERROR_TEXT_BYTES];

	writer_health(writer, text);
	for (;;) {
		(void)pthread_mutex_lock(&writer->lock);
		take_batch(writer);
		(void)pthread_mutex_unlock(&writer->lock);
		if (writer->batch_count == 0)
			return;
		fail_batch(writer, BATON_UNAVAILABLE, text);
		answer_batch(writer);
	}
}

/* Waits for the next attempt, longer each time. False when stopping. */
static bool
wait_to_probe(struct writer *writer)
{
	int64_t until_ms = clock_monotonic_ms() + writer->probe_ms;
	struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000,
	};
	bool stopping;
	int rc = 0;

	writer->probe_ms *= 2;
	if (writer->probe_ms > PROBE_MAX_MS)
		writer->probe_ms = PROBE_MAX_MS;
	(void)pthread_mutex_lock(&writer->lock);
	while (!writer->stopping && rc != ETIMEDOUT) {
		rc = pthread_cond_timedwait(&writer->wake, &writer->lock,
					    &until);
	}
	stopping = writer->stopping;
	(void)pthread_mutex_unlock(&writer->lock);
	return !stopping;
}

/* Nothing else writes writer->state, so this thread reads it unlocked. */
static void
recover(struct writer *writer)
{
	struct baton_error error;
	baton_err err;

	while (writer->state != STATE_RUNNING && wait_to_probe(writer)) {
		err = BATON_OK;
		if (writer->state == STATE_BROKEN)
			err = store_reopen(writer->store, &error);
		if (err == BATON_OK)
			err = store_probe(writer->store, &error);
		if (err != BATON_OK) {
			/* Only a probe that works leads back to RUNNING. */
			if (state_after(err) != STATE_RUNNING)
				set_state(writer, state_after(err), error.text);
			continue;
		}
		set_state(writer, STATE_RUNNING, "");
		log_info("writer.recovered", "journal=writable");
	}
}

static void
fail(struct writer *writer, baton_err err, const char *text)
{
	if (state_after(err) == STATE_RUNNING)
		return;
	set_state(writer, state_after(err), text);
	log_error("writer.failed", "error=%s text=\"%s\"", baton_err_name(err),
		  text);
}

/* ---- thread ---- */

/* What is done between batches, when nobody waits for an answer. */
static void
tidy(struct writer *writer)
{
	struct baton_error error;
	baton_err err;

	err = store_checkpoint(writer->store, &error);
	/* Without room for the database, the log may still have some: whether
	 * events can be taken, the next commit says. */
	if (err == BATON_UNAVAILABLE) {
		log_warn("writer.checkpoint_failed", "text=\"%s\"", error.text);
	} else if (err != BATON_OK) {
		fail(writer, err, error.text);
	}
	atomic_store_explicit(&writer->metrics->journal_bytes,
			      store_bytes(writer->store), memory_order_relaxed);
}

static void *
run(void *context)
{
	struct writer *writer = context;
	const struct writer_options *options = &writer->options;
	struct baton_error error;
	baton_err err;

	while (next_batch(writer)) {
		err = write_batch(writer, &error);
		/* First, so that no one who is told repeats into a queue that
		 * cannot be written. */
		if (err != BATON_OK)
			fail(writer, err, error.text);
		answer_batch(writer);
		if (err == BATON_OK) {
			writer->probe_ms = PROBE_MIN_MS;
			if (options->committed != NULL)
				options->committed(options->context);
			tidy(writer);
		}
		if (writer->state != STATE_RUNNING) {
			fail_queued(writer);
			recover(writer);
		}
	}
	return NULL;
}

/* ---- life ---- */

static int
init_wake(pthread_cond_t *wake)
{
	pthread_condattr_t attributes;
	int rc;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	rc = pthread_cond_init(wake, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	return rc;
}

baton_err
writer_new(struct store *store, struct metrics *metrics,
	   const struct writer_options *options, struct writer **writer,
	   struct baton_error *error)
{
	struct writer *made;

	*writer = NULL;
	if (options->batch_commands == 0 || options->max_commands == 0) {
		return baton_error_set(error, BATON_INVALID,
				       "writer: bounds must be at least 1");
	}
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		goto err1;
	made->store = store;
	made->metrics = metrics;
	made->options = *options;
	made->probe_ms = PROBE_MIN_MS;
	made->end = &made->first;
	made->batch = calloc(options->batch_commands, sizeof(*made->batch));
	if (made->batch == NULL)
		goto err1;
	if (pthread_mutex_init(&made->lock, NULL) != 0)
		goto err2;
	if (init_wake(&made->wake) != 0)
		goto err3;
	if (pthread_create(&made->thread, NULL, run, made) != 0)
		goto err4;
	*writer = made;
	return BATON_OK;
err4:
	(void)pthread_cond_destroy(&made->wake);
err3:
	(void)pthread_mutex_destroy(&made->lock);
err2:
	free(made->batch);
err1:
	free(made);
	return baton_error_set(error, BATON_NO_MEMORY,
			       "writer: no memory or thread to start with");
}

void
writer_stop(struct writer *writer)
{
	if (writer->joined)
		return;
	(void)pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	(void)pthread_cond_signal(&writer->wake);
	(void)pthread_mutex_unlock(&writer->lock);
	(void)pthread_join(writer->thread, NULL);
	writer->joined = true;
}

void
writer_free(struct writer *writer)
{
	if (writer == NULL)
		return;
	writer_stop(writer);
	(void)pthread_cond_destroy(&writer->wake);
	(void)pthread_mutex_destroy(&writer->lock);
	free(writer->batch);
	free(writer);
}

void
writer_health(struct writer *writer, char text[BATON_ERROR_TEXT_BYTES])
{
	(void)pthread_mutex_lock(&writer->lock);
	memcpy(text, writer->health, BATON_ERROR_TEXT_BYTES);
	(void)pthread_mutex_unlock(&writer->lock);
}
