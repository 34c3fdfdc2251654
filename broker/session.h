/* SPDX-License-Identifier: MIT */
#ifndef BATON_SESSION_H
#define BATON_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "baton/error.h"
#include "broker/agreement.h"
#include "broker/exchange.h"

/**
 * Who is on a pipe. A partner is the socket it came through: each listener
 * stands for one partner, each pipe (one client connection) for who its
 * listener stands for, as long as the agreement names that partner. Also
 * counts the requests each pipe and each partner has waiting, so that one
 * peer cannot take what all need.
 *
 * Listeners and pipes are named by ids; nng itself is not used here.
 * Any thread.
 */
struct session_table;

struct session_options {
	/** Requests one pipe may have waiting. */
	size_t per_pipe;
	/** Requests all pipes of one partner may have waiting. */
	size_t per_partner;
	/** The broker's own user. */
	uid_t own_uid;
};

/**
 * agreement: taken on OK.
 * *table: given, free with session_table_free(). Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err session_table_new(
	struct agreement *agreement, const struct session_options *options,
	struct session_table **table);

/** NULL is allowed. */
void session_table_free(struct session_table *table);

/** How a listener knows who connects. */
enum session_guard {
	/** The peer's uid is the partner's, the broker's own or root's. */
	SESSION_GUARD_UID = 1,
	/** Not at all: insecure_tcp. */
	SESSION_GUARD_NONE = 2,
};

/** From now on this listener stands for this partner. Errors: NO_MEMORY. */
BATON_MUST_CHECK baton_err session_bind(struct session_table *table,
					uint32_t listener, const char *partner,
					enum session_guard guard);

/** Takes a listener out again that could not be started. */
void session_unbind(struct session_table *table, uint32_t listener);

/** Whether a listener with this guard stands for this partner already. */
bool session_is_bound(struct session_table *table, const char *partner,
		      enum session_guard guard);

/** A uid that is not known. */
#define SESSION_UID_UNKNOWN ((uid_t)-1)

/** A pipe wants in; false: refuse it. */
bool session_open(struct session_table *table, uint32_t listener, uint32_t pipe,
		  uid_t uid);

/** A pipe is to end: requests that still come are SESSION_CUT_OFF. False when
 *  it was told so before, or is not there. */
bool session_hang_up(struct session_table *table, uint32_t pipe);

/**
 * Whether this is the first greeting of a pipe, so that its log line is
 * written once.
 */
bool session_greet(struct session_table *table, uint32_t pipe);

/** A pipe has ended; false when it was never let in. */
bool session_close(struct session_table *table, uint32_t pipe);

enum session_verdict {
	/** Serve it; session_leave() when it is answered. */
	SESSION_SERVE = 1,
	/** Too many are waiting: answer BUSY, then session_leave(). */
	SESSION_BUSY = 2,
	/** The peer sends on without reading its answers, or the agreement no
	 *  longer names it: close the pipe; no session_leave(). */
	SESSION_CUT_OFF = 3,
};

/** A request has come. peer: filled on SERVE and BUSY; on CUT_OFF it has only
 *  the partner, for the log. */
enum session_verdict session_enter(struct session_table *table, uint32_t pipe,
				   struct peer *peer);

/** A request is answered, or its pipe is gone. */
void session_leave(struct session_table *table, uint32_t pipe);

/**
 * Puts another agreement in the place of the current one.
 *
 * agreement: taken on OK.
 * *pipes: those it no longer lets in, count of them; given, free(); the
 * caller closes them. Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err session_replace(struct session_table *table,
					   struct agreement *agreement,
					   uint32_t **pipes, size_t *count);

#endif /* BATON_SESSION_H */
