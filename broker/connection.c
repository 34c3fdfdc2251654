/* SPDX-License-Identifier: MIT */
#include "broker/connection.h"

#include <stdlib.h>
#include <string.h>

#include "broker/connection_state.h"
#include "client/clock.h"

/* As nng has it. */
#define GREETING_TIMEOUT_MS 10000
/* A frame that was announced holds its memory: it must come in this time. */
#define BODY_TIMEOUT_MS 30000

uint32_t
connection_id(const struct connection *connection)
{
	return connection->peer.id;
}

void
connection_ref(struct connection *connection)
{
	atomic_fetch_add(&connection->references, 1);
}

void
connection_unref(struct connection *connection)
{
	if (atomic_fetch_sub(&connection->references, 1) != 1)
		return;
	nng_aio_free(connection->receive);
	nng_aio_free(connection->send);
	nng_stream_free(connection->stream);
	(void)pthread_mutex_destroy(&connection->lock);
	free(connection->body);
	free(connection);
}

/* ---- closing ---- */

/* Under the lock: nothing is submitted after this, and what is under way comes
 * back with an error. */
static void
connection_begin_end(struct connection *connection)
{
	if (connection->closing)
		return;
	connection->closing = true;
	nng_stream_close(connection->stream);
	connection_set_tell(connection->set, connection);
}

void
connection_close(struct connection *connection)
{
	(void)pthread_mutex_lock(&connection->lock);
	connection_begin_end(connection);
	(void)pthread_mutex_unlock(&connection->lock);
}

void
connection_end(struct connection *connection)
{
	const struct connection_options *options = &connection->set->options;
	struct connection_answer *answer;
	baton_err err;

	nng_aio_stop(connection->receive);
	nng_aio_stop(connection->send);
	(void)pthread_mutex_lock(&connection->lock);
	answer = connection->first;
	connection->first = NULL;
	err = connection->timed_out ? BATON_TIMEOUT : BATON_CLOSED;
	(void)pthread_mutex_unlock(&connection->lock);
	while (answer != NULL) {
		struct connection_answer *next = answer->next;

		free(answer->bytes);
		answer->done(answer, err);
		answer = next;
	}
	options->gone(options->context, connection);
}

/* ---- sending ---- */

/* Under the lock: gives what is to be sent next to the stream. */
static void
connection_submit_send(struct connection *connection)
{
	const struct connection_answer *answer = connection->first;
	int64_t left_ms;
	nng_iov part;

	if (connection->closing || answer == NULL)
		return;
	left_ms = answer->until_ms - clock_monotonic_ms();
	part.iov_buf = answer->bytes + answer->sent;
	part.iov_len = answer->len - answer->sent;
	nng_aio_set_timeout(connection->send,
			    (nng_duration)(left_ms > 0 ? left_ms : 0));
	(void)nng_aio_set_iov(connection->send, 1, &part);
	nng_stream_send(connection->stream, connection->send);
}

/* Under the lock: takes the first answer away if it is sent whole. */
static struct connection_answer *
connection_take_sent(struct connection *connection, size_t count)
{
	struct connection_answer *answer = connection->first;

	answer->sent += count;
	if (answer->sent < answer->len)
		return NULL;
	connection->first = answer->next;
	if (connection->first == NULL)
		connection->last = &connection->first;
	return answer;
}

static void
connection_on_sent(void *argument)
{
	struct connection *connection = argument;
	struct connection_answer *answer = NULL;
	int failed = nng_aio_result(connection->send);

	(void)pthread_mutex_lock(&connection->lock);
	if (failed == 0) {
		answer = connection_take_sent(connection,
					      nng_aio_count(connection->send));
		connection_submit_send(connection);
	} else {
		if (failed == NNG_ETIMEDOUT)
			connection->timed_out = true;
		connection_begin_end(connection);
	}
	(void)pthread_mutex_unlock(&connection->lock);
	if (answer != NULL) {
		free(answer->bytes);
		answer->done(answer, BATON_OK);
	}
}

/* Under the lock. */
static void
connection_enqueue(struct connection *connection,
		   struct connection_answer *answer)
{
	bool idle = connection->first == NULL;

	answer->next = NULL;
	*connection->last = answer;
	connection->last = &answer->next;
	if (idle)
		connection_submit_send(connection);
}

void
connection_send(struct connection *connection, struct connection_answer *answer)
{
	const struct connection_set *set = connection->set;
	bool closing;

	sp_head_write(connection->peer.framing, answer->len - SP_HEAD_BYTES,
		      answer->bytes);
	answer->sent = SP_HEAD_BYTES - sp_head_len(connection->peer.framing);
	answer->until_ms = clock_monotonic_ms() + set->options.reply_timeout_ms;
	(void)pthread_mutex_lock(&connection->lock);
	closing = connection->closing;
	if (!closing)
		connection_enqueue(connection, answer);
	(void)pthread_mutex_unlock(&connection->lock);
	if (closing) {
		free(answer->bytes);
		answer->done(answer, BATON_CLOSED);
	}
}

/* ---- receiving ---- */

/* Under the lock. */
static nng_duration
connection_receive_timeout(const struct connection *connection)
{
	int64_t left_ms;

	switch (connection->reading) {
	case READING_GREETING:
		return GREETING_TIMEOUT_MS;
	case READING_BODY:
		left_ms = connection->body_until_ms - clock_monotonic_ms();
		/* To nng, less than 1 ms is another word. */
		return left_ms < 1 ? 1 : (nng_duration)left_ms;
	case READING_HEAD:
	case READING_PAUSED:
		break;
	}
	return NNG_DURATION_INFINITE;
}

/* Under the lock: reads the rest of what is wanted. */
static void
connection_submit_receive(struct connection *connection)
{
	uint8_t *into = connection->reading == READING_BODY ? connection->body
							    : connection->head;
	nng_iov part = {
		.iov_buf = into + connection->got,
		.iov_len = connection->want - connection->got,
	};

	if (connection->closing)
		return;
	nng_aio_set_timeout(connection->receive,
			    connection_receive_timeout(connection));
	(void)nng_aio_set_iov(connection->receive, 1, &part);
	nng_stream_recv(connection->stream, connection->receive);
}

/* Under the lock. */
static void
connection_want(struct connection *connection, enum reading reading,
		size_t bytes)
{
	connection->reading = reading;
	connection->want = bytes;
	connection->got = 0;
}

/* Under the lock. */
static void
connection_want_head(struct connection *connection)
{
	connection_want(connection, READING_HEAD,
			sp_head_len(connection->peer.framing));
}

/* Under the lock: a head is read; false when its frame is not allowed. */
static bool
connection_take_head(struct connection *connection)
{
	uint64_t len;

	if (!sp_head_read(connection->peer.framing, connection->head, &len) ||
	    len == 0 || len > connection->set->options.max_message_bytes)
		return false;
	connection->body = malloc((size_t)len);
	if (connection->body == NULL)
		return false;
	connection->body_until_ms = clock_monotonic_ms() + BODY_TIMEOUT_MS;
	connection_want(connection, READING_BODY, (size_t)len);
	return true;
}

/* Under the lock: what was wanted is read; false to close. */
static bool
connection_advance(struct connection *connection)
{
	const struct connection_options *options = &connection->set->options;

	switch (connection->reading) {
	case READING_GREETING:
		if (!sp_greeting_is_req(connection->head) ||
		    !options->admit(options->context, &connection->peer))
			return false;
		connection_want_head(connection);
		return true;
	case READING_HEAD:
		return connection_take_head(connection);
	case READING_BODY:
		connection->reading = READING_PAUSED;
		return true;
	case READING_PAUSED:
		break;
	}
	return false;
}

static void
connection_on_received(void *argument)
{
	struct connection *connection = argument;
	const struct connection_options *options = &connection->set->options;
	uint8_t *body = NULL;
	size_t len = 0;
	bool good = nng_aio_result(connection->receive) == 0;

	(void)pthread_mutex_lock(&connection->lock);
	if (good) {
		connection->got += nng_aio_count(connection->receive);
		good = connection->got < connection->want ||
		       connection_advance(connection);
	}
	if (!good || connection->closing) {
		connection_begin_end(connection);
	} else if (connection->reading == READING_PAUSED) {
		body = connection->body;
		len = connection->want;
		connection->body = NULL;
	} else {
		connection_submit_receive(connection);
	}
	(void)pthread_mutex_unlock(&connection->lock);
	if (body != NULL)
		options->received(options->context, connection, body, len);
}

void
connection_read(struct connection *connection)
{
	(void)pthread_mutex_lock(&connection->lock);
	connection_want_head(connection);
	connection_submit_receive(connection);
	(void)pthread_mutex_unlock(&connection->lock);
}

/* ---- opening ---- */

static void
connection_on_greeted(struct connection_answer *answer, baton_err err)
{
	(void)answer;
	(void)err;
}

static struct connection *
connection_new(nng_stream *stream)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		goto err0;
	connection->greeting.bytes = malloc(SP_GREETING_BYTES);
	if (connection->greeting.bytes == NULL)
		goto err1;
	if (nng_aio_alloc(&connection->receive, connection_on_received,
			  connection) != 0)
		goto err2;
	if (nng_aio_alloc(&connection->send, connection_on_sent, connection) !=
	    0)
		goto err3;
	(void)pthread_mutex_init(&connection->lock, NULL);
	connection->stream = stream;
	connection->last = &connection->first;
	atomic_init(&connection->references, 1);
	return connection;

err3:
	nng_aio_free(connection->receive);
err2:
	free(connection->greeting.bytes);
err1:
	free(connection);
err0:
	nng_stream_free(stream);
	return NULL;
}

/* Both sides greet at once. */
static void
connection_start(struct connection *connection)
{
	struct connection_answer *greeting = &connection->greeting;

	memcpy(greeting->bytes, sp_greeting_rep, SP_GREETING_BYTES);
	greeting->len = SP_GREETING_BYTES;
	greeting->until_ms = clock_monotonic_ms() + GREETING_TIMEOUT_MS;
	greeting->done = connection_on_greeted;
	(void)pthread_mutex_lock(&connection->lock);
	connection_enqueue(connection, greeting);
	connection_want(connection, READING_GREETING, SP_GREETING_BYTES);
	connection_submit_receive(connection);
	(void)pthread_mutex_unlock(&connection->lock);
}

baton_err
connection_open(struct connection_set *set, nng_stream *stream,
		const struct connection_peer *peer)
{
	struct connection *connection = connection_new(stream);

	if (connection == NULL)
		return BATON_NO_MEMORY;
	connection->set = set;
	connection->peer = *peer;
	connection_set_add(set, connection);
	connection_start(connection);
	return BATON_OK;
}
