/* SPDX-License-Identifier: MIT */
#include "adapters/health/mllp_server.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/health/mllp.h"
#include "client/log.h"

/* Bytes of one connection that are read ahead of the decoder. */
#define SERVER_READ_BYTES ((size_t)65536)

#define SERVER_BACKLOG 128

/* Wait after accepting failed, for want of descriptors as a rule. */
#define SERVER_PAUSE_MS 1000

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

struct connection {
	/* First, so that a job that comes back is its connection. */
	struct mllp_job job;
	struct mllp_server *server;
	struct connection *previous;
	struct connection *next;
	enum connection_state state;
	/* The peer went while its message was in hand. */
	bool gone;
	uint64_t number;
	struct bufferevent *stream;
	struct event *timer;
	struct mllp_decoder *decoder;
};

struct mllp_server {
	struct mllp_server_options options;
	uint16_t port;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *wake;
	struct event *resume;
	int wake_fd;
	struct mllp_pool *pool;
	pthread_t thread;
	atomic_bool stopping;
	/* The rest belongs to the loop's thread. */
	struct connection *connections;
	size_t connections_count;
	uint64_t connections_ever;
};

/* ---- one connection ---- */

static void
connection_limit(struct connection *connection, int64_t limit_ms)
{
	const struct timeval limit = {
		.tv_sec = (time_t)(limit_ms / 1000),
		.tv_usec = (suseconds_t)(limit_ms % 1000 * 1000),
	};

	(void)event_add(connection->timer, &limit);
}

static void
connection_free(struct connection *connection)
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
connection_close(struct connection *connection, const char *why)
{
	struct mllp_server *server = connection->server;

	if (connection->state == CONNECTION_IN_HAND) {
		connection->gone = true;
		return;
	}
	log_info("mllp.closed", "connection=%" PRIu64 " reason=\"%s\"",
		 connection->number, why);
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	connection_free(connection);
	server->connections_count--;
	if (server->connections == NULL && atomic_load(&server->stopping))
		(void)event_base_loopbreak(server->base);
}

static void
connection_hand_over(struct connection *connection, bool cut)
{
	struct mllp_job *job = &connection->job;

	connection->state = CONNECTION_IN_HAND;
	(void)event_del(connection->timer);
	(void)bufferevent_disable(connection->stream, EV_READ);
	mllp_take(connection->decoder, &job->message, &job->message_len);
	job->cut = cut;
	mllp_pool_submit(connection->server->pool, job);
}

/* Follows the decoder between IDLE and FRAME; the limits run from the
 * change, so that trickling bytes does not lengthen them. */
static void
connection_follow(struct connection *connection)
{
	const struct mllp_server_options *options =
		&connection->server->options;
	bool within = mllp_within(connection->decoder);

	if (within && connection->state == CONNECTION_IDLE) {
		connection->state = CONNECTION_FRAME;
		connection_limit(connection, options->frame_timeout_ms);
	}
}

/* Feeds what was read, up to the end of one frame. */
static void
connection_read(struct connection *connection)
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
connection_ready(struct connection *connection)
{
	struct mllp_server *server = connection->server;

	connection->state = CONNECTION_IDLE;
	if (atomic_load(&server->stopping)) {
		connection_close(connection, "stopping");
		return;
	}
	connection_limit(connection, server->options.idle_timeout_ms);
	(void)bufferevent_enable(connection->stream, EV_READ);
	connection_read(connection);
}

/* A worker is done with the connection's message. */
static void
connection_answer(struct connection *connection)
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
				 connection->server->options.frame_timeout_ms);
		failed = bufferevent_write(connection->stream, answer, len);
	}
	free(answer);
	if (failed != 0)
		connection_close(connection, "out of memory");
}

static void
connection_on_read(struct bufferevent *stream, void *context)
{
	struct connection *connection = context;

	(void)stream;
	if (connection->state == CONNECTION_IDLE ||
	    connection->state == CONNECTION_FRAME)
		connection_read(connection);
}

static void
connection_on_written(struct bufferevent *stream, void *context)
{
	struct connection *connection = context;

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
	struct connection *connection = context;

	(void)fd;
	(void)what;
	if (connection->state == CONNECTION_IDLE)
		connection_close(connection, "idle");
	else if (connection->state == CONNECTION_FRAME)
		connection_close(connection, "message did not end in time");
	else
		connection_close(connection, "answer was not read in time");
}

/* ---- accepting ---- */

static struct connection *
connection_new(struct mllp_server *server, evutil_socket_t fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL) {
		(void)close(fd);
		return NULL;
	}
	connection->server = server;
	connection->number = ++server->connections_ever;
	connection->decoder = mllp_new(server->options.max_message_bytes);
	connection->timer =
		event_new(server->base, -1, 0, connection_on_limit, connection);
	connection->stream =
		bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (connection->stream == NULL)
		(void)close(fd);
	if (connection->stream == NULL || connection->decoder == NULL ||
	    connection->timer == NULL) {
		connection_free(connection);
		return NULL;
	}
	return connection;
}

static void
server_address(const struct sockaddr *address, int len, char *host, size_t size)
{
	if (getnameinfo(address, (socklen_t)len, host, (socklen_t)size, NULL, 0,
			NI_NUMERICHOST) != 0)
		host[0] = '\0';
}

static void
server_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
		 struct sockaddr *address, int len, void *context)
{
	struct mllp_server *server = context;
	struct connection *connection;
	char host[64];
	int on = 1;

	(void)listener;
	server_address(address, len, host, sizeof(host));
	if (server->connections_count >= server->options.max_connections) {
		log_warn("mllp.refused", "peer=%s connections=%zu", host,
			 server->connections_count);
		(void)close(fd);
		return;
	}
	/* An answer is one small packet and should not wait for another; a peer
	 * that vanished should be noticed before the idle limit. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	connection = connection_new(server, fd);
	if (connection == NULL) {
		log_error("mllp.refused", "peer=%s reason=\"out of memory\"",
			  host);
		return;
	}
	log_info("mllp.connected", "connection=%" PRIu64 " peer=%s",
		 connection->number, host);
	connection->next = server->connections;
	if (connection->next != NULL)
		connection->next->previous = connection;
	server->connections = connection;
	server->connections_count++;
	bufferevent_setwatermark(connection->stream, EV_READ, 0,
				 SERVER_READ_BYTES);
	bufferevent_setcb(connection->stream, connection_on_read,
			  connection_on_written, connection_on_event,
			  connection);
	connection_limit(connection, server->options.idle_timeout_ms);
	(void)bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}

/* Without descriptors accepting would fail again at once, for ever. */
static void
server_on_accept_failed(struct evconnlistener *listener, void *context)
{
	struct mllp_server *server = context;
	const struct timeval pause = {.tv_sec = SERVER_PAUSE_MS / 1000};

	log_error("mllp.accept_failed", "reason=\"%s\"",
		  evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	(void)evconnlistener_disable(listener);
	(void)event_add(server->resume, &pause);
}

static void
server_on_resume(evutil_socket_t fd, short what, void *context)
{
	struct mllp_server *server = context;

	(void)fd;
	(void)what;
	if (!atomic_load(&server->stopping))
		(void)evconnlistener_enable(server->listener);
}

/* ---- the loop ---- */

static void
server_begin_stop(struct mllp_server *server)
{
	struct connection *next;

	(void)evconnlistener_disable(server->listener);
	if (server->connections == NULL)
		(void)event_base_loopbreak(server->base);
	for (struct connection *connection = server->connections;
	     connection != NULL; connection = next) {
		next = connection->next;
		if (connection->state == CONNECTION_IDLE ||
		    connection->state == CONNECTION_FRAME)
			connection_close(connection, "stopping");
	}
}

/* A worker has finished jobs, or the server is to stop. */
static void
server_on_wake(evutil_socket_t fd, short what, void *context)
{
	struct mllp_server *server = context;
	struct mllp_job *job;
	eventfd_t count;

	(void)what;
	(void)eventfd_read(fd, &count);
	job = mllp_pool_done(server->pool);
	while (job != NULL) {
		struct connection *connection = (struct connection *)job;

		job = job->next;
		connection_answer(connection);
	}
	if (atomic_load(&server->stopping))
		server_begin_stop(server);
}

static void *
server_run(void *context)
{
	struct mllp_server *server = context;

	(void)event_base_dispatch(server->base);
	return NULL;
}

/* ---- starting and stopping ---- */

static baton_err
server_listen(struct mllp_server *server, struct baton_error *error)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct addrinfo *found = NULL;
	char port[8];
	int code;

	(void)snprintf(port, sizeof(port), "%u", server->options.port);
	code = getaddrinfo(server->options.host, port, &hints, &found);
	if (code != 0)
		return baton_error_set(error, BATON_INVALID,
				       "health.listen_host: %s",
				       gai_strerror(code));
	server->listener = evconnlistener_new_bind(
		server->base, server_on_accept, server,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
			LEV_OPT_REUSEABLE,
		SERVER_BACKLOG, found->ai_addr, (int)found->ai_addrlen);
	freeaddrinfo(found);
	if (server->listener == NULL)
		return baton_error_set(
			error, BATON_IO, "cannot listen on port %s: %s", port,
			evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	evconnlistener_set_error_cb(server->listener, server_on_accept_failed);
	(void)memset(&bound, 0, sizeof(bound));
	(void)getsockname(evconnlistener_get_fd(server->listener),
			  (struct sockaddr *)&bound, &len);
	server->port =
		ntohs(bound.ss_family == AF_INET6
			      ? ((struct sockaddr_in6 *)&bound)->sin6_port
			      : ((struct sockaddr_in *)&bound)->sin_port);
	return BATON_OK;
}

static void
server_free(struct mllp_server *server)
{
	mllp_pool_free(server->pool);
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	if (server->wake != NULL)
		event_free(server->wake);
	if (server->resume != NULL)
		event_free(server->resume);
	if (server->base != NULL)
		event_base_free(server->base);
	if (server->wake_fd >= 0)
		(void)close(server->wake_fd);
	free(server);
}

static baton_err
server_make(struct mllp_server *server, struct baton_error *error)
{
	baton_err err;

	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->wake_fd < 0)
		return baton_error_set(error, BATON_INTERNAL, "eventfd");
	server->base = event_base_new();
	if (server->base == NULL)
		return baton_error_set(error, BATON_INTERNAL, "event loop");
	server->wake = event_new(server->base, server->wake_fd,
				 EV_READ | EV_PERSIST, server_on_wake, server);
	server->resume =
		event_new(server->base, -1, 0, server_on_resume, server);
	if (server->wake == NULL || server->resume == NULL ||
	    event_add(server->wake, NULL) != 0)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	err = server_listen(server, error);
	if (err != BATON_OK)
		return err;
	err = mllp_pool_new(server->options.workers, server->options.handle,
			    server->options.context, server->wake_fd,
			    &server->pool);
	if (err != BATON_OK)
		return baton_error_set(error, err, "cannot start workers");
	return BATON_OK;
}

baton_err
mllp_server_start(const struct mllp_server_options *options,
		  struct mllp_server **server, struct baton_error *error)
{
	struct mllp_server *made = calloc(1, sizeof(*made));
	baton_err err;

	*server = NULL;
	if (made == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	made->options = *options;
	made->wake_fd = -1;
	atomic_init(&made->stopping, false);
	err = server_make(made, error);
	if (err == BATON_OK &&
	    pthread_create(&made->thread, NULL, server_run, made) != 0)
		err = baton_error_set(error, BATON_INTERNAL,
				      "cannot start a thread");
	if (err != BATON_OK) {
		server_free(made);
		return err;
	}
	*server = made;
	return BATON_OK;
}

uint16_t
mllp_server_port(const struct mllp_server *server)
{
	return server->port;
}

void
mllp_server_stop(struct mllp_server *server)
{
	if (server == NULL)
		return;
	atomic_store(&server->stopping, true);
	(void)eventfd_write(server->wake_fd, 1);
	(void)pthread_join(server->thread, NULL);
	server_free(server);
}
