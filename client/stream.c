/* SPDX-License-Identifier: MIT */
#include "client/stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* For connecting, each part of the greeting, and each part of a reply that has
 * begun: a peer that stalls there is given up, and the next one tried. */
#define STREAM_STALL_MS 10000

struct stream {
	enum sp_framing framing;
	nng_stream_dialer *dialer;
	/* The owner's, and the writer's. */
	nng_aio *receive;
	nng_aio *send;
	/* Of all below. Submissions are made under it too, so that none is
	 * made to a broken connection: nng 1.5.2 would never complete it. */
	pthread_mutex_t lock;
	nng_stream *connection;
	bool broken;
	bool stopped;
};

static baton_err
err_from_nng(int result)
{
	return result == NNG_ENOMEM ? BATON_NO_MEMORY : BATON_INTERNAL;
}

baton_err
stream_new(const char *url, struct stream **stream, struct baton_error *error)
{
	struct stream *made = calloc(1, sizeof(*made));
	int result = NNG_ENOMEM;

	*stream = NULL;
	if (made == NULL)
		goto err0;
	made->framing =
		strncmp(url, "tcp:", 4) == 0 ? SP_FRAMING_TCP : SP_FRAMING_IPC;
	/* First, because this also sets nng up. */
	result = nng_aio_alloc(&made->receive, NULL, NULL);
	if (result != 0)
		goto err1;
	result = nng_aio_alloc(&made->send, NULL, NULL);
	if (result != 0)
		goto err2;
	result = nng_stream_dialer_alloc(&made->dialer, url);
	if (result != 0)
		goto err3;
	(void)pthread_mutex_init(&made->lock, NULL);
	*stream = made;
	return BATON_OK;

err3:
	nng_aio_free(made->send);
err2:
	nng_aio_free(made->receive);
err1:
	free(made);
err0:
	return baton_error_set(error, err_from_nng(result),
			       "cannot open %s: %s", url, nng_strerror(result));
}

void
stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	nng_aio_free(stream->receive);
	nng_aio_free(stream->send);
	nng_stream_dialer_free(stream->dialer);
	(void)pthread_mutex_destroy(&stream->lock);
	free(stream);
}

/* ---- waiting ---- */

typedef void stream_operation(nng_stream *connection, nng_aio *aio);

/* Sends or receives what it can of the part; an error of nng's. */
static int
stream_do(struct stream *stream, stream_operation *operation, nng_aio *aio,
	  const nng_iov *part, nng_duration timeout_ms)
{
	bool usable;

	(void)pthread_mutex_lock(&stream->lock);
	usable = stream->connection != NULL && !stream->broken;
	if (usable) {
		nng_aio_set_timeout(aio, timeout_ms);
		(void)nng_aio_set_iov(aio, 1, part);
		operation(stream->connection, aio);
	}
	(void)pthread_mutex_unlock(&stream->lock);
	if (!usable)
		return NNG_ECLOSED;
	nng_aio_wait(aio);
	return nng_aio_result(aio);
}

/* first_ms: how long the first byte may take. */
static bool
stream_receive(struct stream *stream, void *bytes, size_t len,
	       nng_duration first_ms)
{
	nng_duration timeout_ms = first_ms;
	size_t got = 0;

	while (got < len) {
		const nng_iov part = {
			.iov_buf = (uint8_t *)bytes + got,
			.iov_len = len - got,
		};

		if (stream_do(stream, nng_stream_recv, stream->receive, &part,
			      timeout_ms) != 0)
			return false;
		got += nng_aio_count(stream->receive);
		timeout_ms = STREAM_STALL_MS;
	}
	return true;
}

/* ---- writing ---- */

baton_err
stream_frame_init(const struct stream *stream, uint32_t number,
		  struct baton_span request, struct stream_frame *frame,
		  uint32_t *id)
{
	size_t before = SP_HEAD_BYTES + SP_ID_BYTES;

	frame->bytes = malloc(before + request.len);
	if (frame->bytes == NULL)
		return BATON_NO_MEMORY;
	frame->len = before + request.len;
	frame->sent = SP_HEAD_BYTES - sp_head_len(stream->framing);
	sp_head_write(stream->framing, SP_ID_BYTES + request.len, frame->bytes);
	*id = sp_id_write(number, frame->bytes + SP_HEAD_BYTES);
	if (request.len > 0)
		memcpy(frame->bytes + before, request.data, request.len);
	return BATON_OK;
}

baton_err
stream_write(struct stream *stream, struct stream_frame *frame,
	     nng_duration timeout_ms)
{
	while (frame->sent < frame->len) {
		const nng_iov part = {
			.iov_buf = frame->bytes + frame->sent,
			.iov_len = frame->len - frame->sent,
		};
		int result = stream_do(stream, nng_stream_send, stream->send,
				       &part, timeout_ms);

		if (result == NNG_ETIMEDOUT)
			return BATON_TIMEOUT;
		if (result != 0)
			return BATON_UNREACHABLE;
		frame->sent += nng_aio_count(stream->send);
	}
	return BATON_OK;
}

/* ---- reading ---- */

bool
stream_read(struct stream *stream, size_t max_bytes, nng_msg **reply,
	    uint32_t *id)
{
	uint8_t head[SP_HEAD_BYTES];
	uint64_t len;

	*reply = NULL;
	if (!stream_receive(stream, head, sp_head_len(stream->framing),
			    NNG_DURATION_INFINITE) ||
	    !sp_head_read(stream->framing, head, &len) || len < SP_ID_BYTES ||
	    len - SP_ID_BYTES > max_bytes)
		return false;
	if (nng_msg_alloc(reply, (size_t)len) != 0)
		return false;
	if (stream_receive(stream, nng_msg_body(*reply), (size_t)len,
			   STREAM_STALL_MS) &&
	    nng_msg_trim_u32(*reply, id) == 0)
		return true;
	nng_msg_free(*reply);
	*reply = NULL;
	return false;
}

/* ---- opening ---- */

/* The connection, or NULL. */
static nng_stream *
stream_dial(struct stream *stream)
{
	bool stopped;

	(void)pthread_mutex_lock(&stream->lock);
	stopped = stream->stopped;
	if (!stopped) {
		nng_aio_set_timeout(stream->receive, STREAM_STALL_MS);
		nng_stream_dialer_dial(stream->dialer, stream->receive);
	}
	(void)pthread_mutex_unlock(&stream->lock);
	if (stopped)
		return NULL;
	nng_aio_wait(stream->receive);
	if (nng_aio_result(stream->receive) != 0)
		return NULL;
	return nng_aio_get_output(stream->receive, 0);
}

/* Nobody else writes yet. */
static bool
stream_greet(struct stream *stream)
{
	uint8_t theirs[SP_GREETING_BYTES];
	uint8_t bytes[SP_GREETING_BYTES];
	struct stream_frame ours = {.bytes = bytes, .len = sizeof(bytes)};

	memcpy(bytes, sp_greeting_req, sizeof(bytes));
	return stream_write(stream, &ours, STREAM_STALL_MS) == BATON_OK &&
	       stream_receive(stream, theirs, sizeof(theirs),
			      STREAM_STALL_MS) &&
	       sp_greeting_is_rep(theirs);
}

bool
stream_open(struct stream *stream)
{
	nng_stream *connection = stream_dial(stream);

	if (connection == NULL)
		return false;
	(void)pthread_mutex_lock(&stream->lock);
	stream->connection = connection;
	stream->broken = stream->stopped;
	(void)pthread_mutex_unlock(&stream->lock);
	if (stream_greet(stream))
		return true;
	stream_hang_up(stream);
	return false;
}

/* ---- ending ---- */

/* With the lock held. */
static void
stream_end(struct stream *stream)
{
	if (stream->connection != NULL && !stream->broken) {
		stream->broken = true;
		nng_stream_close(stream->connection);
	}
}

void
stream_break(struct stream *stream)
{
	(void)pthread_mutex_lock(&stream->lock);
	stream_end(stream);
	(void)pthread_mutex_unlock(&stream->lock);
}

void
stream_stop(struct stream *stream)
{
	(void)pthread_mutex_lock(&stream->lock);
	stream->stopped = true;
	stream_end(stream);
	nng_aio_cancel(stream->receive);
	(void)pthread_mutex_unlock(&stream->lock);
}

void
stream_hang_up(struct stream *stream)
{
	nng_stream *connection;

	(void)pthread_mutex_lock(&stream->lock);
	stream_end(stream);
	connection = stream->connection;
	stream->connection = NULL;
	(void)pthread_mutex_unlock(&stream->lock);
	nng_stream_free(connection);
}
