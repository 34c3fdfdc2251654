/* SPDX-License-Identifier: MIT */
#include "adapters/health/mllp_server.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/listener.h>
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

#include "adapters/health/mllp_connection.h"
#include "client/log.h"

#define SERVER_BACKLOG 128

/* Wait after accepting failed, for want of descriptors as a rule. */
#define SERVER_PAUSE_MS 1000

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
	/* Belongs to the loop's thread. */
	struct mllp_connections connections;
};

/* ---- accepting ---- */

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
	char host[64];
	int on = 1;

	(void)listener;
	server_address(address, len, host, sizeof(host));
	if (server->connections.count >= server->options.max_connections) {
		log_warn("mllp.refused", "peer=%s connections=%zu", host,
			 server->connections.count);
		(void)close(fd);
		return;
	}
	/* An answer is one small packet and should not wait for another; a peer
	 * that vanished should be noticed before the idle limit. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (!mllp_connection_open(&server->connections, fd, host)) {
		log_error("mllp.refused", "peer=%s reason=\"out of memory\"",
			  host);
	}
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
		struct mllp_job *next = job->next;

		mllp_connection_answer(job);
		job = next;
	}
	if (atomic_load(&server->stopping)) {
		(void)evconnlistener_disable(server->listener);
		mllp_connection_stop(&server->connections);
	}
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
	if (code != 0) {
		return baton_error_set(error, BATON_INVALID,
				       "health.listen_host: %s",
				       gai_strerror(code));
	}
	server->listener = evconnlistener_new_bind(
		server->base, server_on_accept, server,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
			LEV_OPT_REUSEABLE,
		SERVER_BACKLOG, found->ai_addr, (int)found->ai_addrlen);
	freeaddrinfo(found);
	if (server->listener == NULL) {
		return baton_error_set(
			error, BATON_IO, "cannot listen on port %s: %s", port,
			evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	}
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
	server->connections.options = &server->options;
	server->connections.base = server->base;
	server->connections.pool = server->pool;
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
	    pthread_create(&made->thread, NULL, server_run, made) != 0) {
		err = baton_error_set(error, BATON_INTERNAL,
				      "cannot start a thread");
	}
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
