/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_STORE_SUITE_CASES_H
#define BATON_TESTS_STORE_SUITE_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store.h"
#include "tests/support/store_fixture.h"

#include <cmocka.h>

/**
 * What the files of the suite share. Everything here asserts: it is called on
 * the test's own thread.
 */

/** One case's journal, with a reader. */
struct suite {
	struct store_directory directory;
	struct store *store;
	struct store_reader *reader;
	struct baton_error error;
};

/** For setup and teardown of every case. */
int suite_setup(void **state);
int suite_teardown(void **state);

#define SUITE_CASE(name)                                                       \
	{                                                                      \
#name, name, suite_setup, suite_teardown, NULL                 \
	}

#define suite_assert_ok(suite, call)                                           \
	do {                                                                   \
		if ((call) != BATON_OK)                                        \
			fail_msg("%s", (suite)->error.text);                   \
	} while (0)

/** Most records of a range that a case reads. */
#define SUITE_ROOM 64

/** All records, up to SUITE_ROOM. */
extern const struct store_range suite_whole;

void suite_begin(struct suite *suite);

void suite_commit(struct suite *suite);

/** Appends within a transaction; drops the record. */
struct store_appended suite_append(struct suite *suite,
				   const struct store_draft *draft);

/** The same in a transaction of its own. */
struct store_appended suite_append_alone(struct suite *suite,
					 const struct store_draft *draft);

struct store_figures suite_figures(struct suite *suite);

int64_t suite_child_of(struct suite *suite, const char *key);

/** Into a buffer of a filter; the texts of these tests are short. */
void suite_copy(char *to, const char *text);

/** Reads the sequences of a range into seen; returns how many. */
size_t suite_sequences(struct suite *suite, const struct store_range *range,
		       uint64_t seen[SUITE_ROOM]);

size_t suite_count_range(struct suite *suite, const struct store_range *range);

/** A subscription of that name that is stored. */
struct store_subscription suite_subscribe(struct suite *suite,
					  const char *name);

void suite_put_lane(struct suite *suite, const struct store_lane *lane);

void suite_set_position(struct suite *suite, int64_t subscription,
			uint64_t position);

size_t suite_count_lanes(struct suite *suite, int64_t subscription);

size_t suite_count_subscriptions(struct suite *suite);

/** The cases of each file. */
extern const struct CMUnitTest suite_cases_append[];
extern const size_t suite_cases_append_count;
extern const struct CMUnitTest suite_cases_read[];
extern const size_t suite_cases_read_count;
extern const struct CMUnitTest suite_cases_lanes[];
extern const size_t suite_cases_lanes_count;

#endif /* BATON_TESTS_STORE_SUITE_CASES_H */
