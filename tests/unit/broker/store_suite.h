/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_STORE_SUITE_H
#define BATON_TESTS_STORE_SUITE_H

#include "broker/store.h"
#include "tests/support/store_fixture.h"

/**
 * What every implementation of the journal's contract must do, as one list of
 * cases that each implementation's test program runs.
 */

/** Opens an empty journal, in directory if it needs one. */
typedef baton_err (*store_suite_open_fn)(
	const struct store_directory *directory, struct store **store,
	struct baton_error *error);

/** Runs all cases; returns the number that failed. */
int store_suite_run(const char *name, store_suite_open_fn open);

#endif /* BATON_TESTS_STORE_SUITE_H */
