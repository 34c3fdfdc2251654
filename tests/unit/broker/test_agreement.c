/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/agreement.h"

#include <cmocka.h>

#define HEAD "version: \"1\"\npartners:\n"
#define COMMUNITY                                                              \
	"  - id: community\n"                                                  \
	"    organisation: /ods/RPG\n"                                         \
	"    sector: health\n"

struct file {
	char path[64];
	struct agreement *agreement;
	struct baton_error error;
};

static int
setup(void **state)
{
	struct file *file = calloc(1, sizeof(*file));
	int fd;

	if (file == NULL)
		return -1;
	(void)snprintf(file->path, sizeof(file->path), "%s",
		       "/tmp/baton-agreement-XXXXXX");
	fd = mkstemp(file->path);
	*state = file;
	return fd < 0 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	struct file *file = *state;

	agreement_free(file->agreement);
	(void)unlink(file->path);
	free(file);
	return 0;
}

static baton_err
load(struct file *file, const char *text)
{
	FILE *out = fopen(file->path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	return agreement_load(file->path, &file->agreement, &file->error);
}

/* The file is refused, at this line, with this problem. */
static void
assert_refused(struct file *file, const char *text, int line,
	       const char *problem)
{
	char place[96];

	assert_int_equal(load(file, text), BATON_CONFIG);
	assert_null(file->agreement);
	(void)snprintf(place, sizeof(place), "%s:%d: ", file->path, line);
	assert_memory_equal(file->error.text, place, strlen(place));
	assert_non_null(strstr(file->error.text, problem));
}

static void
agreement_load_reads_partners(void **state)
{
	struct file *file = *state;
	const struct partner *partner;

	assert_int_equal(load(file, HEAD COMMUNITY
			      "    failing_nhs_numbers: accept_flagged\n"),
			 BATON_OK);
	assert_int_equal(agreement_count(file->agreement), 1);
	partner = agreement_at(file->agreement, 0);
	assert_string_equal(partner->id, "community");
	assert_string_equal(partner->source, "/ods/RPG");
	assert_int_equal(partner->sector, SECTOR_HEALTH);
	assert_int_equal(partner->nhs_number_policy,
			 BATON_NHS_NUMBER_ACCEPT_FLAGGED);
}

static void
agreement_load_rejects_failing_nhs_numbers_unless_told(void **state)
{
	struct file *file = *state;

	assert_int_equal(load(file, HEAD COMMUNITY), BATON_OK);
	assert_int_equal(agreement_at(file->agreement, 0)->nhs_number_policy,
			 BATON_NHS_NUMBER_REJECT);
}

static void
agreement_load_resolves_unix_users(void **state)
{
	struct file *file = *state;

	assert_int_equal(load(file, HEAD COMMUNITY "    unix_user: root\n"),
			 BATON_OK);
	assert_true(agreement_at(file->agreement, 0)->has_user);
	assert_int_equal(agreement_at(file->agreement, 0)->uid, 0);
}

static void
agreement_find_knows_partners_by_id(void **state)
{
	struct file *file = *state;

	assert_int_equal(load(file, HEAD COMMUNITY), BATON_OK);
	assert_ptr_equal(agreement_find(file->agreement, "community"),
			 agreement_at(file->agreement, 0));
}

static void
agreement_find_knows_nobody_else(void **state)
{
	struct file *file = *state;

	assert_int_equal(load(file, HEAD COMMUNITY), BATON_OK);
	assert_null(agreement_find(file->agreement, "communit"));
}

static void
agreement_load_lets_sectors_share_an_organisation(void **state)
{
	assert_int_equal(load(*state, HEAD "  - id: send\n"
					   "    organisation: /la/887\n"
					   "    sector: send\n"
					   "  - id: social\n"
					   "    organisation: /la/887\n"
					   "    sector: social_care\n"),
			 BATON_OK);
}

static void
agreement_load_refuses_an_organisation_twice_in_a_sector(void **state)
{
	assert_refused(*state,
		       HEAD COMMUNITY "  - id: other\n"
				      "    organisation: /ods/RPG\n"
				      "    sector: health\n",
		       7, "organisation of another partner");
}

static void
agreement_load_refuses_an_id_twice(void **state)
{
	assert_refused(*state,
		       HEAD COMMUNITY "  - id: community\n"
				      "    organisation: /ods/RXY\n"
				      "    sector: health\n",
		       6, "partners[1].id: is the id of another partner");
}

static void
agreement_load_refuses_ids_that_name_no_file(void **state)
{
	assert_refused(*state,
		       HEAD "  - id: ..\n"
			    "    organisation: /ods/RPG\n"
			    "    sector: health\n",
		       3, "begin with a letter");
}

static void
agreement_load_refuses_ids_with_a_slash(void **state)
{
	assert_refused(*state,
		       HEAD "  - id: a/b\n"
			    "    organisation: /ods/RPG\n"
			    "    sector: health\n",
		       3, "a-z 0-9");
}

static void
agreement_load_refuses_a_wrong_organisation(void **state)
{
	assert_refused(*state,
		       HEAD "  - id: school\n"
			    "    organisation: /urn/12345\n"
			    "    sector: education\n",
		       4, "/urn/6 DIGITS");
}

static void
agreement_load_refuses_an_unknown_sector(void **state)
{
	assert_refused(*state,
		       HEAD "  - id: school\n"
			    "    organisation: /urn/123456\n"
			    "    sector: schools\n",
		       5, "must be one of");
}

static void
agreement_load_refuses_an_unknown_user(void **state)
{
	assert_refused(*state,
		       HEAD COMMUNITY "    unix_user: no-such-user-here\n", 6,
		       "not a user of this host");
}

static void
agreement_load_refuses_an_unknown_setting(void **state)
{
	assert_refused(*state, HEAD COMMUNITY "    grants: everything\n", 6,
		       "grants");
}

static void
agreement_load_refuses_nobody(void **state)
{
	assert_refused(*state, "version: \"1\"\npartners: []\n", 2, "partners");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(agreement_load_reads_partners),
		TEST(agreement_load_rejects_failing_nhs_numbers_unless_told),
		TEST(agreement_load_resolves_unix_users),
		TEST(agreement_find_knows_partners_by_id),
		TEST(agreement_find_knows_nobody_else),
		TEST(agreement_load_lets_sectors_share_an_organisation),
		TEST(agreement_load_refuses_an_organisation_twice_in_a_sector),
		TEST(agreement_load_refuses_an_id_twice),
		TEST(agreement_load_refuses_ids_that_name_no_file),
		TEST(agreement_load_refuses_ids_with_a_slash),
		TEST(agreement_load_refuses_a_wrong_organisation),
		TEST(agreement_load_refuses_an_unknown_sector),
		TEST(agreement_load_refuses_an_unknown_user),
		TEST(agreement_load_refuses_an_unknown_setting),
		TEST(agreement_load_refuses_nobody),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
