/* SPDX-License-Identifier: MIT */
#include "wire_client.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "baton/version.h"

#define ANSWER_TIMEOUT_MS 10000

struct wire_client {
	nng_socket socket;
};

struct wire_call {
	nng_ctx ctx;
	nng_aio *aio;
};

struct wire_client *
wire_client_new(const char *url)
{
	struct wire_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	if (nng_req0_open(&client->socket) != 0) {
		free(client);
		return NULL;
	}
	(void)nng_socket_set_ms(client->socket, NNG_OPT_REQ_RESENDTIME,
				NNG_DURATION_INFINITE);
	(void)nng_socket_set_ms(client->socket, NNG_OPT_RECONNMINT, 10);
	(void)nng_socket_set_ms(client->socket, NNG_OPT_RECONNMAXT, 100);
	if (nng_dial(client->socket, url, NULL, NNG_FLAG_NONBLOCK) != 0) {
		wire_client_free(client);
		return NULL;
	}
	return client;
}

void
wire_client_free(struct wire_client *client)
{
	if (client == NULL)
		return;
	(void)nng_close(client->socket);
	free(client);
}

void
wire_client_cancel(struct wire_call *call)
{
	if (call == NULL)
		return;
	(void)nng_ctx_close(call->ctx);
	nng_aio_stop(call->aio);
	/* The answer may have come all the same. */
	if (nng_aio_result(call->aio) == 0)
		nng_msg_free(nng_aio_get_msg(call->aio));
	nng_aio_free(call->aio);
	free(call);
}

struct wire_call *
wire_client_begin(struct wire_client *client, struct baton_span request)
{
	struct wire_call *call = calloc(1, sizeof(*call));
	nng_msg *message;

	if (call == NULL)
		return NULL;
	if (nng_ctx_open(&call->ctx, client->socket) != 0)
		goto err0;
	if (nng_aio_alloc(&call->aio, NULL, NULL) != 0)
		goto err1;
	if (nng_msg_alloc(&message, request.len) != 0)
		goto err2;
	if (request.len > 0)
		memcpy(nng_msg_body(message), request.data, request.len);
	nng_aio_set_timeout(call->aio, ANSWER_TIMEOUT_MS);
	nng_aio_set_msg(call->aio, message);
	nng_ctx_send(call->ctx, call->aio);
	nng_aio_wait(call->aio);
	if (nng_aio_result(call->aio) != 0) {
		nng_msg_free(message);
		goto err2;
	}
	nng_ctx_recv(call->ctx, call->aio);
	return call;

err2:
	nng_aio_free(call->aio);
err1:
	(void)nng_ctx_close(call->ctx);
err0:
	free(call);
	return NULL;
}

Baton__V1__Response *
wire_client_end(struct wire_call *call)
{
	Baton__V1__Response *response = NULL;
	nng_msg *message;

	if (call == NULL)
		return NULL;
	nng_aio_wait(call->aio);
	if (nng_aio_result(call->aio) == 0) {
		message = nng_aio_get_msg(call->aio);
		response = baton__v1__response__unpack(
			NULL, nng_msg_len(message), nng_msg_body(message));
	}
	wire_client_cancel(call);
	return response;
}

struct wire_call *
wire_client_begin_request(struct wire_client *client,
			  Baton__V1__Request *request)
{
	struct wire_call *call;
	struct baton_span span;
	uint8_t *bytes;

	if (request->protocol_version == 0)
		request->protocol_version = BATON_PROTOCOL_VERSION;
	span.len = baton__v1__request__get_packed_size(request);
	bytes = malloc(span.len + 1);
	if (bytes == NULL)
		return NULL;
	(void)baton__v1__request__pack(request, bytes);
	span.data = bytes;
	call = wire_client_begin(client, span);
	free(bytes);
	return call;
}

Baton__V1__Response *
wire_client_call(struct wire_client *client, Baton__V1__Request *request)
{
	return wire_client_end(wire_client_begin_request(client, request));
}

Baton__V1__Response *
wire_client_publish(struct wire_client *client, const struct baton_span *events,
		    size_t count)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Publish publish = BATON__V1__PUBLISH__INIT;
	Baton__V1__Response *response;

	publish.events = calloc(count + 1, sizeof(*publish.events));
	if (publish.events == NULL)
		return NULL;
	publish.n_events = count;
	for (size_t i = 0; i < count; i++) {
		memcpy(&publish.events[i].data, &events[i].data,
		       sizeof(events[i].data));
		publish.events[i].len = events[i].len;
	}
	request.op_case = BATON__V1__REQUEST__OP_PUBLISH;
	request.publish = &publish;
	response = wire_client_call(client, &request);
	free(publish.events);
	return response;
}

int
wire_client_code(Baton__V1__Response *response)
{
	int code;

	if (response == NULL)
		return -1;
	code = response->status == NULL ? -1 : (int)response->status->code;
	baton__v1__response__free_unpacked(response, NULL);
	return code;
}

/* ---- by hand ---- */

/* SP over ipc: 00 'S' 'P' 00, the protocol in two bytes (REQ 0x0030), 00 00;
 * then frames of 01, the length in eight bytes, and the body. */
#define SP_HELLO_BYTES 8
#define SP_HEAD_BYTES 9

int
wire_client_raw(const char *url)
{
	static const uint8_t hello[SP_HELLO_BYTES] = {0, 'S',  'P', 0,
						      0, 0x30, 0,   0};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = 1};
	uint8_t theirs[SP_HELLO_BYTES];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		       url + strlen("ipc://"));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(fd, hello, sizeof(hello), MSG_NOSIGNAL) ==
		    (ssize_t)sizeof(hello) &&
	    recv(fd, theirs, sizeof(theirs), MSG_WAITALL) ==
		    (ssize_t)sizeof(theirs))
		return fd;
	(void)close(fd);
	return -1;
}

static bool
raw_write(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t wrote = send(fd, data, len, MSG_NOSIGNAL);

		if (wrote <= 0)
			return false;
		data += wrote;
		len -= (size_t)wrote;
	}
	return true;
}

bool
wire_client_raw_send(int fd, uint32_t id, struct baton_span body)
{
	uint8_t head[SP_HEAD_BYTES + 4] = {1};
	uint64_t len = body.len + 4;

	for (size_t i = 0; i < 8; i++)
		head[8 - i] = (uint8_t)(len >> (8 * i));
	/* The last of the ids on a request's way has its highest bit set. */
	id |= 0x80000000U;
	for (size_t i = 0; i < 4; i++)
		head[SP_HEAD_BYTES + 3 - i] = (uint8_t)(id >> (8 * i));
	return raw_write(fd, head, sizeof(head)) &&
	       raw_write(fd, body.data, body.len);
}
