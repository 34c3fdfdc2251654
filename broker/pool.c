/* SPDX-License-Identifier: MIT */
#include "broker/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
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
	CONTEXT_RECEIVING = 1,
	CONTEXT_HELD = 2,
	CONTEXT_REPLYING = 3,
	/** The socket is closed. */
	CONTEXT_ENDED = 4,
};

struct context {
	/** First, so that an exchange is its context. */
	struct exchange exchange;
	struct pool *pool;
	enum context_state state;
	nng_ctx ctx;
	nng_aio *receive;
	nng_aio *reply;
	nng_pipe pipe;
	/** The exchange's request; NULL when it could not be unpacked. */
	ProtobufCMessage *request;
	/** Counts in pool->fetches. */
	bool fetching;
};

struct pool {
	nng_socket socket;
	struct session_table *sessions;
	struct metrics *metrics;
	struct pool_options options;
	struct wire_limits limits;
	atomic_bool stopping;

	pthread_mutex_t lock;
	pthread_cond_t idle;
	/** contexts_max places; a place whose context failed stays NULL. */
	struct context **contexts;
	size_t count;
	size_t receiving;
	/** Held and replying. */
	size_t held;
	size_t fetches;
};

baton_err
pool_new(nng_socket socket, struct session_table *sessions,
	 struct metrics *metrics, const struct pool_options *options,
	 struct pool **pool)
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
	made->socket = socket;
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
	*pool = made;
	return BATON_OK;
}

/* Moves a context; the table of allowed moves is the drawing in pool.h. */
static void
context_move(struct context *context, enum context_state to)
{
	static const unsigned allowed[] = {
		[CONTEXT_RECEIVING] = 1U << CONTEXT_HELD | 1U << CONTEXT_ENDED,
		[CONTEXT_HELD] =
			1U << CONTEXT_REPLYING | 1U << CONTEXT_RECEIVING,
		[CONTEXT_REPLYING] = 1U << CONTEXT_RECEIVING,
		[CONTEXT_ENDED] = 0,
	};

	if ((allowed[context->state] & (1U << to)) == 0)
		abort();
	context->state = to;
}

/* ---- back to receiving ---- */

/* A context is done with its request. */
static void
context_release(struct context *context)
{
	struct pool *pool = context->pool;

	wire_free(context->request);
	context->request = NULL;
	context->exchange.request = NULL;
	context_move(context, CONTEXT_RECEIVING);
	(void)pthread_mutex_lock(&pool->lock);
	if (context->fetching) {
		pool->fetches--;
		atomic_fetch_sub(&pool->metrics->contexts_parked, 1);
	}
	context->fetching = false;
	pool->receiving++;
	pool->held--;
	if (pool->held == 0)
		(void)pthread_cond_broadcast(&pool->idle);
	(void)pthread_mutex_unlock(&pool->lock);
	nng_ctx_recv(context->ctx, context->receive);
}

/* Ends the connection of a peer that does not read. */
static void
context_cut_off(struct context *context)
{
	struct pool *pool = context->pool;
	uint32_t pipe = (uint32_t)nng_pipe_id(context->pipe);

	switch (session_hang_up(pool->sessions, pipe)) {
	case SESSION_HUNG_UP_BEFORE:
		return;
	case SESSION_NOT_HUNG_UP:
		(void)nng_pipe_close(context->pipe);
		break;
	case SESSION_HUNG_UP:
		break;
	}
	atomic_fetch_add(&pool->metrics->peers_cut_off, 1);
	log_warn("listener.cut_off", "partner=%s pipe=%u",
		 context->exchange.peer.partner, pipe);
}

static void
context_on_replied(void *argument)
{
	struct context *context = argument;
	int failed = nng_aio_result(context->reply);

	if (failed != 0) {
		nng_msg_free(nng_aio_get_msg(context->reply));
		nng_aio_set_msg(context->reply, NULL);
	}
	if (failed == NNG_ETIMEDOUT)
		context_cut_off(context);
	session_leave(context->pool->sessions, context->exchange.peer.pipe);
	context_release(context);
}

/* ---- answering ---- */

/* A response as a message; NULL when memory is out. */
static nng_msg *
context_pack(const Baton__V1__Response *response, size_t size)
{
	nng_msg *message;

	if (nng_msg_alloc(&message, size) != 0)
		return NULL;
	(void)baton__v1__response__pack(response, nng_msg_body(message));
	return message;
}

static void
context_answer(struct exchange *exchange, const Baton__V1__Response *response)
{
	struct context *context = (struct context *)exchange;
	struct pool *pool = context->pool;
	size_t size = baton__v1__response__get_packed_size(response);
	nng_msg *message;

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
	message = context_pack(response, size);
	if (message == NULL) {
		/* The peer learns of it by the loss of its connection. */
		context_cut_off(context);
		session_leave(pool->sessions, exchange->peer.pipe);
		context_release(context);
		return;
	}
	context_move(context, CONTEXT_REPLYING);
	nng_aio_set_msg(context->reply, message);
	nng_ctx_send(context->ctx, context->reply);
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

static void pool_grow(struct pool *pool);

static void
context_on_received(void *argument)
{
	struct context *context = argument;
	struct pool *pool = context->pool;
	enum session_verdict verdict;
	struct baton_span bytes;
	nng_msg *message;
	int failed = nng_aio_result(context->receive);
	uint32_t pipe;

	if (failed == NNG_ECLOSED || failed == NNG_ECANCELED) {
		context_move(context, CONTEXT_ENDED);
		return;
	}
	if (failed != 0) {
		nng_ctx_recv(context->ctx, context->receive);
		return;
	}
	message = nng_aio_get_msg(context->receive);
	context_move(context, CONTEXT_HELD);
	pool_grow(pool);
	context->pipe = nng_msg_get_pipe(message);
	pipe = (uint32_t)nng_pipe_id(context->pipe);
	verdict = session_enter(pool->sessions, pipe, &context->exchange.peer);
	if (verdict == SESSION_CUT_OFF) {
		nng_msg_free(message);
		context_cut_off(context);
		context_release(context);
		return;
	}
	bytes.data = nng_msg_body(message);
	bytes.len = nng_msg_len(message);
	context_dispatch(context, bytes, verdict);
	/* What was unpacked is a copy. */
	nng_msg_free(message);
}

/* ---- the pool ---- */

static void
context_free(struct context *context)
{
	if (context == NULL)
		return;
	(void)nng_ctx_close(context->ctx);
	nng_aio_stop(context->receive);
	nng_aio_stop(context->reply);
	nng_aio_free(context->receive);
	nng_aio_free(context->reply);
	wire_free(context->request);
	free(context);
}

static struct context *
context_new(struct pool *pool)
{
	struct context *context = calloc(1, sizeof(*context));

	if (context == NULL)
		return NULL;
	context->pool = pool;
	context->state = CONTEXT_RECEIVING;
	context->exchange.answer = context_answer;
	if (nng_ctx_open(&context->ctx, pool->socket) != 0)
		goto err0;
	if (nng_aio_alloc(&context->receive, context_on_received, context) != 0)
		goto err1;
	if (nng_aio_alloc(&context->reply, context_on_replied, context) != 0)
		goto err2;
	nng_aio_set_timeout(context->reply,
			    (nng_duration)pool->options.reply_timeout_ms);
	return context;

err2:
	nng_aio_free(context->receive);
err1:
	(void)nng_ctx_close(context->ctx);
err0:
	free(context);
	return NULL;
}

/* Counts a place for one more receiving context; false at the ceiling. Under
 * the lock. */
static bool
pool_reserve(struct pool *pool, size_t *place)
{
	if (pool->count == pool->options.contexts_max)
		return false;
	*place = pool->count++;
	pool->receiving++;
	return true;
}

/* Opens the context of a reserved place. */
static baton_err
pool_open(struct pool *pool, size_t place)
{
	struct context *context = context_new(pool);

	if (context == NULL) {
		(void)pthread_mutex_lock(&pool->lock);
		pool->receiving--;
		(void)pthread_mutex_unlock(&pool->lock);
		return BATON_NO_MEMORY;
	}
	(void)pthread_mutex_lock(&pool->lock);
	pool->contexts[place] = context;
	(void)pthread_mutex_unlock(&pool->lock);
	atomic_fetch_add(&pool->metrics->contexts, 1);
	nng_ctx_recv(context->ctx, context->receive);
	return BATON_OK;
}

/* One more is held; opens another context when few are left to receive. */
static void
pool_grow(struct pool *pool)
{
	size_t place = 0;
	bool grow;

	(void)pthread_mutex_lock(&pool->lock);
	pool->receiving--;
	pool->held++;
	grow = pool->receiving < (pool->options.contexts_min + 1) / 2 &&
	       pool_reserve(pool, &place);
	(void)pthread_mutex_unlock(&pool->lock);
	if (grow && pool_open(pool, place) != BATON_OK) {
		log_warn("listener.pool", "contexts=%zu error=NO_MEMORY",
			 place);
	}
}

baton_err
pool_start(struct pool *pool)
{
	for (size_t i = 0; i < pool->options.contexts_min; i++) {
		size_t place = 0;
		bool reserved;

		(void)pthread_mutex_lock(&pool->lock);
		reserved = pool_reserve(pool, &place);
		(void)pthread_mutex_unlock(&pool->lock);
		if (reserved && pool_open(pool, place) != BATON_OK)
			return BATON_NO_MEMORY;
	}
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
		context_free(pool->contexts[i]);
	free(pool->contexts);
	(void)pthread_cond_destroy(&pool->idle);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}
