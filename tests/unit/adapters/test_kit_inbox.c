/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/kit/inbox.h"
#include "client/contract.h"
#include "tests/unit/adapters/kit_folder.h"
#include "tests/unit/adapters/kit_rows.h"

#include <cmocka.h>

#define ONE_ROW(reference) ROWS_HEADER "\n" ROWS_VALID(reference) "\n"

/* What was published, in order: case references with a space behind. */
struct place {
	struct kit_folder folder;
	int inbox;
	int64_t ahead_ms;
	struct inbox_options options;
	char published[256];
	atomic_int batches;
};

static enum kit_verdict
keep_references(void *context, const struct baton_span *events, size_t count,
		struct baton_publish_result *results)
{
	struct place *place = context;
	size_t at = strlen(place->published);

	for (size_t i = 0; i < count; i++) {
		Send__V1__Event *event;

		results[i] = (struct baton_publish_result){
			.outcome = BATON_OUTCOME_ACCEPTED};
		if (baton_event_unpack(events[i], &event, NULL) != BATON_OK)
			abort();
		(void)snprintf(place->published + at,
			       sizeof(place->published) - at, "%s ",
			       event->case_reference);
		at = strlen(place->published);
		baton_event_free(event);
	}
	atomic_fetch_add(&place->batches, 1);
	return KIT_ACCEPTED;
}

static int64_t
clock_ahead_ms(void *context)
{
	const struct place *place = context;

	return clock_wall_ms() + place->ahead_ms;
}

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	int rejected;

	if (place == NULL)
		return -1;
	kit_folder_make(&place->folder);
	place->inbox = place->folder.fd;
	place->ahead_ms = 10000;
	kit_folder_make_sub(&place->folder, "rejected", &rejected);
	place->options = (struct inbox_options){
		.path = place->folder.path,
		.intake =
			{
				.tables = rows_tables,
				.tables_count = 1,
				.source = "/la/887",
				.rejected = rejected,
				.publish = keep_references,
				.context = place,
			},
		.scan_interval_ms = 20,
		.clock = {.wall_ms = clock_ahead_ms, .context = place},
	};
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	(void)close(place->options.intake.rejected);
	kit_folder_remove(&place->folder);
	free(place);
	return 0;
}

static void
put(const struct place *place, const char *name, const char *text)
{
	kit_folder_write(place->inbox, name, text, strlen(text));
}

static struct inbox_scan
scan(struct place *place)
{
	struct inbox_scan found;

	assert_int_equal(inbox_scan(&place->options, NULL, NULL, &found, NULL),
			 BATON_OK);
	return found;
}

static void
inbox_scan_takes_a_whole_file(void **state)
{
	struct place *place = *state;

	put(place, "a.csv", ONE_ROW("A-1"));
	assert_int_equal(scan(place).taken, 1);
	assert_string_equal(place->published, "A-1 ");
}

static void
inbox_scan_leaves_a_file_younger_than_a_second(void **state)
{
	struct place *place = *state;
	struct inbox_scan found;

	place->ahead_ms = 0;
	put(place, "a.csv", ONE_ROW("A-1"));
	found = scan(place);
	assert_int_equal(found.taken, 0);
	assert_int_equal(found.waiting, 1);
}

static void
inbox_scan_leaves_temporary_and_hidden_names(void **state)
{
	struct place *place = *state;
	struct inbox_scan found;

	put(place, "a.csv.tmp", ONE_ROW("A-1"));
	put(place, ".a.csv", ONE_ROW("A-1"));
	found = scan(place);
	assert_int_equal(found.taken + found.waiting + found.refused, 0);
}

static void
inbox_scan_refuses_links_and_folders(void **state)
{
	struct place *place = *state;
	struct inbox_scan found;

	put(place, ".target", ONE_ROW("A-1"));
	assert_int_equal(symlinkat(".target", place->inbox, "link.csv"), 0);
	assert_int_equal(mkdirat(place->inbox, "folder.csv", 0700), 0);
	assert_int_equal(mkfifoat(place->inbox, "pipe.csv", 0600), 0);
	found = scan(place);
	assert_int_equal(found.refused, 3);
	assert_int_equal(found.taken, 0);
	assert_string_equal(place->published, "");
}

static void
inbox_scan_takes_the_oldest_first(void **state)
{
	struct place *place = *state;
	const struct timespec older[2] = {{.tv_sec = 1700000000},
					  {.tv_sec = 1700000000}};

	put(place, "a.csv", ONE_ROW("NEW"));
	put(place, "z.csv", ONE_ROW("OLD"));
	assert_int_equal(utimensat(place->inbox, "z.csv", older, 0), 0);
	assert_int_equal(scan(place).taken, 2);
	assert_string_equal(place->published, "OLD NEW ");
}

static bool
stop_at_once(void *context)
{
	(void)context;
	return true;
}

static void
inbox_scan_takes_nothing_when_stopping(void **state)
{
	struct place *place = *state;
	struct inbox_scan found;

	put(place, "a.csv", ONE_ROW("A-1"));
	assert_int_equal(
		inbox_scan(&place->options, stop_at_once, NULL, &found, NULL),
		BATON_OK);
	assert_int_equal(found.taken, 0);
}

static void
inbox_start_refuses_a_path_that_is_no_folder(void **state)
{
	struct place *place = *state;
	struct inbox *inbox;

	place->options.path = "/dev/null";
	assert_int_equal(inbox_start(&place->options, &inbox, NULL), BATON_IO);
	assert_null(inbox);
}

static void
inbox_takes_a_file_that_comes_while_running(void **state)
{
	struct place *place = *state;
	int64_t deadline_ms = clock_monotonic_ms() + 20000;
	struct inbox *inbox;

	assert_int_equal(inbox_start(&place->options, &inbox, NULL), BATON_OK);
	put(place, "later.tmp", ONE_ROW("A-1"));
	assert_int_equal(
		renameat(place->inbox, "later.tmp", place->inbox, "later"), 0);
	while (atomic_load(&place->batches) == 0 &&
	       clock_monotonic_ms() < deadline_ms)
		(void)usleep(1000);
	inbox_stop(inbox);
	assert_string_equal(place->published, "A-1 ");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(inbox_scan_takes_a_whole_file),
		TEST(inbox_scan_leaves_a_file_younger_than_a_second),
		TEST(inbox_scan_leaves_temporary_and_hidden_names),
		TEST(inbox_scan_refuses_links_and_folders),
		TEST(inbox_scan_takes_the_oldest_first),
		TEST(inbox_scan_takes_nothing_when_stopping),
		TEST(inbox_start_refuses_a_path_that_is_no_folder),
		TEST(inbox_takes_a_file_that_comes_while_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
