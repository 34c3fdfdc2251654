/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_STORE_FAULTY_H
#define BATON_TESTS_STORE_FAULTY_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/store.h"

/**
 * A journal that fails on demand, around one that works. A failing commit
 * rolls the inner journal back, as a real one does. Faults are set and counts
 * are read from any thread.
 */
enum store_call {
	STORE_CALL_BEGIN = 0,
	STORE_CALL_APPEND = 1,
	STORE_CALL_COMMIT = 2,
	STORE_CALL_REOPEN = 3,
	STORE_CALL_CHECKPOINT = 4,
	STORE_CALLS = 5,
};

struct store_faulty;

/** inner: taken. NULL when memory is out. */
struct store_faulty *store_faulty_new(struct store *inner);

/** The journal to use; store_free() frees all. */
struct store *store_faulty_store(struct store_faulty *faulty);

/** The nth call from now on (1: the next) and `times` - 1 after it answer
 *  err. One fault at a time. */
void store_faulty_fail(struct store_faulty *faulty, enum store_call call,
		       unsigned nth, unsigned times, baton_err err);

void store_faulty_heal(struct store_faulty *faulty);

/** Calls so far, failed ones too. */
unsigned store_faulty_calls(struct store_faulty *faulty, enum store_call call);

/** Highest sequence whose commit has succeeded. */
uint64_t store_faulty_committed(struct store_faulty *faulty);

#endif /* BATON_TESTS_STORE_FAULTY_H */
