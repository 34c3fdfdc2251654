/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_HL7V2_TIME_H
#define BATON_HEALTH_HL7V2_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "baton/event.h"

/** HL7 times (TS, DTM, DT) as instants and dates. Any thread. */

/** How a time without an offset is read. */
enum hl7v2_zone {
	/** Local time of the United Kingdom, GMT or BST. */
	HL7V2_ZONE_LONDON = 0,
	HL7V2_ZONE_UTC = 1,
};

/**
 * Reads YYYYMMDD[HH[MM[SS[.S...]]]][+/-ZZZZ] (HL7 v2.5.1 §2.A.22), and the
 * same with "-", ":" and a space or "T" between its parts, as some senders
 * write it. Fractions of a second are kept to the millisecond.
 *
 * False when it has another form or less than a date, or does not exist.
 */
bool hl7v2_time_read(struct baton_span text, enum hl7v2_zone zone,
		     int64_t *epoch_ms);

/**
 * Reads the date of a time as "YYYY-MM-DD"; what follows the day is not looked
 * at. False when the day is missing or does not exist.
 */
bool hl7v2_time_date(struct baton_span text, char date[11]);

/**
 * UTC offset in seconds of a local time in the United Kingdom, itself given in
 * seconds as if it were UTC: 3,600 from 01:00 UTC on the last Sunday of March
 * to 01:00 UTC on the last Sunday of October (Summer Time Order 2002 art. 2),
 * else 0. In the hour that comes twice the first one is meant; in the hour that
 * does not exist GMT is.
 */
int32_t hl7v2_time_london_offset(int64_t local_s);

#endif /* BATON_HEALTH_HL7V2_TIME_H */
