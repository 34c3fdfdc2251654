/* SPDX-License-Identifier: MIT */
#include "cli/values.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/identifier.h"

baton_err
values_number(const char *text, const char *what, uint64_t min, uint64_t max,
	      uint64_t *value, struct baton_error *error)
{
	uint64_t number = 0;
	const char *at = text;

	*value = 0;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (number > (UINT64_MAX - digit) / 10)
			break;
		number = number * 10 + digit;
	}
	if (at == text || *at != '\0' || number < min || number > max) {
		return baton_error_set(error, BATON_INVALID,
				       "%s must be a number from %llu to %llu",
				       what, (unsigned long long)min,
				       (unsigned long long)max);
	}
	*value = number;
	return BATON_OK;
}

/* Reads exactly len digits; false when they are not there. */
static bool
values_digits(const char **at, size_t len, int *value)
{
	int number = 0;

	for (size_t i = 0; i < len; i++) {
		if ((*at)[i] < '0' || (*at)[i] > '9')
			return false;
		number = number * 10 + ((*at)[i] - '0');
	}
	*at += len;
	*value = number;
	return true;
}

static bool
values_character(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

/* "T10:15" or "T10:15:30"; seconds are 0 when not given. */
static bool
values_clock(const char **at, struct tm *parts)
{
	if (!values_digits(at, 2, &parts->tm_hour) ||
	    !values_character(at, ':') || !values_digits(at, 2, &parts->tm_min))
		return false;
	if (values_character(at, ':') && !values_digits(at, 2, &parts->tm_sec))
		return false;
	return parts->tm_hour < 24 && parts->tm_min < 60 && parts->tm_sec < 60;
}

/* "Z" or "+01:00" as seconds east of Greenwich. */
static bool
values_offset(const char **at, int *offset_s)
{
	int sign = **at == '-' ? -1 : 1;
	int hours;
	int minutes;

	*offset_s = 0;
	if (values_character(at, 'Z'))
		return true;
	(*at)++;
	if (!values_digits(at, 2, &hours) || !values_character(at, ':') ||
	    !values_digits(at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* The date, which must exist: mktime() would turn 30 February into March. */
static bool
values_date(const char **at, struct tm *parts)
{
	char date[11] = "";

	(void)snprintf(date, sizeof(date), "%.10s", *at);
	if (!identifier_date_valid(date) ||
	    !values_digits(at, 4, &parts->tm_year) ||
	    !values_character(at, '-') ||
	    !values_digits(at, 2, &parts->tm_mon) ||
	    !values_character(at, '-') ||
	    !values_digits(at, 2, &parts->tm_mday))
		return false;
	parts->tm_year -= 1900;
	parts->tm_mon -= 1;
	return true;
}

baton_err
values_time(const char *text, int64_t *time_ms, struct baton_error *error)
{
	/* Whether summer time holds is for mktime() to find. */
	struct tm parts = {.tm_isdst = -1};
	const char *at = text;
	bool local = true;
	int offset_s = 0;
	bool ok = values_date(&at, &parts);
	time_t seconds;

	*time_ms = 0;
	if (ok && values_character(&at, 'T')) {
		ok = values_clock(&at, &parts);
		if (ok && *at != '\0' && strchr("Z+-", *at) != NULL) {
			ok = values_offset(&at, &offset_s);
			local = false;
		}
	}
	if (!ok || *at != '\0') {
		return baton_error_set(
			error, BATON_INVALID,
			"not a time; write it as 2026-11-22, 2026-11-22T10:15 "
			"or 2026-11-22T10:15:00Z");
	}
	seconds = local ? mktime(&parts) : timegm(&parts) - offset_s;
	*time_ms = (int64_t)seconds * 1000;
	return BATON_OK;
}

static bool
values_all_digits(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

baton_err
values_start(const char *text, struct values_start *start,
	     struct baton_error *error)
{
	memset(start, 0, sizeof(*start));
	if (strcmp(text, "beginning") == 0) {
		start->at = BATON_START_BEGINNING;
		return BATON_OK;
	}
	if (strcmp(text, "now") == 0) {
		start->at = BATON_START_NOW;
		return BATON_OK;
	}
	if (values_all_digits(text)) {
		start->at = BATON_START_SEQUENCE;
		return values_number(text, "--from: a sequence", 1, INT64_MAX,
				     &start->sequence, error);
	}
	start->at = BATON_START_TIME;
	if (values_time(text, &start->time_ms, error) == BATON_OK)
		return BATON_OK;
	return baton_error_set(error, BATON_INVALID,
			       "--from takes beginning, now, a sequence, or a "
			       "time such as 2026-11-22 or "
			       "2026-11-22T10:15:00Z");
}

/* Copies without the blanks that people type into NHS numbers; false when it
 * does not fit. */
static bool
values_without_spaces(const char *text, char *compact, size_t size)
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		if (len + 1 >= size)
			return false;
		compact[len++] = *text;
	}
	compact[len] = '\0';
	return true;
}

baton_err
values_child(const char *text, char key[CONTRACT_CHILD_KEY_BYTES],
	     struct baton_error *error)
{
	char compact[16];

	key[0] = '\0';
	if (strchr(text, ':') != NULL) {
		if (strlen(text) < CONTRACT_CHILD_KEY_BYTES &&
		    contract_child_key_valid(text)) {
			(void)snprintf(key, CONTRACT_CHILD_KEY_BYTES, "%s",
				       text);
			return BATON_OK;
		}
		return baton_error_set(
			error, BATON_INVALID,
			"the child's identifier is not valid; check it against "
			"its source, and write it as nhs_number:..., upn:..., "
			"uln:..., social_care:/la/887:... or "
			"local:/ods/RPG:...");
	}
	if (values_without_spaces(text, compact, sizeof(compact))) {
		if (identifier_nhs_number_valid(compact)) {
			(void)snprintf(key, CONTRACT_CHILD_KEY_BYTES,
				       "nhs_number:%s", compact);
			return BATON_OK;
		}
		if (identifier_upn_valid(compact)) {
			(void)snprintf(key, CONTRACT_CHILD_KEY_BYTES, "upn:%s",
				       compact);
			return BATON_OK;
		}
	}
	return baton_error_set(error, BATON_INVALID,
			       "the child's identifier is neither a valid NHS "
			       "number nor a valid UPN; check its digits, or "
			       "name its kind as in uln:...");
}

/* Copies text and splits it at commas; empty entries are refused. */
static baton_err
values_split(const char *text, const char *option, struct values_list *list,
	     struct baton_error *error)
{
	char *at;

	list->count = 0;
	list->text = strdup(text);
	if (list->text == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	for (at = list->text; at != NULL && list->count < VALUES_LIST_MAX;) {
		char *comma = strchr(at, ',');

		if (comma != NULL)
			*comma++ = '\0';
		if (*at == '\0') {
			return baton_error_set(error, BATON_INVALID,
					       "%s has an empty entry", option);
		}
		list->entries[list->count++] = at;
		at = comma;
	}
	if (at != NULL) {
		return baton_error_set(error, BATON_INVALID,
				       "%s takes at most %d entries", option,
				       VALUES_LIST_MAX);
	}
	return BATON_OK;
}

/* The known types, for an error's text. */
static void
values_join_types(char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (int family = CONTRACT_FAMILY_MIN; family <= CONTRACT_FAMILY_MAX;
	     family++) {
		const char *name = contract_family_name(family);

		if (name == NULL || len + strlen(name) + 3 > size)
			continue;
		len += (size_t)snprintf(text + len, size - len, "%s%s",
					len > 0 ? ", " : "", name);
	}
}

baton_err
values_types(const char *text, struct values_list *list,
	     struct baton_error *error)
{
	char known[200];
	baton_err err = values_split(text, "--types", list, error);

	for (size_t i = 0; err == BATON_OK && i < list->count; i++) {
		if (contract_family_number(list->entries[i]) != 0)
			continue;
		values_join_types(known, sizeof(known));
		err = baton_error_set(error, BATON_INVALID,
				      "--types has an unknown type; known: %s",
				      known);
	}
	if (err != BATON_OK)
		values_list_fini(list);
	return err;
}

baton_err
values_sources(const char *text, struct values_list *list,
	       struct baton_error *error)
{
	baton_err err = values_split(text, "--sources", list, error);

	for (size_t i = 0; err == BATON_OK && i < list->count; i++) {
		Send__V1__OrganisationScheme scheme;
		char code[16];

		if (contract_organisation_parse(list->entries[i], &scheme,
						code))
			continue;
		err = baton_error_set(error, BATON_INVALID,
				      "--sources takes organisations as "
				      "/ods/RPG, /urn/123456 or /la/887");
	}
	if (err != BATON_OK)
		values_list_fini(list);
	return err;
}

void
values_list_fini(struct values_list *list)
{
	free(list->text);
	memset(list, 0, sizeof(*list));
}
