/* SPDX-License-Identifier: MIT */
#include "broker/tail.h"

#include <pthread.h>
#include <stdlib.h>

/*
 * A ring of slots, a power of two: the record with sequence s is in slot
 * s & mask or nowhere. first .. last is the span that may be held; gaps are
 * empty slots.
 */
struct tail {
	pthread_mutex_t lock;
	const struct record **slots;
	uint64_t mask;
	size_t max_bytes;
	size_t bytes;
	uint64_t first;
	/** 0: nothing was pushed yet. */
	uint64_t last;
};

static size_t
record_cost(const struct record *record)
{
	return sizeof(*record) + record->event.len;
}

baton_err
tail_new(size_t max_bytes, struct tail **tail)
{
	struct tail *made;
	size_t slots = 1;

	*tail = NULL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return BATON_NO_MEMORY;
	/* As many slots as the smallest records could fill. */
	while (slots <= max_bytes / sizeof(struct record))
		slots *= 2;
	made->mask = slots - 1;
	made->slots = calloc(slots, sizeof(void *));
	if (made->slots == NULL)
		goto err0;
	if (pthread_mutex_init(&made->lock, NULL) != 0)
		goto err1;
	made->max_bytes = max_bytes;
	*tail = made;
	return BATON_OK;
err1:
	free(made->slots);
err0:
	free(made);
	return BATON_NO_MEMORY;
}

static const struct record **
slot_of(struct tail *tail, uint64_t sequence)
{
	return &tail->slots[sequence & tail->mask];
}

static void
drop_first(struct tail *tail)
{
	const struct record **slot = slot_of(tail, tail->first);

	if (*slot != NULL) {
		tail->bytes -= record_cost(*slot);
		record_unref(*slot);
		*slot = NULL;
	}
	tail->first++;
}

static void
drop_all(struct tail *tail)
{
	while (tail->bytes > 0)
		drop_first(tail);
}

void
tail_free(struct tail *tail)
{
	if (tail == NULL)
		return;
	drop_all(tail);
	(void)pthread_mutex_destroy(&tail->lock);
	free(tail->slots);
	free(tail);
}

void
tail_push(struct tail *tail, const struct record *record)
{
	uint64_t sequence = record->sequence;

	(void)pthread_mutex_lock(&tail->lock);
	if (sequence <= tail->last)
		goto out;
	/* A gap as wide as the ring leaves nothing that could stay. */
	if (tail->last == 0 || sequence - tail->last > tail->mask) {
		drop_all(tail);
		tail->first = sequence;
	}
	while (sequence - tail->first > tail->mask)
		drop_first(tail);
	*slot_of(tail, sequence) = record_ref(record);
	tail->bytes += record_cost(record);
	tail->last = sequence;
	while (tail->bytes > tail->max_bytes)
		drop_first(tail);
out:
	(void)pthread_mutex_unlock(&tail->lock);
}

const struct record *
tail_get(struct tail *tail, uint64_t sequence)
{
	const struct record *record = NULL;

	(void)pthread_mutex_lock(&tail->lock);
	if (sequence >= tail->first && sequence <= tail->last)
		record = *slot_of(tail, sequence);
	if (record != NULL)
		record = record_ref(record);
	(void)pthread_mutex_unlock(&tail->lock);
	return record;
}
