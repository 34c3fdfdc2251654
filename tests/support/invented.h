/* SPDX-License-Identifier: MIT */
#ifndef BATON_INVENTED_H
#define BATON_INVENTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * An invented partnership's events, for tests that count them: of four
 * families, for as many children as asked, each numbered within its child.
 */

/** NHS number of invented child n (0 to 99,999) from the 999 test range. */
void invented_nhs_number(uint32_t n, char text[11]);

/**
 * Builds the event that is number `serial` of child `child`, of family
 * serial modulo 4. Its id is "c<child>-<serial>".
 *
 * source: "/ods/RZZ" style. *bytes: given, baton_event_bytes_free() them.
 */
void invented_event(const char *source, uint32_t child, uint32_t serial,
		    uint8_t **bytes, size_t *len);

/** Reads child and serial back from such an event's id; false when it is of
 *  another form. */
bool invented_parse_id(const char *id, uint32_t *child, uint32_t *serial);

#endif /* BATON_INVENTED_H */
