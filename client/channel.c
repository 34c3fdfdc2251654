/* SPDX-License-Identifier: MIT */
#include "client/channel.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/backoff.h"
#include "client/clock.h"
#include "client/explain.h"
#include "client/stream.h"

/* Between two attempts to connect; the broker is on this host, so that an
 * attempt costs little. */
#define CHANNEL_RECONNECT_FIRST_MS 50
#define CHANNEL_RECONNECT_MAX_MS 250

/* After channel_close(), for answers on their way. */
#define CHANNEL_LINGER_MS 250

/* A sender looks up so often to see whether the channel was closed. */
#define CHANNEL_SEND_MS 100

/* A request that waits for its reply, on its caller's stack. */
struct exchange {
	uint32_t id;
	enum channel_phase phase;
	int64_t deadline_ms;
	nng_msg *reply;
	/* Its connection is gone, and took the reply along. */
	bool lost;
	struct exchange *next;
};

struct channel {
	char *url;
	pthread_mutex_t lock;
	/* Broadcast when anything below changes. */
	pthread_cond_t changed;
	/* NULL until it is first needed; the thread is its owner. */
	struct stream *stream;
	pthread_t thread;
	bool closed;
	int64_t linger_until_ms;
	/* The thread is to end. */
	bool stopping;
	/* Calls in need of a connection. */
	size_t waiting;
	bool connected;
	/* Some exchange is writing. */
	bool sending;
	uint64_t generation;
	/* Connections since the last reply. */
	uint32_t fruitless;
	uint32_t last_number;
	/* All of them were, or will be, sent on the connection there is. */
	struct exchange *exchanges;
};

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

/* ---- the channel's thread ---- */

/* With the lock held: waits until a call needs a connection, not before that
 * time; false when the thread is to end. */
static bool
channel_await_need(struct channel *channel, int64_t not_before_ms)
{
	while (!channel->stopping) {
		if (channel->waiting == 0) {
			(void)pthread_cond_wait(&channel->changed,
						&channel->lock);
		} else if (!channel_wait(channel, not_before_ms)) {
			return true;
		}
	}
	return false;
}

/* Gives a reply to its exchange, if that still waits. */
static void
channel_deliver(struct channel *channel, uint32_t id, nng_msg *reply)
{
	struct exchange *exchange;

	(void)pthread_mutex_lock(&channel->lock);
	exchange = channel->exchanges;
	while (exchange != NULL && exchange->id != id)
		exchange = exchange->next;
	if (exchange != NULL && exchange->reply == NULL) {
		exchange->reply = reply;
		reply = NULL;
	}
	channel->fruitless = 0;
	(void)pthread_cond_broadcast(&channel->changed);
	(void)pthread_mutex_unlock(&channel->lock);
	nng_msg_free(reply);
}

/* Reads replies until the connection is lost; whether any came. */
static bool
channel_serve(struct channel *channel)
{
	bool fruitful = false;
	nng_msg *reply;
	uint32_t id;

	(void)pthread_mutex_lock(&channel->lock);
	channel->connected = true;
	channel->generation++;
	channel->fruitless++;
	(void)pthread_cond_broadcast(&channel->changed);
	(void)pthread_mutex_unlock(&channel->lock);
	while (stream_read(channel->stream, CHANNEL_MESSAGE_MAX_BYTES, &reply,
			   &id)) {
		channel_deliver(channel, id, reply);
		fruitful = true;
	}
	return fruitful;
}

static void
channel_lose(struct channel *channel)
{
	stream_break(channel->stream);
	(void)pthread_mutex_lock(&channel->lock);
	channel->connected = false;
	for (struct exchange *exchange = channel->exchanges; exchange != NULL;
	     exchange = exchange->next)
		exchange->lost = true;
	(void)pthread_cond_broadcast(&channel->changed);
	while (channel->sending)
		(void)pthread_cond_wait(&channel->changed, &channel->lock);
	(void)pthread_mutex_unlock(&channel->lock);
	stream_hang_up(channel->stream);
}

static void *
channel_run(void *context)
{
	struct channel *channel = context;
	int64_t not_before_ms = 0;
	struct backoff backoff;

	backoff_init(&backoff, CHANNEL_RECONNECT_FIRST_MS,
		     CHANNEL_RECONNECT_MAX_MS);
	(void)pthread_mutex_lock(&channel->lock);
	while (channel_await_need(channel, not_before_ms)) {
		(void)pthread_mutex_unlock(&channel->lock);
		if (stream_open(channel->stream)) {
			if (channel_serve(channel))
				backoff_reset(&backoff);
			channel_lose(channel);
		}
		not_before_ms =
			clock_monotonic_ms() + backoff_next_ms(&backoff);
		(void)pthread_mutex_lock(&channel->lock);
	}
	(void)pthread_mutex_unlock(&channel->lock);
	return NULL;
}

/* Starts the thread, without the host program's signals. */
static int
channel_start(struct channel *channel)
{
	sigset_t before;
	sigset_t all;
	int failed;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&channel->thread, NULL, channel_run, channel);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

/* With the lock held. Errors: NO_MEMORY, INTERNAL. */
static baton_err
channel_open(struct channel *channel, struct baton_error *error)
{
	baton_err err;

	if (channel->stream != NULL)
		return BATON_OK;
	err = stream_new(channel->url, &channel->stream, error);
	if (err != BATON_OK)
		return err;
	if (channel_start(channel) == 0)
		return BATON_OK;
	stream_free(channel->stream);
	channel->stream = NULL;
	return baton_error_set(error, BATON_NO_MEMORY,
			       "cannot open %s: no thread", channel->url);
}

/* ---- connecting ---- */

/* With the lock held. */
static baton_err
channel_await_connection(struct channel *channel, int64_t deadline_ms)
{
	baton_err err = BATON_OK;

	channel->waiting++;
	(void)pthread_cond_broadcast(&channel->changed);
	while (err == BATON_OK && !channel->closed && !channel->connected) {
		if (!channel_wait(channel, deadline_ms))
			err = BATON_UNREACHABLE;
	}
	channel->waiting--;
	return channel->closed ? BATON_CLOSED : err;
}

baton_err
channel_connect(struct channel *channel, int64_t deadline_ms,
		uint64_t *generation, struct baton_error *error)
{
	uint32_t fruitless;
	baton_err err;

	(void)pthread_mutex_lock(&channel->lock);
	err = channel_open(channel, error);
	if (err == BATON_OK)
		err = channel_await_connection(channel, deadline_ms);
	*generation = channel->generation;
	fruitless = channel->fruitless;
	(void)pthread_mutex_unlock(&channel->lock);
	if (err == BATON_CLOSED)
		return baton_error_set(error, err, "the client is closed");
	if (err == BATON_UNREACHABLE)
		return explain_absence(channel->url, fruitless, error);
	return err;
}

/* ---- exchanging ---- */

/* With the lock held. */
static baton_err
channel_enter(struct channel *channel, struct exchange *exchange)
{
	if (channel->closed && exchange->phase == CHANNEL_UNTIL_CLOSED)
		return BATON_CLOSED;
	if (!channel->connected)
		return BATON_UNREACHABLE;
	exchange->next = channel->exchanges;
	channel->exchanges = exchange;
	return BATON_OK;
}

/* With the lock held. */
static void
channel_leave(struct channel *channel, struct exchange *exchange)
{
	struct exchange **slot = &channel->exchanges;

	while (*slot != exchange)
		slot = &(*slot)->next;
	*slot = exchange->next;
}

static bool
channel_cuts_short(const struct channel *channel,
		   const struct exchange *exchange)
{
	return channel->closed && exchange->phase == CHANNEL_UNTIL_CLOSED &&
	       channel->linger_until_ms < exchange->deadline_ms;
}

/* With the lock held: when the exchange is given up. */
static int64_t
channel_until_ms(const struct channel *channel, const struct exchange *exchange)
{
	return channel_cuts_short(channel, exchange) ? channel->linger_until_ms
						     : exchange->deadline_ms;
}

/* With the lock held: waits for a change; OK, or why the time is up. */
static baton_err
channel_wait_within(struct channel *channel, const struct exchange *exchange)
{
	if (channel_wait(channel, channel_until_ms(channel, exchange)))
		return BATON_OK;
	return channel_cuts_short(channel, exchange) ? BATON_CLOSED
						     : BATON_TIMEOUT;
}

/* With the lock held, which is let go while writing. A frame that is sent in
 * part costs the connection. */
static baton_err
channel_write(struct channel *channel, const struct exchange *exchange,
	      struct stream_frame *frame)
{
	size_t unsent = frame->sent;
	baton_err err;

	do {
		int64_t left_ms = channel_until_ms(channel, exchange) -
				  clock_monotonic_ms();
		nng_duration piece_ms = CHANNEL_SEND_MS;

		if (left_ms < piece_ms)
			piece_ms = left_ms > 0 ? (nng_duration)left_ms : 0;
		(void)pthread_mutex_unlock(&channel->lock);
		err = stream_write(channel->stream, frame, piece_ms);
		(void)pthread_mutex_lock(&channel->lock);
	} while (err == BATON_TIMEOUT && !exchange->lost &&
		 clock_monotonic_ms() < channel_until_ms(channel, exchange));
	if (err != BATON_OK && frame->sent > unsent)
		stream_break(channel->stream);
	if (err == BATON_TIMEOUT && channel_cuts_short(channel, exchange))
		return BATON_CLOSED;
	return err;
}

/* With the lock held: one exchange writes at a time. */
static baton_err
channel_send(struct channel *channel, const struct exchange *exchange,
	     struct stream_frame *frame)
{
	baton_err err = BATON_OK;

	while (channel->sending && err == BATON_OK)
		err = channel_wait_within(channel, exchange);
	if (err == BATON_OK && exchange->lost)
		err = BATON_UNREACHABLE;
	if (err != BATON_OK)
		return err;
	channel->sending = true;
	err = channel_write(channel, exchange, frame);
	channel->sending = false;
	(void)pthread_cond_broadcast(&channel->changed);
	return err;
}

/* With the lock held. */
static baton_err
channel_trade(struct channel *channel, const struct exchange *exchange,
	      struct stream_frame *frame)
{
	baton_err err = channel_send(channel, exchange, frame);

	while (err == BATON_OK && exchange->reply == NULL) {
		err = exchange->lost ? BATON_UNREACHABLE
				     : channel_wait_within(channel, exchange);
	}
	return exchange->reply != NULL ? BATON_OK : err;
}

baton_err
channel_exchange(struct channel *channel, struct baton_span request,
		 int64_t deadline_ms, enum channel_phase phase, nng_msg **reply,
		 struct baton_error *error)
{
	struct exchange exchange = {.phase = phase, .deadline_ms = deadline_ms};
	struct stream_frame frame = {NULL, 0, 0};
	uint32_t fruitless;
	baton_err err;

	(void)pthread_mutex_lock(&channel->lock);
	err = channel_enter(channel, &exchange);
	if (err == BATON_OK) {
		err = stream_frame_init(channel->stream, ++channel->last_number,
					request, &frame, &exchange.id);
		if (err == BATON_OK)
			err = channel_trade(channel, &exchange, &frame);
		channel_leave(channel, &exchange);
	}
	fruitless = channel->fruitless;
	(void)pthread_mutex_unlock(&channel->lock);
	free(frame.bytes);
	*reply = exchange.reply;
	return explain_exchange(channel->url, err, fruitless, error);
}

/* ---- waiting and ending ---- */

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

void
channel_close(struct channel *channel)
{
	(void)pthread_mutex_lock(&channel->lock);
	if (!channel->closed) {
		channel->closed = true;
		channel->linger_until_ms =
			clock_monotonic_ms() + CHANNEL_LINGER_MS;
		(void)pthread_cond_broadcast(&channel->changed);
	}
	(void)pthread_mutex_unlock(&channel->lock);
}

/* Ends the thread, and with it the connection. */
static void
channel_stop(struct channel *channel)
{
	(void)pthread_mutex_lock(&channel->lock);
	channel->stopping = true;
	(void)pthread_cond_broadcast(&channel->changed);
	(void)pthread_mutex_unlock(&channel->lock);
	stream_stop(channel->stream);
	(void)pthread_join(channel->thread, NULL);
	stream_free(channel->stream);
}

void
channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	if (channel->stream != NULL)
		channel_stop(channel);
	(void)pthread_cond_destroy(&channel->changed);
	(void)pthread_mutex_destroy(&channel->lock);
	free(channel->url);
	free(channel);
}
