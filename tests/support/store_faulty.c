/* SPDX-License-Identifier: MIT */
#include "tests/support/store_faulty.h"

#include <pthread.h>
#include <stdlib.h>

#include "broker/store_ops.h"

struct store_faulty {
	struct store base;
	struct store *inner;
	pthread_mutex_t lock;
	unsigned calls[STORE_CALLS];
	enum store_call failing;
	/** Numbers of calls, first inclusive; equal: no fault. */
	unsigned fail_from;
	unsigned fail_until;
	baton_err err;
	uint64_t appended;
	uint64_t committed;
};

static struct store_faulty *
store_faulty_of(struct store *store)
{
	return (struct store_faulty *)store;
}

/* Counts a call; the error it has to answer, or OK. */
static baton_err
fault(struct store_faulty *faulty, enum store_call call,
      struct baton_error *error)
{
	baton_err err = BATON_OK;
	unsigned number;

	(void)pthread_mutex_lock(&faulty->lock);
	number = ++faulty->calls[call];
	if (faulty->failing == call && number >= faulty->fail_from &&
	    number < faulty->fail_until)
		err = faulty->err;
	(void)pthread_mutex_unlock(&faulty->lock);
	if (err != BATON_OK)
		return baton_error_set(error, err, "journal: made to fail");
	return BATON_OK;
}

static void
faulty_free(struct store *base)
{
	struct store_faulty *faulty = store_faulty_of(base);

	store_free(faulty->inner);
	(void)pthread_mutex_destroy(&faulty->lock);
	free(faulty);
}

static baton_err
faulty_reopen(struct store *base, struct baton_error *error)
{
	baton_err err = fault(store_faulty_of(base), STORE_CALL_REOPEN, error);

	return err != BATON_OK
		       ? err
		       : store_reopen(store_faulty_of(base)->inner, error);
}

static baton_err
faulty_begin(struct store *base, struct baton_error *error)
{
	baton_err err = fault(store_faulty_of(base), STORE_CALL_BEGIN, error);

	return err != BATON_OK
		       ? err
		       : store_begin(store_faulty_of(base)->inner, error);
}

static baton_err
faulty_commit(struct store *base, struct baton_error *error)
{
	struct store_faulty *faulty = store_faulty_of(base);
	baton_err err;

	err = fault(faulty, STORE_CALL_COMMIT, error);
	if (err != BATON_OK) {
		store_rollback(faulty->inner);
		return err;
	}
	err = store_commit(faulty->inner, error);
	if (err != BATON_OK)
		return err;
	(void)pthread_mutex_lock(&faulty->lock);
	faulty->committed = faulty->appended;
	(void)pthread_mutex_unlock(&faulty->lock);
	return BATON_OK;
}

static void
faulty_rollback(struct store *base)
{
	store_rollback(store_faulty_of(base)->inner);
}

/* A probe is no call of its own: it begins and commits. */
static baton_err
faulty_touch(struct store *base, struct baton_error *error)
{
	(void)base;
	(void)error;
	return BATON_OK;
}

static baton_err
faulty_append(struct store *base, const struct store_event *event,
	      struct store_appended *appended, struct baton_error *error)
{
	struct store_faulty *faulty = store_faulty_of(base);
	baton_err err;

	err = fault(faulty, STORE_CALL_APPEND, error);
	if (err != BATON_OK)
		return err;
	err = store_append(faulty->inner, event, appended, error);
	if (err == BATON_OK && appended->outcome == STORE_ACCEPTED)
		faulty->appended = appended->sequence;
	return err;
}

static baton_err
faulty_subscription_put(struct store *base,
			struct store_subscription *subscription,
			struct baton_error *error)
{
	return store_subscription_put(store_faulty_of(base)->inner,
				      subscription, error);
}

static baton_err
faulty_position_set(struct store *base, int64_t subscription, uint64_t position,
		    struct baton_error *error)
{
	return store_position_set(store_faulty_of(base)->inner, subscription,
				  position, error);
}

static baton_err
faulty_subscription_drop(struct store *base, int64_t subscription,
			 struct baton_error *error)
{
	return store_subscription_drop(store_faulty_of(base)->inner,
				       subscription, error);
}

static baton_err
faulty_lane_put(struct store *base, const struct store_lane *lane,
		struct baton_error *error)
{
	return store_lane_put(store_faulty_of(base)->inner, lane, error);
}

static baton_err
faulty_lane_drop(struct store *base, int64_t subscription, int64_t child,
		 struct baton_error *error)
{
	return store_lane_drop(store_faulty_of(base)->inner, subscription,
			       child, error);
}

static baton_err
faulty_lanes_drop(struct store *base, int64_t subscription,
		  struct baton_error *error)
{
	return store_lanes_drop(store_faulty_of(base)->inner, subscription,
				error);
}

static baton_err
faulty_checkpoint(struct store *base, struct baton_error *error)
{
	baton_err err =
		fault(store_faulty_of(base), STORE_CALL_CHECKPOINT, error);

	return err != BATON_OK
		       ? err
		       : store_checkpoint(store_faulty_of(base)->inner, error);
}

static uint64_t
faulty_bytes(struct store *base)
{
	return store_bytes(store_faulty_of(base)->inner);
}

static baton_err
faulty_reader_new(struct store *base, struct store_reader **reader,
		  struct baton_error *error)
{
	return store_reader_new(store_faulty_of(base)->inner, reader, error);
}

static const struct store_ops faulty_ops = {
	.free = faulty_free,
	.reopen = faulty_reopen,
	.begin = faulty_begin,
	.commit = faulty_commit,
	.rollback = faulty_rollback,
	.touch = faulty_touch,
	.append = faulty_append,
	.subscription_put = faulty_subscription_put,
	.position_set = faulty_position_set,
	.subscription_drop = faulty_subscription_drop,
	.lane_put = faulty_lane_put,
	.lane_drop = faulty_lane_drop,
	.lanes_drop = faulty_lanes_drop,
	.checkpoint = faulty_checkpoint,
	.bytes = faulty_bytes,
	.reader_new = faulty_reader_new,
};

struct store_faulty *
store_faulty_new(struct store *inner)
{
	struct store_faulty *faulty;

	faulty = calloc(1, sizeof(*faulty));
	if (faulty == NULL)
		return NULL;
	if (pthread_mutex_init(&faulty->lock, NULL) != 0) {
		free(faulty);
		return NULL;
	}
	faulty->base.ops = &faulty_ops;
	faulty->inner = inner;
	return faulty;
}

struct store *
store_faulty_store(struct store_faulty *faulty)
{
	return &faulty->base;
}

void
store_faulty_fail(struct store_faulty *faulty, enum store_call call,
		  unsigned nth, unsigned times, baton_err err)
{
	(void)pthread_mutex_lock(&faulty->lock);
	faulty->failing = call;
	faulty->fail_from = faulty->calls[call] + nth;
	faulty->fail_until = faulty->fail_from + times;
	faulty->err = err;
	(void)pthread_mutex_unlock(&faulty->lock);
}

void
store_faulty_heal(struct store_faulty *faulty)
{
	(void)pthread_mutex_lock(&faulty->lock);
	faulty->fail_until = faulty->fail_from;
	(void)pthread_mutex_unlock(&faulty->lock);
}

unsigned
store_faulty_calls(struct store_faulty *faulty, enum store_call call)
{
	unsigned calls;

	(void)pthread_mutex_lock(&faulty->lock);
	calls = faulty->calls[call];
	(void)pthread_mutex_unlock(&faulty->lock);
	return calls;
}

uint64_t
store_faulty_committed(struct store_faulty *faulty)
{
	uint64_t committed;

	(void)pthread_mutex_lock(&faulty->lock);
	committed = faulty->committed;
	(void)pthread_mutex_unlock(&faulty->lock);
	return committed;
}
