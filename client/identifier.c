/* SPDX-License-Identifier: MIT */
#include "client/identifier.h"

#include <string.h>

#include "client/civil.h"

static bool
identifier_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether text is exactly count digits. */
static bool
identifier_digits(const char *text, size_t count)
{
	size_t at = 0;

	while (at < count && identifier_digit(text[at]))
		at++;
	return at == count && text[at] == '\0';
}

/* The sum of the first nine digits, weighted 10 down to 2, modulo 11. */
static int
identifier_weighted_11(const char *text)
{
	int sum = 0;

	for (int i = 0; i < 9; i++)
		sum += (10 - i) * (text[i] - '0');
	return sum % 11;
}

bool
identifier_nhs_number_valid(const char *text)
{
	int check;

	if (!identifier_digits(text, 10))
		return false;
	/* 0000000000 to 9999999999 all pass modulus 11; none is issued. */
	if (strspn(text, (const char[2]){text[0], '\0'}) == 10)
		return false;
	/* 10 is no digit, so a number that needs it is not issued. */
	check = (11 - identifier_weighted_11(text)) % 11;
	return check == text[9] - '0';
}

/* I, O and S are left out: they look like 1, 0 and 5. */
static const char identifier_upn_letters[] = "ABCDEFGHJKLMNPQRTUVWXYZ";

/* Value of a UPN's last character: digit, or letter in a temporary UPN; -1
 * for any other. */
static int
identifier_upn_last(char c)
{
	const char *letter;

	if (identifier_digit(c))
		return c - '0';
	letter = strchr(identifier_upn_letters, c);
	return letter == NULL ? -1 : (int)(letter - identifier_upn_letters);
}

bool
identifier_upn_valid(const char *text)
{
	int last;
	int sum = 0;

	if (strlen(text) != 13 || strspn(text + 1, "0123456789") < 11)
		return false;
	last = identifier_upn_last(text[12]);
	if (last < 0)
		return false;
	for (int i = 1; i < 12; i++)
		sum += (i + 1) * (text[i] - '0');
	sum += 13 * last;
	return text[0] == identifier_upn_letters[sum % 23];
}

bool
identifier_uln_valid(const char *text)
{
	int remainder;

	if (!identifier_digits(text, 10))
		return false;
	remainder = identifier_weighted_11(text);
	return remainder != 0 && 10 - remainder == text[9] - '0';
}

bool
identifier_ods_valid(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return len >= 1 && len <= 9 && text[len] == '\0';
}

bool
identifier_urn_valid(const char *text)
{
	return identifier_digits(text, 6);
}

bool
identifier_la_valid(const char *text)
{
	return identifier_digits(text, 3);
}

static int
identifier_number(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

bool
identifier_date_valid(const char *text)
{
	int year;

	for (size_t i = 0; i < 10; i++) {
		bool dash = i == 4 || i == 7;

		if (dash ? text[i] != '-' : !identifier_digit(text[i]))
			return false;
	}
	year = identifier_number(text, 4);
	return text[10] == '\0' && year >= 1900 && year <= 2199 &&
	       civil_valid(year, identifier_number(text + 5, 2),
			   identifier_number(text + 8, 2));
}

int32_t
identifier_date_days(const char *text)
{
	return (int32_t)civil_to_days(identifier_number(text, 4),
				      identifier_number(text + 5, 2),
				      identifier_number(text + 8, 2));
}
