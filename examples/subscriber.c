/* SPDX-License-Identifier: MIT */
/* Prints each event's sequence and type until Ctrl-C. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "baton/baton.h"

static enum baton_verdict
print_event(void *context, const struct baton_delivery *delivery,
	    char reason[201])
{
	struct Send__V1__Event *event;

	(void)context;
	if (baton_event_unpack(delivery->event, &event, NULL) != BATON_OK) {
		snprintf(reason, 201, "cannot be read");
		return BATON_REJECTED;
	}
	printf("%llu %s\n", (unsigned long long)delivery->sequence,
	       baton_event_type(event));
	baton_event_free(event);
	return fflush(stdout) == 0 ? BATON_ACCEPTED : BATON_RETRY;
}

static sigset_t signals;

/* A thread takes the signals: unlike a handler it may call anything. */
static void *
close_on_signal(void *client)
{
	int signal;

	sigwait(&signals, &signal);
	baton_client_close(client);
	return NULL;
}

int
main(void)
{
	struct baton_subscription_options options = {.name = "example"};
	struct baton_client *client;
	struct baton_error error = {0};
	pthread_t thread;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (baton_client_new(NULL, &client, &error) ||
	    pthread_create(&thread, NULL, close_on_signal, client) ||
	    baton_run(client, &options, print_event, NULL, &error))
		return fprintf(stderr, "subscriber: %s\n", error.text), 1;
	pthread_join(thread, NULL);
	baton_client_free(client);
	return 0;
}
