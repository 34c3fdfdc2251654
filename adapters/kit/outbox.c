/* SPDX-License-Identifier: MIT */
#include "adapters/kit/outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/kit/families.h"
#include "adapters/kit/files.h"
#include "adapters/kit/flat.h"
#include "client/log.h"

/* Between attempts when the broker refuses the subscription: an operator has
 * to mend the agreement or the configuration. */
#define OUTBOX_REFUSED_WAIT_S 30

/* ---- one event ---- */

static enum baton_verdict
outbox_verdict(baton_err err, const struct baton_delivery *delivery,
	       const char *what, char reason[201])
{
	(void)snprintf(reason, 201, "%.200s", what);
	if (err == BATON_IO || err == BATON_NO_MEMORY) {
		log_warn("outbox.retry", "sequence=%" PRIu64 " reason=\"%s\"",
			 delivery->sequence, what);
		return BATON_RETRY;
	}
	log_error("outbox.refused", "sequence=%" PRIu64 " reason=\"%s\"",
		  delivery->sequence, what);
	return BATON_REJECTED;
}

/* "uk.send.panel_decision.v1" to "panel_decision", "" when it is not that. */
static void
outbox_family(const json_t *event, char family[64])
{
	const char *type = json_string_value(json_object_get(event, "type"));
	size_t len;

	family[0] = '\0';
	if (type == NULL || strncmp(type, "uk.send.", 8) != 0)
		return;
	type += 8;
	len = strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (len < 64) {
		memcpy(family, type, len);
		family[len] = '\0';
	}
}

static baton_err
outbox_write_file(int folder, uint64_t sequence, const char *family,
		  const char *suffix, const char *text,
		  struct baton_error *error)
{
	struct baton_span bytes = {(const uint8_t *)text, strlen(text)};
	char name[FILES_NAME_BYTES];

	(void)snprintf(name, sizeof(name), "%020" PRIu64 "-%s.%s", sequence,
		       family, suffix);
	return files_write(folder, name, bytes, error);
}

static baton_err
outbox_write(const struct settings_outbox *settings, int folder,
	     uint64_t sequence, const char *json, struct baton_error *error)
{
	json_t *event = json_loads(json, 0, NULL);
	const struct kit_table *table;
	char *text = NULL;
	char family[64];
	baton_err err = BATON_OK;

	if (event == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	outbox_family(event, family);
	table = families_find(family);
	if (settings->format & SETTINGS_FORMAT_CSV) {
		if (table == NULL) {
			err = baton_error_set(error, BATON_UNSUPPORTED,
					      "no CSV form of this type; "
					      "newer contract?");
			goto out;
		}
		err = flat_write(table, event, sequence, &text);
		if (err != BATON_OK) {
			err = baton_error_set(error, err, "out of memory");
			goto out;
		}
		err = outbox_write_file(folder, sequence, family, "csv", text,
					error);
	}
	if (err == BATON_OK && settings->format & SETTINGS_FORMAT_JSON) {
		err = outbox_write_file(folder, sequence, family, "json", json,
					error);
	}
out:
	free(text);
	json_decref(event);
	return err;
}

enum baton_verdict
outbox_deliver(const struct settings_outbox *settings,
	       const struct baton_delivery *delivery, char reason[201])
{
	struct baton_problem problem = {.code = BATON_OK};
	struct baton_error error = {.code = BATON_OK};
	baton_err err;
	char *json;
	int folder;

	err = baton_event_to_json(delivery->event, &json, &problem);
	if (err != BATON_OK) {
		return outbox_verdict(err, delivery, "event has no JSON form",
				      reason);
	}
	/* Opened anew each time: it may have been replaced or mounted. */
	err = files_open_folder(settings->folder, &folder, &error);
	if (err == BATON_OK) {
		err = outbox_write(settings, folder, delivery->sequence, json,
				   &error);
		(void)close(folder);
	}
	baton_json_free(json);
	if (err != BATON_OK)
		return outbox_verdict(err, delivery, error.text, reason);
	log_debug("outbox.written", "sequence=%" PRIu64, delivery->sequence);
	return BATON_ACCEPTED;
}

/* ---- the subscription ---- */

struct outbox {
	const struct settings_outbox *settings;
	struct baton_client *client;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool closed;
};

static enum baton_verdict
outbox_on_event(void *context, const struct baton_delivery *delivery,
		char reason[201])
{
	struct outbox *outbox = context;

	return outbox_deliver(outbox->settings, delivery, reason);
}

/* Returns whether to go on. */
static bool
outbox_wait(struct outbox *outbox)
{
	struct timespec until;
	bool closed;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += OUTBOX_REFUSED_WAIT_S;
	(void)pthread_mutex_lock(&outbox->lock);
	while (!outbox->closed &&
	       pthread_cond_timedwait(&outbox->changed, &outbox->lock,
				      &until) != ETIMEDOUT)
		continue;
	closed = outbox->closed;
	(void)pthread_mutex_unlock(&outbox->lock);
	return !closed;
}

static void *
outbox_main(void *context)
{
	struct outbox *outbox = context;
	const struct settings_outbox *settings = outbox->settings;
	const struct baton_subscription_options options = {
		.name = settings->subscription,
		.filter =
			{
				.types = (const char *const *)settings->types,
				.types_count = settings->types_count,
				.sources =
					(const char *const *)settings->sources,
				.sources_count = settings->sources_count,
			},
	};
	struct baton_error error = {.code = BATON_OK};

	do {
		if (baton_run(outbox->client, &options, outbox_on_event, outbox,
			      &error) == BATON_OK)
			break;
		log_error("outbox.subscription",
			  "subscription=%s retry_s=%d reason=\"%s\"",
			  settings->subscription, OUTBOX_REFUSED_WAIT_S,
			  error.text);
	} while (outbox_wait(outbox));
	return NULL;
}

static baton_err
outbox_init_wait(struct outbox *outbox)
{
	pthread_condattr_t attributes;
	int failed;

	if (pthread_mutex_init(&outbox->lock, NULL) != 0)
		return BATON_INTERNAL;
	failed = pthread_condattr_init(&attributes);
	if (failed == 0) {
		(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
		failed = pthread_cond_init(&outbox->changed, &attributes);
		(void)pthread_condattr_destroy(&attributes);
	}
	if (failed != 0) {
		(void)pthread_mutex_destroy(&outbox->lock);
		return BATON_INTERNAL;
	}
	return BATON_OK;
}

/* A folder that is wrong from the start is told at the start. */
static baton_err
outbox_try_folder(const char *path, struct baton_error *error)
{
	baton_err err;
	int folder;

	err = files_open_folder(path, &folder, error);
	if (err == BATON_OK)
		(void)close(folder);
	return err;
}

baton_err
outbox_start(const char *program, const char *broker,
	     const struct settings_outbox *settings, struct outbox **outbox,
	     struct baton_error *error)
{
	const struct baton_client_options options = {.url = broker,
						     .name = program};
	struct outbox *made;
	baton_err err;

	*outbox = NULL;
	err = outbox_try_folder(settings->folder, error);
	if (err != BATON_OK)
		return err;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	made->settings = settings;
	err = outbox_init_wait(made);
	if (err != BATON_OK) {
		(void)baton_error_set(error, err, "cannot make a lock");
		goto err0;
	}
	err = baton_client_new(&options, &made->client, error);
	if (err != BATON_OK)
		goto err1;
	if (pthread_create(&made->thread, NULL, outbox_main, made) != 0) {
		err = baton_error_set(error, BATON_INTERNAL,
				      "cannot start a thread");
		goto err2;
	}
	*outbox = made;
	return BATON_OK;
err2:
	baton_client_free(made->client);
err1:
	(void)pthread_cond_destroy(&made->changed);
	(void)pthread_mutex_destroy(&made->lock);
err0:
	free(made);
	return err;
}

void
outbox_close(struct outbox *outbox)
{
	(void)pthread_mutex_lock(&outbox->lock);
	outbox->closed = true;
	(void)pthread_cond_signal(&outbox->changed);
	(void)pthread_mutex_unlock(&outbox->lock);
	baton_client_close(outbox->client);
}

void
outbox_stop(struct outbox *outbox)
{
	if (outbox == NULL)
		return;
	outbox_close(outbox);
	(void)pthread_join(outbox->thread, NULL);
	baton_client_free(outbox->client);
	(void)pthread_cond_destroy(&outbox->changed);
	(void)pthread_mutex_destroy(&outbox->lock);
	free(outbox);
}
