/* SPDX-License-Identifier: MIT */
#ifndef BATON_STORE_OPS_H
#define BATON_STORE_OPS_H

#include <stdbool.h>

#include "broker/store.h"

/**
 * What an implementation of the journal's contract fills in. store.c calls
 * these and keeps what is common to all: the checks of arguments and the rule
 * of transactions (begin first, nothing but a rollback after an error). Each
 * function does what store.h says of store_*() of the same name.
 */
struct store_ops {
	void (*free)(struct store *store);
	baton_err (*reopen)(struct store *store, struct baton_error *error);
	baton_err (*begin)(struct store *store, struct baton_error *error);
	/** Over either way when it returns. */
	baton_err (*commit)(struct store *store, struct baton_error *error);
	void (*rollback)(struct store *store);
	/** Writes something that means nothing, for store_probe(). */
	baton_err (*touch)(struct store *store, struct baton_error *error);
	baton_err (*append)(struct store *store,
			    const struct store_event *event,
			    struct store_appended *appended,
			    struct baton_error *error);
	baton_err (*subscription_put)(struct store *store,
				      struct store_subscription *subscription,
				      struct baton_error *error);
	baton_err (*position_set)(struct store *store, int64_t subscription,
				  uint64_t position, struct baton_error *error);
	baton_err (*subscription_drop)(struct store *store,
				       int64_t subscription,
				       struct baton_error *error);
	baton_err (*lane_put)(struct store *store,
			      const struct store_lane *lane,
			      struct baton_error *error);
	baton_err (*lane_drop)(struct store *store, int64_t subscription,
			       int64_t child, struct baton_error *error);
	baton_err (*lanes_drop)(struct store *store, int64_t subscription,
				struct baton_error *error);
	baton_err (*checkpoint)(struct store *store, struct baton_error *error);
	uint64_t (*bytes)(struct store *store);
	baton_err (*reader_new)(struct store *store,
				struct store_reader **reader,
				struct baton_error *error);
};

struct store_reader_ops {
	void (*free)(struct store_reader *reader);
	baton_err (*read)(struct store_reader *reader,
			  const struct store_range *range,
			  const struct record **records, size_t *count,
			  struct baton_error *error);
	baton_err (*read_heads)(struct store_reader *reader,
				const struct store_range *range,
				struct store_head *heads, size_t *count,
				struct baton_error *error);
	baton_err (*find_child)(struct store_reader *reader, const char *key,
				int64_t *child, struct baton_error *error);
	baton_err (*find_time)(struct store_reader *reader, int64_t time_ms,
			       uint64_t *sequence, struct baton_error *error);
	baton_err (*read_subscriptions)(struct store_reader *reader,
					struct store_subscription **list,
					size_t *count,
					struct baton_error *error);
	baton_err (*read_lanes)(struct store_reader *reader,
				int64_t subscription, struct store_lane **list,
				size_t *count, struct baton_error *error);
	baton_err (*read_figures)(struct store_reader *reader,
				  struct store_figures *figures,
				  struct baton_error *error);
};

/** First member of every implementation's store. */
struct store {
	const struct store_ops *ops;
	/** store.c's own: between begin and commit or rollback. */
	bool in_transaction;
	/** store.c's own: something in this transaction failed. */
	bool failed;
};

/** First member of every implementation's reader. */
struct store_reader {
	const struct store_reader_ops *ops;
};

#endif /* BATON_STORE_OPS_H */
