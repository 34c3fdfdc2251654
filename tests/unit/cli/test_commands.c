/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/progress.h"

#include <cmocka.h>

/* More than any of our pages has. */
#define SOURCE_BYTES 65536

/* A command line whose output and errors are kept in memory. */
struct line {
	struct cli cli;
	struct options options;
	char *out_text;
	char *err_text;
	size_t out_len;
	size_t err_len;
	FILE *out;
	FILE *err;
};

static void
line_open(struct line *line)
{
	struct baton_error error;

	memset(line, 0, sizeof(*line));
	line->out = open_memstream(&line->out_text, &line->out_len);
	line->err = open_memstream(&line->err_text, &line->err_len);
	assert_non_null(line->out);
	assert_non_null(line->err);
	assert_int_equal(cli_init(&line->cli, &line->options, line->out,
				  line->err, &error),
			 BATON_OK);
}

/* Makes what was printed visible in out_text and err_text. */
static void
line_end(struct line *line)
{
	assert_int_equal(fclose(line->out), 0);
	assert_int_equal(fclose(line->err), 0);
	cli_fini(&line->cli);
}

static void
line_free(struct line *line)
{
	free(line->out_text);
	free(line->err_text);
}

static void
commands_find_every_one_by_its_name(void **state)
{
	const struct command *command;
	size_t count = 0;

	(void)state;
	while ((command = commands_get(count)) != NULL) {
		assert_ptr_equal(commands_find(command->name), command);
		count++;
	}
	assert_true(count > 0);
	assert_null(commands_find("sub"));
}

static void
commands_nearest_forgives_typing_errors(void **state)
{
	(void)state;
	assert_string_equal(commands_nearest("pubish")->name, "publish");
	assert_string_equal(commands_nearest("jurney")->name, "journey");
	assert_null(commands_nearest("frobnicate"));
	assert_null(commands_nearest("a-word-longer-than-any-command-is"));
}

static void
help_names_every_command_and_exit_code(void **state)
{
	const struct command *command;
	struct line line;

	(void)state;
	line_open(&line);
	help_print(NULL, line.out);
	line_end(&line);
	for (size_t i = 0; (command = commands_get(i)) != NULL; i++)
		assert_non_null(strstr(line.out_text, command->summary));
	for (int code = CLI_EXIT_OK; code <= CLI_EXIT_INTERNAL; code++) {
		assert_non_null(strstr(line.out_text,
				       cli_exit_text((enum cli_exit)code)));
	}
	line_free(&line);
}

static void
help_lines_fit_a_terminal(void **state)
{
	const struct command *command;
	struct line line;

	(void)state;
	line_open(&line);
	help_print(NULL, line.out);
	for (size_t i = 0; (command = commands_get(i)) != NULL; i++)
		help_print(command, line.out);
	line_end(&line);
	for (const char *at = line.out_text; *at != '\0';
	     at += strcspn(at, "\n") + 1)
		assert_in_range(strcspn(at, "\n"), 0, 80);
	line_free(&line);
}

static void
help_of_a_command_lists_its_options(void **state)
{
	struct line line;

	(void)state;
	line_open(&line);
	help_print(commands_find("publish"), line.out);
	line_end(&line);
	assert_non_null(strstr(line.out_text, "usage: baton publish"));
	assert_non_null(strstr(line.out_text, "--fill-id"));
	assert_non_null(strstr(line.out_text, "--url URL"));
	assert_null(strstr(line.out_text, "--follow"));
	line_free(&line);
}

/* The whole of a file of the source tree, given. */
static char *
read_source(const char *name)
{
	char *text = calloc(1, SOURCE_BYTES);
	char path[512];
	FILE *file;

	assert_non_null(text);
	(void)snprintf(path, sizeof(path), "%s/%s", SOURCE_PATH, name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_in_range(fread(text, 1, SOURCE_BYTES, file), 1,
			SOURCE_BYTES - 1);
	(void)fclose(file);
	return text;
}

static void
manual_has_a_section_for_every_command(void **state)
{
	char *page = read_source("deploy/man/baton.1");
	const struct command *command;
	char wanted[64];

	(void)state;
	for (size_t i = 0; (command = commands_get(i)) != NULL; i++) {
		(void)snprintf(wanted, sizeof(wanted), "\n.Ss %s\n",
			       command->name);
		assert_non_null(strstr(page, wanted));
		(void)snprintf(wanted, sizeof(wanted), "deploy/man/baton-%s.1",
			       command->name);
		free(read_source(wanted));
	}
	free(page);
}

static void
manual_explains_every_option(void **state)
{
	char *page = read_source("deploy/man/baton.1");
	char wanted[64];

	(void)state;
	for (int id = 0; id < OPTION_COUNT; id++) {
		(void)snprintf(wanted, sizeof(wanted), "\n.It Fl -%s",
			       options_name((enum option_id)id));
		assert_non_null(strstr(page, wanted));
	}
	free(page);
}

static void
completion_knows_every_command_and_option(void **state)
{
	char *script = read_source("deploy/completion/baton.bash");
	const struct command *command;
	char wanted[64];

	(void)state;
	for (size_t i = 0; (command = commands_get(i)) != NULL; i++)
		assert_non_null(strstr(script, command->name));
	for (int id = 0; id < OPTION_COUNT; id++) {
		(void)snprintf(wanted, sizeof(wanted), "--%s",
			       options_name((enum option_id)id));
		assert_non_null(strstr(script, wanted));
	}
	free(script);
}

static void
cli_fail_says_what_to_do_next(void **state)
{
	struct baton_error error = {BATON_BUSY, "no answer"};
	struct line line;

	(void)state;
	line_open(&line);
	line.cli.command = commands_find("status");
	assert_int_equal(cli_fail(&line.cli, &error), CLI_EXIT_AWAY);
	line_end(&line);
	assert_string_equal(line.err_text,
			    "baton status: no answer; try again later\n");
	line_free(&line);
}

static void
cli_fail_escapes_what_the_broker_said(void **state)
{
	struct baton_error error = {BATON_DENIED, "no\033[2J"};
	struct line line;

	(void)state;
	line_open(&line);
	assert_int_equal(cli_fail(&line.cli, &error), CLI_EXIT_REFUSED);
	line_end(&line);
	assert_null(strchr(line.err_text, '\033'));
	line_free(&line);
}

static void
cli_exit_codes_follow_the_error(void **state)
{
	(void)state;
	assert_int_equal(cli_exit_of(BATON_OK), 0);
	assert_int_equal(cli_exit_of(BATON_NOT_FOUND), 1);
	assert_int_equal(cli_exit_of(BATON_UNREACHABLE), 3);
	assert_int_equal(cli_exit_of(BATON_TIMEOUT), 3);
	assert_int_equal(cli_exit_of(BATON_BUSY), 3);
	assert_int_equal(cli_exit_of(BATON_UNAVAILABLE), 3);
	assert_int_equal(cli_exit_of(BATON_DENIED), 4);
	assert_int_equal(cli_exit_of(BATON_EXISTS), 4);
	assert_int_equal(cli_exit_of(BATON_INTERNAL), 6);
	assert_int_equal(cli_exit_of((baton_err)999), 6);
}

static void
cli_init_refuses_a_timeout_out_of_bounds(void **state)
{
	struct options options = {.values = {[OPTION_TIMEOUT] = "0"}};
	struct baton_error error;
	struct cli cli;

	(void)state;
	assert_int_equal(cli_init(&cli, &options, stdout, stderr, &error),
			 BATON_INVALID);
	options.values[OPTION_TIMEOUT] = "3600";
	assert_int_equal(cli_init(&cli, &options, stdout, stderr, &error),
			 BATON_OK);
	assert_int_equal(cli.timeout_ms, 3600000);
}

static void
progress_shows_count_and_rate(void **state)
{
	struct progress progress;
	struct line line;

	(void)state;
	line_open(&line);
	progress_init(&progress, line.err, 1000);
	progress_update(&progress, 25000, 3500);
	line_end(&line);
	assert_string_equal(line.err_text,
			    "\r\033[K25,000 events, 10,000 a second");
	line_free(&line);
}

static void
progress_is_silent_for_short_work(void **state)
{
	struct progress progress;
	struct line line;

	(void)state;
	line_open(&line);
	progress_init(&progress, line.err, 1000);
	progress_update(&progress, 500, 1900);
	progress_fini(&progress);
	line_end(&line);
	assert_string_equal(line.err_text, "");
	line_free(&line);
}

static void
progress_draws_five_times_a_second_at_most(void **state)
{
	struct progress progress;
	struct line line;

	(void)state;
	line_open(&line);
	progress_init(&progress, line.err, 0);
	progress_update(&progress, 1000, 1000);
	progress_update(&progress, 1100, 1100);
	line_end(&line);
	assert_string_equal(line.err_text,
			    "\r\033[K1,000 events, 1,000 a second");
	line_free(&line);
}

static void
progress_wipes_its_line(void **state)
{
	struct progress progress;
	struct line line;

	(void)state;
	line_open(&line);
	progress_init(&progress, line.err, 0);
	progress_update(&progress, 1, 1000);
	progress_fini(&progress);
	progress_fini(&progress);
	line_end(&line);
	assert_string_equal(line.err_text,
			    "\r\033[K1 events, 1 a second\r\033[K");
	line_free(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_find_every_one_by_its_name),
		cmocka_unit_test(commands_nearest_forgives_typing_errors),
		cmocka_unit_test(help_names_every_command_and_exit_code),
		cmocka_unit_test(help_lines_fit_a_terminal),
		cmocka_unit_test(help_of_a_command_lists_its_options),
		cmocka_unit_test(manual_has_a_section_for_every_command),
		cmocka_unit_test(manual_explains_every_option),
		cmocka_unit_test(completion_knows_every_command_and_option),
		cmocka_unit_test(cli_fail_says_what_to_do_next),
		cmocka_unit_test(cli_fail_escapes_what_the_broker_said),
		cmocka_unit_test(cli_exit_codes_follow_the_error),
		cmocka_unit_test(cli_init_refuses_a_timeout_out_of_bounds),
		cmocka_unit_test(progress_shows_count_and_rate),
		cmocka_unit_test(progress_is_silent_for_short_work),
		cmocka_unit_test(progress_draws_five_times_a_second_at_most),
		cmocka_unit_test(progress_wipes_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
