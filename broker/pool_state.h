/* SPDX-License-Identifier: MIT */
#ifndef BATON_POOL_STATE_H
#define BATON_POOL_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "broker/pool.h"
#include "client/wire.h"

/* What pool.c, which keeps the contexts, and context.c, which takes one from
 * request to answer, share. */

/* How long a fetch that found no place, or any request of a stopping broker,
 * is told to wait. */
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

/** Begins with a frame. context: as pool.c took it; connection: a reference,
 *  taken; bytes: borrowed. */
void context_begin(struct context *context, struct connection *connection,
		   const uint8_t *bytes, size_t len);

/** Takes a place among the fetches; false when there is none left. */
bool pool_park(struct pool *pool, struct context *context);

/** Makes a context free again, for a request that waits if there is one. */
void pool_give_back(struct pool *pool, struct context *context);

#endif /* BATON_POOL_STATE_H */
