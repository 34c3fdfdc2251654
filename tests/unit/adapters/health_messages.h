/* SPDX-License-Identifier: MIT */
#ifndef BATON_TEST_HEALTH_MESSAGES_H
#define BATON_TEST_HEALTH_MESSAGES_H

#include "adapters/health/profile.h"

/** Invented messages and a profile for the health adapter's tests. */

/** Profile with every default of the table, from RPG to the council, as
 *  configuration would give it. */
struct profile health_profile(void);

/** Settings with that one profile; the profile is borrowed. */
struct health_settings health_settings(struct profile *profile);

/** A complete REF^I12 of version 2.5.1 with CR at each segment's end. */
extern const char health_ref_i12[];

/**
 * Copies message with the first occurrence of from replaced by to; fails the
 * test when from is not there. Free with free().
 */
char *health_replace(const char *message, const char *from, const char *to);

/** The bytes of a string without its NUL. */
struct baton_span health_span(const char *text);

/** Whether text holds part. */
bool health_has(const char *text, const char *part);

#endif /* BATON_TEST_HEALTH_MESSAGES_H */
