/* SPDX-License-Identifier: MIT */
#include "broker/session.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_BUCKETS 256

/* A peer whose BUSY answers pile up as well is not reading; it may hold this
 * many times its share before it is cut off; nor may all BUSY answers to a
 * partner take more places than that beyond the partner's own. */
#define SESSION_PATIENCE 4

/* A listener and whom it stands for. Removed only when it could not be
 * started: listeners are not closed while the broker runs. */
struct binding {
	uint32_t listener;
	char partner[NAME_BYTES];
	enum session_guard guard;
	/** Requests waiting, over all its pipes. */
	size_t held;
	struct binding *next;
};

/* A pipe. Outlives its connection while requests of it are held. */
struct session {
	uint32_t pipe;
	uid_t uid;
	struct binding *binding;
	size_t held;
	bool closed;
	bool hung_up;
	bool greeted;
	struct session *next;
};

struct session_table {
	pthread_mutex_t lock;
	struct session_options options;
	struct agreement *agreement;
	struct binding *bindings;
	struct session *buckets[SESSION_BUCKETS];
	size_t count;
};

baton_err
session_table_new(struct agreement *agreement,
		  const struct session_options *options,
		  struct session_table **table)
{
	*table = calloc(1, sizeof(**table));
	if (*table == NULL)
		return BATON_NO_MEMORY;
	(void)pthread_mutex_init(&(*table)->lock, NULL);
	(*table)->options = *options;
	(*table)->agreement = agreement;
	return BATON_OK;
}

void
session_table_free(struct session_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < SESSION_BUCKETS; i++) {
		while (table->buckets[i] != NULL) {
			struct session *session = table->buckets[i];

			table->buckets[i] = session->next;
			free(session);
		}
	}
	while (table->bindings != NULL) {
		struct binding *binding = table->bindings;

		table->bindings = binding->next;
		free(binding);
	}
	agreement_free(table->agreement);
	(void)pthread_mutex_destroy(&table->lock);
	free(table);
}

baton_err
session_bind(struct session_table *table, uint32_t listener,
	     const char *partner, enum session_guard guard)
{
	struct binding *binding = calloc(1, sizeof(*binding));

	if (binding == NULL)
		return BATON_NO_MEMORY;
	binding->listener = listener;
	binding->guard = guard;
	(void)snprintf(binding->partner, sizeof(binding->partner), "%s",
		       partner);
	(void)pthread_mutex_lock(&table->lock);
	binding->next = table->bindings;
	table->bindings = binding;
	(void)pthread_mutex_unlock(&table->lock);
	return BATON_OK;
}

void
session_unbind(struct session_table *table, uint32_t listener)
{
	struct binding **slot = &table->bindings;
	struct binding *binding;

	(void)pthread_mutex_lock(&table->lock);
	while (*slot != NULL && (*slot)->listener != listener)
		slot = &(*slot)->next;
	binding = *slot;
	if (binding != NULL)
		*slot = binding->next;
	(void)pthread_mutex_unlock(&table->lock);
	free(binding);
}

bool
session_is_bound(struct session_table *table, const char *partner,
		 enum session_guard guard)
{
	const struct binding *binding;

	(void)pthread_mutex_lock(&table->lock);
	binding = table->bindings;
	while (binding != NULL && (strcmp(binding->partner, partner) != 0 ||
				   binding->guard != guard))
		binding = binding->next;
	(void)pthread_mutex_unlock(&table->lock);
	return binding != NULL;
}

static struct session **
session_slot(struct session_table *table, uint32_t pipe)
{
	struct session **slot = &table->buckets[pipe % SESSION_BUCKETS];

	while (*slot != NULL && (*slot)->pipe != pipe)
		slot = &(*slot)->next;
	return slot;
}

static void
session_remove(struct session_table *table, struct session **slot)
{
	struct session *session = *slot;

	*slot = session->next;
	table->count--;
	free(session);
}

static bool
session_admits(const struct session_table *table,
	       const struct agreement *agreement, const struct binding *binding,
	       uid_t uid)
{
	const struct partner *partner =
		agreement_find(agreement, binding->partner);

	if (partner == NULL)
		return false;
	if (binding->guard == SESSION_GUARD_NONE)
		return true;
	if (uid == SESSION_UID_UNKNOWN)
		return false;
	return uid == 0 || uid == table->options.own_uid ||
	       (partner->has_user && uid == partner->uid);
}

bool
session_open(struct session_table *table, uint32_t listener, uint32_t pipe,
	     uid_t uid)
{
	struct session *session = calloc(1, sizeof(*session));
	struct binding *binding;
	struct session **slot;
	bool admitted;

	if (session == NULL)
		return false;
	(void)pthread_mutex_lock(&table->lock);
	binding = table->bindings;
	while (binding != NULL && binding->listener != listener)
		binding = binding->next;
	slot = session_slot(table, pipe);
	/* The id comes round again after four thousand million. */
	admitted = *slot == NULL && binding != NULL &&
		   session_admits(table, table->agreement, binding, uid);
	if (admitted) {
		session->pipe = pipe;
		session->uid = uid;
		session->binding = binding;
		session->next = *slot;
		*slot = session;
		table->count++;
	}
	(void)pthread_mutex_unlock(&table->lock);
	if (!admitted)
		free(session);
	return admitted;
}

bool
session_hang_up(struct session_table *table, uint32_t pipe)
{
	struct session *session;
	bool first;

	(void)pthread_mutex_lock(&table->lock);
	session = *session_slot(table, pipe);
	first = session != NULL && !session->closed && !session->hung_up;
	if (first)
		session->hung_up = true;
	(void)pthread_mutex_unlock(&table->lock);
	return first;
}

bool
session_greet(struct session_table *table, uint32_t pipe)
{
	struct session *session;
	bool first;

	(void)pthread_mutex_lock(&table->lock);
	session = *session_slot(table, pipe);
	first = session != NULL && !session->greeted;
	if (first)
		session->greeted = true;
	(void)pthread_mutex_unlock(&table->lock);
	return first;
}

bool
session_close(struct session_table *table, uint32_t pipe)
{
	struct session **slot;
	bool known;

	(void)pthread_mutex_lock(&table->lock);
	slot = session_slot(table, pipe);
	known = *slot != NULL && !(*slot)->closed;
	if (known && (*slot)->held > 0) {
		(*slot)->closed = true;
	} else if (known) {
		session_remove(table, slot);
	}
	(void)pthread_mutex_unlock(&table->lock);
	return known;
}

/* The peer as the agreement has it now; false when it has it no more. */
static bool
session_fill(const struct session_table *table, const struct session *session,
	     struct peer *peer)
{
	const struct partner *partner =
		agreement_find(table->agreement, session->binding->partner);

	if (partner == NULL)
		return false;
	memcpy(peer->source, partner->source, sizeof(peer->source));
	peer->sector = partner->sector;
	peer->nhs_number_policy = partner->nhs_number_policy;
	return true;
}

enum session_verdict
session_enter(struct session_table *table, uint32_t pipe, struct peer *peer)
{
	const struct session_options *options = &table->options;
	enum session_verdict verdict = SESSION_CUT_OFF;
	struct session *session;

	(void)pthread_mutex_lock(&table->lock);
	session = *session_slot(table, pipe);
	memset(peer, 0, sizeof(*peer));
	peer->pipe = pipe;
	if (session != NULL) {
		memcpy(peer->partner, session->binding->partner,
		       sizeof(peer->partner));
	}
	if (session != NULL && !session->closed && !session->hung_up &&
	    session->held < options->per_pipe * SESSION_PATIENCE &&
	    session->binding->held <
		    options->per_partner +
			    options->per_pipe * SESSION_PATIENCE &&
	    session_fill(table, session, peer)) {
		verdict = session->held < options->per_pipe &&
					  session->binding->held <
						  options->per_partner
				  ? SESSION_SERVE
				  : SESSION_BUSY;
		session->held++;
		session->binding->held++;
	}
	(void)pthread_mutex_unlock(&table->lock);
	return verdict;
}

void
session_leave(struct session_table *table, uint32_t pipe)
{
	struct session **slot;

	(void)pthread_mutex_lock(&table->lock);
	slot = session_slot(table, pipe);
	if (*slot != NULL && (*slot)->held > 0) {
		(*slot)->held--;
		(*slot)->binding->held--;
		if ((*slot)->closed && (*slot)->held == 0)
			session_remove(table, slot);
	}
	(void)pthread_mutex_unlock(&table->lock);
}

/* Lists the pipes that agreement does not let in; NULL when memory is out. */
static uint32_t *
session_evicted(const struct session_table *table,
		const struct agreement *agreement, size_t *count)
{
	uint32_t *pipes = calloc(table->count + 1, sizeof(*pipes));

	*count = 0;
	for (size_t i = 0; i < SESSION_BUCKETS && pipes != NULL; i++) {
		for (const struct session *at = table->buckets[i]; at != NULL;
		     at = at->next) {
			if (!at->closed &&
			    !session_admits(table, agreement, at->binding,
					    at->uid))
				pipes[(*count)++] = at->pipe;
		}
	}
	return pipes;
}

baton_err
session_replace(struct session_table *table, struct agreement *agreement,
		uint32_t **pipes, size_t *count)
{
	struct agreement *old = NULL;

	(void)pthread_mutex_lock(&table->lock);
	*pipes = session_evicted(table, agreement, count);
	if (*pipes != NULL) {
		old = table->agreement;
		table->agreement = agreement;
	}
	(void)pthread_mutex_unlock(&table->lock);
	agreement_free(old);
	return *pipes == NULL ? BATON_NO_MEMORY : BATON_OK;
}
