/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "baton/version.h"
#include "cli/print.h"
#include "cli/values.h"
#include "client/call.h"

#define CLI_TIMEOUT_S 30

/* Colours are for people only, and for those who want them
 * (https://no-color.org). */
static bool
cli_wants_colour(FILE *out)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	int fd = fileno(out);

	return fd >= 0 && isatty(fd) &&
	       (no_color == NULL || no_color[0] == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

baton_err
cli_init(struct cli *cli, const struct options *options, FILE *out, FILE *err,
	 struct baton_error *error)
{
	uint64_t timeout_s = CLI_TIMEOUT_S;
	baton_err code = BATON_OK;

	memset(cli, 0, sizeof(*cli));
	cli->options = *options;
	cli->out = out;
	cli->err = err;
	cli->json = options_has(options, OPTION_JSON);
	cli->colour = !cli->json && cli_wants_colour(out);
	if (options_has(options, OPTION_TIMEOUT)) {
		code = values_number(options->values[OPTION_TIMEOUT],
				     "--timeout", 1, 3600, &timeout_s, error);
	}
	cli->timeout_ms = (uint32_t)(timeout_s * 1000);
	return code;
}

void
cli_fini(struct cli *cli)
{
	baton_client_free(cli->client);
	cli->client = NULL;
}

const char *
cli_operand(const struct cli *cli, size_t i)
{
	return i + 1 < cli->options.operands_count
		       ? cli->options.operands[i + 1]
		       : NULL;
}

const char *
cli_value(const struct cli *cli, enum option_id id)
{
	return cli->options.values[id];
}

/* "baton publish: " or "baton: ". */
static void
cli_prefix(const struct cli *cli)
{
	if (cli->command != NULL) {
		(void)fprintf(cli->err, "baton %s: ", cli->command->name);
	} else {
		(void)fputs("baton: ", cli->err);
	}
}

void
cli_note(const struct cli *cli, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cli_prefix(cli);
	print_text(cli->err, "%s\n", text);
}

enum cli_exit
cli_usage(const struct cli *cli, const struct baton_error *error)
{
	if (error->code == BATON_NO_MEMORY)
		return cli_no_memory(cli);
	cli_note(cli, "%s; 'baton help%s%s' says how it is used", error->text,
		 cli->command != NULL ? " " : "",
		 cli->command != NULL ? cli->command->name : "");
	return CLI_EXIT_USAGE;
}

enum cli_exit
cli_no_memory(const struct cli *cli)
{
	cli_note(cli, "memory ran out; free some and try again");
	return CLI_EXIT_INTERNAL;
}

struct cli_advice {
	baton_err code;
	enum cli_exit exit;
	/* What to do next; NULL when the library's or broker's text says it. */
	const char *next;
};

/* Codes that are not here are defects: CLI_EXIT_INTERNAL. */
static const struct cli_advice cli_advices[] = {
	{BATON_OK, CLI_EXIT_OK, NULL},
	{BATON_UNREACHABLE, CLI_EXIT_AWAY, NULL},
	{BATON_TIMEOUT, CLI_EXIT_AWAY,
	 "try again, with a longer --timeout if the broker has much to do"},
	{BATON_BUSY, CLI_EXIT_AWAY, "try again later"},
	{BATON_UNAVAILABLE, CLI_EXIT_AWAY,
	 "see to the disk of the broker, then try again"},
	{BATON_CLOSED, CLI_EXIT_AWAY, "try again"},
	{BATON_NOT_FOUND, CLI_EXIT_PARTLY, NULL},
	{BATON_DENIED, CLI_EXIT_REFUSED,
	 "ask the operator of the broker what the agreement grants you"},
	{BATON_EXISTS, CLI_EXIT_REFUSED, NULL},
	/* Whoever found it: what is wrong was typed. */
	{BATON_INVALID, CLI_EXIT_USAGE, NULL},
	{BATON_LEASE_LOST, CLI_EXIT_REFUSED, "try again"},
	{BATON_TOO_LARGE, CLI_EXIT_REFUSED, NULL},
	{BATON_UNSUPPORTED, CLI_EXIT_REFUSED,
	 "install the version of baton that the broker has"},
	{BATON_IDENTIFIER_INVALID, CLI_EXIT_REFUSED, NULL},
	{BATON_NO_MEMORY, CLI_EXIT_INTERNAL, "free some and try again"},
};

static const struct cli_advice *
cli_advice_of(baton_err code)
{
	for (size_t i = 0; i < sizeof(cli_advices) / sizeof(cli_advices[0]);
	     i++) {
		if (cli_advices[i].code == code)
			return &cli_advices[i];
	}
	return NULL;
}

enum cli_exit
cli_exit_of(baton_err code)
{
	const struct cli_advice *advice = cli_advice_of(code);

	return advice != NULL ? advice->exit : CLI_EXIT_INTERNAL;
}

enum cli_exit
cli_fail(const struct cli *cli, const struct baton_error *error)
{
	const struct cli_advice *advice = cli_advice_of(error->code);
	const char *next = advice != NULL ? advice->next
					  : "report this with the broker's log";

	cli_note(cli, "%s%s%s",
		 error->text[0] != '\0' ? error->text
					: baton_err_text(error->code),
		 next != NULL ? "; " : "", next != NULL ? next : "");
	return cli_exit_of(error->code);
}

char *
cli_borrow(const char *text)
{
	return (char *)(uintptr_t)(text != NULL ? text : "");
}

enum cli_exit
cli_connect(struct cli *cli)
{
	struct baton_error error = {BATON_OK, ""};
	struct baton_client_options options = {
		.url = cli_value(cli, OPTION_URL),
		.name = "baton/" BATON_VERSION,
		.timeout_ms = cli->timeout_ms,
	};

	if (cli->client != NULL ||
	    baton_client_new(&options, &cli->client, &error) == BATON_OK)
		return CLI_EXIT_OK;
	/* Nothing but the address can be invalid here. */
	return error.code == BATON_INVALID ? cli_usage(cli, &error)
					   : cli_fail(cli, &error);
}

enum cli_exit
cli_call(struct cli *cli, Baton__V1__Request *request,
	 Baton__V1__Response **response)
{
	struct baton_error error = {BATON_OK, ""};
	enum cli_exit code = cli_connect(cli);

	*response = NULL;
	if (code != CLI_EXIT_OK)
		return code;
	if (baton_call(cli->client, request, 0, response, &error) != BATON_OK)
		return cli_fail(cli, &error);
	/* Requests and their answers have the same numbers. */
	if ((int)(*response)->op_case == (int)request->op_case)
		return CLI_EXIT_OK;
	baton_call_free(*response);
	*response = NULL;
	(void)baton_error_set(&error, BATON_MALFORMED,
			      "the broker answered something else than was "
			      "asked");
	return cli_fail(cli, &error);
}

const char *
cli_exit_text(enum cli_exit code)
{
	switch (code) {
#define CLI_EXIT_TEXT(name, number, text)                                      \
	case CLI_EXIT_##name:                                                  \
		return text;
		CLI_EXIT_LIST(CLI_EXIT_TEXT)
#undef CLI_EXIT_TEXT
	}
	return "";
}

void
cli_tone(const struct cli *cli, enum cli_tone tone)
{
	static const char *const codes[] = {"\033[0m", "\033[32m", "\033[33m",
					    "\033[31m"};

	if (cli->colour)
		(void)fputs(codes[tone], cli->out);
}
