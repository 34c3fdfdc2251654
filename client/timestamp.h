/* SPDX-License-Identifier: MIT */
#ifndef BATON_TIMESTAMP_H
#define BATON_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

/**
 * google.protobuf.Timestamp as RFC 3339 text, years 1 to 9999. Any thread.
 */

/** Room for "9999-12-31T23:59:59.999999999Z" with its NUL. */
#define TIMESTAMP_BYTES 31

/**
 * Writes UTC with "Z" and 0, 3, 6 or 9 digits of a second, the fewest that
 * say all (proto3 JSON). False when seconds or nanos are out of range.
 */
bool timestamp_format(int64_t seconds, int32_t nanos,
		      char text[TIMESTAMP_BYTES]);

/**
 * Reads "2026-02-15T09:30:00Z", with up to 9 digits of a second and "Z" or an
 * offset such as "+01:00". Leap seconds are refused: the type has none.
 * False when it is of another form or does not exist.
 */
bool timestamp_parse(const char *text, int64_t *seconds, int32_t *nanos);

#endif /* BATON_TIMESTAMP_H */
