/* SPDX-License-Identifier: MIT */
#ifndef BATON_CONNECTION_STATE_H
#define BATON_CONNECTION_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "broker/connection.h"

/* What connection.c and connection_set.c share. Locks are taken in this order:
 * a connection's, then its set's. */

enum reading {
	READING_GREETING = 1,
	READING_HEAD = 2,
	READING_BODY = 3,
	READING_PAUSED = 4,
};

struct connection {
	struct connection_set *set;
	struct connection_peer peer;
	atomic_size_t references;
	nng_stream *stream;
	nng_aio *receive;
	nng_aio *send;

	/** Of all below. Submissions to the stream are made under it too, so
	 *  that none is made after closing. */
	pthread_mutex_t lock;
	bool closing;
	bool timed_out;

	enum reading reading;
	uint8_t head[SP_HEAD_BYTES];
	uint8_t *body;
	/** By when the whole body must be here; monotonic. */
	int64_t body_until_ms;
	size_t want;
	size_t got;

	struct connection_answer *first;
	struct connection_answer **last;
	/** Goes before all answers. */
	struct connection_answer greeting;

	/** Under the set's lock. */
	struct connection *next;
	struct connection **slot;
	struct connection *next_ending;
	/** To close, when the set is freed. */
	bool told;
};

struct connection_set {
	struct connection_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct connection *open;
	struct connection *ending;
	bool stopping;
};

/** Adds a connection, which is the set's from now on. */
void connection_set_add(struct connection_set *set,
			struct connection *connection);

/** Tells the set's thread to end a connection; once for each. */
void connection_set_tell(struct connection_set *set,
			 struct connection *connection);

/** Stops a closing connection, fails its answers and tells that it is gone.
 *  Waits for its callbacks, which they themselves may not: the set's thread. */
void connection_end(struct connection *connection);

#endif /* BATON_CONNECTION_STATE_H */
