/* SPDX-License-Identifier: MIT */
#ifndef BATON_BROKER_H
#define BATON_BROKER_H

#include "baton/error.h"
#include "broker/settings.h"

/**
 * The broker: makes every module, wires them, and alone knows them all.
 *
 *   listener -> policy -> Hello, answered here
 *                      -> publish -> writer -> store
 *                      -> delivery (all else) -> writer -> store
 *
 * One thread makes, reloads, stops and frees it.
 */
struct broker;

/**
 * Opens the journal and the sockets and begins to serve.
 *
 * settings: borrowed, outlives the broker. *broker: given, broker_free() it.
 * Errors: CONFIG (agreement, journal of another kind or in use), IO,
 * UNAVAILABLE, CORRUPT, NO_MEMORY, INTERNAL.
 */
BATON_MUST_CHECK baton_err broker_new(const struct settings *settings,
				      struct broker **broker,
				      struct baton_error *error);

/** Reads the agreement again, all or nothing. Errors: as agreement_load() and
 *  listener_replace(); the old agreement stays in force. */
BATON_MUST_CHECK baton_err broker_reload(struct broker *broker,
					 struct baton_error *error);

/**
 * Takes no more requests, answers parked fetches empty and all that is under
 * way with its outcome, then closes the journal. Takes seconds at most.
 */
void broker_stop(struct broker *broker);

/** Frees it; broker_stop() first if it was serving. NULL is allowed. */
void broker_free(struct broker *broker);

#endif /* BATON_BROKER_H */
