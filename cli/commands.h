/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_COMMANDS_H
#define BATON_CLI_COMMANDS_H

#include "cli/cli.h"

/**
 * The subcommands: one function each, in the file of its name, and the table
 * that main(), help and completion are made from.
 */

/** Command i of the table; NULL after the last. */
const struct command *commands_get(size_t i);

/** The command of a name; NULL when there is none. */
const struct command *commands_find(const char *name);

/** The command whose name is most like a word that is none; NULL when no name
 *  is near. */
const struct command *commands_nearest(const char *word);

/** Each runs its subcommand, reports what goes wrong and returns the exit
 *  code. Options and the number of operands were checked before. */
enum cli_exit publish_run(struct cli *cli);
enum cli_exit check_run(struct cli *cli);
enum cli_exit subscribe_run(struct cli *cli);
enum cli_exit unsubscribe_run(struct cli *cli);
enum cli_exit subscriptions_run(struct cli *cli);
enum cli_exit status_run(struct cli *cli);
enum cli_exit parked_run(struct cli *cli);
enum cli_exit journey_run(struct cli *cli);
enum cli_exit replay_run(struct cli *cli);
enum cli_exit help_run(struct cli *cli);
enum cli_exit version_run(struct cli *cli);

/** Prints the list of commands, or the help of one, to out. */
void help_print(const struct command *command, FILE *out);

#endif /* BATON_CLI_COMMANDS_H */
