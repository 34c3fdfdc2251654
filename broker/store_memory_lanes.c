/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "broker/store_memory.h"

void
store_memory_lanes_fini(struct settlements *settlements)
{
	free(settlements->subscriptions);
	free(settlements->lanes);
	memset(settlements, 0, sizeof(*settlements));
}

/* Copies count entries, with room for more. */
static void *
copy_list(const void *list, size_t count, size_t entry_bytes, size_t *room)
{
	void *copy;

	*room = count + 16;
	copy = calloc(*room, entry_bytes);
	if (copy != NULL && count > 0)
		memcpy(copy, list, count * entry_bytes);
	return copy;
}

/* The transaction's own settlements. */
static baton_err
draft(struct store_memory *store, struct settlements **settlements,
      struct baton_error *error)
{
	const struct settlements *from = &store->settled;
	struct settlements *copy = &store->draft;

	*settlements = copy;
	if (store->drafted)
		return BATON_OK;
	copy->subscriptions = copy_list(
		from->subscriptions, from->subscriptions_count,
		sizeof(*from->subscriptions), &copy->subscriptions_room);
	copy->subscriptions_count = from->subscriptions_count;
	copy->lanes = copy_list(from->lanes, from->lanes_count,
				sizeof(*from->lanes), &copy->lanes_room);
	copy->lanes_count = from->lanes_count;
	if (copy->subscriptions == NULL || copy->lanes == NULL) {
		store_memory_lanes_fini(copy);
		(void)store_memory_refuse(error);
		return BATON_NO_MEMORY;
	}
	store->drafted = true;
	return BATON_OK;
}

/* ---- subscriptions ---- */

/* Makes room for one more entry. */
static baton_err
grow_list(void **list, size_t *room, size_t count, size_t entry_bytes)
{
	void *grown;

	if (count < *room)
		return BATON_OK;
	grown = reallocarray(*list, 2 * *room, entry_bytes);
	if (grown == NULL)
		return BATON_NO_MEMORY;
	*list = grown;
	*room *= 2;
	return BATON_OK;
}

static struct store_subscription *
find_subscription(const struct settlements *settlements, int64_t id)
{
	size_t i;

	for (i = 0; i < settlements->subscriptions_count; i++) {
		if (settlements->subscriptions[i].id == id)
			return &settlements->subscriptions[i];
	}
	return NULL;
}

static bool
is_name_taken(const struct settlements *settlements,
	      const struct store_subscription *subscription)
{
	const struct store_subscription *other;
	size_t i;

	for (i = 0; i < settlements->subscriptions_count; i++) {
		other = &settlements->subscriptions[i];
		if (other->id != subscription->id &&
		    strcmp(other->partner, subscription->partner) == 0 &&
		    strcmp(other->name, subscription->name) == 0)
			return true;
	}
	return false;
}

static bool
is_child(const struct store_memory *store, int64_t child)
{
	return child > 0 && child <= store->extent.last_child;
}

static baton_err
refuse_missing(struct baton_error *error)
{
	return baton_error_set(error, BATON_NOT_FOUND,
			       "journal: no such subscription or child");
}

static baton_err
add_subscription(struct store_memory *store, struct settlements *settlements,
		 struct store_subscription *subscription,
		 struct baton_error *error)
{
	void *list = settlements->subscriptions;

	if (grow_list(&list, &settlements->subscriptions_room,
		      settlements->subscriptions_count,
		      sizeof(*subscription)) != BATON_OK)
		return store_memory_refuse(error);
	settlements->subscriptions = list;
	subscription->id = ++store->extent.last_subscription;
	settlements->subscriptions[settlements->subscriptions_count++] =
		*subscription;
	return BATON_OK;
}

baton_err
store_memory_lanes_subscription_put(struct store *base,
				    struct store_subscription *subscription,
				    struct baton_error *error)
{
	struct store_memory *store = store_memory_of(base);
	struct store_subscription *kept;
	struct settlements *settlements;
	baton_err err;

	err = draft(store, &settlements, error);
	if (err != BATON_OK)
		return err;
	if (subscription->filter.child != 0 &&
	    !is_child(store, subscription->filter.child))
		return refuse_missing(error);
	if (is_name_taken(settlements, subscription)) {
		return baton_error_set(error, BATON_EXISTS,
				       "journal: subscription exists already");
	}
	if (subscription->id == 0) {
		return add_subscription(store, settlements, subscription,
					error);
	}
	kept = find_subscription(settlements, subscription->id);
	if (kept == NULL)
		return refuse_missing(error);
	*kept = *subscription;
	return BATON_OK;
}

/* Removes the lanes that match; keep says which stay. */
static void
filter_lanes(struct settlements *settlements,
	     bool (*keep)(const struct store_lane *lane,
			  const struct store_lane *by),
	     const struct store_lane *by)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < settlements->lanes_count; i++) {
		if (keep(&settlements->lanes[i], by))
			settlements->lanes[kept++] = settlements->lanes[i];
	}
	settlements->lanes_count = kept;
}

static bool
is_not_overtaken(const struct store_lane *lane, const struct store_lane *by)
{
	return lane->subscription != by->subscription || lane->behind ||
	       lane->state != STORE_LANE_FLOWING ||
	       lane->settled_to > by->settled_to;
}

static bool
is_of_another(const struct store_lane *lane, const struct store_lane *by)
{
	return lane->subscription != by->subscription;
}

static bool
is_another(const struct store_lane *lane, const struct store_lane *by)
{
	return lane->subscription != by->subscription ||
	       lane->child != by->child;
}

baton_err
store_memory_lanes_position_set(struct store *base, int64_t subscription,
				uint64_t position, struct baton_error *error)
{
	struct store_lane by = {.subscription = subscription,
				.settled_to = position};
	struct store_subscription *kept;
	struct settlements *settlements;
	baton_err err;

	err = draft(store_memory_of(base), &settlements, error);
	if (err != BATON_OK)
		return err;
	kept = find_subscription(settlements, subscription);
	if (kept == NULL)
		return refuse_missing(error);
	kept->position = position;
	filter_lanes(settlements, is_not_overtaken, &by);
	return BATON_OK;
}

baton_err
store_memory_lanes_subscription_drop(struct store *base, int64_t subscription,
				     struct baton_error *error)
{
	struct store_lane by = {.subscription = subscription};
	struct store_subscription *gone;
	struct settlements *settlements;
	baton_err err;
	size_t after;

	err = draft(store_memory_of(base), &settlements, error);
	if (err != BATON_OK)
		return err;
	gone = find_subscription(settlements, subscription);
	if (gone == NULL)
		return refuse_missing(error);
	after = (size_t)(gone - settlements->subscriptions) + 1;
	memmove(gone, gone + 1,
		(settlements->subscriptions_count - after) * sizeof(*gone));
	settlements->subscriptions_count--;
	filter_lanes(settlements, is_of_another, &by);
	return BATON_OK;
}

/* ---- lanes ---- */

/* Where the lane is, or where it belongs. */
static size_t
lane_place(const struct settlements *settlements, const struct store_lane *lane)
{
	const struct store_lane *other;
	size_t low = 0;
	size_t high = settlements->lanes_count;
	size_t middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		other = &settlements->lanes[middle];
		if (other->subscription < lane->subscription ||
		    (other->subscription == lane->subscription &&
		     other->child < lane->child)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

baton_err
store_memory_lanes_put(struct store *base, const struct store_lane *lane,
		       struct baton_error *error)
{
	struct store_memory *store = store_memory_of(base);
	struct settlements *settlements;
	baton_err err;
	size_t place;
	void *list;

	err = draft(store, &settlements, error);
	if (err != BATON_OK)
		return err;
	if (find_subscription(settlements, lane->subscription) == NULL ||
	    !is_child(store, lane->child))
		return refuse_missing(error);
	place = lane_place(settlements, lane);
	if (place < settlements->lanes_count &&
	    !is_another(&settlements->lanes[place], lane)) {
		settlements->lanes[place] = *lane;
		return BATON_OK;
	}
	list = settlements->lanes;
	if (grow_list(&list, &settlements->lanes_room, settlements->lanes_count,
		      sizeof(*lane)) != BATON_OK)
		return store_memory_refuse(error);
	settlements->lanes = list;
	memmove(&settlements->lanes[place + 1], &settlements->lanes[place],
		(settlements->lanes_count - place) * sizeof(*lane));
	settlements->lanes[place] = *lane;
	settlements->lanes_count++;
	return BATON_OK;
}

baton_err
store_memory_lanes_drop_one(struct store *base, int64_t subscription,
			    int64_t child, struct baton_error *error)
{
	struct store_lane by = {.subscription = subscription, .child = child};
	struct settlements *settlements;
	baton_err err;

	err = draft(store_memory_of(base), &settlements, error);
	if (err == BATON_OK)
		filter_lanes(settlements, is_another, &by);
	return err;
}

baton_err
store_memory_lanes_drop_all(struct store *base, int64_t subscription,
			    struct baton_error *error)
{
	struct store_lane by = {.subscription = subscription};
	struct settlements *settlements;
	baton_err err;

	err = draft(store_memory_of(base), &settlements, error);
	if (err == BATON_OK)
		filter_lanes(settlements, is_of_another, &by);
	return err;
}
