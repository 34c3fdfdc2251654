/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_CLI_H
#define BATON_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "baton/client.h"
#include "baton/v1/broker.pb-c.h"
#include "cli/options.h"

/**
 * What every subcommand stands on: options, the connection, errors. All of it
 * belongs to the main thread.
 */

/** Exit codes: the one list of them. baton.1, "EXIT STATUS", and "baton help"
 *  say the same. */
/* X(NAME, number, "meaning") */
#define CLI_EXIT_LIST(X)                                                       \
	X(OK, 0, "success")                                                    \
	X(PARTLY, 1, "some events were refused, or nothing was found")         \
	X(USAGE, 2, "the command line is wrong")                               \
	X(AWAY, 3, "the broker cannot be reached or did not answer in time")   \
	X(REFUSED, 4, "the broker refused: not permitted, or exists already")  \
	X(INPUT, 5, "the input could not be read")                             \
	X(INTERNAL, 6, "output failed, memory ran out, or a defect of baton")

enum cli_exit {
#define CLI_EXIT_ENUM(name, number, text) CLI_EXIT_##name = (number),
	CLI_EXIT_LIST(CLI_EXIT_ENUM)
#undef CLI_EXIT_ENUM
};

struct command;

struct cli {
	struct options options;
	/** NULL until it is known. */
	const struct command *command;
	/** Given by cli_connect(); freed by cli_fini(). */
	struct baton_client *client;
	uint32_t timeout_ms;
	bool json;
	bool colour;
	FILE *out;
	FILE *err;
};

/** One subcommand; the list is in cli/commands.c. */
struct command {
	const char *name;
	/** "FILE|-", for the usage line; "" when there are none. */
	const char *operands;
	/** One line, for the list of commands. */
	const char *summary;
	/** One paragraph for "baton help NAME", with its newlines. */
	const char *details;
	size_t operands_min;
	size_t operands_max;
	/** Options besides OPTIONS_GLOBAL. */
	uint32_t options;
	enum cli_exit (*run)(struct cli *cli);
};

/** Makes a cli of a command line that was taken apart. out, err: borrowed.
 *  Errors: INVALID (--timeout). */
BATON_MUST_CHECK baton_err cli_init(struct cli *cli,
				    const struct options *options, FILE *out,
				    FILE *err, struct baton_error *error);

void cli_fini(struct cli *cli);

/** Operand i of the subcommand, from 0; NULL when there are fewer. */
const char *cli_operand(const struct cli *cli, size_t i);

/** Value of an option; NULL when it is not given. */
const char *cli_value(const struct cli *cli, enum option_id id);

/** A text for a request: protobuf-c's strings are not const, but a request is
 *  only read. NULL becomes "". */
char *cli_borrow(const char *text);

/** Makes the client if there is none yet, without talking to the broker.
 *  Reports what goes wrong; OK or the exit code. */
enum cli_exit cli_connect(struct cli *cli);

/**
 * One administrative request (client/call.h), connecting if need be. Reports
 * what goes wrong.
 *
 * *response: given on CLI_EXIT_OK, with the op that answers the request; free
 * with baton_call_free(). Returns OK or the exit code.
 */
enum cli_exit cli_call(struct cli *cli, Baton__V1__Request *request,
		       Baton__V1__Response **response);

/** Prints "baton NAME: ..." and a newline to standard error. */
void cli_note(const struct cli *cli, const char *format, ...)
	BATON_PRINTF(2, 3);

/** Reports a wrong command line, with where help is. */
enum cli_exit cli_usage(const struct cli *cli, const struct baton_error *error);

/** Reports an error with what to do next; returns the exit code for it. */
enum cli_exit cli_fail(const struct cli *cli, const struct baton_error *error);

/** The exit code of an error. */
enum cli_exit cli_exit_of(baton_err code);

/** Reports that memory ran out. */
enum cli_exit cli_no_memory(const struct cli *cli);

/** What an exit code means. */
const char *cli_exit_text(enum cli_exit code);

enum cli_tone { CLI_PLAIN, CLI_GOOD, CLI_CAREFUL, CLI_BAD };

/** Starts or, with CLI_PLAIN, ends a colour, when there are colours. */
void cli_tone(const struct cli *cli, enum cli_tone tone);

#endif /* BATON_CLI_CLI_H */
