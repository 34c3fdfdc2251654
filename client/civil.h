/* SPDX-License-Identifier: MIT */
#ifndef BATON_CIVIL_H
#define BATON_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Days of the proleptic Gregorian calendar, counted from 1970-01-01, without
 * the time zones and limits of <time.h>. Any thread.
 */

/** Whether the day exists; years 1 to 9999. */
bool civil_valid(int year, int month, int day);

/** Days from 1970-01-01 to a day that exists; negative before it. */
int64_t civil_to_days(int year, int month, int day);

/** The day that many days from 1970-01-01, within years 1 to 9999. */
void civil_from_days(int64_t days, int *year, int *month, int *day);

#endif /* BATON_CIVIL_H */
