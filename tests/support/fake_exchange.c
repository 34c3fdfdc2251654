/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_exchange.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define FAKE_EXCHANGE_WAIT_S 60

struct fake_exchange {
	/* First, so that an exchange is its fake. */
	struct exchange exchange;
	Baton__V1__Request *request;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	Baton__V1__Response *response;
	bool answered;
};

/* Both copies go over the wire form, as a real exchange does. */
static Baton__V1__Request *
fake_exchange_copy_request(const Baton__V1__Request *request)
{
	size_t len = baton__v1__request__get_packed_size(request);
	uint8_t *bytes = malloc(len + 1);
	Baton__V1__Request *copy = NULL;

	if (bytes != NULL) {
		(void)baton__v1__request__pack(request, bytes);
		copy = baton__v1__request__unpack(NULL, len, bytes);
	}
	free(bytes);
	return copy;
}

static Baton__V1__Response *
fake_exchange_copy_response(const Baton__V1__Response *response)
{
	size_t len = baton__v1__response__get_packed_size(response);
	uint8_t *bytes = malloc(len + 1);
	Baton__V1__Response *copy = NULL;

	if (bytes != NULL) {
		(void)baton__v1__response__pack(response, bytes);
		copy = baton__v1__response__unpack(NULL, len, bytes);
	}
	free(bytes);
	return copy;
}

static void
fake_exchange_answer(struct exchange *exchange,
		     const Baton__V1__Response *response)
{
	struct fake_exchange *fake = (struct fake_exchange *)exchange;
	Baton__V1__Response *copy = fake_exchange_copy_response(response);

	(void)pthread_mutex_lock(&fake->lock);
	if (fake->answered) {
		/* Exactly one answer is the contract. */
		abort();
	}
	fake->response = copy;
	fake->answered = true;
	(void)pthread_cond_broadcast(&fake->filled);
	(void)pthread_mutex_unlock(&fake->lock);
}

struct fake_exchange *
fake_exchange_new(const struct peer *peer, const Baton__V1__Request *request)
{
	struct fake_exchange *fake = calloc(1, sizeof(*fake));

	if (fake == NULL) {
		return NULL;
	}
	fake->request = fake_exchange_copy_request(request);
	if (fake->request == NULL) {
		free(fake);
		return NULL;
	}
	fake->exchange.peer = *peer;
	fake->exchange.request = fake->request;
	fake->exchange.answer = fake_exchange_answer;
	(void)pthread_mutex_init(&fake->lock, NULL);
	(void)pthread_cond_init(&fake->filled, NULL);
	return fake;
}

struct exchange *
fake_exchange_get(struct fake_exchange *fake)
{
	return &fake->exchange;
}

const Baton__V1__Response *
fake_exchange_wait(struct fake_exchange *fake)
{
	const Baton__V1__Response *response;
	struct timespec until;
	int waited = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FAKE_EXCHANGE_WAIT_S;
	(void)pthread_mutex_lock(&fake->lock);
	while (!fake->answered && waited == 0) {
		waited = pthread_cond_timedwait(&fake->filled, &fake->lock,
						&until);
	}
	response = fake->response;
	(void)pthread_mutex_unlock(&fake->lock);
	return response;
}

Baton__V1__Response *
fake_exchange_take(struct fake_exchange *fake)
{
	Baton__V1__Response *response;

	(void)pthread_mutex_lock(&fake->lock);
	response = fake->response;
	fake->response = NULL;
	(void)pthread_mutex_unlock(&fake->lock);
	return response;
}

bool
fake_exchange_answered(struct fake_exchange *fake)
{
	bool answered;

	(void)pthread_mutex_lock(&fake->lock);
	answered = fake->answered;
	(void)pthread_mutex_unlock(&fake->lock);
	return answered;
}

void
fake_exchange_free(struct fake_exchange *fake)
{
	if (fake == NULL) {
		return;
	}
	if (fake->response != NULL) {
		baton__v1__response__free_unpacked(fake->response, NULL);
	}
	baton__v1__request__free_unpacked(fake->request, NULL);
	(void)pthread_cond_destroy(&fake->filled);
	(void)pthread_mutex_destroy(&fake->lock);
	free(fake);
}
