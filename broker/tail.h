/* SPDX-License-Identifier: MIT */
#ifndef BATON_TAIL_H
#define BATON_TAIL_H

#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"
#include "broker/record.h"

/**
 * The newest committed records in memory, bounded in bytes: live delivery
 * reads here, catch-up reads the journal. Any thread.
 */
struct tail;

BATON_MUST_CHECK baton_err tail_new(size_t max_bytes, struct tail **tail);
void tail_free(struct tail *tail);

/** Adds a committed record (shared); sequences must rise. Old ones go. */
void tail_push(struct tail *tail, const struct record *record);

/** The record with this sequence with a reference for the caller, or NULL
 *  when it is not (or no longer) here. */
const struct record *tail_get(struct tail *tail, uint64_t sequence);

#endif /* BATON_TAIL_H */
