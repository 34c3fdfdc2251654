/* SPDX-License-Identifier: MIT */
#include "broker/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store.h"
#include "client/contract.h"
#include "client/log.h"

/* What a refused publisher is told to wait. */
#define PUBLISH_RETRY_BUSY_MS 100
#define PUBLISH_RETRY_UNAVAILABLE_MS 1000
/* What one event costs the queue besides its bytes. */
#define PUBLISH_EVENT_COST 512

struct publish {
	struct writer *writer;
	struct tail *tail;
	struct metrics *metrics;
	struct publish_options options;
	/** The writer's thread. */
	int64_t last_accepted_at_ms;
};

typedef char child_key[CONTRACT_CHILD_KEY_BYTES];

/* One event of a request. */
struct item {
	struct baton_span bytes;
	char id[BATON_EVENT_ID_MAX + 1];
	int family;
	int action;
	int64_t occurred_at_ms;
	child_key *keys;
	size_t keys_count;
	/** Not valid: why. NULL: it is to be stored. */
	struct baton_problem *problem;
	struct store_appended appended;
	Baton__V1__PublishEventResult reply;
};

/* One request, from the check to the answer. */
struct job {
	/** First, so that a command is its job. */
	struct writer_command command;
	struct publish *publish;
	struct exchange *exchange;
	/** The items' replies, made before anything is stored, so that an
	 *  answer cannot fail once events are on disk. */
	Baton__V1__PublishEventResult **replies;
	size_t count;
	struct item items[];
};

baton_err
publish_new(struct writer *writer, struct tail *tail, struct metrics *metrics,
	    const struct publish_options *options, struct publish **publish)
{
	*publish = calloc(1, sizeof(**publish));
	if (*publish == NULL)
		return BATON_NO_MEMORY;
	(*publish)->writer = writer;
	(*publish)->tail = tail;
	(*publish)->metrics = metrics;
	(*publish)->options = *options;
	(*publish)->last_accepted_at_ms = options->last_accepted_at_ms;
	return BATON_OK;
}

void
publish_free(struct publish *publish)
{
	free(publish);
}

/* Gives back the records that were not handed on. */
static void
job_drop_records(struct job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		record_unref(job->items[i].appended.record);
		memset(&job->items[i].appended, 0,
		       sizeof(job->items[i].appended));
	}
}

static void
job_free(struct job *job)
{
	job_drop_records(job);
	for (size_t i = 0; i < job->count; i++) {
		free(job->items[i].keys);
		free(job->items[i].problem);
	}
	free(job->replies);
	free(job);
}

/* ---- checking: the thread that received the request ---- */

static baton_err
item_reject(struct item *item, baton_err code, const char *path,
	    const char *text)
{
	item->problem = calloc(1, sizeof(*item->problem));
	if (item->problem == NULL)
		return BATON_NO_MEMORY;
	item->problem->code = code;
	(void)snprintf(item->problem->path, sizeof(item->problem->path), "%s",
		       path);
	(void)snprintf(item->problem->text, sizeof(item->problem->text), "%s",
		       text);
	return BATON_OK;
}

/* Copies the keys of the identifiers that can identify. */
static baton_err
item_take_keys(struct item *item, const Send__V1__Child *child)
{
	item->keys = calloc(child->n_identifiers, sizeof(*item->keys));
	if (item->keys == NULL)
		return BATON_NO_MEMORY;
	for (size_t i = 0; i < child->n_identifiers; i++) {
		if (contract_child_key(child->identifiers[i],
				       item->keys[item->keys_count]))
			item->keys_count++;
	}
	return BATON_OK;
}

static baton_err
item_take_event(struct item *item, const Send__V1__Event *event,
		const struct peer *peer)
{
	char source[SOURCE_BYTES];

	if (!contract_organisation_format(event->source, source,
					  sizeof(source)) ||
	    strcmp(source, peer->source) != 0) {
		return item_reject(item, BATON_SOURCE_DENIED, "source",
				   "is not this partner's organisation; send "
				   "it as the partner whose event it is");
	}
	(void)snprintf(item->id, sizeof(item->id), "%s", event->id);
	item->family = (int)event->data_case;
	item->action = (int)event->action;
	item->occurred_at_ms = event->occurred_at->seconds * 1000 +
			       event->occurred_at->nanos / 1000000;
	return item_take_keys(item, event->child);
}

/* Checks one event. A wrong one is noted in the item; an error is ours. */
static baton_err
item_check(struct item *item, const struct publish *publish,
	   const struct peer *peer)
{
	struct baton_problem problem = {.code = BATON_OK};
	Send__V1__Event *event;
	baton_err err;

	if (item->bytes.len > publish->options.max_event_bytes) {
		return item_reject(item, BATON_TOO_LARGE, "",
				   "event is larger than this broker takes");
	}
	err = contract_open(item->bytes, peer->nhs_number_policy, &event,
			    &problem);
	if (err == BATON_NO_MEMORY)
		return err;
	if (err != BATON_OK)
		return item_reject(item, err, problem.path, problem.text);
	err = item_take_event(item, event, peer);
	baton_event_free(event);
	return err;
}

/* ---- storing: the writer's thread, inside the transaction ---- */

static baton_err
job_apply(struct writer_command *command, struct store *store,
	  struct baton_error *error)
{
	struct job *job = (struct job *)command;
	struct publish *publish = job->publish;
	const struct clock_source *clock = &publish->options.clock;
	int64_t now_ms = clock->wall_ms(clock->context);

	/* A batch that was rolled back comes again. */
	job_drop_records(job);
	if (now_ms > publish->last_accepted_at_ms)
		publish->last_accepted_at_ms = now_ms;
	for (size_t i = 0; i < job->count; i++) {
		struct item *item = &job->items[i];
		struct store_event event = {
			.partner = job->exchange->peer.partner,
			.source = job->exchange->peer.source,
			.id = item->id,
			.family = item->family,
			.action = item->action,
			.occurred_at_ms = item->occurred_at_ms,
			.accepted_at_ms = publish->last_accepted_at_ms,
			.event = item->bytes,
			.child_keys = (const child_key *)item->keys,
			.child_keys_count = item->keys_count,
		};
		baton_err err;

		if (item->problem != NULL)
			continue;
		err = store_append(store, &event, &item->appended, error);
		/* What was checked cannot be invalid; if it is, the events
		 * before it must not stay. */
		if (err != BATON_OK)
			return err == BATON_INVALID ? BATON_INTERNAL : err;
	}
	return BATON_OK;
}

/* ---- answering ---- */

static char *
publish_reason_text(baton_err reason)
{
	static char conflict[] =
		"identifiers belong to two known children; correct the "
		"identifiers, or ask the operator to join the children";
	static char reused[] = "this id was used for an event with other "
			       "content; send it under a new id";
	static char other[] = "not accepted by the journal";

	if (reason == BATON_IDENTITY_CONFLICT)
		return conflict;
	return reason == BATON_ID_REUSED ? reused : other;
}

static void
item_reply_stored(struct item *item)
{
	Baton__V1__PublishEventResult *reply = &item->reply;
	static char identifiers[] = "child.identifiers";
	static char id[] = "id";

	reply->sequence = item->appended.sequence;
	switch (item->appended.outcome) {
	case STORE_ACCEPTED:
		reply->outcome =
			BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_ACCEPTED;
		break;
	case STORE_DUPLICATE:
		reply->outcome =
			BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_DUPLICATE;
		break;
	case STORE_REJECTED:
		reply->outcome =
			BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_REJECTED;
		reply->code = (uint32_t)item->appended.reason;
		reply->field_path =
			item->appended.reason == BATON_IDENTITY_CONFLICT
				? identifiers
				: id;
		reply->text = publish_reason_text(item->appended.reason);
		break;
	}
}

static void
item_reply(struct item *item)
{
	Baton__V1__PublishEventResult *reply = &item->reply;

	if (item->problem == NULL) {
		item_reply_stored(item);
		return;
	}
	reply->outcome = BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_REJECTED;
	reply->code = (uint32_t)item->problem->code;
	reply->field_path = item->problem->path;
	reply->text = item->problem->text;
}

static void
publish_count(struct metrics *metrics,
	      const Baton__V1__PublishEventResult *reply)
{
	if (reply->outcome ==
	    BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_ACCEPTED) {
		atomic_fetch_add(&metrics->published, 1);
	} else if (reply->outcome ==
		   BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_DUPLICATE) {
		atomic_fetch_add(&metrics->duplicates, 1);
	} else {
		metrics_count_code(metrics->rejected, (baton_err)reply->code);
	}
}

/* Answers each event with what became of it, and frees the job. */
static void
job_answer(struct job *job)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__PublishResult result = BATON__V1__PUBLISH_RESULT__INIT;

	for (size_t i = 0; i < job->count; i++) {
		item_reply(&job->items[i]);
		publish_count(job->publish->metrics, &job->items[i].reply);
	}
	result.n_results = job->count;
	result.results = job->replies;
	response.op_case = BATON__V1__RESPONSE__OP_PUBLISH;
	response.publish = &result;
	exchange_answer(job->exchange, &response);
	job_free(job);
}

static void
job_refuse(struct job *job, baton_err err, const char *text)
{
	uint32_t retry_after_ms = 0;

	if (err == BATON_BUSY) {
		retry_after_ms = PUBLISH_RETRY_BUSY_MS;
	} else if (err == BATON_UNAVAILABLE || err == BATON_CLOSED ||
		   err == BATON_NO_MEMORY) {
		retry_after_ms = PUBLISH_RETRY_UNAVAILABLE_MS;
	}
	exchange_refuse(job->exchange, err, retry_after_ms, "publish: %s",
			text);
	job_free(job);
}

static void
job_done(struct writer_command *command, baton_err err,
	 const struct baton_error *error)
{
	struct job *job = (struct job *)command;

	if (err != BATON_OK) {
		job_refuse(job, err, error == NULL ? "" : error->text);
		return;
	}
	for (size_t i = 0; i < job->count; i++) {
		if (job->items[i].appended.record != NULL) {
			tail_push(job->publish->tail,
				  job->items[i].appended.record);
		}
	}
	job_answer(job);
}

/* ---- serving ---- */

static struct job *
job_new(struct publish *publish, struct exchange *exchange)
{
	const Baton__V1__Publish *request = exchange->request->publish;
	struct job *job = calloc(1, sizeof(*job) + request->n_events *
							   sizeof(struct item));

	if (job == NULL)
		return NULL;
	job->replies = calloc(request->n_events,
			      sizeof(Baton__V1__PublishEventResult *));
	if (job->replies == NULL) {
		free(job);
		return NULL;
	}
	job->command.apply = job_apply;
	job->command.done = job_done;
	job->publish = publish;
	job->exchange = exchange;
	job->count = request->n_events;
	for (size_t i = 0; i < job->count; i++) {
		baton__v1__publish_event_result__init(&job->items[i].reply);
		job->replies[i] = &job->items[i].reply;
		job->items[i].bytes.data = request->events[i].data;
		job->items[i].bytes.len = request->events[i].len;
		job->command.bytes +=
			request->events[i].len + PUBLISH_EVENT_COST;
	}
	return job;
}

/* Checks all events; *valid: how many are to be stored. */
static baton_err
job_check(struct job *job, size_t *valid)
{
	*valid = 0;
	for (size_t i = 0; i < job->count; i++) {
		baton_err err = item_check(&job->items[i], job->publish,
					   &job->exchange->peer);

		if (err != BATON_OK)
			return err;
		*valid += job->items[i].problem == NULL;
	}
	return BATON_OK;
}

void
publish_serve(struct publish *publish, struct exchange *exchange)
{
	size_t count = exchange->request->publish->n_events;
	struct job *job;
	size_t valid;
	baton_err err;

	if (count < 1 || count > publish->options.max_batch_events) {
		exchange_refuse(exchange, BATON_INVALID, 0,
				"publish: 1 to %zu events at once, not %zu",
				publish->options.max_batch_events, count);
		return;
	}
	job = job_new(publish, exchange);
	if (job == NULL) {
		exchange_refuse(exchange, BATON_NO_MEMORY,
				PUBLISH_RETRY_UNAVAILABLE_MS,
				"publish: out of memory");
		return;
	}
	err = job_check(job, &valid);
	if (err == BATON_OK && valid == 0) {
		job_answer(job);
		return;
	}
	if (err == BATON_OK)
		err = writer_submit(publish->writer, &job->command);
	if (err != BATON_OK)
		job_refuse(job, err, baton_err_text(err));
}
