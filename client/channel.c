/* SPDX-License-Identifier: MIT */
#include "client/channel.h"

#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/address.h"
#include "client/clock.h"
#include "client/log.h"

/* nng draws its wait before a dial from 0 to a span between these two. */
#define CHANNEL_RECONNECT_MIN_MS 50
#define CHANNEL_RECONNECT_MAX_MS 1000

/* How long channel_close() waits for answers on their way. */
#define CHANNEL_LINGER_MS 250

/* How long channel_free() waits for nng to close the socket. */
#define CHANNEL_DRAIN_MS 2000

/* After so many connections without one reply the peer is turning us away,
 * rather than restarting. */
#define CHANNEL_FRUITLESS_MIN 3

/* An exchange under way, on its caller's stack. */
struct exchange_link {
	nng_aio *aio;
	struct exchange_link *previous;
	struct exchange_link *next;
};

struct channel {
	char *url;
	pthread_mutex_t lock;
	/* Broadcast when anything below changes. */
	pthread_cond_t changed;
	bool opened;
	bool closed;
	nng_socket socket;
	nng_dialer dialer;
	/* Id of the connection there is, or 0. */
	int pipe;
	/* nng may report a short-lived connection's end before its start. */
	int pipe_removed;
	uint64_t generation;
	/* Connections since the last reply. */
	uint32_t fruitless;
	struct exchange_link *exchanges;
};

static baton_err
err_from_nng(int result)
{
	switch (result) {
	case 0:
		return BATON_OK;
	case NNG_ENOMEM:
		return BATON_NO_MEMORY;
	case NNG_ETIMEDOUT:
		return BATON_TIMEOUT;
	case NNG_ECLOSED:
	case NNG_ECANCELED:
	case NNG_ECONNRESET:
	case NNG_ECONNABORTED:
	case NNG_ECONNSHUT:
		return BATON_UNREACHABLE;
	default:
		return BATON_INTERNAL;
	}
}

baton_err
channel_new(const char *url, struct channel **channel)
{
	struct channel *made = calloc(1, sizeof(*made));
	pthread_condattr_t attributes;

	*channel = NULL;
	if (made == NULL)
		return BATON_NO_MEMORY;
	made->url = strdup(url);
	if (made->url == NULL) {
		free(made);
		return BATON_NO_MEMORY;
	}
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&made->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	*channel = made;
	return BATON_OK;
}

/* Waits for a change, holding the lock; false when the time is up. */
static bool
channel_wait(struct channel *channel, int64_t deadline_ms)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline_ms / 1000),
		.tv_nsec = (long)(deadline_ms % 1000) * 1000000,
	};

	if (clock_monotonic_ms() >= deadline_ms)
		return false;
	(void)pthread_cond_timedwait(&channel->changed, &channel->lock, &until);
	return true;
}

/* Runs on nng's threads; must not touch the socket. */
static void
channel_on_pipe(nng_pipe pipe, nng_pipe_ev event, void *context)
{
	struct channel *channel = context;
	int id = nng_pipe_id(pipe);

	(void)pthread_mutex_lock(&channel->lock);
	if (event == NNG_PIPE_EV_ADD_POST) {
		channel->fruitless++;
		channel->generation++;
		if (id != channel->pipe_removed)
			channel->pipe = id;
	} else {
		channel->pipe_removed = id;
		if (channel->pipe == id)
			channel->pipe = 0;
	}
	(void)pthread_cond_broadcast(&channel->changed);
	(void)pthread_mutex_unlock(&channel->lock);
}

/* nng's own resending is off: repeating is ours, after a new Hello. */
static int
channel_configure(struct channel *channel)
{
	nng_socket socket = channel->socket;
	int result = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME,
				       NNG_DURATION_INFINITE);

	if (result == 0) {
		result = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ,
					     CHANNEL_MESSAGE_MAX_BYTES);
	}
	if (result == 0) {
		result = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT,
					   CHANNEL_RECONNECT_MIN_MS);
	}
	if (result == 0) {
		result = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT,
					   CHANNEL_RECONNECT_MAX_MS);
	}
	if (result == 0) {
		result = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST,
					 channel_on_pipe, channel);
	}
	if (result == 0) {
		result = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST,
					 channel_on_pipe, channel);
	}
	if (result == 0) {
		result = nng_dialer_create(&channel->dialer, socket,
					   channel->url);
	}
	if (result == 0)
		result = nng_dialer_start(channel->dialer, NNG_FLAG_NONBLOCK);
	return result;
}

/* With the lock held. Errors: NO_MEMORY, INTERNAL. */
static baton_err
channel_open(struct channel *channel, struct baton_error *error)
{
	int result;

	if (channel->opened)
		return BATON_OK;
	result = nng_req0_open(&channel->socket);
	if (result != 0)
		goto err0;
	result = channel_configure(channel);
	if (result != 0)
		goto err1;
	channel->opened = true;
	return BATON_OK;
err1:
	(void)nng_close(channel->socket);
err0:
	return baton_error_set(
		error, result == NNG_ENOMEM ? BATON_NO_MEMORY : BATON_INTERNAL,
		"cannot open %s: %s", channel->url, nng_strerror(result));
}

/* Why a peer that accepts connections gives no answer; UNREACHABLE. */
static baton_err
channel_explain_loss(const struct channel *channel, uint32_t fruitless,
		     struct baton_error *error)
{
	if (fruitless < CHANNEL_FRUITLESS_MIN) {
		return baton_error_set(error, BATON_UNREACHABLE,
				       "%s: connection lost before the answer",
				       channel->url);
	}
	return baton_error_set(error, BATON_UNREACHABLE,
			       "%s: every connection is closed without an "
			       "answer: this user (uid %ld) is not permitted "
			       "there; see batond's log and the partner's unix "
			       "user in the agreement",
			       channel->url, (long)geteuid());
}

static baton_err
channel_explain(const struct channel *channel, uint32_t fruitless,
		struct baton_error *error)
{
	char why[160];

	if (address_diagnose(channel->url, why, sizeof(why)) == ADDRESS_AWAY) {
		return baton_error_set(error, BATON_UNREACHABLE, "%s: %s",
				       channel->url, why);
	}
	if (fruitless >= CHANNEL_FRUITLESS_MIN)
		return channel_explain_loss(channel, fruitless, error);
	return baton_error_set(error, BATON_UNREACHABLE,
			       "%s: connections are accepted but not answered: "
			       "batond may be starting, or another program "
			       "listens there",
			       channel->url);
}

baton_err
channel_connect(struct channel *channel, int64_t deadline_ms,
		uint64_t *generation, struct baton_error *error)
{
	uint32_t fruitless;
	baton_err err;

	(void)pthread_mutex_lock(&channel->lock);
	err = channel_open(channel, error);
	while (err == BATON_OK && !channel->closed && channel->pipe == 0) {
		if (!channel_wait(channel, deadline_ms))
			err = BATON_UNREACHABLE;
	}
	if (channel->closed) {
		err = baton_error_set(error, BATON_CLOSED,
				      "the client is closed");
	}
	*generation = channel->generation;
	fruitless = channel->fruitless;
	(void)pthread_mutex_unlock(&channel->lock);
	if (err == BATON_UNREACHABLE)
		return channel_explain(channel, fruitless, error);
	return err;
}

static baton_err
channel_enter(struct channel *channel, struct exchange_link *link,
	      enum channel_phase phase)
{
	baton_err err = BATON_CLOSED;

	(void)pthread_mutex_lock(&channel->lock);
	if (!channel->closed || phase == CHANNEL_AFTER_CLOSE) {
		link->next = channel->exchanges;
		if (link->next != NULL)
			link->next->previous = link;
		channel->exchanges = link;
		err = BATON_OK;
	}
	(void)pthread_mutex_unlock(&channel->lock);
	return err;
}

static baton_err
channel_leave(struct channel *channel, struct exchange_link *link, int result,
	      enum channel_phase phase)
{
	baton_err err = err_from_nng(result);

	(void)pthread_mutex_lock(&channel->lock);
	if (link->previous != NULL) {
		link->previous->next = link->next;
	} else {
		channel->exchanges = link->next;
	}
	if (link->next != NULL)
		link->next->previous = link->previous;
	if (result == 0) {
		channel->fruitless = 0;
	} else if (channel->closed && phase == CHANNEL_UNTIL_CLOSED) {
		err = BATON_CLOSED;
	}
	(void)pthread_cond_broadcast(&channel->changed);
	(void)pthread_mutex_unlock(&channel->lock);
	return err;
}

static nng_duration
channel_left_ms(int64_t deadline_ms)
{
	int64_t left_ms = deadline_ms - clock_monotonic_ms();

	/* 0 means "do not wait" to nng, and its loss is a timeout as well. */
	return left_ms < 0 ? 0 : (nng_duration)left_ms;
}

static int
channel_trade(nng_ctx ctx, nng_aio *aio, struct baton_span request,
	      int64_t deadline_ms, nng_msg **reply)
{
	nng_msg *message;
	int result = nng_msg_alloc(&message, 0);

	if (result != 0)
		return result;
	result = nng_msg_append(message, request.data, request.len);
	if (result != 0) {
		nng_msg_free(message);
		return result;
	}
	nng_aio_set_msg(aio, message);
	nng_aio_set_timeout(aio, channel_left_ms(deadline_ms));
	nng_ctx_send(ctx, aio);
	nng_aio_wait(aio);
	result = nng_aio_result(aio);
	if (result != 0) {
		/* nng gives back what it did not send. */
		nng_msg_free(nng_aio_get_msg(aio));
		return result;
	}
	nng_aio_set_timeout(aio, channel_left_ms(deadline_ms));
	nng_ctx_recv(ctx, aio);
	nng_aio_wait(aio);
	result = nng_aio_result(aio);
	if (result == 0)
		*reply = nng_aio_get_msg(aio);
	return result;
}

static baton_err
channel_exchange_error(struct channel *channel, baton_err err, int result,
		       struct baton_error *error)
{
	uint32_t fruitless;

	(void)pthread_mutex_lock(&channel->lock);
	fruitless = channel->fruitless;
	(void)pthread_mutex_unlock(&channel->lock);
	switch ((int)err) {
	case BATON_OK:
		return BATON_OK;
	case BATON_TIMEOUT:
		return baton_error_set(error, err, "%s: no answer in time",
				       channel->url);
	case BATON_UNREACHABLE:
		return channel_explain_loss(channel, fruitless, error);
	case BATON_CLOSED:
		return baton_error_set(error, err, "the client is closed");
	default:
		return baton_error_set(error, err, "%s: %s", channel->url,
				       nng_strerror(result));
	}
}

baton_err
channel_exchange(struct channel *channel, struct baton_span request,
		 int64_t deadline_ms, enum channel_phase phase, nng_msg **reply,
		 struct baton_error *error)
{
	struct exchange_link link = {NULL, NULL, NULL};
	nng_ctx ctx;
	baton_err err;
	int result;

	*reply = NULL;
	result = nng_aio_alloc(&link.aio, NULL, NULL);
	if (result != 0) {
		return channel_exchange_error(channel, err_from_nng(result),
					      result, error);
	}
	result = nng_ctx_open(&ctx, channel->socket);
	err = err_from_nng(result);
	if (err != BATON_OK)
		goto out;
	err = channel_enter(channel, &link, phase);
	if (err == BATON_OK) {
		result = channel_trade(ctx, link.aio, request, deadline_ms,
				       reply);
		err = channel_leave(channel, &link, result, phase);
	}
	(void)nng_ctx_close(ctx);
out:
	nng_aio_free(link.aio);
	return channel_exchange_error(channel, err, result, error);
}

baton_err
channel_check(struct channel *channel)
{
	baton_err err;

	(void)pthread_mutex_lock(&channel->lock);
	err = channel->closed ? BATON_CLOSED : BATON_OK;
	(void)pthread_mutex_unlock(&channel->lock);
	return err;
}

baton_err
channel_sleep_until(struct channel *channel, int64_t until_ms)
{
	baton_err err;

	(void)pthread_mutex_lock(&channel->lock);
	while (!channel->closed && channel_wait(channel, until_ms))
		continue;
	err = channel->closed ? BATON_CLOSED : BATON_OK;
	(void)pthread_mutex_unlock(&channel->lock);
	return err;
}

/*
 * nng 1.5.2 may wedge when a connection is closed while a reply arrives on it.
 * So answers that are on their way are let in first; what is left then are
 * long polls, and a broker that has nothing to say.
 */
void
channel_close(struct channel *channel)
{
	int64_t deadline_ms = clock_monotonic_ms() + CHANNEL_LINGER_MS;
	struct exchange_link *link;

	(void)pthread_mutex_lock(&channel->lock);
	channel->closed = true;
	(void)pthread_cond_broadcast(&channel->changed);
	while (channel->exchanges != NULL && channel_wait(channel, deadline_ms))
		continue;
	/* Stopping, unlike cancelling, also fails what the exchange starts
	 * next: there is no gap between sending and receiving in which the
	 * end could be missed. */
	for (link = channel->exchanges; link != NULL; link = link->next)
		nng_aio_stop(link->aio);
	(void)pthread_mutex_unlock(&channel->lock);
}

static void *
channel_close_socket(void *context)
{
	struct channel *channel = context;

	(void)nng_close(channel->socket);
	(void)pthread_mutex_lock(&channel->lock);
	channel->opened = false;
	(void)pthread_cond_broadcast(&channel->changed);
	(void)pthread_mutex_unlock(&channel->lock);
	return NULL;
}

/* Closes the socket on a thread of its own. False when nng wedged after all:
 * thread, socket and channel are given up, the host program is not. */
static bool
channel_close_within(struct channel *channel)
{
	int64_t deadline_ms = clock_monotonic_ms() + CHANNEL_DRAIN_MS;
	pthread_t thread;
	bool opened;

	if (pthread_create(&thread, NULL, channel_close_socket, channel) != 0)
		return false;
	(void)pthread_mutex_lock(&channel->lock);
	while (channel->opened && channel_wait(channel, deadline_ms))
		continue;
	opened = channel->opened;
	(void)pthread_mutex_unlock(&channel->lock);
	if (opened) {
		(void)pthread_detach(thread);
	} else {
		(void)pthread_join(thread, NULL);
	}
	return !opened;
}

void
channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	channel_close(channel);
	if (channel->opened && !channel_close_within(channel)) {
		log_warn("client.close_hung", "url=%s", channel->url);
		return;
	}
	(void)pthread_cond_destroy(&channel->changed);
	(void)pthread_mutex_destroy(&channel->lock);
	free(channel->url);
	free(channel);
}
