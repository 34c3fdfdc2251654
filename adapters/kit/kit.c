/* SPDX-License-Identifier: MIT */
#include "adapters/kit/kit.h"

#include <errno.h>
#include <nng/nng.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "adapters/kit/files.h"
#include "adapters/kit/inbox.h"
#include "adapters/kit/outbox.h"
#include "adapters/kit/rejected.h"
#include "adapters/kit/run.h"
#include "client/clock.h"
#include "client/log.h"

/* One attempt to publish; between attempts a stop is noticed. */
#define KIT_ATTEMPT_MS 2000

/* Wait after an attempt that failed at once, with DENIED for instance. */
#define KIT_PAUSE_MS 500

struct kit {
	const struct kit_adapter *adapter;
	const struct settings *settings;
	struct baton_client *publisher;
	int rejected;
	struct inbox *inbox;
	struct outbox **outboxes;
	size_t outboxes_count;
	void *state;
	bool started;
	atomic_bool stopping;
	atomic_bool away;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
};

const char *
kit_source(const struct kit *kit)
{
	return kit->settings->source;
}

bool
kit_stopping(const struct kit *kit)
{
	return atomic_load(&kit->stopping);
}

baton_err
kit_keep_rejected(struct kit *kit, const char *kind, struct baton_span bytes,
		  const char *report, struct baton_error *error)
{
	return rejected_keep(kit->rejected, kind, bytes, report, error);
}

/* ---- publishing ---- */

/* Logs when the broker goes and when it is back, not each attempt. */
static void
kit_note_broker(struct kit *kit, baton_err err, const struct baton_error *error)
{
	bool away = err != BATON_OK;

	if (atomic_exchange(&kit->away, away) == away || err == BATON_CLOSED)
		return;
	if (away) {
		log_warn("kit.broker_away", "reason=\"%s\"", error->text);
	} else {
		log_info("kit.broker_back", "publishing again");
	}
}

static void
kit_pause(struct kit *kit)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)KIT_PAUSE_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&kit->lock);
	while (!kit_stopping(kit) &&
	       pthread_cond_timedwait(&kit->stopped, &kit->lock, &until) !=
		       ETIMEDOUT)
		continue;
	(void)pthread_mutex_unlock(&kit->lock);
}

enum kit_verdict
kit_publish(struct kit *kit, const struct baton_span *events, size_t count,
	    struct baton_publish_result *results, int64_t deadline_ms)
{
	struct baton_error error = {.code = BATON_OK};
	baton_err err = BATON_TIMEOUT;

	while (!kit_stopping(kit)) {
		err = baton_publish(kit->publisher, events, count, results,
				    &error);
		kit_note_broker(kit, err, &error);
		if (err == BATON_OK || clock_monotonic_ms() >= deadline_ms)
			break;
		kit_pause(kit);
	}
	if (err != BATON_OK)
		return KIT_RETRY;
	for (size_t i = 0; i < count; i++) {
		if (results[i].outcome == BATON_OUTCOME_REJECTED)
			return KIT_REJECTED;
	}
	return KIT_ACCEPTED;
}

/* A file in the inbox can wait for ever. */
static enum kit_verdict
kit_publish_inbox(void *context, const struct baton_span *events, size_t count,
		  struct baton_publish_result *results)
{
	return kit_publish(context, events, count, results, INT64_MAX);
}

/* ---- starting and stopping ---- */

static baton_err
kit_start_inbox(struct kit *kit, struct baton_error *error)
{
	const struct settings *settings = kit->settings;
	const struct inbox_options options = {
		.path = settings->inbox,
		.intake =
			{
				.tables = kit->adapter->tables,
				.tables_count = kit->adapter->tables_count,
				.source = settings->source,
				.rejected = kit->rejected,
				.publish = kit_publish_inbox,
				.context = kit,
			},
		.scan_interval_ms = settings->scan_interval_s * 1000,
		.clock = clock_system(),
	};

	if (settings->inbox == NULL)
		return BATON_OK;
	return inbox_start(&options, &kit->inbox, error);
}

static baton_err
kit_start_outboxes(struct kit *kit, struct baton_error *error)
{
	const struct settings *settings = kit->settings;
	baton_err err;

	kit->outboxes = calloc(settings->outboxes_count + 1, sizeof(void *));
	if (kit->outboxes == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < settings->outboxes_count; i++) {
		err = outbox_start(kit->adapter->name, settings->broker,
				   &settings->outboxes[i], &kit->outboxes[i],
				   error);
		if (err != BATON_OK)
			return err;
		kit->outboxes_count++;
	}
	return BATON_OK;
}

static baton_err
kit_start(struct kit *kit, struct baton_error *error)
{
	const struct kit_adapter *adapter = kit->adapter;
	const struct baton_client_options options = {
		.url = kit->settings->broker,
		.name = adapter->name,
		.timeout_ms = KIT_ATTEMPT_MS,
	};
	baton_err err;

	err = files_open_folder(kit->settings->rejected, &kit->rejected, error);
	if (err == BATON_OK)
		err = baton_client_new(&options, &kit->publisher, error);
	if (err == BATON_OK)
		err = kit_start_outboxes(kit, error);
	if (err == BATON_OK)
		err = kit_start_inbox(kit, error);
	if (err == BATON_OK && adapter->start != NULL) {
		err = adapter->start(kit, kit->settings->own, &kit->state,
				     error);
		kit->started = err == BATON_OK;
	}
	return err;
}

/* Stops what was started, in reverse: sources first, then the connection. */
static void
kit_stop(struct kit *kit)
{
	(void)pthread_mutex_lock(&kit->lock);
	atomic_store(&kit->stopping, true);
	(void)pthread_cond_broadcast(&kit->stopped);
	(void)pthread_mutex_unlock(&kit->lock);
	if (kit->started && kit->adapter->stop != NULL)
		kit->adapter->stop(kit->state);
	/* All at once, so that their waits pass together. */
	for (size_t i = 0; i < kit->outboxes_count; i++)
		outbox_close(kit->outboxes[i]);
	inbox_stop(kit->inbox);
	for (size_t i = 0; i < kit->outboxes_count; i++)
		outbox_stop(kit->outboxes[i]);
	free(kit->outboxes);
	baton_client_free(kit->publisher);
	if (kit->rejected >= 0)
		(void)close(kit->rejected);
}

/* nng sets itself up at its first use without a barrier for a second thread
 * that comes at the same time: use it before there are threads. */
static int
kit_init_nng(void)
{
	nng_aio *aio;

	if (nng_aio_alloc(&aio, NULL, NULL) != 0)
		return -1;
	nng_aio_free(aio);
	return 0;
}

static int
kit_init(struct kit *kit)
{
	pthread_condattr_t attributes;

	if (pthread_mutex_init(&kit->lock, NULL) != 0 ||
	    pthread_condattr_init(&attributes) != 0)
		return -1;
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (pthread_cond_init(&kit->stopped, &attributes) != 0)
		return -1;
	(void)pthread_condattr_destroy(&attributes);
	return 0;
}

/* Waits for the signal to stop; returns the exit code. */
static int
kit_wait(const sigset_t *signals)
{
	int number;

	for (;;) {
		number = sigwaitinfo(signals, NULL);
		if (number == SIGTERM || number == SIGINT) {
			log_info("kit.stopping", "signal=%d", number);
			return 0;
		}
		if (number == SIGHUP) {
			log_info("kit.sighup",
				 "ignored; restart to read a changed "
				 "configuration");
		} else if (number < 0 && errno != EINTR) {
			log_error("kit.failed", "sigwaitinfo errno=%d", errno);
			return 4;
		}
	}
}

int
run_adapter(const struct kit_adapter *adapter, const struct settings *settings)
{
	struct kit kit = {
		.adapter = adapter,
		.settings = settings,
		.rejected = -1,
	};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct baton_error error = {.code = BATON_OK};
	sigset_t signals;
	int code = 3;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	/* Blocked in all threads, taken by this one. */
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	if (kit_init_nng() != 0 || kit_init(&kit) != 0) {
		log_error("kit.failed", "cannot set up nng or a lock");
		return code;
	}
	if (kit_start(&kit, &error) == BATON_OK) {
		log_info("kit.started", "program=%s source=%s outboxes=%zu",
			 adapter->name, settings->source, kit.outboxes_count);
		code = kit_wait(&signals);
	} else {
		log_error("kit.failed", "reason=\"%s\"", error.text);
	}
	kit_stop(&kit);
	(void)pthread_cond_destroy(&kit.stopped);
	(void)pthread_mutex_destroy(&kit.lock);
	return code;
}
