/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/kit/files.h"
#include "tests/unit/adapters/kit_folder.h"

#include <cmocka.h>

static int
setup(void **state)
{
	struct kit_folder *folder = malloc(sizeof(*folder));

	if (folder == NULL)
		return -1;
	kit_folder_make(folder);
	*state = folder;
	return 0;
}

static int
teardown(void **state)
{
	kit_folder_remove(*state);
	free(*state);
	return 0;
}

static struct baton_span
span(const char *text)
{
	return (struct baton_span){(const uint8_t *)text, strlen(text)};
}

static void
files_write_leaves_only_the_file_mode_0600(void **state)
{
	struct kit_folder *folder = *state;
	struct stat status;
	char name[256];

	assert_int_equal(files_write(folder->fd, "a.csv", span("x"), NULL),
			 BATON_OK);
	assert_int_equal(kit_folder_list(folder->fd, name), 1);
	assert_string_equal(name, "a.csv");
	assert_int_equal(fstatat(folder->fd, "a.csv", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void
files_write_replaces_the_content(void **state)
{
	struct kit_folder *folder = *state;
	char *content;

	assert_int_equal(files_write(folder->fd, "a", span("long one"), NULL),
			 BATON_OK);
	assert_int_equal(files_write(folder->fd, "a", span("new"), NULL),
			 BATON_OK);
	content = kit_folder_read(folder->fd, "a", NULL);
	assert_string_equal(content, "new");
	free(content);
}

static void
files_write_refuses_names_with_a_path(void **state)
{
	struct kit_folder *folder = *state;

	assert_int_equal(files_write(folder->fd, "../a", span("x"), NULL),
			 BATON_INVALID);
	assert_int_equal(files_write(folder->fd, "..", span("x"), NULL),
			 BATON_INVALID);
	assert_int_equal(files_write(folder->fd, "", span("x"), NULL),
			 BATON_INVALID);
}

static void
files_write_does_not_follow_a_planted_link(void **state)
{
	struct kit_folder *folder = *state;
	char *content;

	kit_folder_write(folder->fd, "target", "safe", 4);
	assert_int_equal(symlinkat("target", folder->fd, ".a.tmp"), 0);
	assert_int_equal(files_write(folder->fd, "a", span("x"), NULL),
			 BATON_IO);
	content = kit_folder_read(folder->fd, "target", NULL);
	assert_string_equal(content, "safe");
	free(content);
}

static void
files_draft_discard_leaves_nothing(void **state)
{
	struct kit_folder *folder = *state;
	struct files_draft draft;

	assert_int_equal(files_draft_open(&draft, folder->fd, "a", NULL),
			 BATON_OK);
	assert_int_equal(files_draft_append(&draft, span("x"), NULL), BATON_OK);
	files_draft_discard(&draft);
	assert_int_equal(kit_folder_list(folder->fd, NULL), 0);
}

static void
files_open_regular_refuses_a_link(void **state)
{
	struct kit_folder *folder = *state;
	struct stat status;
	int fd;

	kit_folder_write(folder->fd, "target", "x", 1);
	assert_int_equal(symlinkat("target", folder->fd, "link"), 0);
	assert_int_equal(
		files_open_regular(folder->fd, "link", &fd, &status, NULL),
		BATON_INVALID);
}

static void
files_open_regular_refuses_a_pipe_without_waiting(void **state)
{
	struct kit_folder *folder = *state;
	struct stat status;
	int fd;

	assert_int_equal(mkfifoat(folder->fd, "pipe", 0600), 0);
	assert_int_equal(
		files_open_regular(folder->fd, "pipe", &fd, &status, NULL),
		BATON_INVALID);
}

static void
files_open_regular_refuses_a_folder(void **state)
{
	struct kit_folder *folder = *state;
	struct stat status;
	int fd;

	assert_int_equal(mkdirat(folder->fd, "sub", 0700), 0);
	assert_int_equal(
		files_open_regular(folder->fd, "sub", &fd, &status, NULL),
		BATON_INVALID);
}

static void
files_open_regular_tells_a_missing_file(void **state)
{
	struct kit_folder *folder = *state;
	struct stat status;
	int fd;

	assert_int_equal(
		files_open_regular(folder->fd, "none", &fd, &status, NULL),
		BATON_NOT_FOUND);
}

static void
files_error_texts_hold_no_file_name(void **state)
{
	struct kit_folder *folder = *state;
	struct baton_error error;
	struct stat status;
	int fd;

	assert_int_equal(files_open_regular(folder->fd, "marked-name", &fd,
					    &status, &error),
			 BATON_NOT_FOUND);
	assert_null(strstr(error.text, "marked-name"));
}

static void
files_move_keeps_the_content(void **state)
{
	struct kit_folder *folder = *state;
	char *content;
	int sub;

	kit_folder_make_sub(folder, "sub", &sub);
	kit_folder_write(folder->fd, "a", "x", 1);
	assert_int_equal(files_move(folder->fd, "a", sub, "b", NULL), BATON_OK);
	content = kit_folder_read(sub, "b", NULL);
	assert_string_equal(content, "x");
	assert_null(kit_folder_read(folder->fd, "a", NULL));
	free(content);
	(void)close(sub);
}

static void
files_remove_takes_a_missing_file(void **state)
{
	struct kit_folder *folder = *state;

	assert_int_equal(files_remove(folder->fd, "none", NULL), BATON_OK);
}

static void
files_digest_of_a_file_is_that_of_its_bytes(void **state)
{
	struct kit_folder *folder = *state;
	char of_file[FILES_DIGEST_BYTES];
	char of_bytes[FILES_DIGEST_BYTES];
	struct stat status;
	int fd;

	kit_folder_write(folder->fd, "a", "content", 7);
	assert_int_equal(
		files_open_regular(folder->fd, "a", &fd, &status, NULL),
		BATON_OK);
	assert_int_equal(files_digest_file(fd, of_file, NULL), BATON_OK);
	files_digest(span("content"), of_bytes);
	assert_string_equal(of_file, of_bytes);
	(void)close(fd);
}

static void
files_open_folder_makes_missing_parents_for_the_owner_only(void **state)
{
	struct kit_folder *folder = *state;
	struct stat status;
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/a/b/c", folder->path);
	assert_int_equal(files_open_folder(path, &fd, NULL), BATON_OK);
	(void)close(fd);
	assert_int_equal(fstatat(folder->fd, "a/b", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
}

int
main(void)
{
#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		FILES_TEST(files_write_leaves_only_the_file_mode_0600),
		FILES_TEST(files_write_replaces_the_content),
		FILES_TEST(files_write_refuses_names_with_a_path),
		FILES_TEST(files_write_does_not_follow_a_planted_link),
		FILES_TEST(files_draft_discard_leaves_nothing),
		FILES_TEST(files_open_regular_refuses_a_link),
		FILES_TEST(files_open_regular_refuses_a_pipe_without_waiting),
		FILES_TEST(files_open_regular_refuses_a_folder),
		FILES_TEST(files_open_regular_tells_a_missing_file),
		FILES_TEST(files_error_texts_hold_no_file_name),
		FILES_TEST(
			files_open_folder_makes_missing_parents_for_the_owner_only),
		FILES_TEST(files_move_keeps_the_content),
		FILES_TEST(files_remove_takes_a_missing_file),
		FILES_TEST(files_digest_of_a_file_is_that_of_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
