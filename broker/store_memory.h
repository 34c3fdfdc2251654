/* SPDX-License-Identifier: MIT */
#ifndef BATON_STORE_MEMORY_H
#define BATON_STORE_MEMORY_H

#include <pthread.h>
#include <stdbool.h>

#include "broker/store_memory_index.h"
#include "broker/store_ops.h"

/**
 * What the files of the journal in memory share; nobody else includes this.
 *
 * store_memory.c        transactions, events, children
 * store_memory_lanes.c  subscriptions and lanes
 * store_memory_read.c   the readers' side
 * store_memory_index.c  a hash table that can be cut back
 */

/* Subscriptions and lanes: small, so a transaction that changes them works on
 * a copy. Lanes are sorted by subscription and child. */
struct settlements {
	struct store_subscription *subscriptions;
	size_t subscriptions_count;
	size_t subscriptions_room;
	struct store_lane *lanes;
	size_t lanes_count;
	size_t lanes_room;
};

/* What a transaction may add to and a rollback cuts back. */
struct extent {
	size_t records;
	size_t keys;
	int64_t last_child;
	int64_t last_subscription;
	uint64_t bytes;
};

struct store_memory {
	struct store base;
	/** Over everything: readers live on other threads. */
	pthread_mutex_t lock;
	/** By sequence - 1. */
	const struct record **records;
	size_t records_room;
	/** (source, id) -> sequence; entries as records. */
	struct store_memory_index *ids;
	/** Child key -> child. */
	struct store_memory_index *keys;
	struct extent extent;
	struct extent committed;
	struct settlements settled;
	/** The transaction's copy of settled, when it has one. */
	struct settlements draft;
	bool drafted;
};

static inline struct store_memory *
store_memory_of(struct store *store)
{
	return (struct store_memory *)store;
}

/* ---- store_memory.c ---- */

baton_err store_memory_refuse(struct baton_error *error);

/* ---- store_memory_lanes.c ---- */

void store_memory_lanes_fini(struct settlements *settlements);

BATON_MUST_CHECK baton_err store_memory_lanes_subscription_put(
	struct store *base, struct store_subscription *subscription,
	struct baton_error *error);
BATON_MUST_CHECK baton_err
store_memory_lanes_position_set(struct store *base, int64_t subscription,
				uint64_t position, struct baton_error *error);
BATON_MUST_CHECK baton_err store_memory_lanes_subscription_drop(
	struct store *base, int64_t subscription, struct baton_error *error);
BATON_MUST_CHECK baton_err store_memory_lanes_put(struct store *base,
						  const struct store_lane *lane,
						  struct baton_error *error);
BATON_MUST_CHECK baton_err
store_memory_lanes_drop_one(struct store *base, int64_t subscription,
			    int64_t child, struct baton_error *error);
BATON_MUST_CHECK baton_err store_memory_lanes_drop_all(
	struct store *base, int64_t subscription, struct baton_error *error);

/* ---- store_memory_read.c ---- */

BATON_MUST_CHECK baton_err store_memory_read_new(struct store *base,
						 struct store_reader **reader,
						 struct baton_error *error);

#endif /* BATON_STORE_MEMORY_H */
