/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/table.h"
#include "cli/values.h"
#include "cli/words.h"
#include "client/call.h"

/* Entries asked for at once. */
#define PARKED_PAGE 500

#define PARKED_NUMBER_BYTES 24

static const char *
parked_number(uint64_t number, char text[PARKED_NUMBER_BYTES])
{
	(void)snprintf(text, PARKED_NUMBER_BYTES, "%llu",
		       (unsigned long long)number);
	return text;
}

static baton_err
parked_add(struct table *table, const Baton__V1__ParkedEvent *parked)
{
	char numbers[3][PARKED_NUMBER_BYTES];
	char since[PRINT_TIME_BYTES];
	const char *cells[] = {
		parked->partner,
		parked->subscription,
		parked_number(parked->sequence, numbers[0]),
		parked->event_type,
		print_time_local(parked->parked_at_ms, since),
		parked_number(parked->attempts, numbers[1]),
		parked_number(parked->waiting_behind, numbers[2]),
		parked->reason,
	};

	return table_add(table, cells);
}

static baton_err
parked_print(const struct cli *cli, Baton__V1__ParkedEvent *const *parked,
	     size_t count, enum table_header header)
{
	static const struct table_column columns[] = {
		{"PARTNER", TABLE_LEFT},   {"SUBSCRIPTION", TABLE_LEFT},
		{"SEQUENCE", TABLE_RIGHT}, {"TYPE", TABLE_LEFT},
		{"SINCE", TABLE_LEFT},     {"ATTEMPTS", TABLE_RIGHT},
		{"BEHIND", TABLE_RIGHT},   {"REASON", TABLE_WRAP},
	};
	struct table *table;
	baton_err err = table_new(columns, sizeof(columns) / sizeof(columns[0]),
				  &table);

	for (size_t i = 0; err == BATON_OK && i < count; i++) {
		if (table_rows(table) == TABLE_ROWS_MAX) {
			table_print(table, header,
				    table_terminal_width(cli->out), cli->out);
			table_clear(table);
			header = TABLE_NO_HEADER;
		}
		err = parked_add(table, parked[i]);
	}
	if (err == BATON_OK) {
		table_print(table, header, table_terminal_width(cli->out),
			    cli->out);
	}
	table_free(table);
	return err;
}

/* The event as JSON text, given; NULL when it cannot be read or is absent. */
static char *
parked_event_text(const Baton__V1__ParkedEvent *parked)
{
	struct baton_span span = {parked->event.data, parked->event.len};
	char *text = NULL;

	if (span.len == 0 || baton_event_to_json(span, &text, NULL) != BATON_OK)
		return NULL;
	return text;
}

static json_t *
parked_json(const Baton__V1__ParkedEvent *parked)
{
	char *text = parked_event_text(parked);
	json_t *event = text != NULL ? json_loads(text, 0, NULL) : NULL;
	json_t *object;

	baton_json_free(text);
	object = json_pack(
		"{s:s, s:s, s:I, s:s, s:s, s:I, s:o, s:s, s:I}", "partner",
		parked->partner, "subscription", parked->subscription,
		"sequence", (json_int_t)parked->sequence, "eventId",
		parked->event_id, "eventType", parked->event_type, "attempts",
		(json_int_t)parked->attempts, "parkedAt",
		print_time_json(parked->parked_at_ms), "reason", parked->reason,
		"waitingBehind", (json_int_t)parked->waiting_behind);
	/* Only "show" asks for the event. */
	if (event != NULL)
		(void)json_object_set_new(object, "event", event);
	return object;
}

static baton_err
parked_print_json(const struct cli *cli, Baton__V1__ParkedEvent *const *parked,
		  size_t count)
{
	baton_err err = BATON_OK;

	for (size_t i = 0; err == BATON_OK && i < count; i++)
		err = print_json(cli->out, parked_json(parked[i]));
	return err;
}

static enum cli_exit
parked_list(struct cli *cli)
{
	Baton__V1__ListParked op;
	Baton__V1__Request request;
	enum table_header header = TABLE_HEADER;
	bool more = true;

	baton__v1__list_parked__init(&op);
	baton__v1__request__init(&request);
	op.subscription = cli_borrow(cli_operand(cli, 1));
	op.partner = cli_borrow(cli_value(cli, OPTION_PARTNER));
	op.limit = PARKED_PAGE;
	request.op_case = BATON__V1__REQUEST__OP_LIST_PARKED;
	request.list_parked = &op;
	while (more) {
		const Baton__V1__ListParkedResult *page;
		Baton__V1__Response *response;
		enum cli_exit code = cli_call(cli, &request, &response);
		baton_err err;

		if (code != CLI_EXIT_OK)
			return code;
		page = response->list_parked;
		err = cli->json ? parked_print_json(cli, page->parked,
						    page->n_parked)
				: parked_print(cli, page->parked,
					       page->n_parked, header);
		if (page->n_parked == 0 && header == TABLE_HEADER &&
		    !cli->json) {
			cli_note(cli, "nothing is parked");
		}
		header = TABLE_NO_HEADER;
		/* An event that is parked in several subscriptions is never
		 * torn apart: the broker completes a page with it. */
		more = page->n_parked > 0;
		if (more) {
			op.after_sequence =
				page->parked[page->n_parked - 1]->sequence;
		}
		baton_call_free(response);
		if (err != BATON_OK)
			return cli_no_memory(cli);
	}
	return CLI_EXIT_OK;
}

static void
parked_print_one(const struct cli *cli, const Baton__V1__ParkedEvent *parked)
{
	struct baton_span span = {parked->event.data, parked->event.len};
	char what[WORDS_BYTES];
	char since[PRINT_TIME_BYTES];
	char *text = parked_event_text(parked);
	Send__V1__Event *event;

	print_text(cli->out, "%-15s%s of %s\n", "Subscription",
		   parked->subscription, parked->partner);
	print_text(cli->out, "%-15s%llu\n", "Sequence",
		   (unsigned long long)parked->sequence);
	print_text(cli->out, "%-15s%s, %s\n", "Event", parked->event_id,
		   parked->event_type);
	if (baton_event_unpack(span, &event, NULL) == BATON_OK) {
		words_event(event, what);
		print_text(cli->out, "%-15s%s\n", "What happened", what);
		baton_event_free(event);
	}
	print_text(cli->out, "%-15s%s, after %u attempts\n", "Parked",
		   print_time_local(parked->parked_at_ms, since),
		   (unsigned)parked->attempts);
	print_text(cli->out, "%-15s%s\n", "Reason", parked->reason);
	print_text(cli->out, "%-15s%llu events of the child wait behind it\n",
		   "Behind", (unsigned long long)parked->waiting_behind);
	if (text != NULL) {
		(void)fputc('\n', cli->out);
		print_json_text(cli->out, text);
	}
	baton_json_free(text);
}

static enum cli_exit
parked_show(struct cli *cli, uint64_t sequence)
{
	Baton__V1__ListParked op;
	Baton__V1__Request request;
	const Baton__V1__ListParkedResult *found;
	Baton__V1__Response *response;
	enum cli_exit code;
	baton_err err = BATON_OK;

	baton__v1__list_parked__init(&op);
	baton__v1__request__init(&request);
	op.subscription = cli_borrow(cli_operand(cli, 1));
	op.partner = cli_borrow(cli_value(cli, OPTION_PARTNER));
	op.sequence = sequence;
	request.op_case = BATON__V1__REQUEST__OP_LIST_PARKED;
	request.list_parked = &op;
	code = cli_call(cli, &request, &response);
	if (code != CLI_EXIT_OK)
		return code;
	found = response->list_parked;
	if (found->n_parked == 0) {
		cli_note(cli, "this event is not parked there; 'baton parked "
			      "list' shows what is");
		code = CLI_EXIT_PARTLY;
	} else if (cli->json) {
		err = parked_print_json(cli, found->parked, found->n_parked);
	} else {
		for (size_t i = 0; i < found->n_parked; i++)
			parked_print_one(cli, found->parked[i]);
	}
	baton_call_free(response);
	return err == BATON_OK ? code : cli_no_memory(cli);
}

static enum cli_exit
parked_resolve(struct cli *cli, uint64_t sequence,
	       Baton__V1__Resolution resolution)
{
	Baton__V1__ResolveParked op;
	Baton__V1__Request request;
	bool retry = resolution == BATON__V1__RESOLUTION__RESOLUTION_RETRY;
	const char *name = cli_operand(cli, 1);
	Baton__V1__Response *response;
	enum cli_exit code;

	baton__v1__resolve_parked__init(&op);
	baton__v1__request__init(&request);
	op.partner = cli_borrow(cli_value(cli, OPTION_PARTNER));
	op.subscription = cli_borrow(name);
	op.sequence = sequence;
	op.resolution = resolution;
	op.reason = cli_borrow(cli_value(cli, OPTION_REASON));
	request.op_case = BATON__V1__REQUEST__OP_RESOLVE_PARKED;
	request.resolve_parked = &op;
	code = cli_call(cli, &request, &response);
	if (code != CLI_EXIT_OK)
		return code;
	baton_call_free(response);
	if (cli->json) {
		baton_err err = print_json(
			cli->out,
			json_pack("{s:s, s:I, s:s}", "subscription", name,
				  "sequence", (json_int_t)sequence,
				  "resolution", retry ? "retry" : "discard"));

		return err == BATON_OK ? CLI_EXIT_OK : cli_no_memory(cli);
	}
	print_text(cli->out,
		   retry ? "Event %llu is delivered to %s again.\n"
			 : "Event %llu is discarded for %s.\n",
		   (unsigned long long)sequence, name);
	return CLI_EXIT_OK;
}

enum parked_action {
	PARKED_LIST,
	PARKED_SHOW,
	PARKED_RETRY,
	PARKED_DISCARD,
	PARKED_UNKNOWN,
};

static enum parked_action
parked_action_of(const char *word)
{
	static const char *const words[] = {"list", "show", "retry", "discard"};
	size_t action = PARKED_LIST;

	while (action < PARKED_UNKNOWN && strcmp(words[action], word) != 0)
		action++;
	return (enum parked_action)action;
}

/* Checks what goes with an action; *sequence is 0 for list. */
static baton_err
parked_read(const struct cli *cli, enum parked_action action,
	    uint64_t *sequence, struct baton_error *error)
{
	const char *reason = cli_value(cli, OPTION_REASON);

	*sequence = 0;
	if (action == PARKED_UNKNOWN) {
		return baton_error_set(error, BATON_INVALID,
				       "takes list, show, retry or discard");
	}
	if ((action == PARKED_DISCARD) != (reason != NULL)) {
		return baton_error_set(
			error, BATON_INVALID,
			reason == NULL ? "discard needs --reason: why the "
					 "event is not needed"
				       : "--reason goes with discard only");
	}
	if (reason != NULL && strlen(reason) > 200) {
		return baton_error_set(error, BATON_INVALID,
				       "--reason is longer than 200 bytes");
	}
	if (action == PARKED_LIST && cli_operand(cli, 2) != NULL) {
		return baton_error_set(error, BATON_INVALID,
				       "list takes a subscription at most");
	}
	if (action != PARKED_LIST && cli_operand(cli, 2) == NULL) {
		return baton_error_set(error, BATON_INVALID,
				       "needs a subscription and a sequence");
	}
	return action == PARKED_LIST
		       ? BATON_OK
		       : values_number(cli_operand(cli, 2), "the sequence", 1,
				       INT64_MAX, sequence, error);
}

enum cli_exit
parked_run(struct cli *cli)
{
	enum parked_action action = parked_action_of(cli_operand(cli, 0));
	struct baton_error error = {BATON_OK, ""};
	uint64_t sequence;

	if (parked_read(cli, action, &sequence, &error) != BATON_OK)
		return cli_usage(cli, &error);
	switch (action) {
	case PARKED_SHOW:
		return parked_show(cli, sequence);
	case PARKED_RETRY:
		return parked_resolve(cli, sequence,
				      BATON__V1__RESOLUTION__RESOLUTION_RETRY);
	case PARKED_DISCARD:
		return parked_resolve(
			cli, sequence,
			BATON__V1__RESOLUTION__RESOLUTION_DISCARD);
	case PARKED_LIST:
	case PARKED_UNKNOWN:
	default:
		return parked_list(cli);
	}
}
