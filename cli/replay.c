/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/values.h"
#include "client/call.h"

/* Reads --from and --child into the request. */
static baton_err
replay_read(const struct cli *cli, Baton__V1__Start *from,
	    char child[CONTRACT_CHILD_KEY_BYTES], struct baton_error *error)
{
	const char *identifier = cli_value(cli, OPTION_CHILD);
	struct values_start start;
	baton_err err;

	if (cli_value(cli, OPTION_FROM) == NULL) {
		return baton_error_set(error, BATON_INVALID,
				       "--from is missing: it says from where "
				       "events are delivered again");
	}
	err = values_start(cli_value(cli, OPTION_FROM), &start, error);
	if (err != BATON_OK)
		return err;
	from->at = (Baton__V1__StartAt)start.at;
	from->sequence = start.sequence;
	from->time_ms = start.time_ms;
	return identifier != NULL ? values_child(identifier, child, error)
				  : BATON_OK;
}

_Static_assert((int)BATON_START_BEGINNING ==
			       (int)BATON__V1__START_AT__START_AT_BEGINNING &&
		       (int)BATON_START_NOW ==
			       (int)BATON__V1__START_AT__START_AT_NOW &&
		       (int)BATON_START_SEQUENCE ==
			       (int)BATON__V1__START_AT__START_AT_SEQUENCE &&
		       (int)BATON_START_TIME ==
			       (int)BATON__V1__START_AT__START_AT_TIME,
	       "the library and the wire number starts alike");

enum cli_exit
replay_run(struct cli *cli)
{
	Baton__V1__Replay op;
	Baton__V1__Start from;
	Baton__V1__Request request;
	char child[CONTRACT_CHILD_KEY_BYTES] = "";
	const char *name = cli_operand(cli, 0);
	struct baton_error error = {BATON_OK, ""};
	Baton__V1__Response *response;
	unsigned long long position;
	enum cli_exit code;

	baton__v1__replay__init(&op);
	baton__v1__start__init(&from);
	baton__v1__request__init(&request);
	if (replay_read(cli, &from, child, &error) != BATON_OK)
		return cli_usage(cli, &error);
	op.subscription = cli_borrow(name);
	op.from = &from;
	op.child = child;
	op.partner = cli_borrow(cli_value(cli, OPTION_PARTNER));
	request.op_case = BATON__V1__REQUEST__OP_REPLAY;
	request.replay = &op;
	code = cli_call(cli, &request, &response);
	if (code != CLI_EXIT_OK)
		return code;
	position = response->replay->position;
	baton_call_free(response);
	if (cli->json) {
		baton_err err = print_json(
			cli->out, json_pack("{s:s, s:I}", "subscription", name,
					    "position", (json_int_t)position));

		return err == BATON_OK ? CLI_EXIT_OK : cli_no_memory(cli);
	}
	if (child[0] != '\0') {
		print_text(cli->out,
			   "The child's events after sequence %llu are "
			   "delivered to %s again.\n",
			   position, name);
	} else {
		print_text(cli->out,
			   "Events after sequence %llu are delivered to %s "
			   "again.\n",
			   position, name);
	}
	return CLI_EXIT_OK;
}
