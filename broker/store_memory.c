/* SPDX-License-Identifier: MIT */
#include "broker/store_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store.h"

baton_err
store_memory_refuse(struct baton_error *error)
{
	return baton_error_set(error, BATON_NO_MEMORY,
			       "journal: out of memory");
}

/* ---- transactions ---- */

static baton_err
store_memory_commit(struct store *base, struct baton_error *error)
{
	struct store_memory *store = store_memory_of(base);

	(void)error;
	(void)pthread_mutex_lock(&store->lock);
	store->committed = store->extent;
	if (store->drafted) {
		store_memory_lanes_fini(&store->settled);
		store->settled = store->draft;
		memset(&store->draft, 0, sizeof(store->draft));
		store->drafted = false;
	}
	(void)pthread_mutex_unlock(&store->lock);
	return BATON_OK;
}

static void
store_memory_rollback(struct store *base)
{
	struct store_memory *store = store_memory_of(base);

	(void)pthread_mutex_lock(&store->lock);
	while (store->extent.records > store->committed.records)
		record_unref(store->records[--store->extent.records]);
	store->extent = store->committed;
	store_memory_index_cut(store->ids, store->extent.records);
	store_memory_index_cut(store->keys, store->extent.keys);
	store_memory_lanes_fini(&store->draft);
	store->drafted = false;
	(void)pthread_mutex_unlock(&store->lock);
}

/* ---- append ---- */

/* Source and id as one text; a source holds no blank. */
static void
join_id(const char *source, const char *id, char text[STORE_MEMORY_TEXT_BYTES])
{
	(void)snprintf(text, STORE_MEMORY_TEXT_BYTES, "%s %s", source, id);
}

static void
compare_event(const struct record *record, const struct store_event *event,
	      struct store_appended *appended)
{
	appended->sequence = record->sequence;
	if (record->event.len == event->event.len &&
	    (event->event.len == 0 ||
	     memcmp(record->event.data, event->event.data, event->event.len) ==
		     0)) {
		appended->outcome = STORE_DUPLICATE;
		return;
	}
	appended->outcome = STORE_REJECTED;
	appended->reason = BATON_ID_REUSED;
}

/* *child: the one the keys name, 0 without; false when they name two. */
static bool
resolve_child(const struct store_memory *store, const struct store_event *event,
	      int64_t *child)
{
	int64_t named;
	size_t i;

	*child = 0;
	for (i = 0; i < event->child_keys_count; i++) {
		named = store_memory_index_find(store->keys, store->extent.keys,
						event->child_keys[i]);
		if (named != 0 && *child != 0 && named != *child)
			return false;
		if (named != 0)
			*child = named;
	}
	return true;
}

static baton_err
name_child(struct store_memory *store, const struct store_event *event,
	   int64_t child)
{
	size_t i;

	for (i = 0; i < event->child_keys_count; i++) {
		if (store_memory_index_find(store->keys, store->extent.keys,
					    event->child_keys[i]) != 0)
			continue;
		if (store_memory_index_add(store->keys, event->child_keys[i],
					   child) != BATON_OK)
			return BATON_NO_MEMORY;
		store->extent.keys++;
	}
	return BATON_OK;
}

static const struct record *
make_record(const struct store_memory *store, const struct store_event *event,
	    int64_t child)
{
	struct record record = {
		.sequence = store->extent.records + 1,
		.child = child,
		.family = event->family,
		.action = event->action,
		.occurred_at_ms = event->occurred_at_ms,
		.accepted_at_ms = event->accepted_at_ms,
		.event = event->event,
	};

	(void)snprintf(record.partner, NAME_BYTES, "%s", event->partner);
	(void)snprintf(record.source, SOURCE_BYTES, "%s", event->source);
	(void)snprintf(record.id, sizeof(record.id), "%s", event->id);
	return record_new(&record);
}

/* Takes the record on success. */
static baton_err
keep_record(struct store_memory *store, const struct record *record,
	    const char *id)
{
	size_t room = store->records_room == 0 ? 64 : 2 * store->records_room;
	const struct record **grown;

	if (store->extent.records == store->records_room) {
		grown = reallocarray(store->records, room, sizeof(void *));
		if (grown == NULL)
			return BATON_NO_MEMORY;
		store->records = grown;
		store->records_room = room;
	}
	if (store_memory_index_add(store->ids, id, (int64_t)record->sequence) !=
	    BATON_OK)
		return BATON_NO_MEMORY;
	store->records[store->extent.records++] = record;
	store->extent.bytes += record->event.len;
	return BATON_OK;
}

static baton_err
add_event(struct store_memory *store, const struct store_event *event,
	  const char *id, int64_t child, struct store_appended *appended)
{
	const struct record *record;

	if (child == 0)
		child = ++store->extent.last_child;
	if (name_child(store, event, child) != BATON_OK)
		return BATON_NO_MEMORY;
	record = make_record(store, event, child);
	if (record == NULL)
		return BATON_NO_MEMORY;
	if (keep_record(store, record, id) != BATON_OK) {
		record_unref(record);
		return BATON_NO_MEMORY;
	}
	appended->outcome = STORE_ACCEPTED;
	appended->sequence = record->sequence;
	appended->record = record_ref(record);
	return BATON_OK;
}

static baton_err
store_memory_append(struct store *base, const struct store_event *event,
		    struct store_appended *appended, struct baton_error *error)
{
	struct store_memory *store = store_memory_of(base);
	char id[STORE_MEMORY_TEXT_BYTES];
	baton_err err = BATON_OK;
	int64_t sequence;
	int64_t child;

	join_id(event->source, event->id, id);
	(void)pthread_mutex_lock(&store->lock);
	sequence =
		store_memory_index_find(store->ids, store->extent.records, id);
	if (sequence != 0) {
		compare_event(store->records[sequence - 1], event, appended);
	} else if (!resolve_child(store, event, &child)) {
		appended->outcome = STORE_REJECTED;
		appended->reason = BATON_IDENTITY_CONFLICT;
	} else if (add_event(store, event, id, child, appended) != BATON_OK) {
		err = store_memory_refuse(error);
	}
	(void)pthread_mutex_unlock(&store->lock);
	return err;
}

/* ---- life ---- */

static void
store_memory_free(struct store *base)
{
	struct store_memory *store = store_memory_of(base);
	size_t i;

	for (i = 0; i < store->extent.records; i++)
		record_unref(store->records[i]);
	free(store->records);
	store_memory_lanes_fini(&store->settled);
	store_memory_lanes_fini(&store->draft);
	store_memory_index_free(store->ids);
	store_memory_index_free(store->keys);
	(void)pthread_mutex_destroy(&store->lock);
	free(store);
}

/* Nothing can be lost: reopening, probing and checkpointing have no work. */
static baton_err
store_memory_nothing(struct store *base, struct baton_error *error)
{
	(void)base;
	(void)error;
	return BATON_OK;
}

static uint64_t
store_memory_bytes(struct store *base)
{
	return store_memory_of(base)->extent.bytes;
}

static const struct store_ops store_memory_ops = {
	.free = store_memory_free,
	.reopen = store_memory_nothing,
	.begin = store_memory_nothing,
	.commit = store_memory_commit,
	.rollback = store_memory_rollback,
	.touch = store_memory_nothing,
	.append = store_memory_append,
	.subscription_put = store_memory_lanes_subscription_put,
	.position_set = store_memory_lanes_position_set,
	.subscription_drop = store_memory_lanes_subscription_drop,
	.lane_put = store_memory_lanes_put,
	.lane_drop = store_memory_lanes_drop_one,
	.lanes_drop = store_memory_lanes_drop_all,
	.checkpoint = store_memory_nothing,
	.bytes = store_memory_bytes,
	.reader_new = store_memory_read_new,
};

baton_err
store_open_memory(struct store **store, struct baton_error *error)
{
	struct store_memory *made;

	*store = NULL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return store_memory_refuse(error);
	made->base.ops = &store_memory_ops;
	if (store_memory_index_new(&made->ids) != BATON_OK)
		goto err0;
	if (store_memory_index_new(&made->keys) != BATON_OK)
		goto err1;
	if (pthread_mutex_init(&made->lock, NULL) != 0)
		goto err2;
	*store = &made->base;
	return BATON_OK;
err2:
	store_memory_index_free(made->keys);
err1:
	store_memory_index_free(made->ids);
err0:
	free(made);
	return store_memory_refuse(error);
}
