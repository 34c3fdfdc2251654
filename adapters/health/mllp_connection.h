/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_MLLP_CONNECTION_H
#define BATON_HEALTH_MLLP_CONNECTION_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/health/mllp_pool.h"
#include "adapters/health/mllp_server.h"

/** The connections of one server. All of this belongs to the thread of the
 *  event loop; internal to mllp_server.c and mllp_connection.c. */
struct mllp_connection;

struct mllp_connections {
	const struct mllp_server_options *options;
	struct event_base *base;
	struct mllp_pool *pool;
	struct mllp_connection *first;
	size_t count;
	/** Connections there have been; numbers them in the log. */
	uint64_t ever;
	/** Connections end with the answer in hand, and the loop with the last
	 *  of them. */
	bool stopping;
};

/** Serves an accepted socket, which it takes also on failure; peer is for the
 *  log. False when memory is short. */
bool mllp_connection_open(struct mllp_connections *all, evutil_socket_t fd,
			  const char *peer);

/** Sends the answer of a job that the pool gave back to the connection that it
 *  is of. */
void mllp_connection_answer(struct mllp_job *job);

/** Begins to stop: closes what has no message in hand. */
void mllp_connection_stop(struct mllp_connections *all);

#endif /* BATON_HEALTH_MLLP_CONNECTION_H */
