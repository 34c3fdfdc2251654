/* SPDX-License-Identifier: MIT */
#include "cli/entry.h"

#include <string.h>

#include "cli/print.h"
#include "send/v1/event.pb-c.h"

/* Notes the id, for the outcome's row. */
static void
entry_find_id(struct entry *entry)
{
	struct baton_span span = {entry->bytes, entry->len};
	Send__V1__Event *event;

	if (baton_event_unpack(span, &event, NULL) != BATON_OK)
		return;
	(void)snprintf(entry->id, sizeof(entry->id), "%s", event->id);
	baton_event_free(event);
}

void
entry_init(struct entry *entry, const struct input_item *item,
	   enum baton_fill_id fill_id)
{
	memset(entry, 0, sizeof(*entry));
	entry->line = item->line;
	entry->number = item->number;
	if (item->kind == INPUT_BAD) {
		entry->problem.code = item->code;
		(void)snprintf(entry->problem.text, sizeof(entry->problem.text),
			       "%s", item->problem);
		return;
	}
	entry->problem.code = baton_event_from_json(
		item->text, item->len, fill_id, &entry->bytes, &entry->len,
		&entry->problem);
	if (entry->problem.code == BATON_OK)
		entry_find_id(entry);
}

void
entry_fini(struct entry *entry)
{
	baton_event_bytes_free(entry->bytes);
	entry->bytes = NULL;
}

void
entry_print_heading(const struct cli *cli)
{
	if (!cli->json) {
		print_text(cli->out, "%-10s%12s  %s\n", "OUTCOME", "SEQUENCE",
			   "ID");
	}
}

static json_t *
entry_json(const struct entry *entry, const char *outcome, uint64_t sequence)
{
	json_t *object = json_pack(
		"{s:I, s:I, s:o, s:s, s:o}", "line", (json_int_t)entry->line,
		"number", (json_int_t)entry->number, "id",
		entry->id[0] != '\0' ? json_string(entry->id) : json_null(),
		"outcome", outcome, "sequence",
		sequence != 0 ? json_integer((json_int_t)sequence)
			      : json_null());

	if (entry->problem.code == BATON_OK || object == NULL)
		return object;
	(void)json_object_set_new(
		object, "code",
		json_string(baton_err_name(entry->problem.code)));
	(void)json_object_set_new(object, "path",
				  json_string(entry->problem.path));
	(void)json_object_set_new(object, "text",
				  json_string(entry->problem.text));
	return object;
}

/* Where, which field, why and what to do, in one line. */
static void
entry_print_problem(const struct cli *cli, const struct entry *entry)
{
	const struct baton_problem *problem = &entry->problem;

	cli_note(cli, "line %llu, event %llu: %s%s%s (%s)",
		 (unsigned long long)entry->line,
		 (unsigned long long)entry->number, problem->path,
		 problem->path[0] != '\0' ? ": " : "",
		 problem->text[0] != '\0' ? problem->text
					  : baton_err_text(problem->code),
		 baton_err_name(problem->code));
}

baton_err
entry_print(const struct cli *cli, const struct entry *entry,
	    const char *outcome, enum cli_tone tone, uint64_t sequence)
{
	char number[24] = "-";

	if (cli->json) {
		return print_json(cli->out,
				  entry_json(entry, outcome, sequence));
	}
	if (sequence != 0) {
		(void)snprintf(number, sizeof(number), "%llu",
			       (unsigned long long)sequence);
	}
	cli_tone(cli, tone);
	print_text(cli->out, "%-10s", outcome);
	cli_tone(cli, CLI_PLAIN);
	print_text(cli->out, "%12s  %s\n", number,
		   entry->id[0] != '\0' ? entry->id : "-");
	if (entry->problem.code != BATON_OK)
		entry_print_problem(cli, entry);
	return BATON_OK;
}
