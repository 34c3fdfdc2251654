/* SPDX-License-Identifier: MIT */
#include "broker/delivery.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "broker/feed.h"
#include "client/log.h"

/** Gauges are set at most this often. */
#define DELIVERY_GAUGES_MS 1000
/** The longest sleep: bounds the arithmetic, costs nothing. */
#define DELIVERY_SLEEP_MAX_MS 60000

struct delivery_options
delivery_options_default(void)
{
	struct delivery_options options = {
		.max_attempts = 10,
		.backoff_min_ms = 1000,
		.backoff_max_ms = 3600000,
		.lease_ms = 60000,
		.max_fetch_events = 1000,
		.max_fetch_bytes = 4U << 20,
		.max_wait_ms = 30000,
		.window_events = 16384,
		.max_subscriptions = 100,
		.started_at_ms = clock_wall_ms(),
		.clock = clock_system(),
	};

	return options;
}

struct subscription_now
delivery_now(const struct delivery *delivery)
{
	const struct clock_source *clock = &delivery->options.clock;
	struct subscription_now now = {
		.monotonic_ms = clock->monotonic_ms(clock->context),
		.wall_ms = clock->wall_ms(clock->context),
	};

	return now;
}

/* ---- the mailbox ---- */

void
delivery_post(struct delivery *delivery, struct exchange *exchange)
{
	bool quitting;

	exchange->next = NULL;
	(void)pthread_mutex_lock(&delivery->lock);
	quitting = delivery->quitting;
	if (!quitting) {
		if (delivery->inbox_first == NULL) {
			delivery->inbox_first = exchange;
		} else {
			delivery->inbox_last->next = exchange;
		}
		delivery->inbox_last = exchange;
		(void)pthread_cond_signal(&delivery->filled);
	}
	(void)pthread_mutex_unlock(&delivery->lock);
	if (quitting) {
		exchange_refuse(exchange, BATON_CLOSED, 0,
				"the broker is stopping");
	}
}

void
delivery_post_change(struct delivery *delivery, struct change *change)
{
	change_set_next(change, NULL);
	(void)pthread_mutex_lock(&delivery->lock);
	if (delivery->done_first == NULL) {
		delivery->done_first = change;
	} else {
		change_set_next(delivery->done_last, change);
	}
	delivery->done_last = change;
	(void)pthread_cond_signal(&delivery->filled);
	(void)pthread_mutex_unlock(&delivery->lock);
}

void
delivery_wake(struct delivery *delivery)
{
	(void)pthread_mutex_lock(&delivery->lock);
	if (!delivery->woken) {
		delivery->woken = true;
		(void)pthread_cond_signal(&delivery->filled);
	}
	(void)pthread_mutex_unlock(&delivery->lock);
}

void
delivery_peer_gone(struct delivery *delivery, uint32_t pipe)
{
	struct gone *gone = malloc(sizeof(*gone));

	if (gone == NULL) {
		/* Its fetches and leases end by their own time. */
		return;
	}
	gone->pipe = pipe;
	(void)pthread_mutex_lock(&delivery->lock);
	gone->next = delivery->gone;
	delivery->gone = gone;
	(void)pthread_cond_signal(&delivery->filled);
	(void)pthread_mutex_unlock(&delivery->lock);
}

void
delivery_stop(struct delivery *delivery)
{
	(void)pthread_mutex_lock(&delivery->lock);
	delivery->stopping = true;
	(void)pthread_cond_signal(&delivery->filled);
	(void)pthread_mutex_unlock(&delivery->lock);
}

/* ---- the thread ---- */

/* Everything that was in the mailbox. */
struct delivery_mail {
	struct exchange *exchanges;
	struct change *done;
	struct gone *gone;
	bool woken;
	bool stopping;
	bool quitting;
};

static bool
delivery_mail_waits(const struct delivery *delivery)
{
	return delivery->inbox_first != NULL || delivery->done_first != NULL ||
	       delivery->gone != NULL || delivery->woken ||
	       delivery->quitting || (delivery->stopping && !delivery->stopped);
}

/* Sleeps until there is mail or real time has passed as long as the injected
 * clock is from deadline_ms. Whoever sets a clock that does not run by itself
 * calls delivery_wake() after. */
static void
delivery_take_mail(struct delivery *delivery, int64_t deadline_ms,
		   struct delivery_mail *mail)
{
	int64_t wait_ms = deadline_ms - delivery_now(delivery).monotonic_ms;
	struct timespec until;
	int waited = 0;

	if (wait_ms > DELIVERY_SLEEP_MAX_MS) {
		wait_ms = DELIVERY_SLEEP_MAX_MS;
	}
	if (wait_ms < 0) {
		wait_ms = 0;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(wait_ms / 1000);
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&delivery->lock);
	while (!delivery_mail_waits(delivery) && waited == 0) {
		waited = pthread_cond_timedwait(&delivery->filled,
						&delivery->lock, &until);
	}
	mail->exchanges = delivery->inbox_first;
	mail->done = delivery->done_first;
	mail->gone = delivery->gone;
	mail->woken = delivery->woken;
	mail->stopping = delivery->stopping;
	mail->quitting = delivery->quitting;
	delivery->inbox_first = NULL;
	delivery->inbox_last = NULL;
	delivery->done_first = NULL;
	delivery->done_last = NULL;
	delivery->gone = NULL;
	delivery->woken = false;
	(void)pthread_mutex_unlock(&delivery->lock);
}

static void
delivery_settle(struct delivery *delivery, struct exchange *exchange)
{
	struct feed *feed;

	if (!settle_check(exchange)) {
		return;
	}
	feed = feed_of_exchange(delivery, exchange, "",
				exchange->request->settle->subscription);
	if (feed != NULL) {
		feed_wait(feed, exchange);
	}
}

void
delivery_dispatch(struct delivery *delivery, struct exchange *exchange)
{
	if (delivery->stopped) {
		exchange_refuse(exchange, BATON_CLOSED, 0,
				"the broker is stopping");
		return;
	}
	switch ((int)exchange->request->op_case) {
	case BATON__V1__REQUEST__OP_FETCH:
		feed_fetch(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_SETTLE:
		delivery_settle(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_SUBSCRIBE:
		admin_subscribe(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_UNSUBSCRIBE:
		admin_unsubscribe(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_LIST_SUBSCRIPTIONS:
		admin_list_subscriptions(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_REPLAY:
		admin_replay(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_LIST_PARKED:
		admin_list_parked(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_RESOLVE_PARKED:
		admin_resolve_parked(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_JOURNEY:
		admin_journey(delivery, exchange);
		break;
	case BATON__V1__REQUEST__OP_GET_STATUS:
		admin_get_status(delivery, exchange);
		break;
	default:
		exchange_refuse(exchange, BATON_UNSUPPORTED, 0,
				"the broker does not know this operation");
		break;
	}
}

static void
delivery_drop_peer(struct delivery *delivery, uint32_t pipe)
{
	struct exchange *exchange;

	for (size_t i = 0; i < delivery->feeds_count; i++) {
		struct feed *feed = delivery->feeds[i];

		while ((exchange = fetches_take_pipe(&feed->fetches, pipe)) !=
		       NULL) {
			/* Nobody reads it, but the listener gets its context
			 * back. */
			feed_answer_empty(exchange);
		}
		subscription_peer_gone(feed->state, pipe);
	}
}

static void
delivery_end_fetches(struct delivery *delivery)
{
	struct exchange *exchange;

	for (size_t i = 0; i < delivery->feeds_count; i++) {
		while ((exchange = fetches_take(
				&delivery->feeds[i]->fetches)) != NULL) {
			feed_answer_empty(exchange);
		}
	}
}

/* Writes that ended come first, so that an acknowledgement counts before the
 * expiry of its lease; those who left come last, after what they asked. */
static void
delivery_handle_mail(struct delivery *delivery, struct delivery_mail *mail)
{
	while (mail->done != NULL) {
		struct change *next = change_next(mail->done);

		change_finish(delivery, mail->done);
		mail->done = next;
	}
	if (mail->stopping && !delivery->stopped) {
		delivery->stopped = true;
		delivery_end_fetches(delivery);
	}
	while (mail->exchanges != NULL) {
		struct exchange *exchange = mail->exchanges;

		mail->exchanges = exchange->next;
		exchange->next = NULL;
		delivery_dispatch(delivery, exchange);
	}
	while (mail->gone != NULL) {
		struct gone *gone = mail->gone;

		mail->gone = gone->next;
		delivery_drop_peer(delivery, gone->pipe);
		free(gone);
	}
	for (size_t i = 0; mail->woken && i < delivery->feeds_count; i++) {
		delivery->feeds[i]->unread = true;
		delivery->changed = true;
	}
}

static int64_t
delivery_pump(struct delivery *delivery)
{
	int64_t deadline_ms = INT64_MAX;
	int64_t now_ms;

	for (size_t i = 0; i < delivery->feeds_count; i++) {
		feed_pump(delivery, delivery->feeds[i]);
	}
	now_ms = delivery_now(delivery).monotonic_ms;
	if (delivery->changed &&
	    now_ms >= delivery->gauges_at_ms + DELIVERY_GAUGES_MS) {
		admin_set_gauges(delivery);
		delivery->gauges_at_ms = now_ms;
		delivery->changed = false;
	}
	if (delivery->changed) {
		deadline_ms = delivery->gauges_at_ms + DELIVERY_GAUGES_MS;
	}
	for (size_t i = 0; i < delivery->feeds_count; i++) {
		int64_t feed_ms = feed_deadline_ms(delivery->feeds[i]);

		if (feed_ms < deadline_ms) {
			deadline_ms = feed_ms;
		}
	}
	return deadline_ms;
}

static void *
delivery_run(void *context)
{
	struct delivery *delivery = context;
	struct delivery_mail mail = {.quitting = false};
	int64_t deadline_ms = 0;

	while (!mail.quitting) {
		delivery_take_mail(delivery, deadline_ms, &mail);
		delivery_handle_mail(delivery, &mail);
		deadline_ms = delivery_pump(delivery);
	}
	return NULL;
}

/* ---- life ---- */

static baton_err
delivery_load(struct delivery *delivery, struct baton_error *error)
{
	struct store_subscription *list = NULL;
	size_t count = 0;
	baton_err err;

	err = store_reader_new(delivery->store, &delivery->reader, error);
	if (err != BATON_OK) {
		return err;
	}
	err = records_new(delivery->tail, delivery->reader, &delivery->records);
	if (err != BATON_OK) {
		return baton_error_set(error, err, "out of memory");
	}
	err = store_read_subscriptions(delivery->reader, &list, &count, error);
	for (size_t i = 0; err == BATON_OK && i < count; i++) {
		struct feed *feed;

		err = feed_new(delivery, &list[i], true, &feed, error);
	}
	free(list);
	return err;
}

static void
delivery_release(struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->feeds_count; i++) {
		feed_free(delivery->feeds[i]);
	}
	free(delivery->feeds);
	records_free(delivery->records);
	store_reader_free(delivery->reader);
	(void)pthread_cond_destroy(&delivery->filled);
	(void)pthread_mutex_destroy(&delivery->lock);
	free(delivery);
}

static baton_err
delivery_start(struct delivery *delivery, struct baton_error *error)
{
	int failed =
		pthread_create(&delivery->thread, NULL, delivery_run, delivery);

	if (failed != 0) {
		return baton_error_set(error, BATON_NO_MEMORY,
				       "delivery: cannot start a thread: "
				       "error %d",
				       failed);
	}
	return BATON_OK;
}

/* A lease of an earlier process must not be one of ours. */
static uint64_t
delivery_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		seed = (uint64_t)clock_wall_ms() << 20;
	}
	return seed;
}

static void
delivery_init_sync(struct delivery *delivery)
{
	pthread_condattr_t attributes;

	(void)pthread_mutex_init(&delivery->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&delivery->filled, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

baton_err
delivery_new(struct store *store, struct writer *writer, struct tail *tail,
	     struct metrics *metrics, const struct delivery_options *options,
	     struct delivery **delivery, struct baton_error *error)
{
	struct delivery *made = calloc(1, sizeof(*made));
	baton_err err;

	*delivery = NULL;
	if (made == NULL) {
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	}
	made->store = store;
	made->writer = writer;
	made->tail = tail;
	made->metrics = metrics;
	made->options = *options;
	made->seed = delivery_seed();
	made->changed = true;
	made->gauges_at_ms =
		delivery_now(made).monotonic_ms - DELIVERY_GAUGES_MS;
	delivery_init_sync(made);
	err = delivery_load(made, error);
	if (err == BATON_OK) {
		err = delivery_start(made, error);
	}
	if (err != BATON_OK) {
		delivery_release(made);
		return err;
	}
	*delivery = made;
	return BATON_OK;
}

void
delivery_free(struct delivery *delivery)
{
	if (delivery == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&delivery->lock);
	delivery->stopping = true;
	delivery->quitting = true;
	(void)pthread_cond_signal(&delivery->filled);
	(void)pthread_mutex_unlock(&delivery->lock);
	(void)pthread_join(delivery->thread, NULL);
	delivery_release(delivery);
}
