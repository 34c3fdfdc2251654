/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store_memory.h"

struct store_memory_reader {
	struct store_reader base;
	struct store_memory *store;
};

/* Locks the reader's store and gives it. */
static struct store_memory *
lock(struct store_reader *base)
{
	struct store_memory *store =
		((struct store_memory_reader *)base)->store;

	(void)pthread_mutex_lock(&store->lock);
	return store;
}

static void
unlock(struct store_memory *store)
{
	(void)pthread_mutex_unlock(&store->lock);
}

static void
store_memory_reader_free(struct store_reader *base)
{
	free(base);
}

/* The next committed record of the range from *at on, or NULL; *at moves. */
static const struct record *
next_record(const struct store_memory *store, const struct store_range *range,
	    uint64_t *at)
{
	const struct record *record;

	while (*at < store->committed.records) {
		record = store->records[(*at)++];
		if (range->to != 0 && record->sequence > range->to)
			return NULL;
		if (range->child == 0 || record->child == range->child)
			return record;
	}
	return NULL;
}

/* Whether the range has room for the record after count others. */
static bool
has_room(const struct store_range *range, size_t count, size_t used,
	 const struct record *record)
{
	if (count >= range->max_records)
		return false;
	return count == 0 || (used <= range->max_bytes &&
			      record->event.len <= range->max_bytes - used);
}

static baton_err
store_memory_read(struct store_reader *base, const struct store_range *range,
		  const struct record **records, size_t *count,
		  struct baton_error *error)
{
	struct store_memory *store = lock(base);
	const struct record *record;
	uint64_t at = range->after;
	size_t used = 0;

	(void)error;
	while ((record = next_record(store, range, &at)) != NULL &&
	       has_room(range, *count, used, record)) {
		used += record->event.len;
		records[(*count)++] = record_ref(record);
	}
	unlock(store);
	return BATON_OK;
}

static baton_err
store_memory_read_heads(struct store_reader *base,
			const struct store_range *range,
			struct store_head *heads, size_t *count,
			struct baton_error *error)
{
	struct store_memory *store = lock(base);
	const struct record *record;
	struct store_head *head;
	uint64_t at = range->after;
	size_t used = 0;

	(void)error;
	while ((record = next_record(store, range, &at)) != NULL &&
	       has_room(range, *count, used, record)) {
		used += record->event.len;
		head = &heads[(*count)++];
		head->sequence = record->sequence;
		head->child = record->child;
		head->family = record->family;
		head->bytes = (uint32_t)record->event.len;
		memcpy(head->source, record->source, SOURCE_BYTES);
	}
	unlock(store);
	return BATON_OK;
}

static baton_err
store_memory_find_child(struct store_reader *base, const char *key,
			int64_t *child, struct baton_error *error)
{
	struct store_memory *store = lock(base);

	*child = store_memory_index_find(store->keys, store->committed.keys,
					 key);
	unlock(store);
	if (*child == 0) {
		return baton_error_set(error, BATON_NOT_FOUND,
				       "journal: find child: not found");
	}
	return BATON_OK;
}

static baton_err
store_memory_find_time(struct store_reader *base, int64_t time_ms,
		       uint64_t *sequence, struct baton_error *error)
{
	struct store_memory *store = lock(base);
	size_t i = 0;

	(void)error;
	while (i < store->committed.records &&
	       store->records[i]->accepted_at_ms < time_ms)
		i++;
	*sequence = i + 1;
	unlock(store);
	return BATON_OK;
}

/* Copies count entries; *copy: given, NULL for none. */
static baton_err
give_copy(const void *list, size_t count, size_t entry_bytes, void **copy,
	  struct baton_error *error)
{
	*copy = NULL;
	if (count == 0)
		return BATON_OK;
	*copy = calloc(count, entry_bytes);
	if (*copy == NULL)
		return store_memory_refuse(error);
	memcpy(*copy, list, count * entry_bytes);
	return BATON_OK;
}

static baton_err
store_memory_read_subscriptions(struct store_reader *base,
				struct store_subscription **list, size_t *count,
				struct baton_error *error)
{
	struct store_memory *store = lock(base);
	const struct settlements *settled = &store->settled;
	baton_err err;
	void *copy;

	err = give_copy(settled->subscriptions, settled->subscriptions_count,
			sizeof(**list), &copy, error);
	if (err == BATON_OK) {
		*list = copy;
		*count = settled->subscriptions_count;
	}
	unlock(store);
	return err;
}

static baton_err
store_memory_read_lanes(struct store_reader *base, int64_t subscription,
			struct store_lane **list, size_t *count,
			struct baton_error *error)
{
	struct store_memory *store = lock(base);
	const struct settlements *settled = &store->settled;
	size_t first = 0;
	size_t last;
	baton_err err;
	void *copy;

	while (first < settled->lanes_count &&
	       settled->lanes[first].subscription < subscription)
		first++;
	last = first;
	while (last < settled->lanes_count &&
	       settled->lanes[last].subscription == subscription)
		last++;
	err = give_copy(settled->lanes + first, last - first, sizeof(**list),
			&copy, error);
	if (err == BATON_OK) {
		*list = copy;
		*count = last - first;
	}
	unlock(store);
	return err;
}

static baton_err
store_memory_read_figures(struct store_reader *base,
			  struct store_figures *figures,
			  struct baton_error *error)
{
	struct store_memory *store = lock(base);

	(void)error;
	figures->last_sequence = store->committed.records;
	figures->events = store->committed.records;
	figures->children = (uint64_t)store->committed.last_child;
	figures->bytes = store->committed.bytes;
	unlock(store);
	return BATON_OK;
}

static const struct store_reader_ops store_memory_reader_ops = {
	.free = store_memory_reader_free,
	.read = store_memory_read,
	.read_heads = store_memory_read_heads,
	.find_child = store_memory_find_child,
	.find_time = store_memory_find_time,
	.read_subscriptions = store_memory_read_subscriptions,
	.read_lanes = store_memory_read_lanes,
	.read_figures = store_memory_read_figures,
};

baton_err
store_memory_read_new(struct store *base, struct store_reader **reader,
		      struct baton_error *error)
{
	struct store_memory_reader *made;

	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return store_memory_refuse(error);
	made->base.ops = &store_memory_reader_ops;
	made->store = store_memory_of(base);
	*reader = &made->base;
	return BATON_OK;
}
