/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/table.h"
#include "client/call.h"

/* Room for a filter in words and for a number. */
#define SUBSCRIPTIONS_FILTER_BYTES 512
#define SUBSCRIPTIONS_NUMBER_BYTES 24

/* Adds ", a" or "; a" to text; what does not fit is cut. */
static void
subscriptions_append(char *text, const char *before, const char *word)
{
	size_t len = strlen(text);

	(void)snprintf(text + len, SUBSCRIPTIONS_FILTER_BYTES - len, "%s%s",
		       before, word);
}

/*
 * "referral, transition; from /ods/RPG; one child". The child is not named: a
 * list of subscriptions is shown to people who need not know whom it is about.
 */
static void
subscriptions_filter(const Baton__V1__Filter *filter,
		     char text[SUBSCRIPTIONS_FILTER_BYTES])
{
	text[0] = '\0';
	if (filter == NULL)
		return;
	for (size_t i = 0; i < filter->n_types; i++)
		subscriptions_append(text, i > 0 ? ", " : "", filter->types[i]);
	for (size_t i = 0; i < filter->n_sources; i++) {
		const char *first = text[0] != '\0' ? "; from " : "from ";

		subscriptions_append(text, i > 0 ? ", " : first,
				     filter->sources[i]);
	}
	if (filter->child[0] != '\0') {
		subscriptions_append(text, text[0] != '\0' ? "; " : "",
				     "one child");
	}
	if (text[0] == '\0')
		subscriptions_append(text, "", "everything");
}

static const char *
subscriptions_number(uint64_t number, char text[SUBSCRIPTIONS_NUMBER_BYTES])
{
	(void)snprintf(text, SUBSCRIPTIONS_NUMBER_BYTES, "%llu",
		       (unsigned long long)number);
	return text;
}

static baton_err
subscriptions_add(struct table *table,
		  const Baton__V1__SubscriptionStatus *status)
{
	char filter[SUBSCRIPTIONS_FILTER_BYTES];
	char numbers[5][SUBSCRIPTIONS_NUMBER_BYTES];
	char fetched[PRINT_TIME_BYTES];
	const char *cells[] = {
		status->partner,
		status->name,
		filter,
		subscriptions_number(status->position, numbers[0]),
		subscriptions_number(status->lag, numbers[1]),
		subscriptions_number(status->leased, numbers[2]),
		subscriptions_number(status->lanes_backing_off, numbers[3]),
		subscriptions_number(status->lanes_parked, numbers[4]),
		print_time_local(status->last_fetch_at_ms, fetched),
	};

	subscriptions_filter(status->filter, filter);
	return table_add(table, cells);
}

static baton_err
subscriptions_print(const struct cli *cli,
		    const Baton__V1__ListSubscriptionsResult *list)
{
	static const struct table_column columns[] = {
		{"PARTNER", TABLE_LEFT},      {"NAME", TABLE_LEFT},
		{"EVENTS", TABLE_WRAP},       {"POSITION", TABLE_RIGHT},
		{"LAG", TABLE_RIGHT},         {"LEASED", TABLE_RIGHT},
		{"BACKING OFF", TABLE_RIGHT}, {"PARKED", TABLE_RIGHT},
		{"LAST FETCH", TABLE_LEFT},
	};
	struct table *table;
	baton_err err = table_new(columns, sizeof(columns) / sizeof(columns[0]),
				  &table);
	enum table_header header = TABLE_HEADER;

	for (size_t i = 0; err == BATON_OK && i < list->n_subscriptions; i++) {
		if (table_rows(table) == TABLE_ROWS_MAX) {
			table_print(table, header,
				    table_terminal_width(cli->out), cli->out);
			table_clear(table);
			header = TABLE_NO_HEADER;
		}
		err = subscriptions_add(table, list->subscriptions[i]);
	}
	if (err == BATON_OK) {
		table_print(table, header, table_terminal_width(cli->out),
			    cli->out);
	}
	table_free(table);
	return err;
}

/* A repeated string field; NULL when memory is short. */
static json_t *
subscriptions_strings_json(size_t count, char *const *strings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, json_string(strings[i]));
	return array;
}

static json_t *
subscriptions_json(const Baton__V1__SubscriptionStatus *status)
{
	Baton__V1__Filter everything;
	const Baton__V1__Filter *filter = status->filter;

	baton__v1__filter__init(&everything);
	if (filter == NULL)
		filter = &everything;
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"partner", status->partner, "name", status->name, "types",
		subscriptions_strings_json(filter->n_types, filter->types),
		"sources",
		subscriptions_strings_json(filter->n_sources, filter->sources),
		"child", filter->child, "position",
		(json_int_t)status->position, "lag", (json_int_t)status->lag,
		"leased", (json_int_t)status->leased, "lanesBackingOff",
		(json_int_t)status->lanes_backing_off, "lanesParked",
		(json_int_t)status->lanes_parked, "createdAt",
		print_time_json(status->created_at_ms), "lastFetchAt",
		print_time_json(status->last_fetch_at_ms));
}

static baton_err
subscriptions_print_json(const struct cli *cli,
			 const Baton__V1__ListSubscriptionsResult *list)
{
	baton_err err = BATON_OK;

	for (size_t i = 0; err == BATON_OK && i < list->n_subscriptions; i++) {
		err = print_json(cli->out,
				 subscriptions_json(list->subscriptions[i]));
	}
	return err;
}

enum cli_exit
subscriptions_run(struct cli *cli)
{
	Baton__V1__ListSubscriptions op;
	Baton__V1__Request request;
	const Baton__V1__ListSubscriptionsResult *list;
	Baton__V1__Response *response;
	enum cli_exit code;
	baton_err err;

	baton__v1__list_subscriptions__init(&op);
	baton__v1__request__init(&request);
	request.op_case = BATON__V1__REQUEST__OP_LIST_SUBSCRIPTIONS;
	request.list_subscriptions = &op;
	code = cli_call(cli, &request, &response);
	if (code != CLI_EXIT_OK)
		return code;
	list = response->list_subscriptions;
	err = cli->json ? subscriptions_print_json(cli, list)
			: subscriptions_print(cli, list);
	if (!cli->json && list->n_subscriptions == 0) {
		cli_note(cli, "there are no subscriptions yet; 'baton "
			      "subscribe NAME' makes one");
	}
	baton_call_free(response);
	return err == BATON_OK ? CLI_EXIT_OK : cli_no_memory(cli);
}
