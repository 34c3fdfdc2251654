/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/print.h"
#include "client/call.h"

/* One figure with its label, in two columns. */
static void
status_print_figure(FILE *out, const char *label, uint64_t figure)
{
	print_text(out, "%-22s%llu\n", label, (unsigned long long)figure);
}

static void
status_print(const struct cli *cli, const Baton__V1__GetStatusResult *status)
{
	char started[PRINT_TIME_BYTES];

	print_text(cli->out, "%-22s", "Broker");
	cli_tone(cli, status->ready ? CLI_GOOD : CLI_BAD);
	print_text(cli->out, "%s", status->ready ? "ready" : "not ready");
	cli_tone(cli, CLI_PLAIN);
	if (!status->ready)
		print_text(cli->out, ": %s", status->not_ready_reason);
	print_text(cli->out, "\n%-22s%s\n%-22s%s\n", "Version",
		   status->broker_version, "Running since",
		   print_time_local(status->started_at_ms, started));
	(void)fputs("\nJournal\n", cli->out);
	status_print_figure(cli->out, "  Events", status->events);
	status_print_figure(cli->out, "  Children", status->children);
	status_print_figure(cli->out, "  Last sequence", status->last_sequence);
	status_print_figure(cli->out, "  Bytes", status->journal_bytes);
	(void)fputs("\nSince the broker started\n", cli->out);
	status_print_figure(cli->out, "  Published", status->published);
	status_print_figure(cli->out, "  Duplicates", status->duplicates);
	status_print_figure(cli->out, "  Rejected", status->rejected);
	status_print_figure(cli->out, "  Delivered", status->delivered);
	status_print_figure(cli->out, "  Settled", status->settled);
	(void)fputs("\nNow\n", cli->out);
	status_print_figure(cli->out, "  Connections", status->peers);
	status_print_figure(cli->out, "  Subscriptions", status->subscriptions);
	status_print_figure(cli->out, "  Parked lanes", status->parked_lanes);
	status_print_figure(cli->out, "  Queued commands",
			    status->queued_commands);
}

static json_t *
status_json(const Baton__V1__GetStatusResult *status)
{
	return json_pack(
		"{s:s, s:o, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:I, s:I, s:I}",
		"brokerVersion", status->broker_version, "startedAt",
		print_time_json(status->started_at_ms), "ready",
		status->ready ? 1 : 0, "notReadyReason",
		status->not_ready_reason, "lastSequence",
		(json_int_t)status->last_sequence, "events",
		(json_int_t)status->events, "children",
		(json_int_t)status->children, "journalBytes",
		(json_int_t)status->journal_bytes, "published",
		(json_int_t)status->published, "duplicates",
		(json_int_t)status->duplicates, "rejected",
		(json_int_t)status->rejected, "delivered",
		(json_int_t)status->delivered, "settled",
		(json_int_t)status->settled, "parkedLanes",
		(json_int_t)status->parked_lanes, "connections",
		(json_int_t)status->peers, "queuedCommands",
		(json_int_t)status->queued_commands, "subscriptions",
		(json_int_t)status->subscriptions);
}

enum cli_exit
status_run(struct cli *cli)
{
	Baton__V1__GetStatus op;
	Baton__V1__Request request;
	const Baton__V1__GetStatusResult *status;
	Baton__V1__Response *response;
	enum cli_exit code;

	baton__v1__get_status__init(&op);
	baton__v1__request__init(&request);
	request.op_case = BATON__V1__REQUEST__OP_GET_STATUS;
	request.get_status = &op;
	code = cli_call(cli, &request, &response);
	if (code != CLI_EXIT_OK)
		return code;
	status = response->get_status;
	if (!cli->json) {
		status_print(cli, status);
	} else if (print_json(cli->out, status_json(status)) != BATON_OK) {
		code = cli_no_memory(cli);
	}
	if (code == CLI_EXIT_OK && !status->ready)
		code = CLI_EXIT_PARTLY;
	baton_call_free(response);
	return code;
}
