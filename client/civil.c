/* SPDX-License-Identifier: MIT */
#include "client/civil.h"

/* Days of a 400 year cycle, and from 0000-03-01 to 1970-01-01. */
#define CIVIL_CYCLE_DAYS 146097
#define CIVIL_EPOCH_DAYS 719468

static bool
civil_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool
civil_valid(int year, int month, int day)
{
	static const int month_days[] = {31, 28, 31, 30, 31, 30,
					 31, 31, 30, 31, 30, 31};
	int last;

	if (year < 1 || year > 9999 || month < 1 || month > 12)
		return false;
	last = month_days[month - 1];
	if (month == 2 && civil_leap(year))
		last = 29;
	return day >= 1 && day <= last;
}

/*
 * Years are counted from 1 March, so that the leap day is a year's last and
 * the months' lengths follow (153 m + 2) / 5.
 */
int64_t
civil_to_days(int year, int month, int day)
{
	int64_t years = month > 2 ? year : year - 1;
	int64_t cycle = years / 400;
	int64_t year_of_cycle = years - cycle * 400;
	int64_t months = month > 2 ? month - 3 : month + 9;
	int64_t day_of_year = (153 * months + 2) / 5 + day - 1;

	return cycle * CIVIL_CYCLE_DAYS + year_of_cycle * 365 +
	       year_of_cycle / 4 - year_of_cycle / 100 + day_of_year -
	       CIVIL_EPOCH_DAYS;
}

void
civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t since_march = days + CIVIL_EPOCH_DAYS;
	int64_t cycle = since_march / CIVIL_CYCLE_DAYS;
	int64_t day_of_cycle = since_march - cycle * CIVIL_CYCLE_DAYS;
	/* Takes out the leap days before dividing by 365. */
	int64_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 +
				 day_of_cycle / 36524 - day_of_cycle / 146096) /
				365;
	int64_t day_of_year =
		day_of_cycle -
		(365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
	int64_t months = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * months + 2) / 5 + 1);
	*month = (int)(months < 10 ? months + 3 : months - 9);
	*year = (int)(cycle * 400 + year_of_cycle + (*month <= 2 ? 1 : 0));
}
