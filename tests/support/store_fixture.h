/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_STORE_FIXTURE_H
#define BATON_TESTS_STORE_FIXTURE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/store.h"

/**
 * What tests of the journal share: directories that go, invented events.
 * Everything here asserts: call it on the test's own thread.
 */

/** A directory of its own for one test. */
struct store_directory {
	char path[PATH_MAX - 64];
};

void store_directory_make(struct store_directory *directory);

/** Removes it with all in it. */
void store_directory_remove(const struct store_directory *directory);

/** Writes the path of a file in it. */
void store_directory_file(const struct store_directory *directory,
			  const char *name, char path[PATH_MAX]);

/** Opens the SQLite journal in it, asserting that this works. */
struct store *store_directory_open(const struct store_directory *directory);

#define STORE_DRAFT_KEYS 4

/** An invented event, with room for what store_event points to. */
struct store_draft {
	char id[BATON_EVENT_ID_MAX + 1];
	char keys[STORE_DRAFT_KEYS][CONTRACT_CHILD_KEY_BYTES];
	uint8_t body[2048];
	struct store_event event;
};

/** Fills draft with event `number` of child `child`: both any number; the
 *  body is 64 bytes that depend on number. */
void store_draft_fill(struct store_draft *draft, uint64_t number,
		      uint64_t child);

/** Adds an identifier; at most STORE_DRAFT_KEYS. */
void store_draft_add_key(struct store_draft *draft, const char *key);

/** Appends one draft in a transaction of its own, asserting that it is
 *  accepted; returns its sequence. */
uint64_t store_draft_append(struct store *store,
			    const struct store_draft *draft);

/** store_draft_fill() and store_draft_append(). */
uint64_t store_append_numbered(struct store *store, uint64_t number,
			       uint64_t child);

#endif /* BATON_TESTS_STORE_FIXTURE_H */
