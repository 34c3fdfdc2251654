/* SPDX-License-Identifier: MIT */
/* Writes of a feed: planned on the delivery thread, applied on the writer's,
 * finished on the delivery thread again. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "broker/feed.h"
#include "client/log.h"

/** Requests that one write answers, at most. */
#define CHANGE_REQUESTS 256
/** Pause after a write that failed. */
#define CHANGE_PAUSE_MS 1000
#define CHANGE_RETRY_AFTER_MS 100

enum change_kind {
	CHANGE_LANES = 1,
	CHANGE_REPLAY,
	CHANGE_SUBSCRIBE,
	CHANGE_DROP,
};

struct change {
	/* First, so that the writer's command is the change. */
	struct writer_command command;
	struct delivery *delivery;
	struct feed *feed;
	enum change_kind kind;
	struct subscription_plan plan;
	struct store_subscription stored;
	/** LANES: requests to answer. */
	struct settle *settles;
	/** Others: the one request. */
	struct exchange *exchange;
	baton_err err;
	struct change *next;
};

struct change *
change_next(const struct change *change)
{
	return change->next;
}

void
change_set_next(struct change *change, struct change *next)
{
	change->next = next;
}

/* What a client is told of a failed write: the journal's own troubles are all
 * one to it. */
static baton_err
change_wire_code(baton_err err)
{
	switch ((int)err) {
	case BATON_BUSY:
	case BATON_CLOSED:
	case BATON_EXISTS:
	case BATON_NOT_FOUND:
	case BATON_NO_MEMORY:
		return err;
	default:
		return BATON_UNAVAILABLE;
	}
}

/* ---- the writer's thread ---- */

static baton_err
change_apply_lanes(const struct change *change, struct store *store,
		   struct baton_error *error)
{
	const struct subscription_plan *plan = &change->plan;
	baton_err err = BATON_OK;

	if (change->kind == CHANGE_REPLAY) {
		err = store_lanes_drop(store, change->stored.id, error);
	}
	for (size_t i = 0; err == BATON_OK && i < plan->puts_count; i++) {
		err = store_lane_put(store, &plan->puts[i], error);
	}
	for (size_t i = 0; err == BATON_OK && i < plan->drops_count; i++) {
		err = store_lane_drop(store, change->stored.id, plan->drops[i],
				      error);
	}
	if (err == BATON_OK) {
		err = store_position_set(store, change->stored.id,
					 plan->position, error);
	}
	if (err == BATON_NOT_FOUND || err == BATON_INVALID) {
		/* Ours to prevent, and half of it may be written: the whole
		 * batch has to roll back. */
		err = baton_error_set(error, BATON_INTERNAL,
				      "delivery: a lane or subscription that "
				      "the journal does not have");
	}
	return err;
}

static baton_err
change_apply(struct writer_command *command, struct store *store,
	     struct baton_error *error)
{
	struct change *change = (struct change *)command;
	struct store_subscription stored = change->stored;
	baton_err err;

	switch (change->kind) {
	case CHANGE_LANES:
	case CHANGE_REPLAY:
		return change_apply_lanes(change, store, error);
	case CHANGE_DROP:
		return store_subscription_drop(store, change->stored.id, error);
	case CHANGE_SUBSCRIBE:
	default:
		/* May be called again after a rolled back batch. */
		stored.id = 0;
		err = store_subscription_put(store, &stored, error);
		if (err == BATON_OK) {
			change->stored.id = stored.id;
		}
		return err;
	}
}

static void
change_done(struct writer_command *command, baton_err err,
	    const struct baton_error *error)
{
	struct change *change = (struct change *)command;

	(void)error;
	change->err = err;
	delivery_post_change(change->delivery, change);
}

/* ---- beginning ---- */

static struct change *
change_new(struct delivery *delivery, struct feed *feed, enum change_kind kind)
{
	struct change *change = calloc(1, sizeof(*change));

	if (change == NULL) {
		return NULL;
	}
	change->command.apply = change_apply;
	change->command.done = change_done;
	change->command.bytes = sizeof(*change);
	change->delivery = delivery;
	change->feed = feed;
	change->kind = kind;
	change->stored = *subscription_stored(feed->state);
	return change;
}

static void
change_submit(struct change *change)
{
	struct delivery *delivery = change->delivery;
	baton_err err;

	change->feed->change = change;
	change->command.bytes +=
		change->plan.puts_count * sizeof(struct store_lane);
	err = writer_submit(delivery->writer, &change->command);
	if (err != BATON_OK) {
		change->err = err;
		change_finish(delivery, change);
	}
}

static bool
change_alone(const struct exchange *exchange)
{
	const Baton__V1__Request *request = exchange->request;

	switch ((int)request->op_case) {
	case BATON__V1__REQUEST__OP_SUBSCRIBE:
	case BATON__V1__REQUEST__OP_UNSUBSCRIBE:
		return true;
	case BATON__V1__REQUEST__OP_REPLAY:
		return request->replay->child[0] == '\0';
	default:
		return false;
	}
}

static struct exchange *
change_take_waiting(struct feed *feed)
{
	struct exchange *exchange = feed->waiting_first;

	feed->waiting_first = exchange->next;
	if (feed->waiting_first == NULL) {
		feed->waiting_last = NULL;
	}
	exchange->next = NULL;
	return exchange;
}

static void
change_begin_replay(struct delivery *delivery, struct feed *feed,
		    struct exchange *exchange)
{
	struct baton_error error = {BATON_OK, ""};
	struct change *change = NULL;
	uint64_t position = 0;
	baton_err err;

	err = admin_start(delivery, exchange->request->replay->from, &position,
			  &error);
	if (err != BATON_OK) {
		exchange_refuse(exchange, err, 0, "%s", error.text);
		return;
	}
	change = change_new(delivery, feed, CHANGE_REPLAY);
	if (change == NULL ||
	    subscription_plan_replay(feed->state, position, &change->plan) !=
		    BATON_OK) {
		free(change);
		exchange_refuse(exchange, BATON_NO_MEMORY,
				CHANGE_RETRY_AFTER_MS,
				"the broker is out of memory");
		return;
	}
	change->exchange = exchange;
	change_submit(change);
}

/* A request that cannot share a write with others. */
static void
change_begin_alone(struct delivery *delivery, struct feed *feed)
{
	struct exchange *exchange = change_take_waiting(feed);
	struct change *change;

	switch ((int)exchange->request->op_case) {
	case BATON__V1__REQUEST__OP_REPLAY:
		change_begin_replay(delivery, feed, exchange);
		return;
	case BATON__V1__REQUEST__OP_SUBSCRIBE:
		/* It waited for the feed to be made, which it is now. */
		delivery_dispatch(delivery, exchange);
		return;
	default:
		break;
	}
	change = change_new(delivery, feed, CHANGE_DROP);
	if (change == NULL) {
		exchange_refuse(exchange, BATON_NO_MEMORY,
				CHANGE_RETRY_AFTER_MS,
				"the broker is out of memory");
		return;
	}
	change->exchange = exchange;
	change_submit(change);
}

static void
change_refuse_settles(struct settle *settles, baton_err err)
{
	while (settles != NULL) {
		struct settle *next = settles->next;

		settle_refuse(settles, err,
			      "nothing was settled: repeat later");
		settles = next;
	}
}

static void
change_answer_settles(struct settle *settles)
{
	while (settles != NULL) {
		struct settle *next = settles->next;

		settle_answer(settles);
		settles = next;
	}
}

/* All waiting requests that only mark lanes, up to one that must be alone. */
static struct settle *
change_mark_waiting(struct delivery *delivery, struct feed *feed)
{
	struct settle *settles = NULL;
	struct settle **link = &settles;

	for (size_t i = 0; i < CHANGE_REQUESTS && feed->waiting_first != NULL &&
			   !change_alone(feed->waiting_first);
	     i++) {
		*link = settle_mark(delivery, feed, change_take_waiting(feed));
		if (*link != NULL) {
			link = &(*link)->next;
		}
	}
	return settles;
}

static void
change_begin_lanes(struct delivery *delivery, struct feed *feed)
{
	int64_t now_ms = delivery_now(delivery).monotonic_ms;
	struct settle *settles = change_mark_waiting(delivery, feed);
	struct change *change;

	if (!subscription_wants_write(feed->state) ||
	    (settles == NULL && now_ms < feed->retry_at_ms)) {
		change_answer_settles(settles);
		return;
	}
	change = change_new(delivery, feed, CHANGE_LANES);
	if (change == NULL ||
	    subscription_plan(feed->state, &change->plan) != BATON_OK) {
		free(change);
		change_refuse_settles(settles, BATON_NO_MEMORY);
		feed->retry_at_ms = now_ms + CHANGE_PAUSE_MS;
		return;
	}
	change->settles = settles;
	change_submit(change);
}

void
change_begin(struct delivery *delivery, struct feed *feed)
{
	while (feed->change == NULL && feed->waiting_first != NULL) {
		if (change_alone(feed->waiting_first)) {
			change_begin_alone(delivery, feed);
		} else {
			change_begin_lanes(delivery, feed);
		}
	}
	if (feed->change == NULL) {
		change_begin_lanes(delivery, feed);
	}
}

void
change_subscribe(struct delivery *delivery, struct feed *feed,
		 struct exchange *exchange)
{
	struct change *change = change_new(delivery, feed, CHANGE_SUBSCRIBE);

	if (change == NULL) {
		exchange_refuse(exchange, BATON_NO_MEMORY,
				CHANGE_RETRY_AFTER_MS,
				"the broker is out of memory");
		feed_remove(delivery, feed);
		return;
	}
	change->exchange = exchange;
	change_submit(change);
}

/* ---- finishing ---- */

static void
change_log_parked(const struct change *change)
{
	for (size_t i = 0; i < change->plan.puts_count; i++) {
		const struct store_lane *lane = &change->plan.puts[i];

		if (lane->state == STORE_LANE_PARKED) {
			log_warn("delivery.parked",
				 "partner=%s subscription=%s sequence=%" PRIu64
				 " attempts=%" PRIu32,
				 change->stored.partner, change->stored.name,
				 lane->held_sequence, lane->attempts);
		}
	}
}

static void
change_finish_lanes(struct delivery *delivery, struct change *change)
{
	struct feed *feed = change->feed;

	if (change->err == BATON_OK) {
		subscription_commit(feed->state, &change->plan);
		atomic_fetch_add(&delivery->metrics->settled,
				 change->plan.settled);
		atomic_fetch_add(&delivery->metrics->parked,
				 change->plan.parked);
		if (change->plan.parked > 0) {
			change_log_parked(change);
		}
		change_answer_settles(change->settles);
		return;
	}
	log_warn("delivery.write", "subscription=%s error=%s",
		 change->stored.name, baton_err_name(change->err));
	subscription_revert(feed->state);
	feed->retry_at_ms =
		delivery_now(delivery).monotonic_ms + CHANGE_PAUSE_MS;
	change_refuse_settles(change->settles, change_wire_code(change->err));
}

static void
change_answer_replay(struct change *change)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__ReplayResult result = BATON__V1__REPLAY_RESULT__INIT;

	result.position = change->plan.position;
	response.op_case = BATON__V1__RESPONSE__OP_REPLAY;
	response.replay = &result;
	exchange_answer(change->exchange, &response);
}

static void
change_answer_subscribe(struct change *change)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__SubscribeResult result = BATON__V1__SUBSCRIBE_RESULT__INIT;

	result.created = 1;
	response.op_case = BATON__V1__RESPONSE__OP_SUBSCRIBE;
	response.subscribe = &result;
	exchange_answer(change->exchange, &response);
}

static void
change_answer_drop(struct change *change)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__UnsubscribeResult result =
		BATON__V1__UNSUBSCRIBE_RESULT__INIT;

	response.op_case = BATON__V1__RESPONSE__OP_UNSUBSCRIBE;
	response.unsubscribe = &result;
	exchange_answer(change->exchange, &response);
}

/* What a request of its own led to; true when the feed is gone. */
static bool
change_finish_alone(struct change *change)
{
	struct feed *feed = change->feed;

	if (change->err != BATON_OK) {
		exchange_refuse(change->exchange, change_wire_code(change->err),
				CHANGE_RETRY_AFTER_MS,
				"nothing was changed: repeat later");
		return change->kind == CHANGE_SUBSCRIBE;
	}
	switch (change->kind) {
	case CHANGE_REPLAY:
		subscription_replayed(feed->state, change->plan.position);
		feed->unread = true;
		log_info("delivery.replayed",
			 "partner=%s subscription=%s position=%" PRIu64,
			 change->stored.partner, change->stored.name,
			 change->plan.position);
		change_answer_replay(change);
		return false;
	case CHANGE_SUBSCRIBE:
		subscription_set_id(feed->state, change->stored.id);
		feed->live = true;
		change_answer_subscribe(change);
		return false;
	case CHANGE_DROP:
		change_answer_drop(change);
		return true;
	case CHANGE_LANES:
	default:
		assert(false && "lanes are finished elsewhere");
		return false;
	}
}

void
change_finish(struct delivery *delivery, struct change *change)
{
	struct feed *feed = change->feed;
	bool gone = false;

	feed->change = NULL;
	delivery->changed = true;
	if (change->kind == CHANGE_LANES) {
		change_finish_lanes(delivery, change);
	} else {
		gone = change_finish_alone(change);
	}
	subscription_plan_fini(&change->plan);
	free(change);
	if (gone) {
		feed_remove(delivery, feed);
	}
}
