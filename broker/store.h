/* SPDX-License-Identifier: MIT */
#ifndef BATON_STORE_H
#define BATON_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/record.h"
#include "client/contract.h"

/**
 * The journal's contract. It speaks of events, children, subscriptions and
 * lanes, never of SQL; store_sqlite.c is the journal, store_memory.c serves
 * tests, both pass tests/unit/broker/store_suite.h.
 *
 * Two handles: a `struct store` belongs to the writer's thread alone and does
 * all writing and checkpointing; a `struct store_reader` belongs to the one
 * thread that uses it and reads in short transactions, each call seeing all
 * that was committed before it began.
 *
 * Errors of every function, unless it says otherwise: UNAVAILABLE (disk is
 * full; it may pass), IO (the disk failed; text names the operation), CORRUPT,
 * NO_MEMORY, INTERNAL.
 */
struct store;
struct store_reader;

struct store_options {
	/** Directory of the journal; created with mode 0700 if missing. */
	const char *directory;
};

/**
 * Opens or creates the journal and checks it: application id, version
 * (migrated forward in one transaction; a newer one is refused), integrity.
 *
 * *store: given, free with store_free().
 * Errors besides the above: CONFIG (not a journal, or made by a newer
 * version, or another broker holds it, or others may write to its directory),
 * with a text that says what to do.
 */
BATON_MUST_CHECK baton_err
store_open_sqlite(const struct store_options *options, struct store **store,
		  struct baton_error *error);

/** An empty journal in memory, for tests. Readers of it may live on other
 *  threads. */
BATON_MUST_CHECK baton_err store_open_memory(struct store **store,
					     struct baton_error *error);

/**
 * Closes the writer's connection, opens it again and checks the journal as at
 * the start; for use after an error of the disk, when what the connection
 * believes may not be what the disk holds. A transaction under way is rolled
 * back. Readers stay valid.
 *
 * A commit that failed may turn out to have reached the disk: its publisher
 * was told to repeat and gets DUPLICATE.
 *
 * After an error the store answers UNAVAILABLE until a reopening succeeds.
 * The writer's thread. Errors: as store_open_sqlite().
 */
BATON_MUST_CHECK baton_err store_reopen(struct store *store,
					struct baton_error *error);

/** Commits a small write, to learn whether the journal takes one; the
 *  writer's thread, between transactions. */
BATON_MUST_CHECK baton_err store_probe(struct store *store,
				       struct baton_error *error);

/** Database and log on disk, in bytes; the writer's thread. */
uint64_t store_bytes(struct store *store);

/** Checkpoints and closes. Readers must be freed first. NULL is allowed. */
void store_free(struct store *store);

/* ---- writing: the writer's thread, inside begin .. commit ----
 *
 * INVALID, NOT_FOUND and EXISTS mean that nothing was written, and the
 * transaction goes on. After any other error it can only be rolled back:
 * further writing and store_commit() answer UNAVAILABLE. Writing outside of a
 * transaction is INTERNAL.
 */

BATON_MUST_CHECK baton_err store_begin(struct store *store,
				       struct baton_error *error);

/** Everything since store_begin() is on disk when this returns OK. After an
 *  error nothing of it is; the transaction is over either way. */
BATON_MUST_CHECK baton_err store_commit(struct store *store,
					struct baton_error *error);

void store_rollback(struct store *store);

/** One event to append, with the keys of its child's identifiers
 *  (contract_child_key), at least one. All borrowed. */
struct store_event {
	const char *partner;
	const char *source;
	const char *id;
	int family;
	int action;
	int64_t occurred_at_ms;
	int64_t accepted_at_ms;
	struct baton_span event;
	const char (*child_keys)[CONTRACT_CHILD_KEY_BYTES];
	size_t child_keys_count;
};

enum store_outcome {
	STORE_ACCEPTED = 1,
	/** (source, id) is there with the same bytes. */
	STORE_DUPLICATE = 2,
	/** Nothing was written; reason is ID_REUSED or IDENTITY_CONFLICT. */
	STORE_REJECTED = 3,
};

struct store_appended {
	enum store_outcome outcome;
	/** ACCEPTED: the new sequence; DUPLICATE and ID_REUSED: the first. */
	uint64_t sequence;
	baton_err reason;
	/** ACCEPTED: the record, given; record_unref() it. Else NULL. */
	const struct record *record;
};

/**
 * Appends an event, or finds that it is there already: sequence, dedupe
 * (decided here, inside the transaction), child index, checksum and hash
 * chain. Identifiers not yet known become aliases of the child that the
 * others name; none known makes a new child; two known children refuse.
 *
 * Errors besides the above: INVALID (a text is empty or too long for a record,
 * or no key).
 */
BATON_MUST_CHECK baton_err store_append(struct store *store,
					const struct store_event *event,
					struct store_appended *appended,
					struct baton_error *error);

/** Lists in filters are bounded. */
#define STORE_FILTER_SOURCES_MAX 32

/** Which events a subscription receives. */
struct store_filter {
	/** Bit (family - CONTRACT_FAMILY_MIN); 0 matches all. */
	uint64_t families;
	char sources[STORE_FILTER_SOURCES_MAX][SOURCE_BYTES];
	size_t sources_count;
	/** Internal child id; 0 matches all. */
	int64_t child;
	/** The key the child was named by; "" when child is 0. */
	char child_key[CONTRACT_CHILD_KEY_BYTES];
};

struct store_subscription {
	/** Set by store_subscription_put(); never used again after a drop. */
	int64_t id;
	char partner[NAME_BYTES];
	char name[NAME_BYTES];
	struct store_filter filter;
	/** Every matching event up to here is settled, but for those of lanes
	 *  that are stored as behind. */
	uint64_t position;
	int64_t created_at_ms;
};

/** Inserts (id 0; the new id is written back) or replaces a subscription.
 *  Errors besides the above: EXISTS (the partner has another one of that
 *  name), NOT_FOUND (no such id, or the filter's child is not known). */
BATON_MUST_CHECK baton_err store_subscription_put(
	struct store *store, struct store_subscription *subscription,
	struct baton_error *error);

/** Moves the position only: the everyday write of a settlement. Also removes
 *  the stored lanes that are flowing, not behind and settled no further than
 *  the position. Errors besides the above: NOT_FOUND. */
BATON_MUST_CHECK baton_err store_position_set(struct store *store,
					      int64_t subscription,
					      uint64_t position,
					      struct baton_error *error);

/** Drops a subscription with its lanes. Errors besides the above: NOT_FOUND.
 */
BATON_MUST_CHECK baton_err store_subscription_drop(struct store *store,
						   int64_t subscription,
						   struct baton_error *error);

enum store_lane_state {
	STORE_LANE_FLOWING = 0,
	STORE_LANE_BACKING_OFF = 1,
	STORE_LANE_PARKED = 2,
};

#define STORE_REASON_BYTES 201

/**
 * A lane that differs from what its subscription's position says. A lane that
 * is not stored is settled up to the position.
 */
struct store_lane {
	int64_t subscription;
	int64_t child;
	/** All matching events of this child up to here are settled. */
	uint64_t settled_to;
	enum store_lane_state state;
	/** Events in settled_to+1 .. position may be unsettled. */
	bool behind;
	/** BACKING_OFF and PARKED: the event that failed, how often. */
	uint64_t held_sequence;
	uint32_t attempts;
	/** BACKING_OFF: wall clock time of the next attempt. */
	int64_t retry_at_ms;
	int64_t parked_at_ms;
	char reason[STORE_REASON_BYTES];
};

/** Inserts or replaces a lane. Errors besides the above: NOT_FOUND (the
 *  subscription or the child). */
BATON_MUST_CHECK baton_err store_lane_put(struct store *store,
					  const struct store_lane *lane,
					  struct baton_error *error);

/** Drops a lane, when it is there. */
BATON_MUST_CHECK baton_err store_lane_drop(struct store *store,
					   int64_t subscription, int64_t child,
					   struct baton_error *error);

/** Drops every lane of a subscription: a replay of the whole. */
BATON_MUST_CHECK baton_err store_lanes_drop(struct store *store,
					    int64_t subscription,
					    struct baton_error *error);

/** Moves the log into the database when it has grown; between transactions,
 *  on the writer's thread: no other connection ever checkpoints (SQLite's
 *  WAL-reset bug). */
BATON_MUST_CHECK baton_err store_checkpoint(struct store *store,
					    struct baton_error *error);

/* ---- reading: one thread for each reader ---- */

BATON_MUST_CHECK baton_err store_reader_new(struct store *store,
					    struct store_reader **reader,
					    struct baton_error *error);

void store_reader_free(struct store_reader *reader);

/** Which events to read, in order of sequence. */
struct store_range {
	uint64_t after;
	/** Last sequence, inclusive; 0: no bound. */
	uint64_t to;
	/** Internal child id; 0: all. */
	int64_t child;
	/** At most this many records, and event bytes (one is always given). */
	size_t max_records;
	size_t max_bytes;
};

/**
 * Reads records, checking each one's checksum. Reading stops before a record
 * that fails it: records already read are given, and the next call, starting
 * at it, answers CORRUPT with *count 0 and its sequence in the text.
 *
 * records: room for range->max_records, each given, record_unref() them.
 */
BATON_MUST_CHECK baton_err store_read(struct store_reader *reader,
				      const struct store_range *range,
				      const struct record **records,
				      size_t *count, struct baton_error *error);

/** Record heads without bytes, for filling lanes cheaply. */
struct store_head {
	uint64_t sequence;
	int64_t child;
	int family;
	char source[SOURCE_BYTES];
	uint32_t bytes;
};

/** As store_read(), but heads only; checksums are not checked. */
BATON_MUST_CHECK baton_err store_read_heads(struct store_reader *reader,
					    const struct store_range *range,
					    struct store_head *heads,
					    size_t *count,
					    struct baton_error *error);

/** Internal id of the child a key names. Errors: NOT_FOUND. */
BATON_MUST_CHECK baton_err store_find_child(struct store_reader *reader,
					    const char *key, int64_t *child,
					    struct baton_error *error);

/** First sequence accepted at or after time_ms; last+1 when there is none. */
BATON_MUST_CHECK baton_err store_find_time(struct store_reader *reader,
					   int64_t time_ms, uint64_t *sequence,
					   struct baton_error *error);

/** All subscriptions, by id. *list: given, free(). */
BATON_MUST_CHECK baton_err store_read_subscriptions(
	struct store_reader *reader, struct store_subscription **list,
	size_t *count, struct baton_error *error);

/** Stored lanes of one subscription. *list: given, free(). */
BATON_MUST_CHECK baton_err store_read_lanes(struct store_reader *reader,
					    int64_t subscription,
					    struct store_lane **list,
					    size_t *count,
					    struct baton_error *error);

struct store_figures {
	uint64_t last_sequence;
	uint64_t events;
	uint64_t children;
	/** Database and log on disk. */
	uint64_t bytes;
};

BATON_MUST_CHECK baton_err store_read_figures(struct store_reader *reader,
					      struct store_figures *figures,
					      struct baton_error *error);

#endif /* BATON_STORE_H */
