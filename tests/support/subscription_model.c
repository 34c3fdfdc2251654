/* SPDX-License-Identifier: MIT */
#include "tests/support/subscription_model.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "broker/filter.h"
#include "broker/subscription.h"

#define MODEL_CHILDREN 6
#define MODEL_EVENTS 512
#define MODEL_TAKE 16
#define MODEL_WINDOW 24
#define MODEL_ATTEMPTS 3
#define MODEL_LEASE_MS 1000
#define MODEL_DRAIN_MAX 100000

/* What is on disk of one child's lane. */
struct model_row {
	bool stored;
	struct store_lane lane;
};

struct model {
	const uint8_t *data;
	size_t left;
	/** The journal: heads by sequence - 1. */
	struct store_head journal[MODEL_EVENTS];
	size_t journal_count;
	struct subscription_now now;
	uint64_t seed;
	struct subscription *state;
	/** The store. */
	struct store_subscription stored;
	struct model_row rows[MODEL_CHILDREN + 1];
	/** The truth: settled up to, by child; and acknowledged but not yet
	 *  written. */
	uint64_t settled[MODEL_CHILDREN + 1];
	uint64_t marked[MODEL_CHILDREN + 1];
	/** What the subscriber holds, the newest fetch only. */
	struct subscription_taken taken[MODEL_TAKE];
	size_t taken_count;
	/** A write may have reached the disk without our knowing. */
	bool uncertain;
	const char *broken;
};

static unsigned
model_byte(struct model *model)
{
	if (model->left == 0) {
		return 0;
	}
	model->left--;
	return *model->data++;
}

static void
model_expect(struct model *model, bool holds, const char *what)
{
	if (!holds && model->broken == NULL) {
		model->broken = what;
	}
}

static uint64_t
model_next(const struct model *model, int64_t child, uint64_t after)
{
	for (size_t i = (size_t)after; i < model->journal_count; i++) {
		const struct store_head *head = &model->journal[i];

		if (head->child == child &&
		    filter_matches(&model->stored.filter, head)) {
			return head->sequence;
		}
	}
	return UINT64_MAX;
}

/* ---- the journal ---- */

static void
model_publish(struct model *model)
{
	struct store_head *head = &model->journal[model->journal_count];
	unsigned choice = model_byte(model);

	if (model->journal_count == MODEL_EVENTS) {
		return;
	}
	head->sequence = model->journal_count + 1;
	head->child = (int64_t)(choice % MODEL_CHILDREN) + 1;
	head->family = CONTRACT_FAMILY_MIN + (choice >= 224);
	head->bytes = 10 + choice;
	model->journal_count++;
}

static void
model_fill(struct model *model)
{
	while (subscription_room(model->state) > 0 &&
	       subscription_cursor(model->state) < model->journal_count) {
		if (subscription_push(model->state,
				      &model->journal[subscription_cursor(
					      model->state)]) != BATON_OK) {
			model->broken = "out of memory";
			return;
		}
	}
}

static void
model_load(struct model *model)
{
	uint64_t after;
	int64_t child;

	while (subscription_behind(model->state, &child, &after)) {
		uint64_t to = subscription_cursor(model->state);
		bool enough = false;

		if (to > model->journal_count) {
			to = model->journal_count;
		}
		for (uint64_t i = after; i < to && !enough; i++) {
			if (model->journal[i].child == child &&
			    subscription_load(model->state, child,
					      &model->journal[i], 1,
					      &enough) != BATON_OK) {
				model->broken = "out of memory";
				return;
			}
		}
		subscription_loaded(model->state, child);
	}
}

/* ---- the subscriber ---- */

static bool
model_held(const struct model *model, int64_t child)
{
	const struct store_lane *lane = &model->rows[child].lane;

	return model->rows[child].stored && !model->uncertain &&
	       (lane->state == STORE_LANE_PARKED ||
		(lane->state == STORE_LANE_BACKING_OFF &&
		 lane->retry_at_ms > model->now.wall_ms));
}

static void
model_take(struct model *model)
{
	struct subscription_want want = {
		.max_events = 1 + model_byte(model) % MODEL_TAKE,
		.max_bytes = 200 + (size_t)model_byte(model) * 8,
		.lease_ms = MODEL_LEASE_MS,
		.pipe = 1,
		.now_ms = model->now.monotonic_ms,
	};
	uint64_t last[MODEL_CHILDREN + 1];

	model_fill(model);
	subscription_spill(model->state);
	model_load(model);
	memcpy(last, model->settled, sizeof(last));
	model->taken_count =
		subscription_take(model->state, &want, model->taken);
	for (size_t i = 0; i < model->taken_count; i++) {
		const struct subscription_taken *taken = &model->taken[i];

		model_expect(model,
			     taken->sequence == model_next(model, taken->child,
							   last[taken->child]),
			     "taken out of order");
		model_expect(model, !model_held(model, taken->child),
			     "taken while held");
		last[taken->child] = taken->sequence;
	}
}

static void
model_ack(struct model *model, const struct subscription_taken *taken)
{
	uint64_t next =
		model_next(model, taken->child, model->marked[taken->child]);
	baton_err err =
		subscription_ack(model->state, taken->lease, taken->sequence);

	if (err != BATON_OK) {
		return;
	}
	model_expect(model, taken->sequence <= next, "acknowledged early");
	if (taken->sequence > model->marked[taken->child]) {
		model->marked[taken->child] = taken->sequence;
	}
}

static void
model_verdict(struct model *model)
{
	unsigned choice = model_byte(model);
	const struct subscription_taken *taken;

	if (model->taken_count == 0) {
		return;
	}
	taken = &model->taken[choice % model->taken_count];
	switch (choice / 16 % 8) {
	case 0:
		(void)!subscription_hold(model->state, taken->lease,
					 taken->sequence, SUBSCRIPTION_RETRY,
					 "invented", &model->now);
		break;
	case 1:
		(void)!subscription_hold(model->state, taken->lease,
					 taken->sequence, SUBSCRIPTION_REJECT,
					 "invented", &model->now);
		break;
	case 2:
		(void)!subscription_extend(model->state, taken->lease,
					   taken->sequence,
					   model->now.monotonic_ms);
		break;
	case 3:
		subscription_untake(model->state, taken);
		break;
	case 4:
		model_ack(model, taken);
		break;
	default:
		for (size_t i = 0; i < model->taken_count; i++) {
			model_ack(model, &model->taken[i]);
		}
		break;
	}
}

/* ---- the store ---- */

static void
model_store(struct model *model, const struct subscription_plan *plan)
{
	for (size_t i = 0; i < plan->puts_count; i++) {
		model->rows[plan->puts[i].child].stored = true;
		model->rows[plan->puts[i].child].lane = plan->puts[i];
	}
	for (size_t i = 0; i < plan->drops_count; i++) {
		model->rows[plan->drops[i]].stored = false;
	}
	model->stored.position = plan->position;
	for (size_t i = 1; i <= MODEL_CHILDREN; i++) {
		const struct store_lane *lane = &model->rows[i].lane;

		if (lane->state == STORE_LANE_FLOWING && !lane->behind &&
		    lane->settled_to <= plan->position) {
			model->rows[i].stored = false;
		}
	}
}

/* What a restart would deliver next of a child is what is unsettled. */
static void
model_check_store(struct model *model)
{
	for (int64_t child = 1; child <= MODEL_CHILDREN; child++) {
		const struct model_row *row = &model->rows[child];
		uint64_t durable = model->stored.position;

		if (row->stored &&
		    (row->lane.behind || row->lane.settled_to > durable)) {
			durable = row->lane.settled_to;
		}
		model_expect(
			model,
			model_next(model, child, durable) ==
				model_next(model, child, model->settled[child]),
			"the store differs from what is settled");
	}
}

static void
model_write(struct model *model, unsigned fate)
{
	struct subscription_plan plan;

	if (!subscription_wants_write(model->state)) {
		memcpy(model->marked, model->settled, sizeof(model->marked));
		return;
	}
	if (subscription_plan(model->state, &plan) != BATON_OK) {
		model->broken = "out of memory";
		return;
	}
	if (fate % 8 == 0) {
		/* Takes and time go on while it is being written. */
		model_take(model);
	}
	if (fate >= 48) {
		model_store(model, &plan);
		subscription_commit(model->state, &plan);
		memcpy(model->settled, model->marked, sizeof(model->settled));
		if (!model->uncertain) {
			model_check_store(model);
		}
	} else {
		if (fate < 16) {
			model_store(model, &plan);
			model->uncertain = true;
		}
		subscription_revert(model->state);
		memcpy(model->marked, model->settled, sizeof(model->marked));
	}
	subscription_plan_fini(&plan);
}

static void
model_restart(struct model *model)
{
	struct subscription_options options = {
		.window_events = MODEL_WINDOW,
		.max_attempts = MODEL_ATTEMPTS,
		.backoff_min_ms = 100,
		.backoff_max_ms = 1000,
		.seed = ++model->seed * 1000000,
	};

	subscription_free(model->state);
	model->taken_count = 0;
	if (subscription_new(&model->stored, &options, &model->state) !=
	    BATON_OK) {
		model->broken = "out of memory";
		return;
	}
	for (size_t i = 1; i <= MODEL_CHILDREN; i++) {
		const struct model_row *row = &model->rows[i];

		if (row->stored &&
		    subscription_restore(model->state, &row->lane,
					 &model->now) != BATON_OK) {
			model->broken = "out of memory";
		}
		/* The disk says what is settled, also after a write that
		 * failed and reached it. */
		model->settled[i] = model->stored.position;
		if (row->stored && (row->lane.behind ||
				    row->lane.settled_to > model->settled[i])) {
			model->settled[i] = row->lane.settled_to;
		}
	}
	memcpy(model->marked, model->settled, sizeof(model->marked));
	model->uncertain = false;
}

/* ---- the operator ---- */

static void
model_resolve(struct model *model, enum subscription_resolution resolution)
{
	for (int64_t child = 1; child <= MODEL_CHILDREN; child++) {
		const struct store_lane *lane = &model->rows[child].lane;

		if (!model->rows[child].stored ||
		    lane->state != STORE_LANE_PARKED ||
		    subscription_resolve(model->state, lane->held_sequence,
					 resolution) != BATON_OK) {
			continue;
		}
		if (resolution == SUBSCRIPTION_DISCARD) {
			model->marked[child] = lane->held_sequence;
		}
	}
}

static void
model_move(struct model *model)
{
	int64_t child = 1 + model_byte(model) % MODEL_CHILDREN;
	uint64_t to = model->journal_count * model_byte(model) / 255;
	const struct model_row *row = &model->rows[child];

	if (model->uncertain ||
	    subscription_move(model->state, child, to) != BATON_OK) {
		return;
	}
	if (!row->stored || row->lane.state != STORE_LANE_PARKED ||
	    row->lane.held_sequence > to) {
		model->marked[child] = to;
	}
}

static void
model_replay(struct model *model)
{
	uint64_t to = model->journal_count * model_byte(model) / 255;
	struct subscription_plan plan;

	if (model->uncertain ||
	    subscription_plan_replay(model->state, to, &plan) != BATON_OK) {
		return;
	}
	for (size_t i = 1; i <= MODEL_CHILDREN; i++) {
		struct model_row *row = &model->rows[i];

		if (!row->stored || row->lane.state != STORE_LANE_PARKED ||
		    row->lane.held_sequence > to) {
			model->settled[i] = to;
		}
		row->stored = false;
	}
	model_store(model, &plan);
	subscription_replayed(model->state, to);
	memcpy(model->marked, model->settled, sizeof(model->marked));
	model->taken_count = 0;
	model_check_store(model);
	subscription_plan_fini(&plan);
}

/* ---- running ---- */

static void
model_pass_time(struct model *model, int64_t ms)
{
	model->now.monotonic_ms += ms;
	model->now.wall_ms += ms;
	(void)subscription_expire(model->state, &model->now);
}

static void
model_step(struct model *model)
{
	switch (model_byte(model) % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
		model_publish(model);
		break;
	case 4:
	case 5:
		model_take(model);
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		model_verdict(model);
		model_write(model, model_byte(model));
		break;
	case 10:
		model_pass_time(model, 17 * (int64_t)model_byte(model));
		break;
	case 11:
		subscription_peer_gone(model->state, model_byte(model) % 2);
		model_pass_time(model, 0);
		break;
	case 12:
		model_resolve(model, 1 + model_byte(model) % 2);
		model_write(model, model_byte(model));
		break;
	case 13:
		model_move(model);
		model_write(model, model_byte(model));
		break;
	case 14:
		model_write(model, 255);
		model_replay(model);
		break;
	default:
		model_restart(model);
		break;
	}
	model_expect(model, subscription_check(model->state) == NULL,
		     "an invariant of the state is broken");
}

static bool
model_drained(const struct model *model)
{
	for (int64_t child = 1; child <= MODEL_CHILDREN; child++) {
		if (model_next(model, child, model->settled[child]) !=
		    UINT64_MAX) {
			return false;
		}
	}
	return true;
}

static void
model_drain(struct model *model)
{
	for (size_t i = 0; i < MODEL_DRAIN_MAX && model->broken == NULL; i++) {
		if (model_drained(model)) {
			return;
		}
		model_pass_time(model, 2000);
		model_write(model, 255);
		model_resolve(model, SUBSCRIPTION_DELIVER_AGAIN);
		model_write(model, 255);
		model_take(model);
		for (size_t j = 0; j < model->taken_count; j++) {
			model_ack(model, &model->taken[j]);
		}
		model_write(model, 255);
		model_expect(model, subscription_check(model->state) == NULL,
			     "an invariant of the state is broken");
	}
	model_expect(model, model_drained(model), "an event never came");
}

const char *
subscription_model_run(const uint8_t *data, size_t size)
{
	struct model *model = calloc(1, sizeof(*model));
	const char *broken = "out of memory";

	if (model == NULL) {
		return broken;
	}
	model->data = data;
	model->left = size;
	model->now.monotonic_ms = 1000;
	model->now.wall_ms = INT64_C(1788220800000);
	model->stored.id = 1;
	model->stored.filter.families = 1;
	model_restart(model);
	while (model->left > 0 && model->broken == NULL) {
		model_step(model);
	}
	if (model->broken == NULL) {
		model_drain(model);
	}
	broken = model->broken;
	subscription_free(model->state);
	free(model);
	return broken;
}
