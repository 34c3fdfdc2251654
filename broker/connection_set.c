/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "broker/connection.h"
#include "broker/connection_state.h"

void
connection_set_add(struct connection_set *set, struct connection *connection)
{
	(void)pthread_mutex_lock(&set->lock);
	connection->next = set->open;
	connection->slot = &set->open;
	if (set->open != NULL)
		set->open->slot = &connection->next;
	set->open = connection;
	(void)pthread_mutex_unlock(&set->lock);
}

void
connection_set_tell(struct connection_set *set, struct connection *connection)
{
	(void)pthread_mutex_lock(&set->lock);
	connection->next_ending = set->ending;
	set->ending = connection;
	(void)pthread_cond_signal(&set->changed);
	(void)pthread_mutex_unlock(&set->lock);
}

static void
connection_set_remove(struct connection_set *set, struct connection *connection)
{
	(void)pthread_mutex_lock(&set->lock);
	*connection->slot = connection->next;
	if (connection->next != NULL)
		connection->next->slot = connection->slot;
	(void)pthread_mutex_unlock(&set->lock);
}

/* Ends connections until the set is to be freed and none is left. */
static void *
connection_set_run(void *argument)
{
	struct connection_set *set = argument;

	(void)pthread_mutex_lock(&set->lock);
	while (!set->stopping || set->open != NULL) {
		struct connection *connection = set->ending;

		if (connection == NULL) {
			(void)pthread_cond_wait(&set->changed, &set->lock);
			continue;
		}
		set->ending = connection->next_ending;
		(void)pthread_mutex_unlock(&set->lock);
		connection_end(connection);
		connection_set_remove(set, connection);
		connection_unref(connection);
		(void)pthread_mutex_lock(&set->lock);
	}
	(void)pthread_mutex_unlock(&set->lock);
	return NULL;
}

baton_err
connection_set_new(const struct connection_options *options,
		   struct connection_set **set)
{
	struct connection_set *made = calloc(1, sizeof(*made));

	*set = NULL;
	if (made == NULL)
		return BATON_NO_MEMORY;
	made->options = *options;
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_cond_init(&made->changed, NULL);
	if (pthread_create(&made->thread, NULL, connection_set_run, made) !=
	    0) {
		(void)pthread_cond_destroy(&made->changed);
		(void)pthread_mutex_destroy(&made->lock);
		free(made);
		return BATON_NO_MEMORY;
	}
	*set = made;
	return BATON_OK;
}

void
connection_set_close(struct connection_set *set, uint32_t id)
{
	struct connection *connection;

	(void)pthread_mutex_lock(&set->lock);
	connection = set->open;
	while (connection != NULL && connection->peer.id != id)
		connection = connection->next;
	if (connection != NULL)
		connection_ref(connection);
	(void)pthread_mutex_unlock(&set->lock);
	if (connection == NULL)
		return;
	connection_close(connection);
	connection_unref(connection);
}

/* A connection that was not told to close yet, referenced; NULL: none. */
static struct connection *
connection_set_take(struct connection_set *set)
{
	struct connection *connection;

	(void)pthread_mutex_lock(&set->lock);
	connection = set->open;
	while (connection != NULL && connection->told)
		connection = connection->next;
	if (connection != NULL) {
		connection->told = true;
		connection_ref(connection);
	}
	(void)pthread_mutex_unlock(&set->lock);
	return connection;
}

void
connection_set_free(struct connection_set *set)
{
	struct connection *connection;

	if (set == NULL)
		return;
	while ((connection = connection_set_take(set)) != NULL) {
		connection_close(connection);
		connection_unref(connection);
	}
	(void)pthread_mutex_lock(&set->lock);
	set->stopping = true;
	(void)pthread_cond_signal(&set->changed);
	(void)pthread_mutex_unlock(&set->lock);
	(void)pthread_join(set->thread, NULL);
	(void)pthread_cond_destroy(&set->changed);
	(void)pthread_mutex_destroy(&set->lock);
	free(set);
}
