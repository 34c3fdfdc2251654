/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "baton/version.h"
#include "broker/pool_state.h"
#include "client/log.h"

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
	pool_give_back(pool, context);
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
	/* Before closing, which may end the session at once. */
	bool first = session_hang_up(pool->sessions, peer->pipe);

	connection_close(context->connection);
	if (!first)
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
	    !pool_park(pool, context)) {
		exchange_refuse(exchange, BATON_BUSY, POOL_RETRY_FETCH_MS,
				"too many fetches are waiting");
		return;
	}
	pool->options.serve(pool->options.context, exchange);
}

void
context_begin(struct context *context, struct connection *connection,
	      const uint8_t *bytes, size_t len)
{
	struct pool *pool = context->pool;
	struct baton_span body;
	enum session_verdict verdict;

	context->exchange.answer = context_answer;
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
