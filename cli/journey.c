/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/table.h"
#include "cli/values.h"
#include "cli/words.h"
#include "client/call.h"

/* Entries asked for at once. */
#define JOURNEY_PAGE 500
_Static_assert(JOURNEY_PAGE <= TABLE_ROWS_MAX, "a page fits a table");

static struct baton_span
journey_span(const Baton__V1__JourneyEntry *entry)
{
	struct baton_span span = {entry->event.data, entry->event.len};

	return span;
}

static int64_t
journey_occurred_ms(const Send__V1__Event *event)
{
	if (event->occurred_at == NULL)
		return 0;
	return event->occurred_at->seconds * 1000 +
	       event->occurred_at->nanos / 1000000;
}

/* One row; an event that cannot be read still has its sequence shown. */
static baton_err
journey_add(struct table *table, const Baton__V1__JourneyEntry *entry)
{
	char what[WORDS_BYTES] = "An event that this version cannot read";
	char from[WORDS_BYTES] = "";
	char team[WORDS_BYTES] = "";
	char when[PRINT_TIME_BYTES] = "";
	char sequence[24];
	const char *cells[] = {when, what, from, NULL, team, sequence};
	Send__V1__Event *event = NULL;
	baton_err err;

	(void)snprintf(sequence, sizeof(sequence), "%llu",
		       (unsigned long long)entry->sequence);
	if (baton_event_unpack(journey_span(entry), &event, NULL) == BATON_OK) {
		(void)print_time_local(journey_occurred_ms(event), when);
		words_event(event, what);
		words_organisation(event->source, from);
		words_team(event->contact_team, team);
		cells[3] = event->case_reference;
	}
	err = table_add(table, cells);
	baton_event_free(event);
	return err;
}

static baton_err
journey_print(const struct cli *cli, const Baton__V1__JourneyResult *page,
	      enum table_header header)
{
	static const struct table_column columns[] = {
		{"WHEN", TABLE_LEFT},         {"WHAT HAPPENED", TABLE_WRAP},
		{"FROM", TABLE_WRAP},         {"CASE", TABLE_LEFT},
		{"CONTACT TEAM", TABLE_WRAP}, {"SEQUENCE", TABLE_RIGHT},
	};
	struct table *table;
	baton_err err = table_new(columns, sizeof(columns) / sizeof(columns[0]),
				  &table);

	for (size_t i = 0; err == BATON_OK && i < page->n_entries; i++)
		err = journey_add(table, page->entries[i]);
	if (err == BATON_OK) {
		table_print(table, header, table_terminal_width(cli->out),
			    cli->out);
	}
	table_free(table);
	return err;
}

/* The event as JSON; null when it cannot be read. */
static json_t *
journey_event_json(const Baton__V1__JourneyEntry *entry)
{
	json_t *event = NULL;
	char *text;

	if (baton_event_to_json(journey_span(entry), &text, NULL) == BATON_OK) {
		event = json_loads(text, 0, NULL);
		baton_json_free(text);
	}
	return event != NULL ? event : json_null();
}

static json_t *
journey_entry_json(const Baton__V1__JourneyEntry *entry)
{
	char what[WORDS_BYTES] = "";
	Send__V1__Event *event;

	if (baton_event_unpack(journey_span(entry), &event, NULL) == BATON_OK) {
		words_event(event, what);
		baton_event_free(event);
	}
	return json_pack("{s:I, s:o, s:s, s:s, s:o}", "sequence",
			 (json_int_t)entry->sequence, "acceptedAt",
			 print_time_json(entry->accepted_at_ms), "partner",
			 entry->partner, "summary", what, "event",
			 journey_event_json(entry));
}

static baton_err
journey_print_json(const struct cli *cli, const Baton__V1__JourneyResult *page)
{
	baton_err err = BATON_OK;

	for (size_t i = 0; err == BATON_OK && i < page->n_entries; i++) {
		err = print_json(cli->out,
				 journey_entry_json(page->entries[i]));
	}
	return err;
}

/* Asks for pages until there are no more; *count is the number of events. */
static enum cli_exit
journey_pages(struct cli *cli, Baton__V1__Journey *op, uint64_t *count)
{
	Baton__V1__Request request;
	enum table_header header = TABLE_HEADER;
	bool more = true;

	baton__v1__request__init(&request);
	request.op_case = BATON__V1__REQUEST__OP_JOURNEY;
	request.journey = op;
	while (more) {
		const Baton__V1__JourneyResult *page;
		Baton__V1__Response *response;
		enum cli_exit code = cli_call(cli, &request, &response);
		baton_err err;

		if (code != CLI_EXIT_OK)
			return code;
		page = response->journey;
		err = cli->json ? journey_print_json(cli, page)
				: journey_print(cli, page, header);
		header = TABLE_NO_HEADER;
		more = page->more && page->n_entries > 0;
		*count += page->n_entries;
		if (page->n_entries > 0) {
			op->after_sequence =
				page->entries[page->n_entries - 1]->sequence;
		}
		baton_call_free(response);
		if (err != BATON_OK)
			return cli_no_memory(cli);
	}
	return CLI_EXIT_OK;
}

enum cli_exit
journey_run(struct cli *cli)
{
	Baton__V1__Journey op;
	char child[CONTRACT_CHILD_KEY_BYTES];
	struct baton_error error = {BATON_OK, ""};
	uint64_t count = 0;
	enum cli_exit code;

	baton__v1__journey__init(&op);
	if (values_child(cli_operand(cli, 0), child, &error) != BATON_OK)
		return cli_usage(cli, &error);
	op.child = child;
	op.limit = JOURNEY_PAGE;
	code = journey_pages(cli, &op, &count);
	if (code == CLI_EXIT_OK && count == 0) {
		cli_note(cli, "no event is known of this child; check the "
			      "identifier, or try another one of the child");
		code = CLI_EXIT_PARTLY;
	}
	return code;
}
