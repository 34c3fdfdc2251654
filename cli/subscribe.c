/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/values.h"

/*
 * Events of one fetch at most: also how many are still printed after an
 * interrupt. The first fetch asks for one and the next ones for twice as many
 * each, so that `| head -1` does not lease, and give back, what it never reads.
 */
#define SUBSCRIBE_BATCH 32
/* How long a fetch waits: for more events, and to see that there are none. */
#define SUBSCRIBE_FOLLOW_MS 20000
#define SUBSCRIBE_DRAIN_MS 500
/* Pause after a failure that passes. */
#define SUBSCRIBE_PAUSE_MS 500

struct subscribe {
	struct cli *cli;
	struct interrupt *interrupt;
	bool follow;
	uint32_t batch;
	/* Events still wanted; UINT64_MAX: all. */
	uint64_t wanted;
	uint64_t unreadable;
	/* Why printing stopped; 0 while it goes on. */
	int write_errno;
};

/*
 * Prints one event. It is settled only after it got out: a reader that went
 * away gets it again.
 */
static enum baton_verdict
subscribe_deliver(void *context, const struct baton_delivery *delivery,
		  char reason[201])
{
	struct subscribe *subscribe = context;
	struct cli *cli = subscribe->cli;
	struct baton_problem problem = {BATON_OK, "", ""};
	char *json;

	if (subscribe->write_errno != 0 ||
	    !interrupt_take_in_hand(subscribe->interrupt)) {
		(void)snprintf(reason, 201, "the subscriber stopped");
		return BATON_RETRY;
	}
	if (baton_event_to_json(delivery->event, &json, &problem) != BATON_OK) {
		subscribe->unreadable++;
		cli_note(cli,
			 "event %llu cannot be shown (%s) and is parked; "
			 "'baton parked list' shows it",
			 (unsigned long long)delivery->sequence,
			 baton_err_name(problem.code));
		(void)snprintf(reason, 201, "cannot be shown as JSON: %s",
			       baton_err_name(problem.code));
		return BATON_REJECTED;
	}
	errno = 0;
	print_json_text(cli->out, json);
	baton_json_free(json);
	if (fflush(cli->out) != 0 || ferror(cli->out)) {
		subscribe->write_errno = errno != 0 ? errno : EIO;
		(void)snprintf(reason, 201, "the subscriber's output failed");
		return BATON_RETRY;
	}
	if (subscribe->wanted != UINT64_MAX)
		subscribe->wanted--;
	return BATON_ACCEPTED;
}

/* Failures that pass when the broker is back. */
static bool
subscribe_passes(baton_err err)
{
	return err == BATON_UNREACHABLE || err == BATON_TIMEOUT ||
	       err == BATON_BUSY || err == BATON_UNAVAILABLE;
}

/* How many events to ask for next. */
static uint32_t
subscribe_next_batch(struct subscribe *subscribe)
{
	if (subscribe->batch == 0) {
		subscribe->batch = 1;
	} else if (subscribe->batch < SUBSCRIBE_BATCH) {
		subscribe->batch *= 2;
	}
	return subscribe->wanted < subscribe->batch
		       ? (uint32_t)subscribe->wanted
		       : subscribe->batch;
}

/* Whether there is a use in fetching more. */
static bool
subscribe_goes_on(struct subscribe *subscribe)
{
	struct pollfd out = {.fd = fileno(subscribe->cli->out)};

	/* A pipe whose reader has gone says so without being written to. */
	if (poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0) {
		subscribe->write_errno = EPIPE;
	}
	return subscribe->wanted > 0 && subscribe->write_errno == 0 &&
	       !interrupt_came(subscribe->interrupt);
}

/*
 * Fetches until there is nothing more to do. Until the subscription is known
 * to be there, NOT_FOUND means that it is to be made.
 */
static baton_err
subscribe_loop(struct subscribe *subscribe,
	       struct baton_subscription_options *options, bool known,
	       struct baton_error *error)
{
	struct baton_client *client = subscribe->cli->client;
	baton_err err = BATON_OK;
	bool away = false;

	while (subscribe_goes_on(subscribe)) {
		size_t delivered = 0;

		options->max_events = subscribe_next_batch(subscribe);
		err = baton_fetch(client, options,
				  subscribe->follow ? SUBSCRIBE_FOLLOW_MS
						    : SUBSCRIBE_DRAIN_MS,
				  subscribe_deliver, subscribe, &delivered,
				  error);
		interrupt_hand_empty(subscribe->interrupt);
		if (err == BATON_NOT_FOUND && !known) {
			known = true;
			err = baton_subscribe(client, options, error);
			if (err != BATON_OK)
				break;
		} else if (subscribe->follow && known &&
			   subscribe_passes(err)) {
			if (!away) {
				cli_note(subscribe->cli,
					 "%s; waiting for the broker",
					 error->text);
			}
			away = true;
			interrupt_pause(subscribe->interrupt,
					SUBSCRIBE_PAUSE_MS);
		} else if (err != BATON_OK ||
			   (delivered == 0 && !subscribe->follow)) {
			break;
		} else {
			known = true;
			away = false;
		}
	}
	return err;
}

/* What was typed, with the lists that options points into. */
struct subscribe_typed {
	struct values_list types;
	struct values_list sources;
	char child[CONTRACT_CHILD_KEY_BYTES];
	/* A filter or a start was named. */
	bool named;
};

static void
subscribe_typed_fini(struct subscribe_typed *typed)
{
	values_list_fini(&typed->types);
	values_list_fini(&typed->sources);
}

static baton_err
subscribe_read_filter(const struct cli *cli, struct subscribe_typed *typed,
		      struct baton_filter *filter, struct baton_error *error)
{
	const char *types = cli_value(cli, OPTION_TYPES);
	const char *sources = cli_value(cli, OPTION_SOURCES);
	const char *child = cli_value(cli, OPTION_CHILD);
	baton_err err = BATON_OK;

	typed->named = types != NULL || sources != NULL || child != NULL;
	if (types != NULL)
		err = values_types(types, &typed->types, error);
	if (err == BATON_OK && sources != NULL)
		err = values_sources(sources, &typed->sources, error);
	if (err == BATON_OK && child != NULL)
		err = values_child(child, typed->child, error);
	filter->types = typed->types.entries;
	filter->types_count = typed->types.count;
	filter->sources = typed->sources.entries;
	filter->sources_count = typed->sources.count;
	filter->child = child != NULL ? typed->child : NULL;
	return err;
}

static baton_err
subscribe_read(const struct cli *cli, struct subscribe *subscribe,
	       struct subscribe_typed *typed,
	       struct baton_subscription_options *options,
	       struct baton_error *error)
{
	const char *from = cli_value(cli, OPTION_FROM);
	const char *max = cli_value(cli, OPTION_MAX);
	struct values_start start;
	baton_err err;

	options->name = cli_operand(cli, 0);
	subscribe->follow = cli_value(cli, OPTION_FOLLOW) != NULL;
	subscribe->wanted = UINT64_MAX;
	err = subscribe_read_filter(cli, typed, &options->filter, error);
	if (err == BATON_OK && from != NULL) {
		err = values_start(from, &start, error);
		options->start = start.at;
		options->start_sequence = start.sequence;
		options->start_time_ms = start.time_ms;
		typed->named = true;
	}
	if (err == BATON_OK && max != NULL) {
		err = values_number(max, "--max", 1, UINT64_MAX - 1,
				    &subscribe->wanted, error);
	}
	return err;
}

/* Subscribes and prints, then says how it ended. */
static enum cli_exit
subscribe_go(struct subscribe *subscribe,
	     struct baton_subscription_options *options, bool named)
{
	const struct cli *cli = subscribe->cli;
	struct baton_error error = {BATON_OK, ""};
	baton_err err = BATON_OK;

	if (named)
		err = baton_subscribe(cli->client, options, &error);
	if (err == BATON_OK)
		err = subscribe_loop(subscribe, options, named, &error);
	if (subscribe->write_errno == EPIPE)
		return CLI_EXIT_OK;
	if (subscribe->write_errno != 0) {
		cli_note(cli,
			 "the output cannot be written: %s; events from the "
			 "last one on are delivered again",
			 strerror(subscribe->write_errno));
		return CLI_EXIT_INTERNAL;
	}
	/* An interrupt ends the call under way. */
	if (err != BATON_OK && !interrupt_came(subscribe->interrupt))
		return cli_fail(cli, &error);
	return subscribe->unreadable == 0 ? CLI_EXIT_OK : CLI_EXIT_PARTLY;
}

enum cli_exit
subscribe_run(struct cli *cli)
{
	struct baton_subscription_options options = {0};
	struct subscribe subscribe = {.cli = cli};
	struct subscribe_typed typed = {0};
	struct baton_error error = {BATON_OK, ""};
	enum cli_exit code;

	if (subscribe_read(cli, &subscribe, &typed, &options, &error) !=
	    BATON_OK) {
		subscribe_typed_fini(&typed);
		return cli_usage(cli, &error);
	}
	/* Before the connection: its threads must not take the signals. */
	interrupt_block();
	code = cli_connect(cli);
	if (code == CLI_EXIT_OK) {
		if (interrupt_new(cli->client, &subscribe.interrupt) ==
		    BATON_OK) {
			code = subscribe_go(&subscribe, &options, typed.named);
		} else {
			code = cli_no_memory(cli);
		}
		interrupt_free(subscribe.interrupt);
	}
	subscribe_typed_fini(&typed);
	return code;
}
