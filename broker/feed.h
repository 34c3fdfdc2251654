/* SPDX-License-Identifier: MIT */
#ifndef BATON_FEED_H
#define BATON_FEED_H

#include <pthread.h>
#include <stdbool.h>

#include "broker/delivery.h"
#include "broker/fetches.h"
#include "broker/records.h"
#include "broker/subscription.h"

/**
 * The inside of delivery, shared by delivery.c, feed.c, settle.c, change.c and
 * admin*.c. Everything here belongs to the delivery thread but the mailbox.
 *
 * A feed is a subscription's state with its surroundings: fetches that wait,
 * requests that change it, and at most one write under way. One write at a
 * time is what makes a failed one harmless: nothing later on disk can count on
 * it. What comes meanwhile joins the next write.
 */
struct change;

struct feed {
	struct subscription *state;
	struct fetches fetches;
	/** Settle, ResolveParked, Replay, Unsubscribe and Subscribe that wait
	 *  for the write under way, in order. */
	struct exchange *waiting_first;
	struct exchange *waiting_last;
	/** The write under way, or NULL. */
	struct change *change;
	/** Its row is on disk. */
	bool live;
	/** The journal may hold more than has been read. */
	bool unread;
	/** It does, and is read on after the others have had their turn. */
	bool more;
	/** After a failed write: monotonic time of the next one. */
	int64_t retry_at_ms;
	int64_t last_fetch_at_ms;
};

struct gone {
	uint32_t pipe;
	struct gone *next;
};

#define DELIVERY_HEADS 256

struct delivery {
	struct store *store;
	struct writer *writer;
	struct tail *tail;
	struct metrics *metrics;
	struct delivery_options options;
	pthread_t thread;

	/** The mailbox, under lock. */
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct exchange *inbox_first;
	struct exchange *inbox_last;
	struct change *done_first;
	struct change *done_last;
	struct gone *gone;
	bool woken;
	bool stopping;
	bool quitting;

	/** The thread's own from here. */
	struct store_reader *reader;
	struct records *records;
	struct feed **feeds;
	size_t feeds_count;
	size_t feeds_capacity;
	bool stopped;
	uint64_t seed;
	/** Something has changed since the gauges were set. */
	bool changed;
	int64_t gauges_at_ms;
	struct store_head heads[DELIVERY_HEADS];
};

struct subscription_now delivery_now(const struct delivery *delivery);

/** Handles one exchange; takes it. */
void delivery_dispatch(struct delivery *delivery, struct exchange *exchange);

/** Hands a finished change to the thread. Any thread. */
void delivery_post_change(struct delivery *delivery, struct change *change);

/* ---- feed.c ---- */

/** A feed of a stored (live) or new subscription with its lanes, added to the
 *  delivery. Errors: as store_read_lanes(). */
BATON_MUST_CHECK baton_err feed_new(struct delivery *delivery,
				    const struct store_subscription *stored,
				    bool live, struct feed **feed,
				    struct baton_error *error);

/** Takes a feed out of the delivery and frees it; refuses its fetches and
 *  dispatches what waits anew. */
void feed_remove(struct delivery *delivery, struct feed *feed);

/** Frees a feed that nothing waits for. */
void feed_free(struct feed *feed);

/** NULL when there is none, or not yet. */
struct feed *feed_find(struct delivery *delivery, const char *partner,
		       const char *name);

/** The feed that exchange, from its peer, names by partner ("" for the peer's
 *  own) and name; NULL after refusing the exchange. */
struct feed *feed_of_exchange(struct delivery *delivery,
			      struct exchange *exchange, const char *partner,
			      const char *name);

/** Adds an exchange that will change the feed; takes it. */
void feed_wait(struct feed *feed, struct exchange *exchange);

/** Answers or parks a Fetch; takes it. */
void feed_fetch(struct delivery *delivery, struct exchange *exchange);

/** Answers the first waiting fetch; false when it has to wait on. */
bool feed_serve_one(struct delivery *delivery, struct feed *feed);

/** Does all there is to do now. */
void feed_pump(struct delivery *delivery, struct feed *feed);

/** Monotonic time at which there is something to do again. */
int64_t feed_deadline_ms(const struct feed *feed);

/** Answers a fetch with nothing; takes it. */
void feed_answer_empty(struct exchange *exchange);

/* ---- change.c: writes of a feed ---- */

/** Begins the next write of a feed, if there is something to write and none
 *  is under way. */
void change_begin(struct delivery *delivery, struct feed *feed);

/** Writes a new subscription; takes exchange. */
void change_subscribe(struct delivery *delivery, struct feed *feed,
		      struct exchange *exchange);

/** Does what follows a write; frees the change, and its feed when that is
 *  dropped. */
void change_finish(struct delivery *delivery, struct change *change);

struct change *change_next(const struct change *change);
void change_set_next(struct change *change, struct change *next);

/* ---- settle.c: what a request marks, and its answer ---- */

/** A request that waits for its marks to be written. */
struct settle {
	struct exchange *exchange;
	struct settle *next;
	/** Of ReplayResult. */
	uint64_t position;
	/** Of SettleResult: one for each settlement. */
	size_t count;
	baton_err codes[];
};

/** Refuses a Settle that is out of bounds (false, exchange gone). */
bool settle_check(struct exchange *exchange);

/** Marks what the exchange (Settle, ResolveParked, Replay of a child) asks.
 *  Gives what is to be answered after the write; NULL when the exchange has
 *  been answered already. Takes the exchange. */
struct settle *settle_mark(struct delivery *delivery, struct feed *feed,
			   struct exchange *exchange);

/** Answers; frees settle. */
void settle_answer(struct settle *settle);

/** Refuses; frees settle. */
void settle_refuse(struct settle *settle, baton_err code, const char *text);

/* ---- admin.c, admin_parked.c, admin_read.c: take the exchange ---- */

/** Whether the peer may see a partner's subscriptions. */
bool admin_sees(const struct peer *peer, const char *partner);

/** Resolves where a subscription starts: everything up to *position is left
 *  out. Errors: INVALID, and those of store_find_time(). */
BATON_MUST_CHECK baton_err admin_start(struct delivery *delivery,
				       const Baton__V1__Start *start,
				       uint64_t *position,
				       struct baton_error *error);

void admin_subscribe(struct delivery *delivery, struct exchange *exchange);
void admin_unsubscribe(struct delivery *delivery, struct exchange *exchange);
void admin_list_subscriptions(struct delivery *delivery,
			      struct exchange *exchange);
void admin_replay(struct delivery *delivery, struct exchange *exchange);
void admin_resolve_parked(struct delivery *delivery, struct exchange *exchange);
void admin_list_parked(struct delivery *delivery, struct exchange *exchange);
void admin_journey(struct delivery *delivery, struct exchange *exchange);
void admin_get_status(struct delivery *delivery, struct exchange *exchange);

/** Counts matching events of a child (0: all) after a sequence up to `to` (0:
 *  the journal's end), looking at no more than *budget heads, which is
 *  lowered. An error of the store ends the count. */
uint64_t admin_count(struct delivery *delivery,
		     const struct store_filter *filter, int64_t child,
		     uint64_t after, uint64_t to, size_t *budget);

/** Sets the gauges of metrics.h. */
void admin_set_gauges(struct delivery *delivery);

#endif /* BATON_FEED_H */
