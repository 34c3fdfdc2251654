/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/session.h"

#include <cmocka.h>

enum {
	LISTENER = 7,
	PIPE = 100,
	OTHER_PIPE = 356, /* Falls into the same bucket as PIPE. */
	OWN_UID = 1000,
	FOREIGN_UID = 1001,
	PER_PIPE = 2,
	PER_PARTNER = 3,
};

static struct agreement *
agreement_of(const char *id, const char *unix_user)
{
	char path[] = "/tmp/baton-session-XXXXXX";
	struct agreement *agreement = NULL;
	struct baton_error error;
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (out == NULL)
		return NULL;
	(void)fprintf(out,
		      "version: \"1\"\npartners:\n  - id: %s\n"
		      "    organisation: /ods/RPG\n    sector: health\n",
		      id);
	if (unix_user != NULL)
		(void)fprintf(out, "    unix_user: %s\n", unix_user);
	(void)fclose(out);
	if (agreement_load(path, &agreement, &error) != BATON_OK)
		agreement = NULL;
	(void)unlink(path);
	return agreement;
}

static int
setup(void **state)
{
	const struct session_options options = {
		.per_pipe = PER_PIPE,
		.per_partner = PER_PARTNER,
		.own_uid = OWN_UID,
	};
	struct agreement *agreement = agreement_of("community", NULL);
	struct session_table *table;

	if (agreement == NULL ||
	    session_table_new(agreement, &options, &table) != BATON_OK ||
	    session_bind(table, LISTENER, "community", SESSION_GUARD_UID) !=
		    BATON_OK)
		return -1;
	*state = table;
	return 0;
}

static int
teardown(void **state)
{
	session_table_free(*state);
	return 0;
}

static void
session_open_admits_the_brokers_own_user(void **state)
{
	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
}

static void
session_open_admits_root(void **state)
{
	assert_true(session_open(*state, LISTENER, PIPE, 0));
}

static void
session_open_refuses_a_foreign_user(void **state)
{
	assert_false(session_open(*state, LISTENER, PIPE, FOREIGN_UID));
}

static void
session_open_refuses_an_unknown_user(void **state)
{
	assert_false(session_open(*state, LISTENER, PIPE, SESSION_UID_UNKNOWN));
}

static void
session_open_refuses_an_unknown_listener(void **state)
{
	assert_false(session_open(*state, LISTENER + 1, PIPE, OWN_UID));
}

static void
session_open_without_guard_admits_everybody(void **state)
{
	assert_int_equal(session_bind(*state, LISTENER + 1, "community",
				      SESSION_GUARD_NONE),
			 BATON_OK);
	assert_true(
		session_open(*state, LISTENER + 1, PIPE, SESSION_UID_UNKNOWN));
}

static void
session_open_refuses_a_partner_that_was_unbound(void **state)
{
	session_unbind(*state, LISTENER);
	assert_false(session_open(*state, LISTENER, PIPE, OWN_UID));
}

static void
session_enter_tells_who_asks(void **state)
{
	struct peer peer;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_SERVE);
	assert_string_equal(peer.partner, "community");
	assert_string_equal(peer.source, "/ods/RPG");
	assert_int_equal(peer.sector, SECTOR_HEALTH);
	assert_int_equal(peer.pipe, PIPE);
}

static void
session_enter_cuts_off_strangers(void **state)
{
	struct peer peer;

	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_CUT_OFF);
}

static void
session_enter_is_busy_beyond_a_pipes_share(void **state)
{
	struct peer peer;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_SERVE);
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_SERVE);
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_BUSY);
}

static void
session_enter_is_busy_beyond_a_partners_share(void **state)
{
	struct peer peer;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_true(session_open(*state, LISTENER, OTHER_PIPE, OWN_UID));
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_SERVE);
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_SERVE);
	assert_int_equal(session_enter(*state, OTHER_PIPE, &peer),
			 SESSION_SERVE);
	assert_int_equal(session_enter(*state, OTHER_PIPE, &peer),
			 SESSION_BUSY);
}

static void
session_leave_makes_room_again(void **state)
{
	struct peer peer;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(session_enter(*state, PIPE, &peer),
				 SESSION_SERVE);
		session_leave(*state, PIPE);
	}
}

static void
session_enter_cuts_off_a_peer_that_does_not_read(void **state)
{
	struct peer peer;
	enum session_verdict verdict = SESSION_SERVE;
	int entered = 0;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	while (entered < 100 && verdict != SESSION_CUT_OFF) {
		verdict = session_enter(*state, PIPE, &peer);
		entered++;
	}
	assert_int_equal(entered, PER_PIPE * 4 + 1);
}

/* Ten connections of one partner take no more than the partner's bound. */
static void
session_enter_bounds_what_a_partner_holds_over_all_connections(void **state)
{
	struct peer peer;
	int entered = 0;

	for (uint32_t pipe = 100; pipe < 110; pipe++) {
		assert_true(session_open(*state, LISTENER, pipe, OWN_UID));
		for (int i = 0; i < PER_PIPE; i++) {
			entered += session_enter(*state, pipe, &peer) !=
				   SESSION_CUT_OFF;
		}
	}
	assert_int_equal(entered, PER_PARTNER + PER_PIPE * 4);
}

static void
session_close_gives_a_partners_share_back(void **state)
{
	struct peer peer;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_SERVE);
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_SERVE);
	assert_true(session_close(*state, PIPE));
	/* The holders of the two requests answer into the void. */
	session_leave(*state, PIPE);
	session_leave(*state, PIPE);
	assert_true(session_open(*state, LISTENER, OTHER_PIPE, OWN_UID));
	assert_int_equal(session_enter(*state, OTHER_PIPE, &peer),
			 SESSION_SERVE);
	assert_int_equal(session_enter(*state, OTHER_PIPE, &peer),
			 SESSION_SERVE);
}

static void
session_close_knows_pipes_only_once(void **state)
{
	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_true(session_close(*state, PIPE));
	assert_false(session_close(*state, PIPE));
}

static void
session_replace_names_the_pipes_of_removed_partners(void **state)
{
	uint32_t *pipes;
	size_t count;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_int_equal(session_replace(*state, agreement_of("other", NULL),
					 &pipes, &count),
			 BATON_OK);
	assert_int_equal(count, 1);
	assert_int_equal(pipes[0], PIPE);
	free(pipes);
}

static void
session_replace_refuses_removed_partners_at_once(void **state)
{
	struct peer peer;
	uint32_t *pipes;
	size_t count;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_int_equal(session_replace(*state, agreement_of("other", NULL),
					 &pipes, &count),
			 BATON_OK);
	free(pipes);
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_CUT_OFF);
	assert_false(session_open(*state, LISTENER, OTHER_PIPE, OWN_UID));
}

static void
session_replace_keeps_the_pipes_of_those_who_stay(void **state)
{
	uint32_t *pipes;
	size_t count;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_int_equal(session_replace(*state,
					 agreement_of("community", NULL),
					 &pipes, &count),
			 BATON_OK);
	assert_int_equal(count, 0);
	free(pipes);
}

static void
session_open_refuses_an_id_in_use(void **state)
{
	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_false(session_open(*state, LISTENER, PIPE, OWN_UID));
}

static void
session_hang_up_serves_the_peer_no_more(void **state)
{
	struct peer peer;

	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_true(session_hang_up(*state, PIPE));
	assert_false(session_hang_up(*state, PIPE));
	assert_int_equal(session_enter(*state, PIPE, &peer), SESSION_CUT_OFF);
	assert_string_equal(peer.partner, "community");
}

static void
session_greet_is_first_only_once(void **state)
{
	assert_true(session_open(*state, LISTENER, PIPE, OWN_UID));
	assert_true(session_greet(*state, PIPE));
	assert_false(session_greet(*state, PIPE));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(session_open_admits_the_brokers_own_user),
		TEST(session_open_admits_root),
		TEST(session_open_refuses_a_foreign_user),
		TEST(session_open_refuses_an_unknown_user),
		TEST(session_open_refuses_an_unknown_listener),
		TEST(session_open_without_guard_admits_everybody),
		TEST(session_open_refuses_a_partner_that_was_unbound),
		TEST(session_enter_tells_who_asks),
		TEST(session_enter_cuts_off_strangers),
		TEST(session_enter_is_busy_beyond_a_pipes_share),
		TEST(session_enter_is_busy_beyond_a_partners_share),
		TEST(session_leave_makes_room_again),
		TEST(session_enter_cuts_off_a_peer_that_does_not_read),
		TEST(session_enter_bounds_what_a_partner_holds_over_all_connections),
		TEST(session_close_gives_a_partners_share_back),
		TEST(session_close_knows_pipes_only_once),
		TEST(session_replace_names_the_pipes_of_removed_partners),
		TEST(session_replace_refuses_removed_partners_at_once),
		TEST(session_replace_keeps_the_pipes_of_those_who_stay),
		TEST(session_open_refuses_an_id_in_use),
		TEST(session_hang_up_serves_the_peer_no_more),
		TEST(session_greet_is_first_only_once),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
