/* SPDX-License-Identifier: MIT */
#include "broker/readiness.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "baton/version.h"
#include "client/clock.h"

/* A status request of our own. It belongs to two: who asks, who may give up,
 * and the delivery thread, which may answer late; the last one frees. */
struct probe {
	/** First, so that an exchange is its probe. */
	struct exchange exchange;
	Baton__V1__Request request;
	Baton__V1__GetStatus get_status;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	bool is_answered;
	bool is_given_up;
	char text[BATON_ERROR_TEXT_BYTES];
};

static void
probe_free(struct probe *probe)
{
	(void)pthread_cond_destroy(&probe->answered);
	(void)pthread_mutex_destroy(&probe->lock);
	free(probe);
}

static void
probe_answer(struct exchange *exchange, const Baton__V1__Response *response)
{
	struct probe *probe = (struct probe *)exchange;
	bool given_up;

	(void)pthread_mutex_lock(&probe->lock);
	if (response->status->code != BATON_OK) {
		(void)snprintf(probe->text, sizeof(probe->text), "delivery: %s",
			       response->status->text);
	} else if (!response->get_status->ready) {
		(void)snprintf(probe->text, sizeof(probe->text), "%s",
			       response->get_status->not_ready_reason);
	}
	probe->is_answered = true;
	given_up = probe->is_given_up;
	(void)pthread_cond_signal(&probe->answered);
	(void)pthread_mutex_unlock(&probe->lock);
	if (given_up)
		probe_free(probe);
}

static struct probe *
probe_new(void)
{
	struct probe *probe = calloc(1, sizeof(*probe));
	pthread_condattr_t attributes;

	if (probe == NULL)
		return NULL;
	(void)pthread_mutex_init(&probe->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&probe->answered, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	baton__v1__request__init(&probe->request);
	baton__v1__get_status__init(&probe->get_status);
	probe->request.protocol_version = BATON_PROTOCOL_VERSION;
	probe->request.op_case = BATON__V1__REQUEST__OP_GET_STATUS;
	probe->request.get_status = &probe->get_status;
	probe->exchange.request = &probe->request;
	probe->exchange.answer = probe_answer;
	probe->exchange.peer.sector = SECTOR_OPERATOR;
	return probe;
}

/* Waits for the answer; the probe is not the caller's after this. */
static void
probe_wait(struct probe *probe, uint32_t timeout_ms,
	   char text[BATON_ERROR_TEXT_BYTES])
{
	int64_t until_ms = clock_monotonic_ms() + timeout_ms;
	struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000,
	};
	bool answered;
	int failed = 0;

	(void)pthread_mutex_lock(&probe->lock);
	while (!probe->is_answered && failed == 0) {
		failed = pthread_cond_timedwait(&probe->answered, &probe->lock,
						&until);
	}
	answered = probe->is_answered;
	probe->is_given_up = true;
	if (answered) {
		(void)snprintf(text, BATON_ERROR_TEXT_BYTES, "%s", probe->text);
	} else {
		(void)snprintf(text, BATON_ERROR_TEXT_BYTES,
			       "delivery: no answer in %u ms", timeout_ms);
	}
	(void)pthread_mutex_unlock(&probe->lock);
	if (answered)
		probe_free(probe);
}

void
readiness_check(struct writer *writer, struct delivery *delivery,
		uint32_t timeout_ms, char text[BATON_ERROR_TEXT_BYTES])
{
	struct probe *probe;

	writer_health(writer, text);
	if (text[0] != '\0')
		return;
	probe = probe_new();
	if (probe == NULL) {
		(void)snprintf(text, BATON_ERROR_TEXT_BYTES, "out of memory");
		return;
	}
	delivery_post(delivery, &probe->exchange);
	probe_wait(probe, timeout_ms, text);
}
