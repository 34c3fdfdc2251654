/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLIENT_H
#define BATON_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "baton/event.h"

/**
 * A client of the broker: one partner's connection. It connects when first
 * used, reconnects by itself with jittered back-off and repeats what was
 * unanswered, which is safe because the broker answers a repeat of
 * (source, id) as the first time.
 *
 * Every function may be called from any thread at the same time on one
 * client, except baton_client_free(). Nothing here is global. A process may
 * fork until its first call that connects, not after: nng's threads do not
 * live on in the child.
 */
struct baton_client;

struct baton_client_options {
	/** "ipc:///run/baton/partners/ID.sock", or "tcp://127.0.0.1:PORT" for
	 *  development. NULL: $BATON_URL, else
	 *  "ipc:///run/baton/partners/operator.sock". */
	const char *url;
	/** Program and version for the operator's log; NULL: "libbaton". */
	const char *name;
	/** How long one call may take in all, with reconnecting and repeats;
	 *  0: 30,000. Fetches add their wait to it. */
	uint32_t timeout_ms;
};

/**
 * Makes a client; does not connect yet.
 *
 * options: borrowed during the call; NULL means all defaults.
 * *client: given, free with baton_client_free().
 * Errors: INVALID (url), NO_MEMORY, INTERNAL (nng).
 */
BATON_API BATON_MUST_CHECK baton_err
baton_client_new(const struct baton_client_options *options,
		 struct baton_client **client, struct baton_error *error);

/** Ends calls under way with CLOSED, waits for them and frees the client; not
 *  from a deliver callback. NULL is allowed. */
BATON_API void baton_client_free(struct baton_client *client);

/** Ends every later call with CLOSED at once, and those under way after a
 *  quarter of a second, in which answers on their way still arrive; does not
 *  wait for that. Verdicts given before are still sent. Any thread, a deliver
 *  callback too. */
BATON_API void baton_client_close(struct baton_client *client);

/** Who we are to the broker and what one request may hold. */
struct baton_hello {
	char broker_version[32];
	char partner[65];
	/** Source attribute of our events, "/ods/RPG". */
	char source[32];
	uint32_t max_message_bytes;
	uint32_t max_event_bytes;
	uint32_t max_batch_events;
	uint32_t max_fetch_events;
	uint32_t max_wait_ms;
};

/** Connects if need be and says hello. Errors: as baton_publish(). */
BATON_API BATON_MUST_CHECK baton_err
baton_client_hello(struct baton_client *client, struct baton_hello *hello,
		   struct baton_error *error);

enum baton_outcome {
	/** No answer was had for this event: publish it again. */
	BATON_OUTCOME_UNKNOWN = 0,
	BATON_OUTCOME_ACCEPTED = 1,
	BATON_OUTCOME_DUPLICATE = 2,
	BATON_OUTCOME_REJECTED = 3,
};

struct baton_publish_result {
	enum baton_outcome outcome;
	/** Journal sequence; on DUPLICATE that of the first time. */
	uint64_t sequence;
	/** On REJECTED: why, where. */
	struct baton_problem problem;
};

/**
 * Publishes events and waits until each is on disk, rejected, or the time is
 * up. Repeats on BUSY, UNAVAILABLE and lost connections, splits by the
 * broker's limits, and keeps the order of the events.
 *
 * events: count spans, borrowed. results: count entries, filled in order.
 * Returns OK when every event has an outcome other than UNKNOWN (rejected
 * ones included: look at the results). Errors: TIMEOUT, UNREACHABLE, BUSY and
 * UNAVAILABLE (time is up; the text says which), DENIED, CLOSED, TOO_LARGE,
 * UNSUPPORTED, MALFORMED (answer), NO_MEMORY.
 */
BATON_API BATON_MUST_CHECK baton_err
baton_publish(struct baton_client *client, const struct baton_span *events,
	      size_t count, struct baton_publish_result *results,
	      struct baton_error *error);

/** Where a subscription starts or is moved to. */
enum baton_start {
	BATON_START_BEGINNING = 1,
	BATON_START_NOW = 2,
	BATON_START_SEQUENCE = 3,
	BATON_START_TIME = 4,
};

/** Which events; NULL or empty lists match all. All strings are borrowed. */
struct baton_filter {
	/** "referral", "panel_decision", "annual_review_due", "transition". */
	const char *const *types;
	size_t types_count;
	/** "/ods/RPG", "/urn/123456", "/la/887". */
	const char *const *sources;
	size_t sources_count;
	/** "nhs_number:9990000018" and so on (baton.v1.Filter.child), or NULL.
	 */
	const char *child;
};

struct baton_subscription_options {
	/** 1 to 64 of a-z 0-9 . _ -; required. */
	const char *name;
	struct baton_filter filter;
	/** 0: BATON_START_BEGINNING. */
	enum baton_start start;
	uint64_t start_sequence;
	int64_t start_time_ms;
	/** Events in one fetch, 0: 100. */
	uint32_t max_events;
	/** 0: the broker's default lease. */
	uint32_t lease_ms;
};

/** One delivered event; everything is borrowed during the callback. */
struct baton_delivery {
	uint64_t sequence;
	struct baton_span event;
	uint64_t lease;
	uint32_t attempt;
	int64_t accepted_at_ms;
	const char *partner;
};

/** What the subscriber says of a delivered event. */
enum baton_verdict {
	BATON_ACCEPTED = 1,
	/** Not now; the broker backs off and delivers again. */
	BATON_RETRY = 2,
	/** Never; the event is parked for an operator. */
	BATON_REJECTED = 3,
};

/**
 * Handles one event. reason: for RETRY and REJECTED write at most 200 bytes
 * without personal data.
 */
typedef enum baton_verdict (*baton_deliver_fn)(
	void *context, const struct baton_delivery *delivery, char reason[201]);

/** Makes or confirms a durable subscription. Errors: EXISTS, DENIED,
 *  NOT_FOUND (filter's child), INVALID, and those of baton_publish(). */
BATON_API BATON_MUST_CHECK baton_err
baton_subscribe(struct baton_client *client,
		const struct baton_subscription_options *options,
		struct baton_error *error);

/**
 * Fetches once, waiting up to wait_ms, hands each event to deliver in order
 * and settles them. After RETRY or REJECTED the later events of the same
 * child in this fetch are not handed over: the broker delivers them again in
 * order. Runs deliver on the calling thread.
 *
 * *delivered: events handed over; may be NULL. wait_ms 0 to 30,000.
 * Errors: NOT_FOUND (no such subscription), and those of baton_publish().
 */
BATON_API BATON_MUST_CHECK baton_err
baton_fetch(struct baton_client *client,
	    const struct baton_subscription_options *options, uint32_t wait_ms,
	    baton_deliver_fn deliver, void *context, size_t *delivered,
	    struct baton_error *error);

/**
 * Subscribes and fetches until baton_client_close() is called: the loop of a
 * subscriber. Survives the broker's restarts; waits while it is away.
 *
 * Returns OK after baton_client_close(). Errors: EXISTS, DENIED, NOT_FOUND,
 * INVALID, UNSUPPORTED, NO_MEMORY: those that waiting does not mend.
 */
BATON_API BATON_MUST_CHECK baton_err
baton_run(struct baton_client *client,
	  const struct baton_subscription_options *options,
	  baton_deliver_fn deliver, void *context, struct baton_error *error);

#endif /* BATON_CLIENT_H */
