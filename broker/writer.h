/* SPDX-License-Identifier: MIT */
#ifndef BATON_WRITER_H
#define BATON_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/metrics.h"
#include "broker/store.h"

/**
 * Group commit: one thread owns the store. It drains every waiting command
 * into one transaction, commits once, then tells all of them. Nothing is
 * acknowledged before the commit has returned.
 */
struct writer;

/**
 * One thing to write. The caller embeds it in its own struct; it belongs to
 * the writer from writer_submit() until done is called.
 */
struct writer_command {
	/**
	 * Writes to the store, inside the transaction; the writer's thread.
	 * INVALID, NOT_FOUND, EXISTS and DENIED mean that nothing was written
	 * and fail this command alone; any other error fails the whole batch
	 * (every command in it is told UNAVAILABLE or the error) and rolls
	 * back. May be called again after a rolled back batch: it must reset
	 * what it keeps.
	 */
	baton_err (*apply)(struct writer_command *command, struct store *store,
			   struct baton_error *error);
	/** After the commit or the failure; the writer's thread; must not
	 *  block; takes the command. err OK means: on disk. */
	void (*done)(struct writer_command *command, baton_err err,
		     const struct baton_error *error);
	/** Counts against the queue's bound in bytes. */
	size_t bytes;
	/** The writer's own. */
	struct writer_command *next;
};

struct writer_options {
	/** Bounds of the queue: beyond either, BUSY. */
	size_t max_commands;
	size_t max_bytes;
	/** Bounds of one transaction. */
	size_t batch_commands;
	size_t batch_bytes;
	/** Called on the writer's thread after each batch's done calls, so
	 *  that readers look at the journal once a batch; may be NULL. */
	void (*committed)(void *context);
	void *context;
};

/**
 * Starts the thread.
 *
 * store, metrics: shared, must outlive the writer; the store is used on the
 * writer's thread only, from here on. *writer: given, writer_free() it.
 */
BATON_MUST_CHECK baton_err writer_new(struct store *store,
				      struct metrics *metrics,
				      const struct writer_options *options,
				      struct writer **writer,
				      struct baton_error *error);

/**
 * Queues a command. Any thread; never blocks.
 *
 * command: taken on OK. Errors: BUSY (queue is full), CLOSED (stopping),
 * UNAVAILABLE (the journal failed and is not open again).
 */
BATON_MUST_CHECK baton_err writer_submit(struct writer *writer,
					 struct writer_command *command);

/** Stops taking commands, finishes those queued, ends the thread. */
void writer_stop(struct writer *writer);

/** writer_stop(), then frees. NULL is allowed. */
void writer_free(struct writer *writer);

/** Empty text when the journal takes writes, else why not. Any thread. */
void writer_health(struct writer *writer, char text[BATON_ERROR_TEXT_BYTES]);

#endif /* BATON_WRITER_H */
