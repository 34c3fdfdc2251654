/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "baton/client.h"
#include "client/backoff.h"
#include "client/borrow.h"
#include "client/call.h"
#include "client/client.h"
#include "client/clock.h"
#include "client/log.h"

#define SUBSCRIBE_NAME_MAX 64

#define RUN_WAIT_MS 30000
#define RUN_BACKOFF_FIRST_MS 250
#define RUN_BACKOFF_MAX_MS 5000

/* 1 to 64 bytes of a-z 0-9 . _ - */
static bool
subscribe_name_valid(const char *name)
{
	size_t len = name == NULL ? 0 : strlen(name);

	return len >= 1 && len <= SUBSCRIBE_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static baton_err
subscribe_start(const struct baton_subscription_options *options,
		Baton__V1__Start *start, struct baton_error *error)
{
	start->sequence = options->start_sequence;
	start->time_ms = options->start_time_ms;
	switch ((int)options->start) {
	case 0:
	case BATON_START_BEGINNING:
		start->at = BATON__V1__START_AT__START_AT_BEGINNING;
		return BATON_OK;
	case BATON_START_NOW:
		start->at = BATON__V1__START_AT__START_AT_NOW;
		return BATON_OK;
	case BATON_START_SEQUENCE:
		start->at = BATON__V1__START_AT__START_AT_SEQUENCE;
		return BATON_OK;
	case BATON_START_TIME:
		start->at = BATON__V1__START_AT__START_AT_TIME;
		return BATON_OK;
	default:
		return baton_error_set(error, BATON_INVALID,
				       "subscribe: unknown start %d",
				       (int)options->start);
	}
}

baton_err
baton_subscribe(struct baton_client *client,
		const struct baton_subscription_options *options,
		struct baton_error *error)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Subscribe body;
	Baton__V1__Filter filter;
	Baton__V1__Start start = BATON__V1__START__INIT;
	Baton__V1__Response *response;
	baton_err err;

	baton__v1__subscribe__init(&body);
	baton__v1__filter__init(&filter);
	if (!subscribe_name_valid(options->name)) {
		return baton_error_set(error, BATON_INVALID,
				       "subscribe: a name is 1 to %d of "
				       "a-z 0-9 . _ -",
				       SUBSCRIBE_NAME_MAX);
	}
	err = subscribe_start(options, &start, error);
	if (err != BATON_OK)
		return err;
	filter.types = borrow_texts(options->filter.types);
	filter.n_types = options->filter.types_count;
	filter.sources = borrow_texts(options->filter.sources);
	filter.n_sources = options->filter.sources_count;
	if (options->filter.child != NULL)
		filter.child = borrow_text(options->filter.child);
	body.name = borrow_text(options->name);
	body.filter = &filter;
	body.start = &start;
	request.op_case = BATON__V1__REQUEST__OP_SUBSCRIBE;
	request.subscribe = &body;
	err = baton_call(client, &request, 0, &response, error);
	baton_call_free(response);
	return err;
}

/* What waiting does not mend. */
static bool
run_is_final(baton_err err)
{
	switch ((int)err) {
	case BATON_EXISTS:
	case BATON_DENIED:
	case BATON_NOT_FOUND:
	case BATON_INVALID:
	case BATON_UNSUPPORTED:
	case BATON_NO_MEMORY:
		return true;
	default:
		return false;
	}
}

/* Subscribes and fetches until that fails. */
static baton_err
run_until_error(struct baton_client *client,
		const struct baton_subscription_options *options,
		baton_deliver_fn deliver, void *context,
		struct backoff *backoff, struct baton_error *error)
{
	baton_err err = baton_subscribe(client, options, error);

	while (err == BATON_OK) {
		backoff_reset(backoff);
		err = baton_fetch(client, options, RUN_WAIT_MS, deliver,
				  context, NULL, error);
	}
	return err;
}

baton_err
baton_run(struct baton_client *client,
	  const struct baton_subscription_options *options,
	  baton_deliver_fn deliver, void *context, struct baton_error *error)
{
	struct baton_error local;
	struct backoff backoff;
	uint32_t wait_ms;
	baton_err err;

	if (error == NULL)
		error = &local;
	err = client_enter(client, error);
	if (err != BATON_OK)
		return BATON_OK;
	backoff_init(&backoff, RUN_BACKOFF_FIRST_MS, RUN_BACKOFF_MAX_MS);
	for (;;) {
		err = run_until_error(client, options, deliver, context,
				      &backoff, error);
		if (err == BATON_CLOSED || run_is_final(err))
			break;
		wait_ms = backoff_next_ms(&backoff);
		log_warn("client.waiting",
			 "subscription=%s code=%s retry_in_ms=%u why=\"%s\"",
			 options->name, baton_err_name(err), (unsigned)wait_ms,
			 error->text);
		if (channel_sleep_until(client_channel(client),
					clock_monotonic_ms() + wait_ms) !=
		    BATON_OK) {
			err = BATON_CLOSED;
			break;
		}
	}
	client_leave(client);
	return err == BATON_CLOSED ? BATON_OK : err;
}
