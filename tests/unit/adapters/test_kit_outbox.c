/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/kit/outbox.h"
#include "adapters/kit/rejected.h"
#include "tests/unit/adapters/kit_folder.h"
#include "tests/unit/adapters/kit_rows.h"

#include <cmocka.h>

/* NOLINTBEGIN(readability-identifier-naming): the linker's names (--wrap). */
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

static bool disk_full;

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	if (disk_full && fd != STDERR_FILENO) {
		errno = ENOSPC;
		return -1;
	}
	return __real_write(fd, bytes, len);
}

/* NOLINTEND(readability-identifier-naming) */

struct place {
	struct kit_folder folder;
	struct settings_outbox settings;
	struct baton_delivery delivery;
	uint8_t *bytes;
	char reason[201];
};

static int
setup(void **state)
{
	static const char text[] = ROWS_HEADER "\n" ROWS_VALID("A-1") "\n";
	struct place *place = calloc(1, sizeof(*place));
	struct baton_problem problem;
	size_t len;

	if (place == NULL ||
	    rows_event(rows_tables, 1, text, strlen(text), &place->bytes, &len,
		       &problem) != BATON_OK)
		return -1;
	kit_folder_make(&place->folder);
	place->settings = (struct settings_outbox){
		.folder = place->folder.path,
		.format = SETTINGS_FORMAT_BOTH,
	};
	place->delivery = (struct baton_delivery){
		.sequence = 42,
		.event = {place->bytes, len},
	};
	disk_full = false;
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	disk_full = false;
	baton_event_bytes_free(place->bytes);
	kit_folder_remove(&place->folder);
	free(place);
	return 0;
}

static enum baton_verdict
deliver(struct place *place)
{
	return outbox_deliver(&place->settings, &place->delivery,
			      place->reason);
}

#define STEM "00000000000000000042-panel_decision"

static void
outbox_deliver_writes_json_and_csv(void **state)
{
	struct place *place = *state;
	char *json;
	char *csv;

	assert_int_equal(deliver(place), BATON_ACCEPTED);
	assert_int_equal(kit_folder_list(place->folder.fd, NULL), 2);
	json = kit_folder_read(place->folder.fd, STEM ".json", NULL);
	csv = kit_folder_read(place->folder.fd, STEM ".csv", NULL);
	assert_non_null(json);
	assert_non_null(csv);
	assert_non_null(strstr(json, "\"uk.send.panel_decision.v1\""));
	assert_non_null(strstr(csv, "\r\n42,\"/la/887\","));
	free(json);
	free(csv);
}

static void
outbox_deliver_writes_only_the_format_asked_for(void **state)
{
	struct place *place = *state;
	char name[256];

	place->settings.format = SETTINGS_FORMAT_JSON;
	assert_int_equal(deliver(place), BATON_ACCEPTED);
	assert_int_equal(kit_folder_list(place->folder.fd, name), 1);
	assert_string_equal(name, STEM ".json");
}

static void
outbox_redelivery_writes_the_same_file_with_the_same_content(void **state)
{
	struct place *place = *state;
	char *before;
	char *after;

	assert_int_equal(deliver(place), BATON_ACCEPTED);
	before = kit_folder_read(place->folder.fd, STEM ".json", NULL);
	assert_int_equal(deliver(place), BATON_ACCEPTED);
	after = kit_folder_read(place->folder.fd, STEM ".json", NULL);
	assert_int_equal(kit_folder_list(place->folder.fd, NULL), 2);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void
outbox_full_disk_is_retry_and_leaves_nothing(void **state)
{
	struct place *place = *state;

	disk_full = true;
	assert_int_equal(deliver(place), BATON_RETRY);
	assert_non_null(strstr(place->reason, "No space left"));
	assert_int_equal(kit_folder_list(place->folder.fd, NULL), 0);
}

static void
outbox_folder_that_cannot_be_opened_is_retry(void **state)
{
	struct place *place = *state;
	char path[] = "/dev/null/outbox";

	place->settings.folder = path;
	assert_int_equal(deliver(place), BATON_RETRY);
}

static void
outbox_event_that_cannot_be_read_is_rejected(void **state)
{
	struct place *place = *state;

	place->delivery.event =
		(struct baton_span){(const uint8_t *)"\xff\xff", 2};
	assert_int_equal(deliver(place), BATON_REJECTED);
	assert_int_equal(kit_folder_list(place->folder.fd, NULL), 0);
}

static void
outbox_files_are_for_the_owner_only(void **state)
{
	struct place *place = *state;
	struct stat status;

	assert_int_equal(deliver(place), BATON_ACCEPTED);
	assert_int_equal(fstatat(place->folder.fd, STEM ".csv", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void
rejected_keep_writes_the_same_files_for_the_same_bytes(void **state)
{
	struct place *place = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(rejected_keep(place->folder.fd, "hl7",
					       place->delivery.event,
					       "line 1: reason\n", NULL),
				 BATON_OK);
	}
	assert_int_equal(kit_folder_list(place->folder.fd, NULL), 2);
}

static void
rejected_keep_refuses_a_kind_with_a_path(void **state)
{
	struct place *place = *state;

	assert_int_equal(rejected_keep(place->folder.fd, "../hl7",
				       place->delivery.event, "", NULL),
			 BATON_INVALID);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(outbox_deliver_writes_json_and_csv),
		TEST(outbox_deliver_writes_only_the_format_asked_for),
		TEST(outbox_redelivery_writes_the_same_file_with_the_same_content),
		TEST(outbox_full_disk_is_retry_and_leaves_nothing),
		TEST(outbox_folder_that_cannot_be_opened_is_retry),
		TEST(outbox_event_that_cannot_be_read_is_rejected),
		TEST(outbox_files_are_for_the_owner_only),
		TEST(rejected_keep_writes_the_same_files_for_the_same_bytes),
		TEST(rejected_keep_refuses_a_kind_with_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
