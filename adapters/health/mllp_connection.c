/* SPDX-License-Identifier: MIT */
#include "adapters/health/mllp_connection.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/health/mllp.h"
#include "client/log.h"

/* Bytes of one connection that are read ahead of the decoder. */
#define CONNECTION_READ_BYTES ((size_t)65536)

/*
 *          first byte         last byte         handled, with answer
 *   IDLE -----------> FRAME -----------> IN_HAND ----------------> ANSWERING
 *    ^                                      | handled, no answer      |
 *    +--------------------------------------+-------------------------+
 *
 * IDLE, FRAME and ANSWERING have a time limit. Only IDLE and FRAME read.
 */
enum connection_state {
	CONNECTION_IDLE,
	CONNECTION_FRAME,
	CONNECTION_IN_HAND,
	CONNECTION_ANSWERING,
};

struct mllp_connection {
	/* First, so that a job that comes back is its connection. */
	struct mllp_job job;
	struct mllp_connections *all;
	struct mllp_connection *previous;
	struct mllp_connection *next;
	enum connection_state state;
	/* The peer went while its message was in hand. */
	bool gone;
	uint64_t number;
	struct bufferevent *stream;
	struct event *timer;
	struct mllp_decoder *decoder;
};

static void
connection_limit(struct mllp_connection *connection, int64_t limit_ms)
{
	const struct timeval limit = {
		.tv_sec = (time_t)(limit_ms / 1000),
		.tv_usec = (suseconds_t)(limit_ms % 1000 * 1000),
	};

	(void)event_add(connection->timer, &limit);
}

static void
connection_free(struct mllp_connection *connection)
{
	if (connection->timer != NULL)
		event_free(connection->timer);
	if (connection->stream != NULL)
		bufferevent_free(connection->stream);
	mllp_free(connection->decoder);
	free(connection->job.message);
	free(connection->job.answer);
	free(connection);
}

/* Ends a connection; one with a message in hand only when that is done. */
static void
connection_close(struct mllp_connection *connection, const char *why)
{
	struct mllp_connections *all = connection->all;

	if (connection->state == CONNECTION_IN_HAND) {
		connection->gone = true;
		return;
	}
	log_info("mllp.closed", "connection=%" PRIu64 " reason=\"%s\"",
		 connection->number, why);
	if (connection->previous != NULL) {
		connection->previous->next = connection->next;
	} else {
		all->first = connection->next;
	}
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	connection_free(connection);
	all->count--;
	if (all->first == NULL && all->stopping)
		(void)event_base_loopbreak(all->base);
}

static void
connection_hand_over(struct mllp_connection *connection, bool cut)
{
	struct mllp_job *job = &connection->job;

	connection->state = CONNECTION_IN_HAND;
	(void)event_del(connection->timer);
	(void)bufferevent_disable(connection->stream, EV_READ);
	mllp_take(connection->decoder, &job->message, &job->message_len);
	job->cut = cut;
	mllp_pool_submit(connection->all->pool, job);
}

/* Follows the decoder between IDLE and FRAME; the limits run from the
 * change, so that trickling bytes does not lengthen them. */
static void
connection_follow(struct mllp_connection *connection)
{
	const struct mllp_server_options *options = connection->all->options;
	bool within = mllp_within(connection->decoder);

	if (within && connection->state == CONNECTION_IDLE) {
		connection->state = CONNECTION_FRAME;
		connection_limit(connection, options->frame_timeout_ms);
	}
}

/* Feeds what was read, up to the end of one frame. */
static void
connection_read(struct mllp_connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->stream);
	enum mllp_step step = MLLP_MORE;
	size_t used;

	while (step == MLLP_MORE && evbuffer_get_length(input) > 0) {
		size_t len = evbuffer_get_contiguous_space(input);

		step = mllp_feed(connection->decoder,
				 evbuffer_pullup(input, (ev_ssize_t)len), len,
				 &used);
		(void)evbuffer_drain(input, used);
	}
	switch (step) {
	case MLLP_MORE:
		connection_follow(connection);
		return;
	case MLLP_FRAME:
	case MLLP_OVERSIZE:
		connection_hand_over(connection, step == MLLP_OVERSIZE);
		return;
	case MLLP_GARBAGE:
		connection_close(connection, "bytes before a frame's start");
		return;
	case MLLP_NO_MEMORY:
		break;
	}
	connection_close(connection, "out of memory");
}

/* The message is answered: on to the next, which may have been read already.
 */
static void
connection_ready(struct mllp_connection *connection)
{
	struct mllp_connections *all = connection->all;

	connection->state = CONNECTION_IDLE;
	if (all->stopping) {
		connection_close(connection, "stopping");
		return;
	}
	connection_limit(connection, all->options->idle_timeout_ms);
	(void)bufferevent_enable(connection->stream, EV_READ);
	connection_read(connection);
}

/* A worker is done with the connection's message. */
static void
connection_answer(struct mllp_connection *connection)
{
	struct mllp_job *job = &connection->job;
	char *answer = job->answer;
	size_t len = job->answer_len;
	int failed = 0;

	job->answer = NULL;
	connection->state = CONNECTION_ANSWERING;
	if (connection->gone) {
		connection_close(connection, "peer went before its answer");
	} else if (answer == NULL) {
		connection_close(connection, "out of memory");
	} else if (len == 0) {
		connection_ready(connection);
	} else {
		connection_limit(connection,
				 connection->all->options->frame_timeout_ms);
		failed = bufferevent_write(connection->stream, answer, len);
	}
	free(answer);
	if (failed != 0)
		connection_close(connection, "out of memory");
}

static void
connection_on_read(struct bufferevent *stream, void *context)
{
	struct mllp_connection *connection = context;

	(void)stream;
	if (connection->state == CONNECTION_IDLE ||
	    connection->state == CONNECTION_FRAME)
		connection_read(connection);
}

static void
connection_on_written(struct bufferevent *stream, void *context)
{
	struct mllp_connection *connection = context;

	if (connection->state == CONNECTION_ANSWERING &&
	    evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		connection_ready(connection);
}

static void
connection_on_event(struct bufferevent *stream, short what, void *context)
{
	(void)stream;
	connection_close(context, (what & BEV_EVENT_EOF) != 0
					  ? "peer closed"
					  : "connection failed");
}

static void
connection_on_limit(evutil_socket_t fd, short what, void *context)
{
	struct mllp_connection *connection = context;

	(void)fd;
	(void)what;
	if (connection->state == CONNECTION_IDLE) {
		connection_close(connection, "idle");
	} else if (connection->state == CONNECTION_FRAME) {
		connection_close(connection, "message did not end in time");
	} else {
		connection_close(connection, "answer was not read in time");
	}
}

static struct mllp_connection *
connection_new(struct mllp_connections *all, evutil_socket_t fd)
{
	struct mllp_connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL) {
		(void)close(fd);
		return NULL;
	}
	connection->all = all;
	connection->number = ++all->ever;
	connection->decoder = mllp_new(all->options->max_message_bytes);
	connection->timer =
		event_new(all->base, -1, 0, connection_on_limit, connection);
	connection->stream =
		bufferevent_socket_new(all->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (connection->stream == NULL)
		(void)close(fd);
	if (connection->stream == NULL || connection->decoder == NULL ||
	    connection->timer == NULL) {
		connection_free(connection);
		return NULL;
	}
	return connection;
}

bool
mllp_connection_open(struct mllp_connections *all, evutil_socket_t fd,
		     const char *peer)
{
	struct mllp_connection *connection = connection_new(all, fd);

	if (connection == NULL)
		return false;
	log_info("mllp.connected", "connection=%" PRIu64 " peer=%s",
		 connection->number, peer);
	connection->next = all->first;
	if (connection->next != NULL)
		connection->next->previous = connection;
	all->first = connection;
	all->count++;
	bufferevent_setwatermark(connection->stream, EV_READ, 0,
				 CONNECTION_READ_BYTES);
	bufferevent_setcb(connection->stream, connection_on_read,
			  connection_on_written, connection_on_event,
			  connection);
	connection_limit(connection, all->options->idle_timeout_ms);
	(void)bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
	return true;
}

void
mllp_connection_answer(struct mllp_job *job)
{
	connection_answer((struct mllp_connection *)job);
}

void
mllp_connection_stop(struct mllp_connections *all)
{
	struct mllp_connection *next;

	all->stopping = true;
	if (all->first == NULL)
		(void)event_base_loopbreak(all->base);
	for (struct mllp_connection *connection = all->first;
	     connection != NULL; connection = next) {
		next = connection->next;
		if (connection->state == CONNECTION_IDLE ||
		    connection->state == CONNECTION_FRAME)
			connection_close(connection, "stopping");
	}
}
