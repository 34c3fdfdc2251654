/* SPDX-License-Identifier: MIT */
#include "client/call.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baton/version.h"
#include "client/backoff.h"
#include "client/borrow.h"
#include "client/client.h"
#include "client/clock.h"
#include "client/wire.h"

#define CALL_BACKOFF_FIRST_MS 50
#define CALL_BACKOFF_MAX_MS 2000

/* A call's time is enough for so many lost answers. */
#define CALL_ATTEMPTS_MIN 3

/* An answer holds at most so many of the things a request may ask for, each
 * with its fields; unknown fields come from a newer broker. */
static const struct wire_limits call_answer_limits = {
	.max_bytes = CHANNEL_MESSAGE_MAX_BYTES,
	.max_fields = 200000,
	.max_memory = 4 * CHANNEL_MESSAGE_MAX_BYTES,
	.unknown = CONTRACT_UNKNOWN_TOLERATE,
};

/* A call on its way. */
struct call {
	struct baton_client *client;
	const struct call_terms *terms;
	/* What is being asked: an op_case of Request. */
	int op;
	/* The packed request, the same for every attempt. */
	struct baton_span request;
	/* What the broker last asked us to wait. */
	uint32_t retry_after_ms;
};

static baton_err
call_no_memory(struct baton_error *error)
{
	return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
}

static baton_err
call_pack(Baton__V1__Request *request, uint8_t **bytes, size_t *len,
	  struct baton_error *error)
{
	*bytes = NULL;
	request->protocol_version = BATON_PROTOCOL_VERSION;
	*len = baton__v1__request__get_packed_size(request);
	if (*len > CHANNEL_MESSAGE_MAX_BYTES) {
		return baton_error_set(error, BATON_TOO_LARGE,
				       "request of %zu bytes", *len);
	}
	*bytes = malloc(*len);
	if (*bytes == NULL)
		return call_no_memory(error);
	(void)baton__v1__request__pack(request, *bytes);
	return BATON_OK;
}

baton_err
call_code(uint32_t number)
{
	switch (number) {
#define CALL_CODE(name, code, text)                                            \
	case (code):                                                           \
		return BATON_##name;
		BATON_ERR_LIST(CALL_CODE)
#undef CALL_CODE
	default:
		return BATON_INTERNAL;
	}
}

static baton_err
call_status(const Baton__V1__Status *status, struct baton_error *error)
{
	baton_err code = call_code(status->code);

	if (status->text[0] != '\0') {
		(void)baton_error_set(error, code, "%s", status->text);
	} else {
		(void)baton_error_set(error, code, "%s (code %u)",
				      baton_err_text(code),
				      (unsigned)status->code);
	}
	return code;
}

/* What an unpacked answer to op says. */
static baton_err
call_judge(struct call *call, int op, const Baton__V1__Response *response,
	   struct baton_error *error)
{
	if (response->status == NULL) {
		return baton_error_set(error, BATON_MALFORMED,
				       "the broker's answer has no status");
	}
	if (response->status->code != BATON_OK) {
		call->retry_after_ms = response->status->retry_after_ms;
		return call_status(response->status, error);
	}
	if ((int)response->op_case != op) {
		return baton_error_set(error, BATON_MALFORMED,
				       "the broker answers another request "
				       "(%d to %d)",
				       (int)response->op_case, op);
	}
	return BATON_OK;
}

/* Reads a reply to op; the response is given only with status OK. */
static baton_err
call_read(struct call *call, int op, nng_msg *reply,
	  Baton__V1__Response **response, struct baton_error *error)
{
	struct baton_span bytes = {nng_msg_body(reply), nng_msg_len(reply)};
	struct baton_problem problem;
	ProtobufCMessage *message;
	baton_err err;

	err = wire_unpack(&baton__v1__response__descriptor, bytes,
			  &call_answer_limits, &message, &problem);
	if (err == BATON_NO_MEMORY)
		return call_no_memory(error);
	if (err != BATON_OK) {
		return baton_error_set(error, BATON_MALFORMED,
				       "the broker's answer is malformed: %.80s"
				       ": %.120s",
				       problem.path, problem.text);
	}
	err = call_judge(call, op, (Baton__V1__Response *)message, error);
	if (err == BATON_OK) {
		*response = (Baton__V1__Response *)message;
	} else {
		wire_free(message);
	}
	return err;
}

/* One request, one answer. */
static baton_err
call_exchange(struct call *call, int op, struct baton_span request,
	      Baton__V1__Response **response, struct baton_error *error)
{
	const struct call_terms *terms = call->terms;
	int64_t deadline_ms =
		clock_monotonic_ms() + terms->extra_wait_ms +
		client_timeout_ms(call->client) / CALL_ATTEMPTS_MIN;
	nng_msg *reply;
	baton_err err;

	*response = NULL;
	if (deadline_ms > terms->deadline_ms)
		deadline_ms = terms->deadline_ms;
	err = channel_exchange(client_channel(call->client), request,
			       deadline_ms, terms->phase, &reply, error);
	if (err != BATON_OK) {
		/* Who answers next may not be who greeted us. */
		client_forget_hello(call->client);
		return err;
	}
	err = call_read(call, op, reply, response, error);
	nng_msg_free(reply);
	return err;
}

/* "/ods/RPG" of "ODS" and "RPG"; false when it does not fit. */
static bool
call_read_source(const Baton__V1__HelloResult *result,
		 struct baton_hello *hello)
{
	int len = snprintf(hello->source, sizeof(hello->source), "/%s/%s",
			   result->organisation_scheme,
			   result->organisation_code);

	for (char *c = hello->source + 1; *c != '\0' && *c != '/'; c++)
		*c = (char)tolower((unsigned char)*c);
	return len >= 0 && (size_t)len < sizeof(hello->source);
}

static bool
call_read_names(const Baton__V1__HelloResult *result, struct baton_hello *hello)
{
	if (strlen(result->broker_version) >= sizeof(hello->broker_version) ||
	    strlen(result->partner) >= sizeof(hello->partner))
		return false;
	memcpy(hello->broker_version, result->broker_version,
	       strlen(result->broker_version) + 1);
	memcpy(hello->partner, result->partner, strlen(result->partner) + 1);
	return call_read_source(result, hello);
}

static baton_err
call_read_hello(const Baton__V1__HelloResult *result, struct baton_hello *hello,
		struct baton_error *error)
{
	if (result->protocol_min > BATON_PROTOCOL_VERSION ||
	    result->protocol_max < BATON_PROTOCOL_VERSION) {
		return baton_error_set(
			error, BATON_UNSUPPORTED,
			"the broker (%.31s) speaks protocol %u to %u, this "
			"library %d: upgrade the older one",
			result->broker_version, (unsigned)result->protocol_min,
			(unsigned)result->protocol_max, BATON_PROTOCOL_VERSION);
	}
	*hello = (struct baton_hello){
		.max_message_bytes = result->max_message_bytes,
		.max_event_bytes = result->max_event_bytes,
		.max_batch_events = result->max_batch_events,
		.max_fetch_events = result->max_fetch_events,
		.max_wait_ms = result->max_wait_ms,
	};
	if (!call_read_names(result, hello) || hello->max_message_bytes == 0 ||
	    hello->max_event_bytes == 0 || hello->max_batch_events == 0 ||
	    hello->max_fetch_events == 0) {
		return baton_error_set(error, BATON_MALFORMED,
				       "the broker's greeting is malformed");
	}
	return BATON_OK;
}

static baton_err
call_say_hello(struct call *call, uint64_t generation,
	       struct baton_hello *hello, struct baton_error *error)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Hello greeting;
	Baton__V1__Response *response;
	uint8_t *bytes;
	size_t len;
	baton_err err;

	baton__v1__hello__init(&greeting);
	greeting.client = borrow_text(client_name(call->client));
	request.op_case = BATON__V1__REQUEST__OP_HELLO;
	request.hello = &greeting;
	err = call_pack(&request, &bytes, &len, error);
	if (err != BATON_OK)
		return err;
	err = call_exchange(call, BATON__V1__REQUEST__OP_HELLO,
			    (struct baton_span){bytes, len}, &response, error);
	free(bytes);
	if (response == NULL)
		return err;
	err = call_read_hello(response->hello, hello, error);
	if (err == BATON_OK)
		client_set_hello(call->client, generation, hello);
	baton_call_free(response);
	return err;
}

/* Connected, and greeted on this connection. */
static baton_err
call_ready(struct call *call, struct baton_hello *hello,
	   struct baton_error *error)
{
	uint64_t generation;
	baton_err err;

	if (call->terms->phase == CHANNEL_UNTIL_CLOSED) {
		err = channel_connect(client_channel(call->client),
				      call->terms->deadline_ms, &generation,
				      error);
		if (err != BATON_OK)
			return err;
		if (client_get_hello(call->client, generation, hello) !=
		    BATON_OK)
			return call_say_hello(call, generation, hello, error);
	}
	return BATON_OK;
}

/* One attempt; without a request it only says hello. */
static baton_err
call_attempt(struct call *call, struct baton_hello *hello,
	     Baton__V1__Response **response, struct baton_error *error)
{
	baton_err err = call_ready(call, hello, error);

	if (err != BATON_OK || call->request.data == NULL)
		return err;
	if (call->terms->phase == CHANNEL_UNTIL_CLOSED &&
	    call->request.len > hello->max_message_bytes) {
		return baton_error_set(error, BATON_TOO_LARGE,
				       "request of %zu bytes, the broker takes "
				       "%u",
				       call->request.len,
				       (unsigned)hello->max_message_bytes);
	}
	return call_exchange(call, call->op, call->request, response, error);
}

/* Whether the same bytes may fare better later. */
static bool
call_is_transient(baton_err err)
{
	return err == BATON_UNREACHABLE || err == BATON_TIMEOUT ||
	       err == BATON_BUSY || err == BATON_UNAVAILABLE;
}

/* Repeats until there is an answer or the time is up. */
static baton_err
call_repeat(struct call *call, struct baton_hello *hello,
	    Baton__V1__Response **response, struct baton_error *error)
{
	struct backoff backoff;
	uint32_t wait_ms;
	int64_t until_ms;
	baton_err err;

	backoff_init(&backoff, CALL_BACKOFF_FIRST_MS, CALL_BACKOFF_MAX_MS);
	for (;;) {
		call->retry_after_ms = 0;
		err = call_attempt(call, hello, response, error);
		if (!call_is_transient(err) ||
		    call->terms->phase == CHANNEL_AFTER_CLOSE)
			return err;
		wait_ms = backoff_next_ms(&backoff);
		if (wait_ms < call->retry_after_ms)
			wait_ms = call->retry_after_ms;
		until_ms = clock_monotonic_ms() + wait_ms;
		if (until_ms >= call->terms->deadline_ms)
			return err;
		if (channel_sleep_until(client_channel(call->client),
					until_ms) != BATON_OK) {
			return baton_error_set(error, BATON_CLOSED,
					       "the client is closed");
		}
	}
}

struct call_terms
call_terms_now(const struct baton_client *client)
{
	return (struct call_terms){
		.deadline_ms = clock_monotonic_ms() + client_timeout_ms(client),
		.phase = CHANNEL_UNTIL_CLOSED,
	};
}

baton_err
call_make(struct baton_client *client, Baton__V1__Request *request,
	  const struct call_terms *terms, Baton__V1__Response **response,
	  struct baton_error *error)
{
	struct call call = {
		.client = client,
		.terms = terms,
		.op = (int)request->op_case,
	};
	struct baton_hello hello;
	uint8_t *bytes;
	baton_err err;

	*response = NULL;
	err = call_pack(request, &bytes, &call.request.len, error);
	if (err != BATON_OK)
		return err;
	call.request.data = bytes;
	err = call_repeat(&call, &hello, response, error);
	free(bytes);
	return err;
}

baton_err
call_limits(struct baton_client *client, const struct call_terms *terms,
	    struct baton_hello *hello, struct baton_error *error)
{
	struct call call = {.client = client, .terms = terms};
	Baton__V1__Response *response;

	return call_repeat(&call, hello, &response, error);
}

baton_err
baton_client_hello(struct baton_client *client, struct baton_hello *hello,
		   struct baton_error *error)
{
	struct call_terms terms = call_terms_now(client);
	baton_err err = client_enter(client, error);

	if (err != BATON_OK)
		return err;
	client_forget_hello(client);
	err = call_limits(client, &terms, hello, error);
	client_leave(client);
	return err;
}

baton_err
baton_call(struct baton_client *client, Baton__V1__Request *request,
	   uint32_t extra_wait_ms, Baton__V1__Response **response,
	   struct baton_error *error)
{
	struct call_terms terms = call_terms_now(client);
	baton_err err = client_enter(client, error);

	*response = NULL;
	if (err != BATON_OK)
		return err;
	terms.deadline_ms += extra_wait_ms;
	terms.extra_wait_ms = extra_wait_ms;
	err = call_make(client, request, &terms, response, error);
	client_leave(client);
	return err;
}

void
baton_call_free(Baton__V1__Response *response)
{
	if (response != NULL)
		wire_free(&response->base);
}
