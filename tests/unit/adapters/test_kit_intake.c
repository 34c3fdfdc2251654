/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/kit/intake.h"
#include "client/contract.h"
#include "tests/unit/adapters/kit_folder.h"
#include "tests/unit/adapters/kit_rows.h"

#include <cmocka.h>

/* ---- a broker that is a file ---- */

/* Case references that it refuses, and ids that it keeps. */
#define BROKER_REFUSES "BROKER-REFUSES"

struct broker {
	/* "journal" in here: one id a line. */
	int folder;
	enum kit_verdict always;
	size_t batches;
	size_t largest_batch;
};

/* ---- crashes ---- */

#define CRASHED 99

/* The process ends at this step, 0 for never. */
static int crash_at;
static int crash_step;

static void
maybe_crash(void)
{
	if (crash_at != 0 && ++crash_step == crash_at)
		_exit(CRASHED);
}

/* NOLINTBEGIN(readability-identifier-naming): the linker's names (--wrap). */
int __real_renameat(int from, const char *name, int to, const char *new_name);
int __wrap_renameat(int from, const char *name, int to, const char *new_name);
int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

/* A sender who renames another file over f.csv just before it is moved or
 * removed by that name. */
static const char *replacing;

static void
maybe_replace(int folder, const char *name)
{
	const char *text = replacing;
	const int crash = crash_at;

	if (text == NULL || strcmp(name, "f.csv") != 0)
		return;
	replacing = NULL;
	/* Our process crashes, not the sender's. */
	crash_at = 0;
	kit_folder_write(folder, "g.tmp", text, strlen(text));
	if (__real_renameat(folder, "g.tmp", folder, "f.csv") != 0)
		abort();
	crash_at = crash;
}

int
__wrap_renameat(int from, const char *name, int to, const char *new_name)
{
	int result;

	maybe_replace(from, name);
	maybe_crash();
	result = __real_renameat(from, name, to, new_name);
	maybe_crash();
	return result;
}

int
__wrap_unlinkat(int folder, const char *name, int flags)
{
	int result;

	maybe_replace(folder, name);
	maybe_crash();
	result = __real_unlinkat(folder, name, flags);
	maybe_crash();
	return result;
}

int
__wrap_fsync(int fd)
{
	maybe_crash();
	return __real_fsync(fd);
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	maybe_crash();
	/* Half a write, then the end: what a power cut leaves. */
	if (crash_at != 0 && crash_step + 1 == crash_at && len > 1)
		(void)__real_write(fd, bytes, len / 2);
	maybe_crash();
	return __real_write(fd, bytes, len);
}

/* NOLINTEND(readability-identifier-naming) */

/* ---- the broker's side ---- */

static bool
broker_knows(const struct broker *broker, const char *id)
{
	char *journal = kit_folder_read(broker->folder, "journal", NULL);
	bool known = journal != NULL && strstr(journal, id) != NULL;

	free(journal);
	return known;
}

static void
broker_keep(const struct broker *broker, const char *id)
{
	char path[64];
	FILE *journal;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/journal",
		       broker->folder);
	journal = fopen(path, "ae");
	if (journal == NULL || fprintf(journal, "%s\n", id) < 0 ||
	    fclose(journal) != 0)
		abort();
}

static void
broker_answer(const struct broker *broker, struct baton_span bytes,
	      struct baton_publish_result *result)
{
	Send__V1__Event *event;

	*result = (struct baton_publish_result){.sequence = 1};
	if (baton_event_unpack(bytes, &event, NULL) != BATON_OK)
		abort();
	if (strcmp(event->case_reference, BROKER_REFUSES) == 0) {
		result->outcome = BATON_OUTCOME_REJECTED;
		result->problem.code = BATON_IDENTITY_CONFLICT;
		(void)snprintf(result->problem.path,
			       sizeof(result->problem.path),
			       "child.identifiers[0].value");
		(void)snprintf(result->problem.text,
			       sizeof(result->problem.text), "two children");
	} else if (broker_knows(broker, event->id)) {
		result->outcome = BATON_OUTCOME_DUPLICATE;
	} else {
		result->outcome = BATON_OUTCOME_ACCEPTED;
		broker_keep(broker, event->id);
	}
	baton_event_free(event);
}

static enum kit_verdict
broker_publish(void *context, const struct baton_span *events, size_t count,
	       struct baton_publish_result *results)
{
	struct broker *broker = context;

	broker->batches++;
	if (count > broker->largest_batch)
		broker->largest_batch = count;
	if (broker->always != 0)
		return broker->always;
	for (size_t i = 0; i < count; i++) {
		maybe_crash();
		broker_answer(broker, events[i], &results[i]);
		maybe_crash();
	}
	return KIT_ACCEPTED;
}

/* ---- the folders ---- */

struct place {
	struct kit_folder folder;
	struct broker broker;
	struct intake intake;
	struct intake_result result;
	struct baton_error error;
};

static void
place_make(struct place *place)
{
	struct intake *intake = &place->intake;

	*place = (struct place){.result = {.accepted = 0}};
	kit_folder_make(&place->folder);
	kit_folder_make_sub(&place->folder, "broker", &place->broker.folder);
	*intake = (struct intake){
		.tables = rows_tables,
		.tables_count = 1,
		.source = "/la/887",
		.publish = broker_publish,
		.context = &place->broker,
	};
	kit_folder_make_sub(&place->folder, "inbox", &intake->inbox);
	kit_folder_make_sub(&place->folder, "processed", &intake->processed);
	kit_folder_make_sub(&place->folder, "rejected", &intake->rejected);
}

static void
place_remove(struct place *place)
{
	(void)close(place->broker.folder);
	(void)close(place->intake.inbox);
	(void)close(place->intake.processed);
	(void)close(place->intake.rejected);
	kit_folder_remove(&place->folder);
}

static int
setup(void **state)
{
	*state = malloc(sizeof(struct place));
	if (*state == NULL)
		return -1;
	place_make(*state);
	return 0;
}

static int
teardown(void **state)
{
	place_remove(*state);
	free(*state);
	return 0;
}

static baton_err
take(struct place *place, const char *bytes, size_t len)
{
	kit_folder_write(place->intake.inbox, "f.csv", bytes, len);
	return intake_file(&place->intake, "f.csv", &place->result,
			   &place->error);
}

static baton_err
take_text(struct place *place, const char *text)
{
	return take(place, text, strlen(text));
}

static void
assert_counts(const struct place *place, size_t inbox, size_t processed,
	      size_t rejected)
{
	assert_int_equal(kit_folder_list(place->intake.inbox, NULL), inbox);
	assert_int_equal(kit_folder_list(place->intake.processed, NULL),
			 processed);
	assert_int_equal(kit_folder_list(place->intake.rejected, NULL),
			 rejected);
}

static void
assert_kept(const struct place *place, const char *suffix, const char *text)
{
	char *kept = kit_folder_read_suffix(place->intake.rejected, suffix);

	assert_non_null(kept);
	assert_string_equal(kept, text);
	free(kept);
}

static void
assert_reported(const struct place *place, const char *text)
{
	char *report =
		kit_folder_read_suffix(place->intake.rejected, ".report.txt");

	assert_non_null(report);
	if (strstr(report, text) == NULL)
		print_error("not in the report: %s\n%s\n", text, report);
	assert_non_null(strstr(report, text));
	free(report);
}

/* ---- tests ---- */

#define TWO_GOOD ROWS_HEADER "\n" ROWS_VALID("A-1") "\n" ROWS_VALID("A-2") "\n"
#define WRONG_NUMBER(reference) ROWS_BEFORE(reference) "9990000019" ROWS_AFTER

static void
intake_accepts_each_record_and_moves_the_file(void **state)
{
	struct place *place = *state;

	assert_int_equal(take_text(place, TWO_GOOD), BATON_OK);
	assert_int_equal(place->result.accepted, 2);
	assert_counts(place, 0, 1, 0);
}

static void
intake_same_file_again_gives_duplicates(void **state)
{
	struct place *place = *state;

	assert_int_equal(take_text(place, TWO_GOOD), BATON_OK);
	assert_int_equal(take_text(place, TWO_GOOD), BATON_OK);
	assert_int_equal(place->result.duplicates, 2);
	assert_int_equal(place->result.accepted, 0);
}

static void
intake_keeps_exactly_the_refused_records(void **state)
{
	struct place *place = *state;

	assert_int_equal(
		take_text(
			place, ROWS_HEADER
			"\r\n" ROWS_VALID("A-1") "\r\n" WRONG_NUMBER(
				"A-2") "\r"
				       "\n" ROWS_VALID(
					       "A-3") "\r\n" WRONG_NUMBER("A-"
									  "4")),
		BATON_OK);
	assert_int_equal(place->result.accepted, 2);
	assert_int_equal(place->result.refused, 2);
	assert_counts(place, 0, 1, 2);
	assert_kept(place, ".csv",
		    ROWS_HEADER "\r\n" WRONG_NUMBER("A-2") "\r\n" WRONG_NUMBER(
			    "A-4") "\r\n");
}

static void
intake_report_says_line_column_and_reason(void **state)
{
	struct place *place = *state;

	assert_int_equal(take_text(place, TWO_GOOD WRONG_NUMBER("A-3") "\n"),
			 BATON_OK);
	assert_reported(place, "line 4, column nhs_number: ");
	assert_reported(place, "(IDENTIFIER_INVALID)");
}

static void
intake_report_holds_no_value(void **state)
{
	struct place *place = *state;
	char *report;

	assert_int_equal(take_text(place, TWO_GOOD WRONG_NUMBER("A-3") "\n"),
			 BATON_OK);
	report = kit_folder_read_suffix(place->intake.rejected, ".report.txt");
	assert_non_null(report);
	assert_null(strstr(report, "999000001"));
	free(report);
}

static void
intake_keeps_what_the_broker_refuses_with_its_column(void **state)
{
	struct place *place = *state;

	assert_int_equal(
		take_text(place, TWO_GOOD ROWS_VALID(BROKER_REFUSES) "\n"),
		BATON_OK);
	assert_int_equal(place->result.refused, 1);
	assert_reported(place, "line 4, column nhs_number: two children "
			       "(IDENTITY_CONFLICT)");
}

static void
intake_refused_records_stay_in_the_order_of_the_file(void **state)
{
	struct place *place = *state;

	assert_int_equal(
		take_text(place, ROWS_HEADER
			  "\n" ROWS_VALID(BROKER_REFUSES) "\n" WRONG_NUMBER(
				  "A-"
				  "2") "\n"),
		BATON_OK);
	assert_kept(place, ".csv",
		    ROWS_HEADER "\r\n" ROWS_VALID(
			    BROKER_REFUSES) "\r\n" WRONG_NUMBER("A-2") "\r\n");
}

static void
intake_refuses_odd_bytes_record_by_record(void **state)
{
	struct place *place = *state;
	static const char bytes[] = TWO_GOOD
		ROWS_VALID("NUL\0") "\n" ROWS_VALID("LATIN\xE9") "\n" ROWS_VALID(
			"MORE") ",more\n" ROWS_VALID("\"A,\n3\"") "\n";

	assert_int_equal(take(place, bytes, sizeof(bytes) - 1), BATON_OK);
	assert_int_equal(place->result.accepted, 2);
	assert_int_equal(place->result.refused, 4);
}

static void
intake_header_only_is_processed(void **state)
{
	struct place *place = *state;

	assert_int_equal(take_text(place, ROWS_HEADER "\n"), BATON_OK);
	assert_counts(place, 0, 1, 0);
	assert_int_equal(place->broker.batches, 0);
}

static void
intake_empty_file_is_refused_whole(void **state)
{
	struct place *place = *state;

	assert_int_equal(take_text(place, ""), BATON_OK);
	assert_true(place->result.refused_whole);
	assert_counts(place, 0, 0, 2);
	assert_reported(place, "whole file: file is empty");
}

static void
intake_unknown_header_is_refused_whole_and_told_what_is_expected(void **state)
{
	struct place *place = *state;

	assert_int_equal(take_text(place, "shoe,size\n1,2\n"), BATON_OK);
	assert_counts(place, 0, 0, 2);
	assert_kept(place, ".csv", "shoe,size\n1,2\n");
	assert_reported(place, "Table panel_decisions");
	assert_reported(place, "held_on");
}

static void
intake_broken_csv_is_refused_whole_before_anything_is_published(void **state)
{
	struct place *place = *state;

	assert_int_equal(take_text(place, TWO_GOOD "\"never closed\n"),
			 BATON_OK);
	assert_true(place->result.refused_whole);
	assert_int_equal(place->broker.batches, 0);
	assert_counts(place, 0, 0, 2);
}

static void
intake_leaves_the_file_when_the_broker_is_away(void **state)
{
	struct place *place = *state;

	place->broker.always = KIT_RETRY;
	assert_int_equal(take_text(place, TWO_GOOD WRONG_NUMBER("A-3") "\n"),
			 BATON_UNREACHABLE);
	assert_counts(place, 1, 0, 0);
}

static void
intake_names_of_files_hold_nothing_of_the_name_given(void **state)
{
	struct place *place = *state;
	char name[256];

	kit_folder_write(place->intake.inbox, "Marked Child 9990000018.csv",
			 TWO_GOOD, strlen(TWO_GOOD));
	assert_int_equal(intake_file(&place->intake,
				     "Marked Child 9990000018.csv",
				     &place->result, &place->error),
			 BATON_OK);
	assert_int_equal(kit_folder_list(place->intake.processed, name), 1);
	assert_null(strstr(name, "Marked"));
	assert_null(strstr(name, "999000"));
}

static void
intake_batches_hold_at_most_500_records(void **state)
{
	struct place *place = *state;
	size_t len = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	(void)fputs(ROWS_HEADER "\n", out);
	for (int i = 0; i < 1201; i++) {
		(void)fprintf(out,
			      ROWS_BEFORE("A-%d") "9990000018" ROWS_AFTER "\n",
			      i);
	}
	assert_int_equal(fclose(out), 0);
	assert_int_equal(take(place, text, len), BATON_OK);
	assert_int_equal(place->result.accepted, 1201);
	assert_int_equal(place->broker.batches, 3);
	assert_int_equal(place->broker.largest_batch, INTAKE_BATCH_RECORDS);
	free(text);
}

/* ---- a crash between any two steps ---- */

static const char crash_file[] = TWO_GOOD WRONG_NUMBER("A-3") "\n" ROWS_VALID(
	BROKER_REFUSES) "\n" ROWS_VALID("A-4") "\n";

/* Takes f.csv in in a process that ends at a step; its exit code. */
static int
run_to_step(struct place *place, int step)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		crash_at = step;
		_exit(intake_file(&place->intake, "f.csv", &place->result,
				  NULL) == BATON_OK
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The same with these bytes; whether it ended there. */
static bool
crash_once(struct place *place, const char *bytes, int step)
{
	int code;

	kit_folder_write(place->intake.inbox, "f.csv", bytes, strlen(bytes));
	code = run_to_step(place, step);
	if (code != 0)
		assert_int_equal(code, CRASHED);
	return code == CRASHED;
}

/* After a restart: a file still there, by whatever name, is taken in. */
static void
crash_recover(struct place *place)
{
	char name[256];

	if (kit_folder_list(place->intake.inbox, name) == 0)
		return;
	assert_int_equal(intake_file(&place->intake, name, &place->result,
				     &place->error),
			 BATON_OK);
}

static size_t
count_lines(const char *text)
{
	size_t lines = 0;

	for (; text != NULL && *text != '\0'; text++)
		lines += *text == '\n' ? 1 : 0;
	return lines;
}

static void
intake_crash_at_any_step_loses_and_doubles_nothing(void **state)
{
	bool crashed = true;

	(void)state;
	for (int step = 1; crashed; step++) {
		struct place place;
		char *journal;

		place_make(&place);
		crashed = crash_once(&place, crash_file, step);
		crash_recover(&place);
		journal = kit_folder_read(place.broker.folder, "journal", NULL);
		assert_int_equal(count_lines(journal), 3);
		assert_counts(&place, 0, 1, 2);
		assert_kept(&place, ".csv",
			    ROWS_HEADER
			    "\r\n" WRONG_NUMBER("A-3") "\r\n" ROWS_VALID(
				    BROKER_REFUSES) "\r\n");
		assert_reported(&place, "line 4, column nhs_number");
		assert_reported(&place, "line 5, column nhs_number");
		free(journal);
		place_remove(&place);
		if (!crashed)
			print_message("survived %d steps\n", step - 1);
	}
}

static void
intake_crash_while_refusing_whole_loses_nothing(void **state)
{
	bool crashed = true;

	(void)state;
	for (int step = 1; crashed; step++) {
		struct place place;

		place_make(&place);
		crashed = crash_once(&place, "shoe,size\n1,2\n", step);
		crash_recover(&place);
		assert_counts(&place, 0, 0, 2);
		assert_kept(&place, ".csv", "shoe,size\n1,2\n");
		assert_reported(&place, "Table panel_decisions");
		place_remove(&place);
	}
}

/* ---- another file in its place ---- */

#define REPLACING ROWS_HEADER "\n" ROWS_VALID("B-1") "\n"

static void
assert_replacing_file_is_read(struct place *place, const char *text)
{
	replacing = REPLACING;
	assert_int_equal(take_text(place, text), BATON_BUSY);
	assert_int_equal(kit_folder_list(place->intake.processed, NULL), 0);
	crash_recover(place);
	assert_int_equal(place->result.accepted, 1);
	assert_int_equal(kit_folder_list(place->intake.inbox, NULL), 0);
}

static void
intake_file_that_replaces_a_taken_one_is_read(void **state)
{
	assert_replacing_file_is_read(*state, TWO_GOOD);
}

static void
intake_file_that_replaces_a_refused_one_is_read(void **state)
{
	assert_replacing_file_is_read(*state, "shoe,size\n1,2\n");
}

static void
intake_crash_while_being_replaced_loses_neither_file(void **state)
{
	int code = CRASHED;

	(void)state;
	for (int step = 1; code == CRASHED; step++) {
		struct place place;
		char *journal;
		size_t taken;

		place_make(&place);
		kit_folder_write(place.intake.inbox, "f.csv", TWO_GOOD,
				 strlen(TWO_GOOD));
		replacing = REPLACING;
		code = run_to_step(&place, step);
		replacing = NULL;
		crash_recover(&place);
		journal = kit_folder_read(place.broker.folder, "journal", NULL);
		taken = count_lines(journal);
		/* Before the replacing: the first file; after it: both. */
		assert_true(taken == 2 || taken == 3);
		assert_counts(&place, 0, 1, 0);
		assert_true(code == CRASHED || taken == 3);
		free(journal);
		place_remove(&place);
	}
}

/* ---- size ---- */

static enum kit_verdict
accept_all(void *context, const struct baton_span *events, size_t count,
	   struct baton_publish_result *results)
{
	(void)context;
	(void)events;
	for (size_t i = 0; i < count; i++) {
		results[i] = (struct baton_publish_result){
			.outcome = BATON_OUTCOME_ACCEPTED};
	}
	return KIT_ACCEPTED;
}

/* A sanitizer keeps what was freed, and its own books. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_IS_OURS false
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_OURS false
#endif
#ifndef MEMORY_IS_OURS
#define MEMORY_IS_OURS true
#endif

/* Kilobytes of memory at the highest, ever. */
static long
memory_peak(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

static void
intake_large_file_takes_bounded_memory(void **state)
{
	const char *rows = getenv("BATON_TEST_ROWS");
	const long count = rows != NULL ? strtol(rows, NULL, 10) : 20000;
	struct place *place = *state;
	long before;
	FILE *out;
	int fd;

	fd = openat(place->intake.inbox, "f.csv", O_WRONLY | O_CREAT, 0600);
	out = fdopen(fd, "w");
	assert_non_null(out);
	(void)fputs(ROWS_HEADER "\n", out);
	for (long i = 0; i < count; i++) {
		/* Every hundredth is refused. */
		(void)fprintf(out, ROWS_BEFORE("A-%ld") "%s" ROWS_AFTER "\n", i,
			      i % 100 == 0 ? "9990000019" : "9990000018");
	}
	assert_int_equal(fclose(out), 0);
	place->intake.publish = accept_all;
	before = memory_peak();
	assert_int_equal(intake_file(&place->intake, "f.csv", &place->result,
				     &place->error),
			 BATON_OK);
	assert_int_equal(place->result.accepted + place->result.refused, count);
	assert_int_equal(place->result.refused, (count + 99) / 100);
	if (!MEMORY_IS_OURS)
		return;
	assert_in_range(memory_peak() - before, 0, 16384);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(intake_accepts_each_record_and_moves_the_file),
		TEST(intake_same_file_again_gives_duplicates),
		TEST(intake_keeps_exactly_the_refused_records),
		TEST(intake_report_says_line_column_and_reason),
		TEST(intake_report_holds_no_value),
		TEST(intake_keeps_what_the_broker_refuses_with_its_column),
		TEST(intake_refused_records_stay_in_the_order_of_the_file),
		TEST(intake_refuses_odd_bytes_record_by_record),
		TEST(intake_header_only_is_processed),
		TEST(intake_empty_file_is_refused_whole),
		TEST(intake_unknown_header_is_refused_whole_and_told_what_is_expected),
		TEST(intake_broken_csv_is_refused_whole_before_anything_is_published),
		TEST(intake_leaves_the_file_when_the_broker_is_away),
		TEST(intake_names_of_files_hold_nothing_of_the_name_given),
		TEST(intake_batches_hold_at_most_500_records),
		TEST(intake_large_file_takes_bounded_memory),
		TEST(intake_file_that_replaces_a_taken_one_is_read),
		TEST(intake_file_that_replaces_a_refused_one_is_read),
		cmocka_unit_test(
			intake_crash_while_being_replaced_loses_neither_file),
		cmocka_unit_test(
			intake_crash_at_any_step_loses_and_doubles_nothing),
		cmocka_unit_test(
			intake_crash_while_refusing_whole_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
