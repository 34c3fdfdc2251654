/* SPDX-License-Identifier: MIT */
#include "baton/version.h"
#include "cli/commands.h"
#include "cli/print.h"

/* Column at which explanations begin. */
#define HELP_INDENT 24

static void
help_print_options(FILE *out, uint32_t set)
{
	for (enum option_id id = OPTION_JSON; id < OPTION_COUNT; id++) {
		const char *argument = options_argument(id);
		char name[48];

		if ((set & OPTION_BIT(id)) == 0)
			continue;
		(void)snprintf(name, sizeof(name), "--%s%s%s", options_name(id),
			       argument != NULL ? " " : "",
			       argument != NULL ? argument : "");
		(void)fprintf(out, "  %-*s%s\n", HELP_INDENT, name,
			      options_help(id));
	}
}

static void
help_print_exits(FILE *out)
{
	(void)fputs("\nExit status:\n", out);
#define HELP_EXIT(name, number, text)                                          \
	(void)fprintf(out, "  %-*d%s\n", HELP_INDENT, number, text);
	CLI_EXIT_LIST(HELP_EXIT)
#undef HELP_EXIT
}

static void
help_print_all(FILE *out)
{
	const struct command *command;

	(void)fputs("usage: baton [OPTIONS] COMMAND [OPTIONS] [OPERANDS]\n\n"
		    "Publishes and receives the events of a local SEND "
		    "partnership, and looks after\nthe broker that relays "
		    "them.\n\nCommands:\n",
		    out);
	for (size_t i = 0; (command = commands_get(i)) != NULL; i++) {
		(void)fprintf(out, "  %-*s%s\n", HELP_INDENT, command->name,
			      command->summary);
	}
	(void)fputs("\nOptions of every command, before or after its name:\n",
		    out);
	help_print_options(out, OPTIONS_GLOBAL);
	help_print_exits(out);
	(void)fputs("\n'baton help COMMAND' says more; so does man baton.\n",
		    out);
}

void
help_print(const struct command *command, FILE *out)
{
	if (command == NULL) {
		help_print_all(out);
		return;
	}
	(void)fprintf(out, "usage: baton %s [OPTIONS]%s%s\n\n%s", command->name,
		      command->operands[0] != '\0' ? " " : "",
		      command->operands, command->details);
	if (command->options != 0) {
		(void)fputs("\nOptions:\n", out);
		help_print_options(out, command->options);
	}
	(void)fputs("\nOptions of every command:\n", out);
	help_print_options(out, OPTIONS_GLOBAL);
}

enum cli_exit
help_run(struct cli *cli)
{
	const char *name = cli_operand(cli, 0);
	const struct command *command = NULL;
	struct baton_error error = {BATON_OK, ""};

	if (name != NULL) {
		command = commands_find(name);
		if (command == NULL) {
			(void)baton_error_set(&error, BATON_INVALID,
					      "there is no such command");
			return cli_usage(cli, &error);
		}
	}
	help_print(command, cli->out);
	return CLI_EXIT_OK;
}

enum cli_exit
version_run(struct cli *cli)
{
	if (cli->json) {
		baton_err err = print_json(
			cli->out,
			json_pack("{s:s, s:i}", "version", BATON_VERSION,
				  "protocolVersion", BATON_PROTOCOL_VERSION));

		return err == BATON_OK ? CLI_EXIT_OK : cli_no_memory(cli);
	}
	print_text(cli->out, "baton %s\n", BATON_VERSION);
	return CLI_EXIT_OK;
}
