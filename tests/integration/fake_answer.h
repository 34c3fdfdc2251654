/* SPDX-License-Identifier: MIT */
#ifndef BATON_FAKE_ANSWER_H
#define BATON_FAKE_ANSWER_H

#include <pthread.h>
#include <time.h>

#include "fake_broker.h"

/** The inside of the fake broker; see fake_broker.h. */

#define FAKE_CONNECTIONS 256
#define FAKE_OPS 32
#define FAKE_STEPS 64
#define FAKE_EVENTS 20000
#define FAKE_OFFERS 64
#define FAKE_SETTLEMENTS 256

struct fake_connection {
	struct fake_broker *broker;
	int fd;
	pthread_t thread;
};

struct fake_offer {
	uint64_t sequence;
	uint64_t lane;
	char text[64];
};

struct fake_broker {
	char *path;
	pthread_mutex_t lock;
	/* Broadcast when anything below changes. */
	pthread_cond_t changed;
	int listener;
	pthread_t acceptor;
	struct fake_connection connections[FAKE_CONNECTIONS];
	size_t connections_count;
	bool serving;
	bool turn_away;
	enum fake_cut cut;
	size_t cuts;
	struct fake_limits limits;
	struct fake_step steps[FAKE_OPS][FAKE_STEPS];
	size_t steps_count[FAKE_OPS];
	size_t counts[FAKE_OPS];
	/* The journal; an event's sequence is its index and 1. */
	struct baton_span events[FAKE_EVENTS];
	size_t events_count;
	struct baton_span first_publish;
	bool publishes_differ;
	size_t largest_batch;
	size_t largest_publish_bytes;
	struct fake_offer offers[FAKE_OFFERS];
	size_t offers_count;
	struct fake_settlement settlements[FAKE_SETTLEMENTS];
	size_t settlements_count;
};

/** Allocates zeroed; a test that runs out of memory has nothing more to say. */
void *fake_allocate(size_t count, size_t size);

struct baton_span fake_copy(const void *data, size_t len);
void fake_discard(struct baton_span span);
bool fake_same(struct baton_span a, struct baton_span b);

/** When ms from now is over, for pthread_cond_timedwait(). */
struct timespec fake_after_ms(uint32_t ms);

/** Waits for a change with the lock held; false when the time is up. */
bool fake_wait(struct fake_broker *broker, const struct timespec *until);

/** Reads, or writes, len bytes; false when the peer is gone. */
bool fake_read(int fd, void *data, size_t len);
bool fake_write(int fd, const void *data, size_t len);

/** Plays the broker on a connection as far as the cut. */
void fake_cut_off(int fd, enum fake_cut cut);

/** A packed refusal; discard it. */
struct baton_span fake_refuse(baton_err code, uint32_t retry_after_ms);

/** Carries a request out, with the lock held; the packed answer is the
 *  caller's to discard. */
struct baton_span fake_carry_out(struct fake_broker *broker,
				 const Baton__V1__Request *request);

#endif /* BATON_FAKE_ANSWER_H */
