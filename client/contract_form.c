/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "client/contract_rules.h"
#include "client/identifier.h"

#define CONTRACT_DIGITS "0123456789"
#define CONTRACT_LETTERS                                                       \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                           \
	"abcdefghijklmnopqrstuvwxyz"

bool
contract_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool
contract_only(const char *text, const char *characters)
{
	return text[strspn(text, characters)] == '\0';
}

static bool
contract_between(const char *text, char first, char last)
{
	for (; *text != '\0'; text++) {
		if (*text < first || *text > last)
			return false;
	}
	return true;
}

static bool
contract_email(const char *text)
{
	const char *at = strchr(text, '@');

	return contract_between(text, '!', '~') && at != NULL && at != text &&
	       at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

static bool
contract_snomed(const char *text)
{
	size_t len = strlen(text);

	return len >= 6 && len <= 18 && contract_only(text, CONTRACT_DIGITS);
}

static bool
contract_percents(const char *text)
{
	for (text = strchr(text, '%'); text != NULL;
	     text = strchr(text + 1, '%')) {
		if (strspn(text + 1, CONTRACT_DIGITS "ABCDEFabcdef") < 2)
			return false;
	}
	return true;
}

/* Source: RFC 3986 §2 for the characters, §3.2 for the authority. */
static bool
contract_https(const char *text)
{
	static const char scheme[] = "https://";
	size_t host;

	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
		return false;
	text += sizeof(scheme) - 1;
	host = strcspn(text, "/?#");
	return host > 0 && strchr(":", text[0]) == NULL &&
	       memchr(text, '@', host) == NULL && contract_percents(text) &&
	       contract_only(text, CONTRACT_LETTERS CONTRACT_DIGITS
			     "-._~:/?#[]@!$&'()*+,;=%");
}

/* Source: W3C Trace Context §3.2: version, trace id, parent id, flags; the
 * two ids not all zeros, version ff not allowed. */
static bool
contract_traceparent(const char *text)
{
	static const char hex[] = CONTRACT_DIGITS "abcdef";
	static const size_t widths[] = {2, 32, 16, 2};
	const char *at = text;

	for (size_t i = 0; i < 4; i++) {
		bool is_id = i == 1 || i == 2;

		if (strspn(at, hex) != widths[i] ||
		    (is_id && strspn(at, "0") == widths[i]))
			return false;
		at += widths[i];
		if (*at != (i == 3 ? '\0' : '-'))
			return false;
		at++;
	}
	return strncmp(text, "ff", 2) != 0;
}

bool
contract_form_holds(enum contract_form form, const char *text)
{
	switch (form) {
	case CONTRACT_PLAIN:
	case CONTRACT_TEXT:
		return true;
	case CONTRACT_LINE:
		return strpbrk(text, "\t\n") == NULL;
	case CONTRACT_ASCII:
		return contract_between(text, ' ', '~');
	case CONTRACT_EVENT_ID:
		return contract_only(text,
				     CONTRACT_LETTERS CONTRACT_DIGITS "._:-");
	case CONTRACT_DATE:
		return identifier_date_valid(text);
	case CONTRACT_PHONE:
		return contract_only(text, CONTRACT_DIGITS " +()-");
	case CONTRACT_EMAIL:
		return contract_email(text);
	case CONTRACT_SNOMED:
		return contract_snomed(text);
	case CONTRACT_HTTPS:
		return contract_https(text);
	case CONTRACT_TRACEPARENT:
		return contract_traceparent(text);
	}
	return false;
}

const char *
contract_form_text(enum contract_form form)
{
	switch (form) {
	case CONTRACT_PLAIN:
	case CONTRACT_TEXT:
		break;
	case CONTRACT_LINE:
		return "one line, without tab and newline";
	case CONTRACT_ASCII:
		return "printable ASCII";
	case CONTRACT_EVENT_ID:
		return "letters A-Z a-z, digits and . _ : - only";
	case CONTRACT_DATE:
		return "a date that exists, 1900-01-01 to 2199-12-31, as "
		       "YYYY-MM-DD";
	case CONTRACT_PHONE:
		return "digits, spaces and +()- only";
	case CONTRACT_EMAIL:
		return "a mail address: printable ASCII, no space, one @";
	case CONTRACT_SNOMED:
		return "a SNOMED CT concept id, 6 to 18 digits";
	case CONTRACT_HTTPS:
		return "an absolute https:// URI without user information";
	case CONTRACT_TRACEPARENT:
		return "a W3C traceparent, 55 characters in lower case";
	}
	return "text";
}

bool
contract_date_after(const char *first, const char *second)
{
	return contract_given(first) && contract_given(second) &&
	       identifier_date_days(first) > identifier_date_days(second);
}
