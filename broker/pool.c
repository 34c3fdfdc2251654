/* SPDX-License-Identifier: MIT */
#include "broker/pool.h"

#include <stdlib.h>
#include <time.h>

#include "broker/pool_state.h"
#include "client/clock.h"

/* One more context, or NULL; under the lock. */
static struct context *
pool_grow(struct pool *pool)
{
	struct context *context;

	if (pool->count == pool->options.contexts_max)
		return NULL;
	context = calloc(1, sizeof(*context));
	if (context == NULL)
		return NULL;
	context->pool = pool;
	context->state = CONTEXT_FREE;
	pool->contexts[pool->count++] = context;
	atomic_fetch_add(&pool->metrics->contexts, 1);
	return context;
}

/* A context to be held, or NULL; under the lock. */
static struct context *
pool_take(struct pool *pool)
{
	struct context *context = pool->free;

	if (context != NULL) {
		pool->free = context->next;
	} else {
		context = pool_grow(pool);
	}
	if (context != NULL)
		pool->held++;
	return context;
}

/* Gives contexts to those who wait. One thread at a time, in a loop: a context
 * that is released at once would otherwise call this again, ever deeper. */
static void
pool_pump(struct pool *pool)
{
	struct context *context;

	(void)pthread_mutex_lock(&pool->lock);
	if (pool->pumping) {
		(void)pthread_mutex_unlock(&pool->lock);
		return;
	}
	pool->pumping = true;
	while (pool->first != NULL && (context = pool_take(pool)) != NULL) {
		struct waiting *waiting = pool->first;

		pool->first = waiting->next;
		if (pool->first == NULL)
			pool->last = &pool->first;
		(void)pthread_mutex_unlock(&pool->lock);
		context_begin(context, waiting->connection, waiting->bytes,
			      waiting->len);
		free(waiting->bytes);
		free(waiting);
		(void)pthread_mutex_lock(&pool->lock);
	}
	pool->pumping = false;
	(void)pthread_mutex_unlock(&pool->lock);
}

/* Lets a frame wait for its turn. */
static void
pool_wait(struct pool *pool, struct connection *connection, uint8_t *bytes,
	  size_t len)
{
	struct waiting *waiting = malloc(sizeof(*waiting));

	if (waiting == NULL) {
		free(bytes);
		connection_close(connection);
		connection_unref(connection);
		return;
	}
	*waiting = (struct waiting){connection, bytes, len, NULL};
	(void)pthread_mutex_lock(&pool->lock);
	*pool->last = waiting;
	pool->last = &waiting->next;
	(void)pthread_mutex_unlock(&pool->lock);
	/* A context may have become free meanwhile. */
	pool_pump(pool);
}

bool
pool_park(struct pool *pool, struct context *context)
{
	size_t most = pool->options.contexts_max;

	(void)pthread_mutex_lock(&pool->lock);
	if (pool->fetches < most - most / 8) {
		context->fetching = true;
		pool->fetches++;
		atomic_fetch_add(&pool->metrics->contexts_parked, 1);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return context->fetching;
}

void
pool_give_back(struct pool *pool, struct context *context)
{
	(void)pthread_mutex_lock(&pool->lock);
	if (context->fetching) {
		pool->fetches--;
		atomic_fetch_sub(&pool->metrics->contexts_parked, 1);
	}
	context->fetching = false;
	context->next = pool->free;
	pool->free = context;
	pool->held--;
	if (pool->held == 0)
		(void)pthread_cond_broadcast(&pool->idle);
	(void)pthread_mutex_unlock(&pool->lock);
	pool_pump(pool);
}

void
pool_receive(struct pool *pool, struct connection *connection, uint8_t *bytes,
	     size_t len)
{
	struct context *context = NULL;

	connection_ref(connection);
	(void)pthread_mutex_lock(&pool->lock);
	if (pool->first == NULL)
		context = pool_take(pool);
	(void)pthread_mutex_unlock(&pool->lock);
	if (context == NULL) {
		pool_wait(pool, connection, bytes, len);
		return;
	}
	context_begin(context, connection, bytes, len);
	/* What was unpacked is a copy. */
	free(bytes);
}

/* The first contexts, free. */
static baton_err
pool_fill(struct pool *pool)
{
	while (pool->count < pool->options.contexts_min) {
		struct context *context = pool_grow(pool);

		if (context == NULL)
			return BATON_NO_MEMORY;
		context->next = pool->free;
		pool->free = context;
	}
	return BATON_OK;
}

baton_err
pool_new(struct session_table *sessions, struct metrics *metrics,
	 const struct pool_options *options, struct pool **pool)
{
	struct pool *made = calloc(1, sizeof(*made));
	pthread_condattr_t attributes;

	*pool = NULL;
	if (made == NULL)
		return BATON_NO_MEMORY;
	made->contexts =
		calloc(options->contexts_max, sizeof(struct context *));
	if (made->contexts == NULL) {
		free(made);
		return BATON_NO_MEMORY;
	}
	made->last = &made->first;
	made->sessions = sessions;
	made->metrics = metrics;
	made->options = *options;
	made->limits = wire_request_limits;
	if (options->max_message_bytes > made->limits.max_bytes) {
		made->limits.max_memory +=
			options->max_message_bytes - made->limits.max_bytes;
	}
	made->limits.max_bytes = options->max_message_bytes;
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&made->idle, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (pool_fill(made) != BATON_OK) {
		pool_free(made);
		return BATON_NO_MEMORY;
	}
	*pool = made;
	return BATON_OK;
}

void
pool_stop(struct pool *pool)
{
	atomic_store(&pool->stopping, true);
}

baton_err
pool_drain(struct pool *pool, uint32_t timeout_ms)
{
	int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000,
	};
	int failed = 0;
	size_t held;

	(void)pthread_mutex_lock(&pool->lock);
	while (pool->held > 0 && failed == 0) {
		failed = pthread_cond_timedwait(&pool->idle, &pool->lock,
						&until);
	}
	held = pool->held;
	(void)pthread_mutex_unlock(&pool->lock);
	return held == 0 ? BATON_OK : BATON_TIMEOUT;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	for (size_t i = 0; i < pool->count; i++)
		free(pool->contexts[i]);
	free(pool->contexts);
	(void)pthread_cond_destroy(&pool->idle);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}
