/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/clock.h"
#include "harness.h"

#include <cmocka.h>

/*
 * The real command against the real broker. One broker serves all tests; each
 * has children and subscriptions of its own.
 */

#define RUN_LIMIT_MS 20000
#define TEXT_BYTES 65536
#define WORDS_MAX 16

/* What one run of the command came to. */
struct run {
	pid_t pid;
	int code;
	char out[TEXT_BYTES];
	char err[TEXT_BYTES];
};

extern char **environ;

static struct harness *harness;
static struct run run;
static char input_text[TEXT_BYTES];

/* An event of a child; each test has its own NHS numbers. */
#define EVENT(id, nhs_number, name)                                            \
	"{\"specversion\":\"1.0\",\"id\":\"" id                                \
	"\",\"source\":\"/ods/RPG\",\"type\":\"uk.send.referral.v1\","         \
	"\"time\":\"2026-07-01T12:00:00Z\",\"action\":\"new\","                \
	"\"datacontenttype\":\"application/json\",\"sourcename\":\"" name      \
	"\",\"data\":{\"child\":{\"identifiers\":[{\"scheme\":"                \
	"\"IDENTIFIER_SCHEME_NHS_NUMBER\",\"value\":\"" nhs_number             \
	"\",\"nhsNumberStatus\":\"NHS_NUMBER_STATUS_VERIFIED\"}]},"            \
	"\"contactTeam\":{\"organisation\":{\"scheme\":"                       \
	"\"ORGANISATION_SCHEME_ODS\",\"code\":\"RPG\"},"                       \
	"\"name\":\"Therapies\"},\"purpose\":\"PURPOSE_DIRECT_CARE\","         \
	"\"lawfulBasis\":\"LAWFUL_BASIS_PUBLIC_TASK\",\"referral\":{"          \
	"\"referralId\":\"R1\",\"kind\":\"REFERRAL_KIND_SERVICE\","            \
	"\"status\":\"REFERRAL_STATUS_REQUESTED\","                            \
	"\"authoredOn\":\"2026-07-01\",\"from\":{\"organisation\":{"           \
	"\"scheme\":\"ORGANISATION_SCHEME_ODS\",\"code\":\"RPG\"},"            \
	"\"source\":\"REQUEST_SOURCE_HEALTH\"},\"to\":{\"organisation\":{"     \
	"\"scheme\":\"ORGANISATION_SCHEME_ODS\",\"code\":\"RPG\"},"            \
	"\"service\":{\"treatmentFunction\":"                                  \
	"\"TREATMENT_FUNCTION_SPEECH_AND_LANGUAGE_THERAPY\"}}}}}\n"

static void
pause_briefly(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	(void)nanosleep(&pause, NULL);
}

static void
read_file(const char *name, char text[TEXT_BYTES])
{
	FILE *file = fopen(harness_path(harness, name), "re");
	size_t len = 0;

	if (file != NULL) {
		len = fread(text, 1, TEXT_BYTES - 1, file);
		(void)fclose(file);
	}
	text[len] = '\0';
}

static void
write_input(const char *text)
{
	FILE *file = fopen(harness_path(harness, "in"), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Starts `program word word ...`; out names the file its output goes to. */
static void
start(const char *program, const char *out, const char *const *words)
{
	posix_spawn_file_actions_t actions;
	char *argv[WORDS_MAX + 2] = {NULL};
	char in[192];
	char err[192];
	size_t count = 0;

	argv[count++] = strdup(program);
	for (; *words != NULL && count <= WORDS_MAX; words++)
		argv[count++] = strdup(*words);
	(void)snprintf(in, sizeof(in), "%s", harness_path(harness, "in"));
	(void)snprintf(err, sizeof(err), "%s", harness_path(harness, "err"));
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, in,
					       O_RDONLY | O_CREAT, 0600);
	(void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out,
					       O_WRONLY | O_CREAT | O_TRUNC,
					       0600);
	(void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err,
					       O_WRONLY | O_CREAT | O_TRUNC,
					       0600);
	assert_int_equal(
		posix_spawnp(&run.pid, program, &actions, NULL, argv, environ),
		0);
	(void)posix_spawn_file_actions_destroy(&actions);
	while (count > 0)
		free(argv[--count]);
}

/* Waits for the end of what was started and reads what it said. */
static void
finish(void)
{
	int64_t until_ms = clock_monotonic_ms() + RUN_LIMIT_MS;
	int status = 0;

	while (waitpid(run.pid, &status, WNOHANG) == 0) {
		if (clock_monotonic_ms() > until_ms) {
			(void)kill(run.pid, SIGKILL);
			(void)waitpid(run.pid, &status, 0);
			fail_msg("the command does not end");
		}
		pause_briefly();
	}
	run.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	read_file("out", run.out);
	read_file("err", run.err);
}

/* Runs `baton --url PARTNER'S word ...`, its words ended by NULL. */
static int
baton_as(const char *partner, const char *const *words)
{
	const char *all[WORDS_MAX + 1] = {"--url"};
	char url[192];
	char out[192];
	size_t count = 2;

	(void)snprintf(url, sizeof(url), "%s", harness_url(harness, partner));
	(void)snprintf(out, sizeof(out), "%s", harness_path(harness, "out"));
	all[1] = url;
	for (; *words != NULL && count < WORDS_MAX; words++)
		all[count++] = *words;
	start(BATON_PATH, out, all);
	finish();
	return run.code;
}

#define BATON(partner, ...)                                                    \
	baton_as(partner, (const char *const[]){__VA_ARGS__, NULL})

/* Publishes text from standard input. */
static int
publish(const char *text)
{
	write_input(text);
	return BATON("community", "publish", "-");
}

static size_t
count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n' ? 1 : 0;
	return lines;
}

static void
cli_publish_prints_outcomes_in_order_of_input(void **state)
{
	const char *accepted;
	const char *rejected;

	(void)state;
	(void)snprintf(input_text, sizeof(input_text), "%s{\"id\":\n%s",
		       EVENT("order-1", "9990000018", "Trust"),
		       EVENT("order-2", "9990000018", "Trust"));
	assert_int_equal(publish(input_text), 1);
	accepted = strstr(run.out, "order-1");
	rejected = strstr(run.out, "rejected");
	assert_non_null(accepted);
	assert_non_null(rejected);
	assert_true(accepted < rejected);
	assert_true(rejected < strstr(run.out, "order-2"));
	assert_non_null(strstr(run.err, "line 2, event 2: "));
}

static void
cli_publish_reports_field_reason_and_line_of_a_bad_event(void **state)
{
	(void)state;
	(void)snprintf(input_text, sizeof(input_text), "\n%s",
		       EVENT("bad-1", "9990000019", "Trust"));
	assert_int_equal(publish(input_text), 1);
	assert_non_null(strstr(run.err, "line 2, event 1: "));
	assert_non_null(strstr(run.err, "child.identifiers"));
	assert_non_null(strstr(run.err, "IDENTIFIER_INVALID"));
	assert_null(strstr(run.err, "9990000019"));
}

static void
cli_publish_again_is_a_duplicate_and_success(void **state)
{
	(void)state;
	assert_int_equal(publish(EVENT("again-1", "9990000026", "Trust")), 0);
	assert_int_equal(publish(EVENT("again-1", "9990000026", "Trust")), 0);
	assert_non_null(strstr(run.out, "duplicate"));
}

static void
cli_publish_reads_a_batch_array(void **state)
{
	(void)state;
	(void)snprintf(input_text, sizeof(input_text), "[%s,%s]",
		       EVENT("array-1", "9990000034", "Trust"),
		       EVENT("array-2", "9990000034", "Trust"));
	assert_int_equal(publish(input_text), 0);
	assert_int_equal(count_lines(run.out), 3);
}

static void
cli_publish_fills_ids_when_asked(void **state)
{
	static const char event[] = EVENT("", "9990000042", "Trust");
	const char *rest = strstr(event, "\"id\":\"\",");

	(void)state;
	(void)snprintf(input_text, sizeof(input_text), "%.*s%s",
		       (int)(rest - event), event,
		       rest + strlen("\"id\":\"\","));
	assert_int_equal(publish(input_text), 1);
	assert_non_null(strstr(run.err, "FIELD_MISSING"));
	assert_int_equal(BATON("community", "publish", "--fill-id", "-"), 0);
}

static void
cli_publish_as_json_has_documented_members(void **state)
{
	(void)state;
	write_input(EVENT("json-1", "9990000018", "Trust"));
	assert_int_equal(BATON("community", "publish", "-", "--json"), 0);
	assert_non_null(strstr(run.out, "{\"line\":1,\"number\":1,"
					"\"id\":\"json-1\",\"outcome\":"
					"\"accepted\",\"sequence\":"));
}

static void
cli_subscribe_settles_what_it_printed(void **state)
{
	(void)state;
	assert_int_equal(publish(EVENT("settle-1", "9990000018", "Trust")), 0);
	assert_int_equal(BATON("council", "subscribe", "settles"), 0);
	assert_non_null(strstr(run.out, "\"id\":\"settle-1\""));
	assert_int_equal(BATON("council", "subscribe", "settles"), 0);
	assert_string_equal(run.out, "");
}

static void
cli_subscribe_stops_after_max(void **state)
{
	(void)state;
	assert_int_equal(publish(EVENT("max-1", "9990000018", "Trust")), 0);
	assert_int_equal(publish(EVENT("max-2", "9990000026", "Trust")), 0);
	assert_int_equal(BATON("council", "subscribe", "maxed", "--max", "2"),
			 0);
	assert_int_equal(count_lines(run.out), 2);
}

static void
cli_subscribe_refuses_another_filter(void **state)
{
	(void)state;
	assert_int_equal(BATON("council", "subscribe", "filtered", "--types",
			       "transition"),
			 0);
	assert_int_equal(BATON("council", "subscribe", "filtered", "--types",
			       "referral"),
			 4);
}

static void
cli_subscribe_without_filter_goes_on_with_what_is_there(void **state)
{
	(void)state;
	assert_int_equal(publish(EVENT("there-1", "9990000018", "Trust")), 0);
	assert_int_equal(
		BATON("council", "subscribe", "there", "--types", "transition"),
		0);
	assert_int_equal(BATON("council", "subscribe", "there"), 0);
	assert_string_equal(run.out, "");
}

static void
cli_subscribe_follow_ends_cleanly_when_interrupted(void **state)
{
	int64_t until_ms = clock_monotonic_ms() + RUN_LIMIT_MS;
	const char *words[] = {"--url",   NULL,       "subscribe",
			       "follows", "--follow", NULL};
	char url[192];
	char out[192];

	(void)state;
	assert_int_equal(publish(EVENT("follow-1", "9990000018", "Trust")), 0);
	(void)snprintf(url, sizeof(url), "%s", harness_url(harness, "council"));
	(void)snprintf(out, sizeof(out), "%s", harness_path(harness, "out"));
	words[1] = url;
	start(BATON_PATH, out, words);
	do {
		pause_briefly();
		read_file("out", run.out);
	} while (strstr(run.out, "follow-1") == NULL &&
		 clock_monotonic_ms() < until_ms);
	assert_int_equal(kill(run.pid, SIGINT), 0);
	finish();
	assert_int_equal(run.code, 0);
	assert_string_equal(run.err, "");
	assert_int_equal(BATON("council", "subscribe", "follows"), 0);
	assert_null(strstr(run.out, "follow-1"));
}

static void
cli_journey_tells_a_childs_events(void **state)
{
	(void)state;
	assert_int_equal(publish(EVENT("journey-1", "9990000050", "Trust")), 0);
	assert_int_equal(BATON("operator", "journey", "999 000 0050"), 0);
	assert_int_equal(count_lines(run.out), 2);
	assert_non_null(strstr(
		run.out, "Referral requested: Speech and language therapy"));
	assert_null(strstr(run.out, "9990000050"));
}

static void
cli_journey_of_an_unknown_child_exits_1_without_naming_it(void **state)
{
	(void)state;
	assert_int_equal(BATON("operator", "journey", "9990000069"), 1);
	assert_null(strstr(run.err, "9990000069"));
}

static void
cli_journey_is_refused_to_those_who_may_not(void **state)
{
	(void)state;
	assert_int_equal(BATON("council", "journey", "9990000018"), 4);
}

/* The test is about such a character.
 * NOLINTBEGIN(misc-misleading-bidirectional) */
static void
cli_journey_shows_no_direction_override(void **state)
{
	(void)state;
	assert_int_equal(
		publish(EVENT("bidi-1", "9990000077", "Trust\\u202egnp.exe")),
		0);
	assert_int_equal(BATON("operator", "journey", "9990000077"), 0);
	assert_null(strstr(run.out, "\342\200\256"));
	assert_non_null(strstr(run.out, "\\u{202e}"));
	assert_int_equal(BATON("operator", "journey", "9990000077", "--json"),
			 0);
	assert_null(strstr(run.out, "\342\200\256"));
}

/* NOLINTEND(misc-misleading-bidirectional) */

/* Parks the first event of a subscription: its output fails, attempts are 1. */
static void
park(const char *subscription, char sequence[24])
{
	const char *words[] = {"--url",      NULL,         "subscribe",
			       subscription, "--max",      "1",
			       "--child",    "9990000085", NULL};
	const char *at;
	char url[192];

	(void)snprintf(url, sizeof(url), "%s", harness_url(harness, "council"));
	words[1] = url;
	start(BATON_PATH, "/dev/full", words);
	finish();
	assert_int_equal(run.code, 6);
	assert_int_equal(
		BATON("council", "parked", "list", subscription, "--json"), 0);
	at = strstr(run.out, "\"sequence\":");
	assert_non_null(at);
	at += strlen("\"sequence\":");
	(void)snprintf(sequence, 24, "%.*s", (int)strspn(at, "0123456789"), at);
}

static void
cli_parked_event_is_shown_and_delivered_again(void **state)
{
	char sequence[24];

	(void)state;
	assert_int_equal(publish(EVENT("park-1", "9990000085", "Trust")), 0);
	park("parks", sequence);
	assert_int_equal(BATON("council", "parked", "show", "parks", sequence),
			 0);
	assert_non_null(strstr(run.out, "\"id\":\"park-1\""));
	assert_int_equal(BATON("council", "subscribe", "parks"), 0);
	assert_string_equal(run.out, "");
	assert_int_equal(BATON("operator", "parked", "retry", "parks", sequence,
			       "--partner", "council"),
			 0);
	assert_int_equal(BATON("council", "subscribe", "parks"), 0);
	assert_non_null(strstr(run.out, "\"id\":\"park-1\""));
}

static void
cli_parked_event_is_discarded_by_an_operator(void **state)
{
	char sequence[24];

	(void)state;
	assert_int_equal(publish(EVENT("park-1", "9990000085", "Trust")), 0);
	park("discards", sequence);
	assert_int_equal(BATON("operator", "parked", "discard", "discards",
			       sequence, "--reason", "closed by hand",
			       "--partner", "council"),
			 0);
	assert_int_equal(
		BATON("council", "parked", "show", "discards", sequence), 1);
}

static void
cli_parked_discard_needs_a_reason(void **state)
{
	(void)state;
	assert_int_equal(
		BATON("operator", "parked", "discard", "discards", "1"), 2);
}

static void
cli_replay_delivers_again(void **state)
{
	(void)state;
	assert_int_equal(publish(EVENT("replay-1", "9990000018", "Trust")), 0);
	assert_int_equal(BATON("council", "subscribe", "replays"), 0);
	assert_int_equal(BATON("operator", "replay", "replays", "--from",
			       "beginning", "--partner", "council"),
			 0);
	assert_int_equal(BATON("council", "subscribe", "replays"), 0);
	assert_non_null(strstr(run.out, "\"id\":\"replay-1\""));
}

static void
cli_unsubscribe_removes_a_subscription(void **state)
{
	(void)state;
	assert_int_equal(BATON("council", "subscribe", "brief"), 0);
	assert_int_equal(BATON("council", "unsubscribe", "brief"), 0);
	assert_int_equal(BATON("council", "unsubscribe", "brief"), 1);
}

static void
cli_subscriptions_do_not_name_a_child_to_people(void **state)
{
	(void)state;
	assert_int_equal(publish(EVENT("named-1", "9990000093", "Trust")), 0);
	assert_int_equal(
		BATON("council", "subscribe", "named", "--child", "9990000093"),
		0);
	assert_int_equal(BATON("council", "subscriptions"), 0);
	assert_non_null(strstr(run.out, "one child"));
	assert_null(strstr(run.out, "9990000093"));
}

static void
cli_status_says_ready(void **state)
{
	(void)state;
	assert_int_equal(BATON("operator", "status", "--json"), 0);
	assert_non_null(strstr(run.out, "\"ready\":true"));
	assert_int_equal(BATON("operator", "status"), 0);
	assert_non_null(strstr(run.out, "ready"));
}

static void
cli_exits_2_on_a_wrong_command_line(void **state)
{
	(void)state;
	assert_int_equal(BATON("operator", "pubish"), 2);
	assert_non_null(strstr(run.err, "did you mean publish?"));
	assert_int_equal(BATON("operator", "status", "--max", "1"), 2);
	assert_int_equal(BATON("operator", "journey"), 2);
	assert_int_equal(BATON("operator", "journey", "9990000019"), 2);
	assert_int_equal(BATON("council", "subscribe", "BAD NAME"), 2);
}

static void
cli_exits_3_when_the_broker_is_away(void **state)
{
	(void)state;
	assert_int_equal(BATON("nobody", "status", "--timeout", "1"), 3);
}

static void
cli_exits_5_when_the_input_cannot_be_read(void **state)
{
	(void)state;
	assert_int_equal(BATON("community", "publish", "/nowhere/at/all"), 5);
	assert_int_equal(BATON("community", "publish", "/"), 5);
}

static void
cli_completion_offers_live_subscriptions(void **state)
{
	/* compopt works only while bash completes. */
	static const char script[] =
		"compopt() { :; }; PATH=${0%/*}:$PATH; . \"$1\"; "
		"COMP_WORDS=(baton --url \"$2\" unsubscribe comp); "
		"COMP_CWORD=4; _baton; printf '%s\\n' \"${COMPREPLY[@]}\"";
	const char *words[] = {"-c", script, BATON_PATH, COMPLETION_PATH,
			       NULL, NULL};
	char url[192];
	char out[192];

	(void)state;
	assert_int_equal(BATON("council", "subscribe", "completed"), 0);
	(void)snprintf(url, sizeof(url), "%s", harness_url(harness, "council"));
	(void)snprintf(out, sizeof(out), "%s", harness_path(harness, "out"));
	words[4] = url;
	start("bash", out, words);
	finish();
	assert_string_equal(run.out, "completed\n");
	assert_string_equal(run.err, "");
}

static int
start_broker(void **state)
{
	const struct harness_options options = {
		.settings = "delivery:\n  max_attempts: 1\n",
	};

	(void)state;
	harness = harness_new(&options);
	return harness != NULL && harness_start(harness) ? 0 : -1;
}

static int
stop_broker(void **state)
{
	bool stopped = harness_stop(harness);

	(void)state;
	harness_free(harness);
	return stopped ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cli_publish_prints_outcomes_in_order_of_input),
		cmocka_unit_test(
			cli_publish_reports_field_reason_and_line_of_a_bad_event),
		cmocka_unit_test(cli_publish_again_is_a_duplicate_and_success),
		cmocka_unit_test(cli_publish_reads_a_batch_array),
		cmocka_unit_test(cli_publish_fills_ids_when_asked),
		cmocka_unit_test(cli_publish_as_json_has_documented_members),
		cmocka_unit_test(cli_subscribe_settles_what_it_printed),
		cmocka_unit_test(cli_subscribe_stops_after_max),
		cmocka_unit_test(cli_subscribe_refuses_another_filter),
		cmocka_unit_test(
			cli_subscribe_without_filter_goes_on_with_what_is_there),
		cmocka_unit_test(
			cli_subscribe_follow_ends_cleanly_when_interrupted),
		cmocka_unit_test(cli_journey_tells_a_childs_events),
		cmocka_unit_test(
			cli_journey_of_an_unknown_child_exits_1_without_naming_it),
		cmocka_unit_test(cli_journey_is_refused_to_those_who_may_not),
		cmocka_unit_test(cli_journey_shows_no_direction_override),
		cmocka_unit_test(cli_parked_event_is_shown_and_delivered_again),
		cmocka_unit_test(cli_parked_event_is_discarded_by_an_operator),
		cmocka_unit_test(cli_parked_discard_needs_a_reason),
		cmocka_unit_test(cli_replay_delivers_again),
		cmocka_unit_test(cli_unsubscribe_removes_a_subscription),
		cmocka_unit_test(
			cli_subscriptions_do_not_name_a_child_to_people),
		cmocka_unit_test(cli_status_says_ready),
		cmocka_unit_test(cli_exits_2_on_a_wrong_command_line),
		cmocka_unit_test(cli_exits_3_when_the_broker_is_away),
		cmocka_unit_test(cli_exits_5_when_the_input_cannot_be_read),
		cmocka_unit_test(cli_completion_offers_live_subscriptions),
	};

	return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
