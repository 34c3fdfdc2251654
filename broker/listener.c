/* SPDX-License-Identifier: MIT */
#include "broker/listener.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/pool.h"
#include "broker/session.h"
#include "client/log.h"

/* Room for "ipc://", a socket's path and NUL. */
#define URL_BYTES                                                              \
	(sizeof("ipc://") + sizeof(((struct sockaddr_un *)0)->sun_path))

struct listener {
	nng_socket socket;
	struct session_table *sessions;
	struct metrics *metrics;
	struct listener_options options;
	char *directory;
	struct pool *pool;
};

/* ---- pipes ---- */

/* Before a pipe is used: may it come in? nng holds the socket's lock here, so
 * only the pipe may be touched. */
static void
listener_on_pipe(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
	struct listener *listener = argument;
	uint32_t id = (uint32_t)nng_pipe_id(pipe);
	struct session_process process = {SESSION_UID_UNKNOWN,
					  SESSION_PID_UNKNOWN};
	uint64_t value;

	(void)event;
	if (nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &value) == 0)
		process.uid = (uid_t)value;
	if (nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &value) == 0)
		process.pid = (pid_t)value;
	if (session_open(listener->sessions,
			 (uint32_t)nng_listener_id(nng_pipe_listener(pipe)), id,
			 process)) {
		atomic_fetch_add(&listener->metrics->pipes_created, 1);
		return;
	}
	atomic_fetch_add(&listener->metrics->pipes_refused, 1);
	(void)nng_pipe_close(pipe);
}

static void
listener_on_pipe_gone(nng_pipe pipe, nng_pipe_ev event, void *argument)
{
	struct listener *listener = argument;
	uint32_t id = (uint32_t)nng_pipe_id(pipe);

	(void)event;
	if (!session_close(listener->sessions, id))
		return;
	atomic_fetch_add(&listener->metrics->pipes_removed, 1);
	listener->options.gone(listener->options.context, id);
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
	nng_listener opened;
	baton_err err;
	int failed;

	failed = nng_listener_create(&opened, listener->socket, url);
	if (failed != 0)
		goto err0;
	/* The id must be known before the first pipe asks for it. */
	err = session_bind(listener->sessions,
			   (uint32_t)nng_listener_id(opened), partner, guard,
			   guard == SESSION_GUARD_UID ? url + strlen("ipc://")
						      : "");
	if (err != BATON_OK) {
		(void)nng_listener_close(opened);
		return baton_error_set(error, err, "out of memory");
	}
	/* nng's own default is no limit at all. */
	failed = nng_listener_set_size(opened, NNG_OPT_RECVMAXSZ,
				       listener->options.max_message_bytes);
	if (failed == 0)
		failed = nng_listener_start(opened, 0);
	if (failed == 0)
		return BATON_OK;
	session_unbind(listener->sessions, (uint32_t)nng_listener_id(opened));
	(void)nng_listener_close(opened);
err0:
	return baton_error_set(error, BATON_IO, "%s: %s", url,
			       nng_strerror(failed));
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
listener_open_socket(struct listener *listener, struct baton_error *error)
{
	int failed = nng_rep0_open(&listener->socket);

	if (failed != 0) {
		return baton_error_set(error, BATON_IO, "socket: %s",
				       nng_strerror(failed));
	}
	failed = nng_pipe_notify(listener->socket, NNG_PIPE_EV_ADD_PRE,
				 listener_on_pipe, listener);
	if (failed == 0) {
		failed = nng_pipe_notify(listener->socket, NNG_PIPE_EV_REM_POST,
					 listener_on_pipe_gone, listener);
	}
	if (failed == 0)
		return BATON_OK;
	return baton_error_set(error, BATON_INTERNAL, "socket: %s",
			       nng_strerror(failed));
}

static baton_err
listener_make_pool(struct listener *listener, struct baton_error *error)
{
	struct pool_options options = {
		.max_message_bytes = listener->options.max_message_bytes,
		.contexts_min = listener->options.contexts_min,
		.contexts_max = listener->options.contexts_max,
		.reply_timeout_ms = listener->options.reply_timeout_ms,
		.serve = listener->options.serve,
		.context = listener->options.context,
	};

	if (pool_new(listener->socket, listener->sessions, listener->metrics,
		     &options, &listener->pool) != BATON_OK)
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
		err = listener_open_socket(listener, error);
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
	err = listener_init(made, agreement, error);
	if (err != BATON_OK) {
		listener_free(made);
		return err;
	}
	*listener = made;
	return BATON_OK;
}

baton_err
listener_start(struct listener *listener, struct baton_error *error)
{
	baton_err err = pool_start(listener->pool);

	if (err != BATON_OK)
		return baton_error_set(error, err, "listener: contexts");
	return BATON_OK;
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
	for (size_t i = 0; i < count; i++) {
		nng_pipe pipe = {.id = pipes[i]};

		if (session_hang_up(listener->sessions, pipes[i]) ==
		    SESSION_NOT_HUNG_UP)
			(void)nng_pipe_close(pipe);
	}
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
listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->sessions != NULL)
		session_hang_up_all(listener->sessions);
	pool_free(listener->pool);
	if (nng_socket_id(listener->socket) > 0)
		(void)nng_close(listener->socket);
	session_table_free(listener->sessions);
	free(listener->directory);
	free(listener);
}
