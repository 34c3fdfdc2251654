/* SPDX-License-Identifier: MIT */
#include "broker/fetches.h"

#include <stdlib.h>

baton_err
fetches_add(struct fetches *fetches, struct exchange *exchange,
	    int64_t deadline_ms)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	if (fetch == NULL) {
		return BATON_NO_MEMORY;
	}
	fetch->exchange = exchange;
	fetch->deadline_ms = deadline_ms;
	if (fetches->last == NULL) {
		fetches->first = fetch;
	} else {
		fetches->last->next = fetch;
	}
	fetches->last = fetch;
	fetches->count++;
	return BATON_OK;
}

struct exchange *
fetches_first(const struct fetches *fetches)
{
	return fetches->first == NULL ? NULL : fetches->first->exchange;
}

/* previous: the one before fetch, NULL when fetch is the first. */
static struct exchange *
fetches_unlink(struct fetches *fetches, struct fetch *previous,
	       struct fetch *fetch)
{
	struct exchange *exchange = fetch->exchange;

	if (previous == NULL) {
		fetches->first = fetch->next;
	} else {
		previous->next = fetch->next;
	}
	if (fetches->last == fetch) {
		fetches->last = previous;
	}
	fetches->count--;
	free(fetch);
	return exchange;
}

struct exchange *
fetches_take(struct fetches *fetches)
{
	if (fetches->first == NULL) {
		return NULL;
	}
	return fetches_unlink(fetches, NULL, fetches->first);
}

struct exchange *
fetches_take_due(struct fetches *fetches, int64_t now_ms)
{
	struct fetch *previous = NULL;

	for (struct fetch *fetch = fetches->first; fetch != NULL;
	     fetch = fetch->next) {
		if (fetch->deadline_ms <= now_ms) {
			return fetches_unlink(fetches, previous, fetch);
		}
		previous = fetch;
	}
	return NULL;
}

struct exchange *
fetches_take_pipe(struct fetches *fetches, uint32_t pipe)
{
	struct fetch *previous = NULL;

	for (struct fetch *fetch = fetches->first; fetch != NULL;
	     fetch = fetch->next) {
		if (fetch->exchange->peer.pipe == pipe) {
			return fetches_unlink(fetches, previous, fetch);
		}
		previous = fetch;
	}
	return NULL;
}

int64_t
fetches_deadline_ms(const struct fetches *fetches)
{
	int64_t deadline_ms = INT64_MAX;

	for (const struct fetch *fetch = fetches->first; fetch != NULL;
	     fetch = fetch->next) {
		if (fetch->deadline_ms < deadline_ms) {
			deadline_ms = fetch->deadline_ms;
		}
	}
	return deadline_ms;
}
