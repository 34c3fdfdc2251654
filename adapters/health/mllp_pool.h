/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_MLLP_POOL_H
#define BATON_HEALTH_MLLP_POOL_H

#include <stdbool.h>
#include <stdio.h>

#include "baton/event.h"

/**
 * Threads that handle messages, so that waiting for the broker holds up no
 * connection but the message's own. Jobs go in at one end and come out at the
 * other in the order they are finished; an eventfd tells that some have.
 */
struct mllp_pool;

/** Handles one message on a worker's thread and writes the answer's frames.
 *  cut: the message was too large and this is its beginning. */
typedef void (*mllp_handle_fn)(void *context, struct baton_span message,
			       bool cut, FILE *answers);

/** A message and its answer. The owner of the job keeps it in place from
 *  mllp_pool_submit() until mllp_pool_done() gives it back. */
struct mllp_job {
	struct mllp_job *next;
	/** malloc()ed; freed by the worker. */
	uint8_t *message;
	size_t message_len;
	bool cut;
	/** malloc()ed; freed by the owner. NULL when memory was short. */
	char *answer;
	size_t answer_len;
};

/**
 * Starts the threads.
 *
 * done_fd: an eventfd, borrowed. Errors: NO_MEMORY, INTERNAL (threads).
 */
BATON_MUST_CHECK baton_err mllp_pool_new(size_t workers, mllp_handle_fn handle,
					 void *context, int done_fd,
					 struct mllp_pool **pool);

/** Queues a job: shares it until it is done. Any thread. */
void mllp_pool_submit(struct mllp_pool *pool, struct mllp_job *job);

/** Gives all finished jobs, oldest first, linked by next; NULL when there is
 *  none. Any thread. */
struct mllp_job *mllp_pool_done(struct mllp_pool *pool);

/** Ends the threads; every job submitted must have come back. NULL is
 *  allowed. */
void mllp_pool_free(struct mllp_pool *pool);

#endif /* BATON_HEALTH_MLLP_POOL_H */
