/* SPDX-License-Identifier: MIT */
#include "broker/broker.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "baton/version.h"
#include "broker/agreement.h"
#include "broker/delivery.h"
#include "broker/listener.h"
#include "broker/metrics.h"
#include "broker/policy.h"
#include "broker/publish.h"
#include "broker/readiness.h"
#include "broker/store.h"
#include "broker/tail.h"
#include "broker/web.h"
#include "broker/writer.h"
#include "client/clock.h"
#include "client/contract.h"
#include "client/log.h"

#define READINESS_TIMEOUT_MS 2000
/* What a stopping broker waits for answers besides the reply timeout. */
#define DRAIN_EXTRA_MS 1000

struct broker {
	const struct settings *settings;
	/** Of the limits that Hello tells. */
	struct delivery_options delivery_options;
	struct metrics *metrics;
	struct store *store;
	struct tail *tail;
	struct writer *writer;
	/** The writer's thread may ask for it before it is there. */
	_Atomic(struct delivery *) delivery;
	struct publish *publish;
	struct listener *listener;
	struct web *web;
};

/* ---- requests ---- */

static void
broker_answer_hello(const struct broker *broker, struct exchange *exchange)
{
	const struct settings_limits *limits = broker->settings->limits;
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__HelloResult hello;
	static char version[] = BATON_VERSION;
	/* "/ods/RPG" as "ods" and "RPG". */
	char source[SOURCE_BYTES];
	char *code;

	baton__v1__hello_result__init(&hello);
	memcpy(source, exchange->peer.source, sizeof(source));
	code = strrchr(source, '/');
	*code++ = '\0';
	if (listener_greet(broker->listener, exchange->peer.pipe)) {
		log_info("broker.hello", "partner=%s pipe=%u client=\"%.64s\"",
			 exchange->peer.partner, exchange->peer.pipe,
			 exchange->request->hello->client);
	}
	hello.protocol_min = BATON_PROTOCOL_VERSION;
	hello.protocol_max = BATON_PROTOCOL_VERSION;
	hello.broker_version = version;
	hello.partner = exchange->peer.partner;
	hello.organisation_scheme = source + 1;
	hello.organisation_code = code;
	hello.max_message_bytes = (uint32_t)limits->max_message_bytes;
	hello.max_event_bytes = (uint32_t)limits->max_event_bytes;
	hello.max_batch_events = (uint32_t)limits->max_batch_events;
	hello.max_fetch_events = broker->delivery_options.max_fetch_events;
	hello.max_wait_ms = broker->delivery_options.max_wait_ms;
	response.op_case = BATON__V1__RESPONSE__OP_HELLO;
	response.hello = &hello;
	exchange_answer(exchange, &response);
}

static void
broker_on_request(void *context, struct exchange *exchange)
{
	struct broker *broker = context;
	struct baton_error error;
	baton_err err;

	err = policy_check(&exchange->peer, exchange->request, &error);
	if (err != BATON_OK) {
		exchange_refuse(exchange, err, 0, "%s", error.text);
		return;
	}
	if (exchange->request->op_case == BATON__V1__REQUEST__OP_HELLO) {
		broker_answer_hello(broker, exchange);
	} else if (exchange->request->op_case ==
		   BATON__V1__REQUEST__OP_PUBLISH) {
		publish_serve(broker->publish, exchange);
	} else {
		delivery_post(atomic_load(&broker->delivery), exchange);
	}
}

static void
broker_on_gone(void *context, uint32_t pipe)
{
	struct broker *broker = context;

	delivery_peer_gone(atomic_load(&broker->delivery), pipe);
}

static void
broker_on_committed(void *context)
{
	struct broker *broker = context;
	struct delivery *delivery = atomic_load(&broker->delivery);

	if (delivery != NULL)
		delivery_wake(delivery);
}

static void
broker_readiness(void *context, char text[BATON_ERROR_TEXT_BYTES])
{
	struct broker *broker = context;

	readiness_check(broker->writer, atomic_load(&broker->delivery),
			READINESS_TIMEOUT_MS, text);
}

/* ---- making ---- */

/* accepted_at_ms of the newest event; 0 when there is none. */
static baton_err
broker_last_accepted(struct store *store, int64_t *accepted_at_ms,
		     struct baton_error *error)
{
	struct store_reader *reader;
	struct store_figures figures;
	struct store_range range = {.max_records = 1, .max_bytes = 1};
	const struct record *record = NULL;
	size_t count = 0;
	baton_err err;

	*accepted_at_ms = 0;
	err = store_reader_new(store, &reader, error);
	if (err != BATON_OK)
		return err;
	err = store_read_figures(reader, &figures, error);
	if (err == BATON_OK && figures.last_sequence > 0) {
		range.after = figures.last_sequence - 1;
		err = store_read(reader, &range, &record, &count, error);
	}
	if (record != NULL)
		*accepted_at_ms = record->accepted_at_ms;
	record_unref(record);
	/* It parks its lane when its turn comes; the rest flows on. */
	if (err == BATON_CORRUPT)
		err = BATON_OK;
	store_reader_free(reader);
	return err;
}

static baton_err
broker_make_journal(struct broker *broker, struct baton_error *error)
{
	const struct settings *settings = broker->settings;
	const struct store_options store_options = {
		.directory = settings->data_directory,
	};
	const struct writer_options options = {
		.max_commands = (size_t)settings->queue->max_commands,
		.max_bytes = (size_t)settings->queue->max_bytes,
		.batch_commands = (size_t)settings->queue->batch_commands,
		.batch_bytes = (size_t)settings->queue->batch_bytes,
		.committed = broker_on_committed,
		.context = broker,
	};
	baton_err err;

	err = store_open_sqlite(&store_options, &broker->store, error);
	if (err != BATON_OK)
		return err;
	return writer_new(broker->store, broker->metrics, &options,
			  &broker->writer, error);
}

static baton_err
broker_make_delivery(struct broker *broker, struct baton_error *error)
{
	const struct settings_delivery *settings = broker->settings->delivery;
	struct delivery_options *options = &broker->delivery_options;
	struct delivery *delivery;
	baton_err err;

	*options = delivery_options_default();
	options->max_attempts = (uint32_t)settings->max_attempts;
	options->backoff_min_ms = (uint32_t)settings->backoff_min_ms;
	options->backoff_max_ms = (uint32_t)settings->backoff_max_ms;
	options->lease_ms = (uint32_t)settings->lease_ms;
	options->max_fetch_events = (uint32_t)settings->max_fetch_events;
	options->max_fetch_bytes = (uint32_t)settings->max_fetch_bytes;
	options->max_wait_ms = (uint32_t)settings->max_wait_ms;
	options->window_events = (size_t)settings->window_events;
	options->max_subscriptions = (size_t)settings->max_subscriptions;
	err = tail_new((size_t)settings->tail_bytes, &broker->tail);
	if (err != BATON_OK)
		return baton_error_set(error, err, "out of memory");
	err = delivery_new(broker->store, broker->writer, broker->tail,
			   broker->metrics, options, &delivery, error);
	if (err != BATON_OK)
		return err;
	atomic_store(&broker->delivery, delivery);
	return BATON_OK;
}

static baton_err
broker_make_publish(struct broker *broker, int64_t last_accepted_at_ms,
		    struct baton_error *error)
{
	const struct settings_limits *limits = broker->settings->limits;
	const struct publish_options options = {
		.max_batch_events = (size_t)limits->max_batch_events,
		.max_event_bytes = (size_t)limits->max_event_bytes,
		.last_accepted_at_ms = last_accepted_at_ms,
		.clock = clock_system(),
	};

	if (publish_new(broker->writer, broker->tail, broker->metrics, &options,
			&broker->publish) != BATON_OK)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	return BATON_OK;
}

static baton_err
broker_make_web(struct broker *broker, struct baton_error *error)
{
	const struct settings_web *settings = broker->settings->web;
	const struct web_options options = {
		.address = settings->address,
		.port = (uint16_t)settings->port,
		.readiness = broker_readiness,
		.context = broker,
	};

	if (settings->port == 0)
		return BATON_OK;
	if (settings->insecure) {
		log_warn("broker.insecure_web", "address=%s port=%u",
			 settings->address, (unsigned)options.port);
	}
	return web_new(&options, broker->metrics, &broker->web, error);
}

/* agreement: taken. */
static baton_err
broker_make_listener(struct broker *broker, struct agreement *agreement,
		     struct baton_error *error)
{
	const struct settings *settings = broker->settings;
	const struct settings_connections *held = settings->connections;
	char directory[128];
	const struct listener_options options = {
		.directory = directory,
		.max_message_bytes =
			(size_t)settings->limits->max_message_bytes,
		.contexts_min = (size_t)held->contexts_min,
		.contexts_max = (size_t)held->contexts_max,
		.per_connection = (size_t)held->per_connection,
		.reply_timeout_ms = (uint32_t)held->reply_timeout_ms,
		.serve = broker_on_request,
		.gone = broker_on_gone,
		.context = broker,
	};
	baton_err err;

	(void)snprintf(directory, sizeof(directory), "%s/partners",
		       settings->run_directory);
	err = listener_new(agreement, &options, broker->metrics,
			   &broker->listener, error);
	if (err != BATON_OK || settings->insecure_tcp == NULL)
		return err;
	log_warn("broker.insecure_tcp", "partner=%s url=%s",
		 settings->insecure_tcp->partner, settings->insecure_tcp->url);
	return listener_open_tcp(broker->listener,
				 settings->insecure_tcp->partner,
				 settings->insecure_tcp->url, error);
}

/* The run directory may be made by the service manager or by us. */
static baton_err
broker_make_run_directory(const struct broker *broker,
			  struct baton_error *error)
{
	const char *directory = broker->settings->run_directory;

	if (mkdir(directory, 0700) == 0)
		(void)chmod(directory, 0711);
	if (access(directory, W_OK | X_OK) == 0)
		return BATON_OK;
	return baton_error_set(error, BATON_IO,
			       "%s: cannot be made or written to", directory);
}

/* Makes the parts in order; the caller frees them after a failure. */
static baton_err
broker_make(struct broker *broker, struct agreement *agreement,
	    struct baton_error *error)
{
	int64_t last_accepted_at_ms = 0;
	baton_err err;

	err = metrics_new(&broker->metrics);
	if (err != BATON_OK)
		(void)baton_error_set(error, err, "out of memory");
	if (err == BATON_OK)
		err = broker_make_run_directory(broker, error);
	if (err == BATON_OK)
		err = broker_make_journal(broker, error);
	if (err == BATON_OK) {
		err = broker_last_accepted(broker->store, &last_accepted_at_ms,
					   error);
	}
	if (err == BATON_OK)
		err = broker_make_delivery(broker, error);
	if (err == BATON_OK)
		err = broker_make_publish(broker, last_accepted_at_ms, error);
	if (err == BATON_OK)
		err = broker_make_web(broker, error);
	if (err != BATON_OK) {
		agreement_free(agreement);
		return err;
	}
	err = broker_make_listener(broker, agreement, error);
	if (err == BATON_OK)
		listener_start(broker->listener);
	return err;
}

static void
broker_log_agreement(const char *name, const struct agreement *agreement)
{
	log_info(name, "version=\"%s\" partners=%zu",
		 agreement_version(agreement), agreement_count(agreement));
}

baton_err
broker_new(const struct settings *settings, struct broker **broker,
	   struct baton_error *error)
{
	struct agreement *agreement;
	struct broker *made;
	baton_err err;

	*broker = NULL;
	err = agreement_load(settings->agreement, &agreement, error);
	if (err != BATON_OK)
		return err;
	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		agreement_free(agreement);
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	}
	broker_log_agreement("broker.agreement", agreement);
	made->settings = settings;
	err = broker_make(made, agreement, error);
	if (err != BATON_OK) {
		broker_stop(made);
		broker_free(made);
		return err;
	}
	*broker = made;
	return BATON_OK;
}

baton_err
broker_reload(struct broker *broker, struct baton_error *error)
{
	struct agreement *agreement;
	baton_err err;

	err = agreement_load(broker->settings->agreement, &agreement, error);
	if (err != BATON_OK)
		return err;
	broker_log_agreement("broker.agreement_read", agreement);
	return listener_replace(broker->listener, agreement, error);
}

/* ---- ending ---- */

/* Closes the journal and those who work on it. */
static void
broker_close_journal(struct broker *broker)
{
	publish_free(broker->publish);
	broker->publish = NULL;
	delivery_free(atomic_exchange(&broker->delivery, NULL));
	writer_free(broker->writer);
	broker->writer = NULL;
	tail_free(broker->tail);
	broker->tail = NULL;
	store_free(broker->store);
	broker->store = NULL;
}

/* Order matters: no new requests; parked fetches are answered; what is queued
 * is written and answered, for which the delivery thread must still run; only
 * when nothing holds the journal any more is it closed, and before the
 * sockets: whatever may happen to those, the journal is whole. Every module
 * may be missing, after a start that failed. */
void
broker_stop(struct broker *broker)
{
	struct delivery *delivery = atomic_load(&broker->delivery);

	/* It asks the writer and the delivery. */
	web_free(broker->web);
	broker->web = NULL;
	if (broker->listener != NULL)
		listener_stop(broker->listener);
	if (delivery != NULL)
		delivery_stop(delivery);
	if (broker->writer != NULL)
		writer_stop(broker->writer);
	if (broker->listener != NULL) {
		if (listener_drain(broker->listener,
				   (uint32_t)broker->settings->connections
						   ->reply_timeout_ms +
					   DRAIN_EXTRA_MS) != BATON_OK)
			log_warn("broker.stop", "answers were left unsent");
		listener_silence(broker->listener);
	}
	broker_close_journal(broker);
}

void
broker_free(struct broker *broker)
{
	if (broker == NULL)
		return;
	listener_free(broker->listener);
	metrics_free(broker->metrics);
	free(broker);
}
