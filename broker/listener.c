/* SPDX-License-Identifier: MIT */
#include "broker/listener.h"

#include <errno.h>
#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/connection.h"
#include "broker/pool.h"
#include "broker/session.h"
#include "client/log.h"

/* Room for "ipc://", a socket's path and NUL. */
#define URL_BYTES                                                              \
	(sizeof("ipc://") + sizeof(((struct sockaddr_un *)0)->sun_path))

/* How long no connection is taken after that failed, as it does when
 * descriptors or memory are out. */
#define PAUSE_MS 10

/* A socket of a partner. Not closed while the broker runs. */
struct door {
	struct listener *listener;
	/** As sessions know it. */
	uint32_t id;
	enum sp_framing framing;
	nng_stream_listener *stream;
	nng_aio *accept;
	atomic_bool closing;
	bool pausing;
	struct door *next;
};

struct listener {
	struct session_table *sessions;
	struct metrics *metrics;
	struct listener_options options;
	char *directory;
	struct pool *pool;
	struct connection_set *connections;
	struct door *doors;
	uint32_t last_door;
	bool started;
	atomic_uint_fast32_t last_connection;
	/** Of silent. */
	pthread_mutex_t lock;
	bool silent;
};

/* ---- connections ---- */

static void
listener_on_received(void *context, struct connection *connection,
		     uint8_t *bytes, size_t len)
{
	struct listener *listener = context;

	pool_receive(listener->pool, connection, bytes, len);
}

static void
listener_on_gone(void *context, struct connection *connection)
{
	struct listener *listener = context;
	uint32_t id = connection_id(connection);

	if (!session_close(listener->sessions, id))
		return;
	atomic_fetch_add(&listener->metrics->pipes_removed, 1);
	(void)pthread_mutex_lock(&listener->lock);
	if (!listener->silent)
		listener->options.gone(listener->options.context, id);
	(void)pthread_mutex_unlock(&listener->lock);
}

static bool
listener_on_greeted(void *context, const struct connection_peer *peer)
{
	struct listener *listener = context;
	bool admitted = session_open(listener->sessions, peer->listener,
				     peer->id, peer->uid);

	atomic_fetch_add(admitted ? &listener->metrics->pipes_created
				  : &listener->metrics->pipes_refused,
			 1);
	return admitted;
}

/* Somebody has connected. */
static void
listener_on_connected(struct listener *listener, uint32_t door,
		      enum sp_framing framing, nng_stream *stream)
{
	struct connection_peer peer = {
		.listener = door,
		.uid = SESSION_UID_UNKNOWN,
		.framing = framing,
	};
	uint64_t value;

	while (peer.id == 0) {
		peer.id = (uint32_t)atomic_fetch_add(&listener->last_connection,
						     1) +
			  1;
	}
	if (nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_UID, &value) == 0)
		peer.uid = (uid_t)value;
	if (connection_open(listener->connections, stream, &peer) != BATON_OK)
		log_warn("listener.connection", "error=NO_MEMORY");
}

/* ---- doors ---- */

static void
door_on_accepted(void *argument)
{
	struct door *door = argument;
	int failed = nng_aio_result(door->accept);

	if (atomic_load(&door->closing)) {
		if (failed == 0 && !door->pausing)
			nng_stream_free(nng_aio_get_output(door->accept, 0));
		return;
	}
	if (failed != 0) {
		door->pausing = true;
		nng_sleep_aio(PAUSE_MS, door->accept);
		return;
	}
	if (!door->pausing) {
		listener_on_connected(door->listener, door->id, door->framing,
				      nng_aio_get_output(door->accept, 0));
	}
	door->pausing = false;
	nng_stream_listener_accept(door->stream, door->accept);
}

/* Closes a door; what came through it stays. */
static void
door_free(struct door *door)
{
	atomic_store(&door->closing, true);
	if (door->stream != NULL)
		nng_stream_listener_close(door->stream);
	nng_aio_stop(door->accept);
	nng_aio_free(door->accept);
	nng_stream_listener_free(door->stream);
	free(door);
}

/* Opens a door that nobody is let in through yet. Errors: nng's. */
static int
door_new(struct listener *listener, const char *url, enum sp_framing framing,
	 struct door **door)
{
	struct door *made = calloc(1, sizeof(*made));
	int failed = NNG_ENOMEM;

	if (made == NULL)
		return failed;
	made->listener = listener;
	made->framing = framing;
	failed = nng_aio_alloc(&made->accept, door_on_accepted, made);
	if (failed == 0)
		failed = nng_stream_listener_alloc(&made->stream, url);
	if (failed == 0)
		failed = nng_stream_listener_listen(made->stream);
	if (failed != 0) {
		door_free(made);
		return failed;
	}
	*door = made;
	return 0;
}

/* ---- the partners' sockets ---- */

static baton_err
listener_make_directory(const char *directory, struct baton_error *error)
{
	if (mkdir(directory, 0700) == 0) {
		/* Others pass through to their own socket, but see no list. */
		if (chmod(directory, 0711) == 0)
			return BATON_OK;
	} else if (errno == EEXIST) {
		return BATON_OK;
	}
	return baton_error_set(error, BATON_IO, "%s: cannot be made: %s",
			       directory, strerror(errno));
}

/* Who may connect, as far as file permissions can say it. A broker that is
 * not root cannot give a socket away: then everybody may knock, and the
 * peer's uid decides. */
static baton_err
listener_permit(const struct listener *listener, const struct partner *partner,
		struct baton_error *error)
{
	char path[URL_BYTES];
	mode_t mode = S_IRUSR | S_IWUSR;
	uid_t owner = geteuid();

	(void)snprintf(path, sizeof(path), "%s/%s.sock", listener->directory,
		       partner->id);
	if (partner->has_user && partner->uid != owner) {
		if (owner == 0) {
			owner = partner->uid;
		} else {
			mode |= S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
		}
	}
	if (chown(path, owner, (gid_t)-1) == 0 && chmod(path, mode) == 0)
		return BATON_OK;
	return baton_error_set(error, BATON_IO, "%s: permissions: %s", path,
			       strerror(errno));
}

static baton_err
listener_open(struct listener *listener, const char *url, const char *partner,
	      enum session_guard guard, struct baton_error *error)
{
	struct door *door;
	baton_err err;
	int failed;

	failed = door_new(listener, url,
			  guard == SESSION_GUARD_UID ? SP_FRAMING_IPC
						     : SP_FRAMING_TCP,
			  &door);
	if (failed != 0) {
		return baton_error_set(error, BATON_IO, "%s: %s", url,
				       nng_strerror(failed));
	}
	door->id = ++listener->last_door;
	err = session_bind(listener->sessions, door->id, partner, guard);
	if (err != BATON_OK) {
		door_free(door);
		return baton_error_set(error, err, "out of memory");
	}
	door->next = listener->doors;
	listener->doors = door;
	if (listener->started)
		nng_stream_listener_accept(door->stream, door->accept);
	return BATON_OK;
}

/* Opens the socket of a partner that has none yet. */
static baton_err
listener_open_partner(struct listener *listener, const struct partner *partner,
		      struct baton_error *error)
{
	char url[URL_BYTES];
	baton_err err;
	int len;

	if (session_is_bound(listener->sessions, partner->id,
			     SESSION_GUARD_UID))
		return listener_permit(listener, partner, error);
	len = snprintf(url, sizeof(url), "ipc://%s/%s.sock",
		       listener->directory, partner->id);
	if (len < 0 || (size_t)len >= sizeof(url) - 1) {
		return baton_error_set(error, BATON_CONFIG,
				       "%s: socket path of partner %s is too "
				       "long",
				       listener->directory, partner->id);
	}
	err = listener_open(listener, url, partner->id, SESSION_GUARD_UID,
			    error);
	if (err != BATON_OK)
		return err;
	return listener_permit(listener, partner, error);
}

static baton_err
listener_open_partners(struct listener *listener,
		       const struct agreement *agreement,
		       struct baton_error *error)
{
	for (size_t i = 0; i < agreement_count(agreement); i++) {
		baton_err err = listener_open_partner(
			listener, agreement_at(agreement, i), error);

		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

baton_err
listener_open_tcp(struct listener *listener, const char *partner,
		  const char *url, struct baton_error *error)
{
	if (!session_is_bound(listener->sessions, partner, SESSION_GUARD_UID)) {
		return baton_error_set(error, BATON_CONFIG,
				       "insecure_tcp.partner: %s is not in the "
				       "agreement",
				       partner);
	}
	return listener_open(listener, url, partner, SESSION_GUARD_NONE, error);
}

/* ---- life ---- */

static baton_err
listener_make_pool(struct listener *listener, struct baton_error *error)
{
	const struct pool_options pool = {
		.max_message_bytes = listener->options.max_message_bytes,
		.contexts_min = listener->options.contexts_min,
		.contexts_max = listener->options.contexts_max,
		.serve = listener->options.serve,
		.context = listener->options.context,
	};
	const struct connection_options connections = {
		.max_message_bytes = listener->options.max_message_bytes,
		.reply_timeout_ms = listener->options.reply_timeout_ms,
		.admit = listener_on_greeted,
		.received = listener_on_received,
		.gone = listener_on_gone,
		.context = listener,
	};

	if (pool_new(listener->sessions, listener->metrics, &pool,
		     &listener->pool) != BATON_OK ||
	    connection_set_new(&connections, &listener->connections) !=
		    BATON_OK)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	return BATON_OK;
}

/* The parts in order; what was made before a failure is freed by the caller
 * with listener_free(). */
static baton_err
listener_init(struct listener *listener, struct agreement *agreement,
	      struct baton_error *error)
{
	const struct listener_options *options = &listener->options;
	const struct session_options limits = {
		.per_pipe = options->per_connection,
		/* However many connections a partner opens, half of the
		 * places are for others. */
		.per_partner = options->contexts_max / 2,
		.own_uid = geteuid(),
	};
	baton_err err;

	listener->directory = strdup(options->directory);
	if (listener->directory == NULL ||
	    session_table_new(agreement, &limits, &listener->sessions) !=
		    BATON_OK) {
		agreement_free(agreement);
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	}
	err = listener_make_directory(listener->directory, error);
	if (err == BATON_OK)
		err = listener_make_pool(listener, error);
	if (err == BATON_OK)
		err = listener_open_partners(listener, agreement, error);
	return err;
}

baton_err
listener_new(struct agreement *agreement,
	     const struct listener_options *options, struct metrics *metrics,
	     struct listener **listener, struct baton_error *error)
{
	struct listener *made = calloc(1, sizeof(*made));
	baton_err err;

	*listener = NULL;
	if (made == NULL) {
		agreement_free(agreement);
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	}
	made->options = *options;
	made->metrics = metrics;
	(void)pthread_mutex_init(&made->lock, NULL);
	err = listener_init(made, agreement, error);
	if (err != BATON_OK) {
		listener_free(made);
		return err;
	}
	*listener = made;
	return BATON_OK;
}

void
listener_start(struct listener *listener)
{
	listener->started = true;
	for (struct door *door = listener->doors; door != NULL;
	     door = door->next)
		nng_stream_listener_accept(door->stream, door->accept);
}

baton_err
listener_replace(struct listener *listener, struct agreement *agreement,
		 struct baton_error *error)
{
	uint32_t *pipes;
	size_t count;
	baton_err err;

	err = listener_open_partners(listener, agreement, error);
	if (err != BATON_OK) {
		agreement_free(agreement);
		return err;
	}
	err = session_replace(listener->sessions, agreement, &pipes, &count);
	if (err != BATON_OK) {
		agreement_free(agreement);
		return baton_error_set(error, err, "out of memory");
	}
	for (size_t i = 0; i < count; i++)
		connection_set_close(listener->connections, pipes[i]);
	free(pipes);
	log_info("listener.agreement", "connections_closed=%zu", count);
	return BATON_OK;
}

bool
listener_greet(struct listener *listener, uint32_t pipe)
{
	return session_greet(listener->sessions, pipe);
}

void
listener_stop(struct listener *listener)
{
	pool_stop(listener->pool);
}

baton_err
listener_drain(struct listener *listener, uint32_t timeout_ms)
{
	return pool_drain(listener->pool, timeout_ms);
}

void
listener_silence(struct listener *listener)
{
	(void)pthread_mutex_lock(&listener->lock);
	listener->silent = true;
	(void)pthread_mutex_unlock(&listener->lock);
}

void
listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	while (listener->doors != NULL) {
		struct door *door = listener->doors;

		listener->doors = door->next;
		door_free(door);
	}
	connection_set_free(listener->connections);
	pool_free(listener->pool);
	session_table_free(listener->sessions);
	(void)pthread_mutex_destroy(&listener->lock);
	free(listener->directory);
	free(listener);
}
