/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"
#include "cli/print.h"
#include "client/call.h"

enum cli_exit
unsubscribe_run(struct cli *cli)
{
	Baton__V1__Unsubscribe op;
	Baton__V1__Request request;
	const char *name = cli_operand(cli, 0);
	Baton__V1__Response *response;
	enum cli_exit code;

	baton__v1__unsubscribe__init(&op);
	baton__v1__request__init(&request);
	op.name = cli_borrow(name);
	request.op_case = BATON__V1__REQUEST__OP_UNSUBSCRIBE;
	request.unsubscribe = &op;
	code = cli_call(cli, &request, &response);
	if (code != CLI_EXIT_OK)
		return code;
	baton_call_free(response);
	if (!cli->json) {
		print_text(cli->out, "Subscription %s is removed.\n", name);
	} else if (print_json(cli->out, json_pack("{s:s, s:b}", "subscription",
						  name, "removed", 1)) !=
		   BATON_OK) {
		return cli_no_memory(cli);
	}
	return CLI_EXIT_OK;
}
