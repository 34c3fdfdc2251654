/* SPDX-License-Identifier: MIT */
#include "client/timestamp.h"

#include <stddef.h>
#include <stdio.h>

#include "client/civil.h"

#define TIMESTAMP_DAY_SECONDS 86400
#define TIMESTAMP_SECOND_NANOS 1000000000

static bool
timestamp_in_range(int64_t seconds)
{
	return seconds >= civil_to_days(1, 1, 1) * TIMESTAMP_DAY_SECONDS &&
	       seconds < (civil_to_days(9999, 12, 31) + 1) *
				 TIMESTAMP_DAY_SECONDS;
}

bool
timestamp_format(int64_t seconds, int32_t nanos, char text[TIMESTAMP_BYTES])
{
	char fraction[11] = "";
	int64_t days;
	int of_day;
	int year;
	int month;
	int day;

	if (!timestamp_in_range(seconds) || nanos < 0 ||
	    nanos >= TIMESTAMP_SECOND_NANOS)
		return false;
	days = seconds / TIMESTAMP_DAY_SECONDS;
	of_day = (int)(seconds % TIMESTAMP_DAY_SECONDS);
	if (of_day < 0) {
		days--;
		of_day += TIMESTAMP_DAY_SECONDS;
	}
	civil_from_days(days, &year, &month, &day);
	if (nanos % 1000 != 0) {
		(void)snprintf(fraction, sizeof(fraction), ".%09d", nanos);
	} else if (nanos % 1000000 != 0) {
		(void)snprintf(fraction, sizeof(fraction), ".%06d",
			       nanos / 1000);
	} else if (nanos != 0) {
		(void)snprintf(fraction, sizeof(fraction), ".%03d",
			       nanos / 1000000);
	}
	(void)snprintf(text, TIMESTAMP_BYTES,
		       "%04d-%02d-%02dT%02d:%02d:%02d%sZ", year, month, day,
		       of_day / 3600, of_day / 60 % 60, of_day % 60, fraction);
	return true;
}

/* Reads count digits and the character after them; -1 when they are not
 * there. */
static int
timestamp_digits(const char **at, size_t count, char after)
{
	int value = 0;

	for (size_t i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	if (after == '\0')
		return value;
	return *(*at)++ == after ? value : -1;
}

/* ".5" to 500,000,000; no fraction is 0; -1 when malformed. */
static int32_t
timestamp_fraction(const char **at)
{
	int32_t nanos = 0;
	int digits = 0;

	if (**at != '.')
		return 0;
	for ((*at)++; **at >= '0' && **at <= '9'; (*at)++) {
		if (++digits > 9)
			return -1;
		nanos = nanos * 10 + (**at - '0');
	}
	if (digits == 0)
		return -1;
	for (; digits < 9; digits++)
		nanos *= 10;
	return nanos;
}

/* "Z", "+01:00" or "-00:30" and the end, in seconds east of UTC. */
static bool
timestamp_offset(const char *at, int *offset)
{
	int sign = *at == '-' ? -1 : 1;
	int hours;
	int minutes;

	*offset = 0;
	if (*at == 'Z')
		return at[1] == '\0';
	if (*at != '+' && *at != '-')
		return false;
	at++;
	hours = timestamp_digits(&at, 2, ':');
	if (hours < 0 || hours > 23)
		return false;
	minutes = timestamp_digits(&at, 2, '\0');
	if (minutes < 0 || minutes > 59 || *at != '\0')
		return false;
	*offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool
timestamp_parse(const char *text, int64_t *seconds, int32_t *nanos)
{
	/* Year, month, day, hour, minute, second. */
	static const size_t widths[] = {4, 2, 2, 2, 2, 2};
	static const char after[] = {'-', '-', 'T', ':', ':', '\0'};
	int parts[6];
	int offset;

	for (size_t i = 0; i < 6; i++) {
		parts[i] = timestamp_digits(&text, widths[i], after[i]);
		if (parts[i] < 0)
			return false;
	}
	*nanos = timestamp_fraction(&text);
	if (*nanos < 0 || !civil_valid(parts[0], parts[1], parts[2]) ||
	    parts[3] > 23 || parts[4] > 59 || parts[5] > 59 ||
	    !timestamp_offset(text, &offset))
		return false;
	*seconds = civil_to_days(parts[0], parts[1], parts[2]) *
			   TIMESTAMP_DAY_SECONDS +
		   (int64_t)parts[3] * 3600 + (int64_t)parts[4] * 60 +
		   parts[5] - offset;
	return timestamp_in_range(*seconds);
}
