/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

struct interrupt {
	struct baton_client *client;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool came;
	bool in_hand;
	bool closed;
	/* The program ends by itself: the thread is to go. */
	bool over;
};

static void
interrupt_signals(sigset_t *signals)
{
	(void)sigemptyset(signals);
	(void)sigaddset(signals, SIGINT);
	(void)sigaddset(signals, SIGTERM);
}

void
interrupt_block(void)
{
	sigset_t signals;

	interrupt_signals(&signals);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void *
interrupt_wait(void *context)
{
	struct interrupt *interrupt = context;
	sigset_t signals;
	int signal_number;
	bool closes;

	interrupt_signals(&signals);
	if (sigwait(&signals, &signal_number) != 0)
		return NULL;
	(void)pthread_mutex_lock(&interrupt->lock);
	interrupt->came = true;
	closes = !interrupt->over && !interrupt->in_hand;
	interrupt->closed = closes;
	(void)pthread_cond_broadcast(&interrupt->changed);
	(void)pthread_mutex_unlock(&interrupt->lock);
	if (closes)
		baton_client_close(interrupt->client);
	(void)pthread_mutex_lock(&interrupt->lock);
	/* From here on a signal does what it does by default; but not our own
	 * of interrupt_free(). */
	if (!interrupt->over)
		(void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
	while (!interrupt->over)
		(void)pthread_cond_wait(&interrupt->changed, &interrupt->lock);
	(void)pthread_mutex_unlock(&interrupt->lock);
	return NULL;
}

baton_err
interrupt_new(struct baton_client *client, struct interrupt **interrupt)
{
	struct interrupt *made = calloc(1, sizeof(*made));
	pthread_condattr_t attributes;

	*interrupt = NULL;
	if (made == NULL)
		return BATON_NO_MEMORY;
	made->client = client;
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&made->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (pthread_create(&made->thread, NULL, interrupt_wait, made) != 0) {
		(void)pthread_cond_destroy(&made->changed);
		(void)pthread_mutex_destroy(&made->lock);
		free(made);
		return BATON_NO_MEMORY;
	}
	*interrupt = made;
	return BATON_OK;
}

void
interrupt_free(struct interrupt *interrupt)
{
	if (interrupt == NULL)
		return;
	(void)pthread_mutex_lock(&interrupt->lock);
	interrupt->over = true;
	/* A thread still in sigwait() is woken by a signal of our own. */
	if (!interrupt->came)
		(void)pthread_kill(interrupt->thread, SIGINT);
	(void)pthread_cond_broadcast(&interrupt->changed);
	(void)pthread_mutex_unlock(&interrupt->lock);
	(void)pthread_join(interrupt->thread, NULL);
	(void)pthread_cond_destroy(&interrupt->changed);
	(void)pthread_mutex_destroy(&interrupt->lock);
	free(interrupt);
}

bool
interrupt_take_in_hand(struct interrupt *interrupt)
{
	bool may;

	(void)pthread_mutex_lock(&interrupt->lock);
	may = !interrupt->closed;
	interrupt->in_hand = may;
	(void)pthread_mutex_unlock(&interrupt->lock);
	return may;
}

void
interrupt_hand_empty(struct interrupt *interrupt)
{
	(void)pthread_mutex_lock(&interrupt->lock);
	interrupt->in_hand = false;
	(void)pthread_mutex_unlock(&interrupt->lock);
}

bool
interrupt_came(struct interrupt *interrupt)
{
	bool came;

	(void)pthread_mutex_lock(&interrupt->lock);
	came = interrupt->came;
	(void)pthread_mutex_unlock(&interrupt->lock);
	return came;
}

void
interrupt_pause(struct interrupt *interrupt, uint32_t pause_ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(pause_ms / 1000);
	until.tv_nsec += (long)(pause_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&interrupt->lock);
	while (!interrupt->came &&
	       pthread_cond_timedwait(&interrupt->changed, &interrupt->lock,
				      &until) == 0)
		continue;
	(void)pthread_mutex_unlock(&interrupt->lock);
}
