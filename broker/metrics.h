/* SPDX-License-Identifier: MIT */
#ifndef BATON_METRICS_H
#define BATON_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "baton/error.h"
#include "broker/record.h"

/**
 * The broker's figures: atomics that any thread adds to and web.c prints as
 * Prometheus text. No label ever holds personal data.
 */
#define METRICS_CODE_MAX 128
#define METRICS_COMMIT_BUCKETS 12

struct metrics {
	atomic_uint_fast64_t published;
	atomic_uint_fast64_t duplicates;
	/** By baton_err number. */
	atomic_uint_fast64_t rejected[METRICS_CODE_MAX];
	/** Requests answered with an error, by baton_err number. */
	atomic_uint_fast64_t refused[METRICS_CODE_MAX];
	atomic_uint_fast64_t delivered;
	atomic_uint_fast64_t redelivered;
	atomic_uint_fast64_t settled;
	atomic_uint_fast64_t parked;
	atomic_uint_fast64_t leases_expired;
	/** Commit latency: counts by upper bound metrics_commit_bounds_us. */
	atomic_uint_fast64_t commit_bucket[METRICS_COMMIT_BUCKETS + 1];
	atomic_uint_fast64_t commit_sum_us;
	atomic_uint_fast64_t commits;
	atomic_uint_fast64_t commands;
	/** Gauges. */
	atomic_uint_fast64_t queued_commands;
	atomic_uint_fast64_t queued_bytes;
	atomic_uint_fast64_t journal_bytes;
	atomic_uint_fast64_t last_sequence;
	atomic_uint_fast64_t pipes_created;
	atomic_uint_fast64_t pipes_removed;
	atomic_uint_fast64_t pipes_refused;
	atomic_uint_fast64_t contexts;
	atomic_uint_fast64_t contexts_parked;
	atomic_uint_fast64_t peers_cut_off;
	struct metrics_subscriptions *subscriptions;
};

/** Upper bounds of the commit histogram's buckets, in microseconds. */
extern const uint64_t metrics_commit_bounds_us[METRICS_COMMIT_BUCKETS];

BATON_MUST_CHECK baton_err metrics_new(struct metrics **metrics);
void metrics_free(struct metrics *metrics);

void metrics_count_code(atomic_uint_fast64_t counts[METRICS_CODE_MAX],
			baton_err code);
void metrics_observe_commit(struct metrics *metrics, uint64_t took_us);

/** Gauges of one subscription, replaced whole by the delivery thread. */
struct metrics_subscription {
	char partner[NAME_BYTES];
	char name[NAME_BYTES];
	uint64_t position;
	uint64_t lag;
	uint64_t leased;
	uint64_t lanes_backing_off;
	uint64_t lanes_parked;
};

/** Copies list as the current subscriptions. NO_MEMORY keeps the old. */
baton_err metrics_set_subscriptions(struct metrics *metrics,
				    const struct metrics_subscription *list,
				    size_t count);

/** Prints everything as Prometheus text format 0.0.4. */
void metrics_print(struct metrics *metrics, FILE *out);

#endif /* BATON_METRICS_H */
