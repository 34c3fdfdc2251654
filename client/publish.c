/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "baton/client.h"
#include "client/borrow.h"
#include "client/call.h"
#include "client/client.h"

/* What a Request takes beside the events, and an event beside its bytes:
 * tags and lengths at their longest. */
#define PUBLISH_REQUEST_BYTES 16
#define PUBLISH_EVENT_BYTES 8

/* A publishing call on its way. */
struct publish {
	struct baton_client *client;
	const struct call_terms *terms;
	const struct baton_span *events;
	size_t count;
	struct baton_publish_result *results;
	struct baton_error *error;
};

static bool
publish_fits(struct baton_span event, const struct baton_hello *hello)
{
	return event.len <= hello->max_event_bytes &&
	       event.len + PUBLISH_EVENT_BYTES + PUBLISH_REQUEST_BYTES <=
		       hello->max_message_bytes;
}

/* How many events from the first on go in one request: up to one that is too
 * large by itself, 0 when it is the first. */
static size_t
publish_batch_count(const struct publish *publish, size_t first,
		    const struct baton_hello *hello)
{
	size_t bytes = PUBLISH_REQUEST_BYTES;
	size_t at = first;

	while (at < publish->count && at - first < hello->max_batch_events &&
	       publish_fits(publish->events[at], hello)) {
		bytes += publish->events[at].len + PUBLISH_EVENT_BYTES;
		if (bytes > hello->max_message_bytes)
			break;
		at++;
	}
	return at - first;
}

static void
publish_refuse(const struct publish *publish, size_t at,
	       const struct baton_hello *hello)
{
	struct baton_publish_result *result = &publish->results[at];

	*result = (struct baton_publish_result){
		.outcome = BATON_OUTCOME_REJECTED,
		.problem.code = BATON_TOO_LARGE,
	};
	(void)snprintf(result->problem.text, sizeof(result->problem.text),
		       "event of %zu bytes; the broker takes events of %u "
		       "bytes in requests of %u",
		       publish->events[at].len,
		       (unsigned)hello->max_event_bytes,
		       (unsigned)hello->max_message_bytes);
}

static bool
publish_result_valid(const Baton__V1__PublishEventResult *result)
{
	switch ((int)result->outcome) {
	case BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_ACCEPTED:
	case BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_DUPLICATE:
		return result->sequence != 0;
	case BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_REJECTED:
		return result->code != BATON_OK;
	default:
		return false;
	}
}

static void
publish_read_result(const Baton__V1__PublishEventResult *from,
		    struct baton_publish_result *to)
{
	*to = (struct baton_publish_result){
		/* The numbers are the same; publish_result_valid() knows. */
		.outcome = (enum baton_outcome)from->outcome,
		.sequence = from->sequence,
	};
	if (to->outcome != BATON_OUTCOME_REJECTED)
		return;
	to->problem.code = call_code(from->code);
	(void)snprintf(to->problem.path, sizeof(to->problem.path), "%s",
		       from->field_path);
	(void)snprintf(to->problem.text, sizeof(to->problem.text), "%s",
		       from->text[0] != '\0'
			       ? from->text
			       : baton_err_text(to->problem.code));
}

/* Takes over all outcomes of an answer, or none. */
static baton_err
publish_read(const struct publish *publish, size_t first, size_t count,
	     const Baton__V1__PublishResult *answer)
{
	bool valid = answer->n_results == count;

	for (size_t i = 0; valid && i < count; i++)
		valid = publish_result_valid(answer->results[i]);
	if (!valid) {
		return baton_error_set(publish->error, BATON_MALFORMED,
				       "the broker's answer has not one "
				       "outcome for each event");
	}
	for (size_t i = 0; i < count; i++) {
		publish_read_result(answer->results[i],
				    &publish->results[first + i]);
	}
	return BATON_OK;
}

static baton_err
publish_batch(const struct publish *publish, size_t first, size_t count)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Publish body = BATON__V1__PUBLISH__INIT;
	Baton__V1__Response *response;
	baton_err err;

	body.events = calloc(count, sizeof(*body.events));
	if (body.events == NULL) {
		return baton_error_set(publish->error, BATON_NO_MEMORY,
				       "out of memory");
	}
	body.n_events = count;
	for (size_t i = 0; i < count; i++) {
		body.events[i] = (ProtobufCBinaryData){
			.len = publish->events[first + i].len,
			.data = borrow_bytes(publish->events[first + i].data),
		};
	}
	request.op_case = BATON__V1__REQUEST__OP_PUBLISH;
	request.publish = &body;
	err = call_make(publish->client, &request, publish->terms, &response,
			publish->error);
	free(body.events);
	if (response == NULL)
		return err;
	err = publish_read(publish, first, count, response->publish);
	baton_call_free(response);
	return err;
}

/* Batch after batch: the next is sent when the one before is answered. */
static baton_err
publish_all(const struct publish *publish)
{
	struct baton_hello hello;
	size_t refused = 0;
	size_t first = 0;
	size_t batch;
	baton_err err;

	while (first < publish->count) {
		err = call_limits(publish->client, publish->terms, &hello,
				  publish->error);
		if (err != BATON_OK)
			return err;
		batch = publish_batch_count(publish, first, &hello);
		if (batch == 0) {
			publish_refuse(publish, first++, &hello);
			continue;
		}
		/* The same batch as was too large: limits did not change. */
		if (batch == refused)
			return BATON_TOO_LARGE;
		err = publish_batch(publish, first, batch);
		if (err == BATON_OK) {
			first += batch;
		} else if (err != BATON_TOO_LARGE) {
			return err;
		}
		/* A broker that restarted with smaller limits refuses a batch
		 * that was cut for the old ones: cut it anew. */
		refused = err == BATON_TOO_LARGE ? batch : 0;
	}
	return BATON_OK;
}

baton_err
baton_publish(struct baton_client *client, const struct baton_span *events,
	      size_t count, struct baton_publish_result *results,
	      struct baton_error *error)
{
	struct call_terms terms = call_terms_now(client);
	struct publish publish = {
		.client = client,
		.terms = &terms,
		.events = events,
		.count = count,
		.results = results,
		.error = error,
	};
	baton_err err;

	for (size_t i = 0; i < count; i++)
		results[i] = (struct baton_publish_result){0};
	err = client_enter(client, error);
	if (err != BATON_OK)
		return err;
	err = publish_all(&publish);
	client_leave(client);
	return err;
}
