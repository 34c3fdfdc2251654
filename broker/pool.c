/* SPDX-License-Identifier: MIT */
#include "broker/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "baton/version.h"
#include "client/clock.h"
#include "client/log.h"
#include "client/wire.h"

/* How long a fetch that found no place is told to wait. */
#define POOL_RETRY_FETCH_MS 1000
/* How long a connection with too many requests waiting is told to wait. */
#define POOL_RETRY_PEER_MS 50

enum context_state {
	CONTEXT_FREE = 1,
	CONTEXT_HELD = 2,
	CONTEXT_REPLYING = 3,
};

struct context {
	/** First, so that an exchange is its context. */
	struct exchange exchange;
	struct connection_answer answer;
	struct pool *pool;
	enum context_state state;
	/** Whose request it is; referenced. */
	struct connection *connection;
	uint8_t trace[SP_TRACE_BYTES];
	size_t trace_len;
	/** The exchange's request; NULL when it could not be unpacked. */
	ProtobufCMessage *request;
	/** Counts in pool->fetches. */
	bool fetching;
	/** Of the free ones. */
	struct context *next;
};

/* A frame that waits for a context; each connection has one at most. */
struct waiting {
	struct connection *connection;
	uint8_t *bytes;
	size_t len;
	struct waiting *next;
};

struct pool {
	struct session_table *sessions;
	struct metrics *metrics;
	struct pool_options options;
	struct wire_limits limits;
	atomic_bool stopping;

	pthread_mutex_t lock;
	pthread_cond_t idle;
	/** contexts_max places. */
	struct context **contexts;
	size_t count;
	struct context *free;
	/** Held and replying. */
	size_t held;
	size_t fetches;
	struct waiting *first;
	struct waiting **last;
	/** A thread gives contexts to those who wait. */
	bool pumping;
};

/* Moves a context; the table of allowed moves is the drawing in pool.h. */
static void
context_move(struct context *context, enum context_state to)
{
	static const unsigned allowed[] = {
		[CONTEXT_FREE] = 1U << CONTEXT_HELD,
		[CONTEXT_HELD] = 1U << CONTEXT_REPLYING | 1U << CONTEXT_FREE,
		[CONTEXT_REPLYING] = 1U << CONTEXT_FREE,
	};

	if ((allowed[context->state] & (1U << to)) == 0)
		abort();
	context->state = to;
}

/* ---- back to the free ones ---- */

static void pool_pump(struct pool *pool);

/* A context is done with its request. */
static void
context_release(struct context *context)
{
	struct pool *pool = context->pool;

	wire_free(context->request);
	context->request = NULL;
	context->exchange.request = NULL;
	connection_unref(context->connection);
	context->connection = NULL;
	context_move(context, CONTEXT_FREE);
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

/* The peer's request is done with too. */
static void
context_leave(struct context *context)
{
	session_leave(context->pool->sessions, context->exchange.peer.pipe);
	context_release(context);
}

/* Ends the connection of a peer that does not read. */
static void
context_cut_off(struct context *context)
{
	struct pool *pool = context->pool;
	const struct peer *peer = &context->exchange.peer;

	connection_close(context->connection);
	if (!session_hang_up(pool->sessions, peer->pipe))
		return;
	atomic_fetch_add(&pool->metrics->peers_cut_off, 1);
	log_warn("listener.cut_off", "partner=%s pipe=%u", peer->partner,
		 peer->pipe);
}

static void
context_on_replied(struct connection_answer *answer, baton_err err)
{
	struct context *context =
		(struct context *)((char *)answer -
				   offsetof(struct context, answer));

	if (err == BATON_TIMEOUT)
		context_cut_off(context);
	context_leave(context);
}

/* ---- answering ---- */

/* A response behind its trace, with room for the frame's head; NULL when
 * memory is out. */
static uint8_t *
context_pack(const struct context *context, const Baton__V1__Response *response,
	     size_t size)
{
	uint8_t *bytes = malloc(SP_HEAD_BYTES + context->trace_len + size);

	if (bytes == NULL)
		return NULL;
	memcpy(bytes + SP_HEAD_BYTES, context->trace, context->trace_len);
	(void)baton__v1__response__pack(response, bytes + SP_HEAD_BYTES +
							  context->trace_len);
	return bytes;
}

static void
context_answer(struct exchange *exchange, const Baton__V1__Response *response)
{
	struct context *context = (struct context *)exchange;
	struct pool *pool = context->pool;
	size_t size = baton__v1__response__get_packed_size(response);

	if (size > pool->options.max_message_bytes) {
		log_error("listener.answer_too_large", "partner=%s bytes=%zu",
			  exchange->peer.partner, size);
		exchange_refuse(exchange, BATON_TOO_LARGE, 0,
				"the answer does not fit a message: ask for "
				"less at once");
		return;
	}
	if (response->status->code != BATON_OK) {
		metrics_count_code(pool->metrics->refused,
				   (baton_err)response->status->code);
	}
	context->answer.bytes = context_pack(context, response, size);
	if (context->answer.bytes == NULL) {
		/* The peer learns of it by the loss of its connection. */
		context_cut_off(context);
		context_leave(context);
		return;
	}
	context->answer.len = SP_HEAD_BYTES + context->trace_len + size;
	context->answer.done = context_on_replied;
	context_move(context, CONTEXT_REPLYING);
	connection_send(context->connection, &context->answer);
}

/* ---- receiving ---- */

/* Takes a place among the fetches; false when there is none left. */
static bool
context_park(struct context *context)
{
	struct pool *pool = context->pool;
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

/* Unpacks the request; false when it was refused instead. */
static bool
context_unpack(struct context *context, struct baton_span bytes)
{
	struct exchange *exchange = &context->exchange;
	struct baton_problem problem;
	baton_err err;

	err = wire_unpack(&baton__v1__request__descriptor, bytes,
			  &context->pool->limits, &context->request, &problem);
	if (err == BATON_OK) {
		exchange->request = (Baton__V1__Request *)context->request;
		return true;
	}
	/* Fields that this version does not have come from a later one. */
	if (err == BATON_FIELD_UNKNOWN) {
		err = BATON_UNSUPPORTED;
	} else if (err != BATON_TOO_LARGE && err != BATON_NO_MEMORY) {
		err = BATON_MALFORMED;
	}
	exchange_refuse(exchange, err, 0, "request: %s%s%s", problem.path,
			problem.path[0] == '\0' ? "" : ": ", problem.text);
	return false;
}

/* Hands a request on, or refuses it. The context may be in other hands when
 * this returns. */
static void
context_dispatch(struct context *context, struct baton_span bytes,
		 enum session_verdict verdict)
{
	struct exchange *exchange = &context->exchange;
	struct pool *pool = context->pool;

	if (verdict == SESSION_BUSY) {
		exchange_refuse(exchange, BATON_BUSY, POOL_RETRY_PEER_MS,
				"too many requests of this partner are "
				"waiting");
		return;
	}
	if (atomic_load(&pool->stopping)) {
		exchange_refuse(exchange, BATON_CLOSED, POOL_RETRY_FETCH_MS,
				"the broker is stopping");
		return;
	}
	if (!context_unpack(context, bytes))
		return;
	if (exchange->request->protocol_version != BATON_PROTOCOL_VERSION) {
		exchange_refuse(exchange, BATON_UNSUPPORTED, 0,
				"protocol version %u: this broker speaks %d",
				exchange->request->protocol_version,
				BATON_PROTOCOL_VERSION);
		return;
	}
	if (exchange->request->op_case == BATON__V1__REQUEST__OP_FETCH &&
	    !context_park(context)) {
		exchange_refuse(exchange, BATON_BUSY, POOL_RETRY_FETCH_MS,
				"too many fetches are waiting");
		return;
	}
	pool->options.serve(pool->options.context, exchange);
}

/* Begins with a frame; takes the reference to its connection. */
static void
context_begin(struct context *context, struct connection *connection,
	      const uint8_t *bytes, size_t len)
{
	struct pool *pool = context->pool;
	struct baton_span body;
	enum session_verdict verdict;

	context_move(context, CONTEXT_HELD);
	context->connection = connection;
	context->trace_len = sp_trace_len(bytes, len);
	if (context->trace_len == 0) {
		connection_close(connection);
		context_release(context);
		return;
	}
	memcpy(context->trace, bytes, context->trace_len);
	verdict = session_enter(pool->sessions, connection_id(connection),
				&context->exchange.peer);
	if (verdict == SESSION_CUT_OFF) {
		context_cut_off(context);
		context_release(context);
		return;
	}
	connection_read(connection);
	body.data = bytes + context->trace_len;
	body.len = len - context->trace_len;
	context_dispatch(context, body, verdict);
}

/* ---- the pool ---- */

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
	context->exchange.answer = context_answer;
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
