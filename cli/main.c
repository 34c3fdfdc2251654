/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "cli/commands.h"

/* Finds what to run; on a wrong command line NULL with error filled. */
static const struct command *
main_find_command(const struct options *options, struct baton_error *error)
{
	const char *word = options->operands[0];
	const struct command *command;
	const struct command *nearest;

	if (options_has(options, OPTION_VERSION))
		return commands_find("version");
	if (options->operands_count == 0) {
		(void)baton_error_set(error, BATON_INVALID,
				      "a command is missing");
		return NULL;
	}
	command = commands_find(word);
	if (command != NULL)
		return command;
	nearest = commands_nearest(word);
	if (nearest != NULL) {
		(void)baton_error_set(error, BATON_INVALID,
				      "there is no such command (did you mean "
				      "%s?)",
				      nearest->name);
	} else {
		(void)baton_error_set(error, BATON_INVALID,
				      "there is no such command");
	}
	return NULL;
}

static enum cli_exit
main_run(struct cli *cli)
{
	const struct options *options = &cli->options;
	struct baton_error error = {BATON_OK, ""};
	size_t operands;

	/* "baton --help" and "baton COMMAND --help". */
	if (options_has(options, OPTION_HELP)) {
		help_print(options->operands_count > 0
				   ? commands_find(options->operands[0])
				   : NULL,
			   cli->out);
		return CLI_EXIT_OK;
	}
	cli->command = main_find_command(options, &error);
	if (cli->command == NULL)
		return cli_usage(cli, &error);
	if (options_has(options, OPTION_VERSION))
		return cli->command->run(cli);
	if (options_check(options, cli->command->options | OPTIONS_GLOBAL,
			  &error) != BATON_OK)
		return cli_usage(cli, &error);
	operands = options->operands_count - 1;
	if (operands < cli->command->operands_min ||
	    operands > cli->command->operands_max) {
		(void)baton_error_set(
			&error, BATON_INVALID, "%s",
			operands < cli->command->operands_min
				? "something is missing on the command line"
				: "there are too many words on the command "
				  "line");
		return cli_usage(cli, &error);
	}
	return cli->command->run(cli);
}

/*
 * Sees that all output got out. A reader that has read enough (`| head`) is
 * no error.
 */
static enum cli_exit
main_finish(const struct cli *cli, enum cli_exit code)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE || errno == 0 || code != CLI_EXIT_OK)
		return code;
	cli_note(cli,
		 "the output could not be written: %s; see to where it goes "
		 "and try again",
		 strerror(errno));
	return CLI_EXIT_INTERNAL;
}

int
main(int argc, char **argv)
{
	struct baton_error error = {BATON_OK, ""};
	struct options options;
	struct cli cli;
	enum cli_exit code;
	baton_err err;

	/* Widths of characters, whatever the user's language; everything
	 * printed is UTF-8. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	/* A closed pipe is an error of write(2), not the end. */
	(void)signal(SIGPIPE, SIG_IGN);
	err = options_parse(&options, argc, argv, &error);
	if (err == BATON_OK) {
		err = cli_init(&cli, &options, stdout, stderr, &error);
	} else {
		memset(&cli, 0, sizeof(cli));
	}
	cli.err = stderr;
	code = err == BATON_OK ? main_run(&cli) : cli_usage(&cli, &error);
	code = main_finish(&cli, code);
	cli_fini(&cli);
	return (int)code;
}
