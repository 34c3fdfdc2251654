/* SPDX-License-Identifier: MIT */
#include "adapters/health/hl7v2_time.h"

#include <stdio.h>
#include <string.h>

#include "client/civil.h"
#include "client/identifier.h"

#define HL7V2_DAY_S 86400

/* A reader over the text's characters. */
struct hl7v2_reader {
	const uint8_t *at;
	size_t left;
};

static bool
hl7v2_digit(const struct hl7v2_reader *reader, size_t index)
{
	return index < reader->left && reader->at[index] >= '0' &&
	       reader->at[index] <= '9';
}

/* Takes count digits as a number; false and nothing taken when they are not
 * there. */
static bool
hl7v2_take_number(struct hl7v2_reader *reader, size_t count, int *number)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (!hl7v2_digit(reader, i))
			return false;
		value = value * 10 + (reader->at[i] - '0');
	}
	*number = value;
	reader->at += count;
	reader->left -= count;
	return true;
}

/* Takes one of these characters when a digit follows it. */
static bool
hl7v2_take_mark(struct hl7v2_reader *reader, const char *marks)
{
	if (reader->left == 0 || reader->at[0] == '\0' ||
	    strchr(marks, reader->at[0]) == NULL || !hl7v2_digit(reader, 1))
		return false;
	reader->at++;
	reader->left--;
	return true;
}

/* Takes the date as "YYYY-MM-DD"; false when there is none that exists. */
static bool
hl7v2_take_date(struct hl7v2_reader *reader, char date[11])
{
	int year;
	int month;
	int day;

	if (!hl7v2_take_number(reader, 4, &year))
		return false;
	(void)hl7v2_take_mark(reader, "-");
	if (!hl7v2_take_number(reader, 2, &month))
		return false;
	(void)hl7v2_take_mark(reader, "-");
	if (!hl7v2_take_number(reader, 2, &day))
		return false;
	(void)snprintf(date, 11, "%04u-%02u-%02u", (unsigned)year % 10000,
		       (unsigned)month % 100, (unsigned)day % 100);
	return identifier_date_valid(date);
}

/* Takes the fraction to the millisecond; more digits are dropped. */
static int
hl7v2_take_fraction(struct hl7v2_reader *reader)
{
	int scale = 100;
	int ms = 0;
	int digit;

	if (!hl7v2_take_mark(reader, "."))
		return 0;
	while (hl7v2_take_number(reader, 1, &digit)) {
		ms += digit * scale;
		scale /= 10;
	}
	return ms;
}

/* Takes the time of day in milliseconds; hours alone, or none, are allowed. */
static bool
hl7v2_take_clock(struct hl7v2_reader *reader, int64_t *ms)
{
	int hours = 0;
	int minutes = 0;
	int seconds = 0;
	int fraction = 0;

	(void)hl7v2_take_mark(reader, " T");
	if (hl7v2_take_number(reader, 2, &hours)) {
		(void)hl7v2_take_mark(reader, ":");
		if (hl7v2_take_number(reader, 2, &minutes)) {
			(void)hl7v2_take_mark(reader, ":");
			if (hl7v2_take_number(reader, 2, &seconds))
				fraction = hl7v2_take_fraction(reader);
		}
	}
	*ms = (int64_t)(hours * 60 + minutes) * 60000 +
	      (int64_t)seconds * 1000 + fraction;
	return hours < 24 && minutes < 60 && seconds < 60;
}

/* Takes the offset in seconds: Z, +HHMM, +HH:MM. *given: whether there was
 * one. */
static bool
hl7v2_take_offset(struct hl7v2_reader *reader, bool *given, int32_t *offset_s)
{
	bool west = reader->left > 0 && reader->at[0] == '-';
	int hours;
	int minutes;

	*given = true;
	*offset_s = 0;
	if (reader->left == 1 && reader->at[0] == 'Z') {
		reader->left = 0;
		return true;
	}
	if (!hl7v2_take_mark(reader, "+-")) {
		*given = false;
		return true;
	}
	if (!hl7v2_take_number(reader, 2, &hours))
		return false;
	(void)hl7v2_take_mark(reader, ":");
	if (!hl7v2_take_number(reader, 2, &minutes))
		return false;
	*offset_s = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
	return hours <= 14 && minutes < 60;
}

/* 01:00 UTC on the last Sunday of a month of 31 days, in seconds. */
static int64_t
hl7v2_last_sunday(int year, int month)
{
	int64_t days = civil_to_days(year, month, 31);

	/* Day 0, 1 January 1970, was a Thursday: Sundays are 3 modulo 7. */
	return (days - (days + 4) % 7) * HL7V2_DAY_S + 3600;
}

int32_t
hl7v2_time_london_offset(int64_t local_s)
{
	int64_t summer_s = local_s - 3600;
	int year;
	int month;
	int day;

	if (local_s < 0)
		return 0;
	civil_from_days(local_s / HL7V2_DAY_S, &year, &month, &day);
	return summer_s >= hl7v2_last_sunday(year, 3) &&
			       summer_s < hl7v2_last_sunday(year, 10)
		       ? 3600
		       : 0;
}

bool
hl7v2_time_read(struct baton_span text, enum hl7v2_zone zone, int64_t *epoch_ms)
{
	struct hl7v2_reader reader = {text.data, text.len};
	char date[11];
	int32_t offset_s;
	int64_t clock_ms;
	int64_t local_s;
	bool given;

	if (!hl7v2_take_date(&reader, date) ||
	    !hl7v2_take_clock(&reader, &clock_ms) ||
	    !hl7v2_take_offset(&reader, &given, &offset_s) || reader.left > 0)
		return false;
	local_s = identifier_date_days(date) * (int64_t)HL7V2_DAY_S +
		  clock_ms / 1000;
	if (!given) {
		offset_s = zone == HL7V2_ZONE_LONDON
				   ? hl7v2_time_london_offset(local_s)
				   : 0;
	}
	*epoch_ms = (local_s - offset_s) * 1000 + clock_ms % 1000;
	return true;
}

bool
hl7v2_time_date(struct baton_span text, char date[11])
{
	struct hl7v2_reader reader = {text.data, text.len};

	return hl7v2_take_date(&reader, date);
}
