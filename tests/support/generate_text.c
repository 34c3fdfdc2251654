/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "client/civil.h"
#include "generate.h"

#define GENERATE_DIGITS "0123456789"
#define GENERATE_LETTERS                                                       \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                           \
	"abcdefghijklmnopqrstuvwxyz"

/* len characters out of a set. */
static char *
generate_of(struct generate *generate, const char *set, size_t len)
{
	char *text = generate_alloc(generate, len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = set[generate_below(generate, strlen(set))];
	text[len] = '\0';
	return text;
}

static char *
generate_ascii(struct generate *generate, size_t max)
{
	size_t len = 1 + generate_below(generate, max);
	char *text = generate_alloc(generate, len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(' ' + generate_below(generate, '~' - ' ' + 1));
	text[len] = '\0';
	return text;
}

/* Words of one to four bytes a character, filled up to some length. */
static char *
generate_words(struct generate *generate, size_t max, size_t kinds)
{
	static const char *const pieces[] = {
		"a",
		"Z",
		"7",
		" ",
		"\"",
		"\\",
		"/",
		"\xc3\xa9",
		"\xe2\x82\xac",
		"\xf0\x9f\x8e\x92",
		"<",
		"&",
		"\xc2\xa0",
		"\xef\xbf\xbd",
		"\t",
		"\n",
	};
	size_t want = 1 + generate_below(generate, max);
	char *text = generate_alloc(generate, max + 1);
	size_t len = 0;

	text[len++] = 'A';
	while (len < want) {
		const char *piece = pieces[generate_below(generate, kinds)];

		if (len + strlen(piece) > max)
			break;
		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
	}
	text[len] = '\0';
	return text;
}

static char *
generate_date(struct generate *generate)
{
	int64_t first = civil_to_days(1990, 1, 1);
	int64_t days = civil_to_days(2060, 1, 1) - first;
	char *text = generate_alloc(generate, 16);
	int year;
	int month;
	int day;

	civil_from_days(
		first + (int64_t)generate_below(generate, (uint64_t)days),
		&year, &month, &day);
	(void)snprintf(text, 16, "%04u-%02u-%02u", (unsigned)year % 10000,
		       (unsigned)month % 100, (unsigned)day % 100);
	return text;
}

static char *
generate_joined(struct generate *generate, const char *before,
		const char *after, size_t len)
{
	char *middle =
		generate_of(generate, GENERATE_LETTERS GENERATE_DIGITS, len);
	size_t size = strlen(before) + len + strlen(after) + 1;
	char *text = generate_alloc(generate, size);

	(void)snprintf(text, size, "%s%s%s", before, middle, after);
	return text;
}

static char *
generate_traceparent(struct generate *generate)
{
	static const char hex[] = GENERATE_DIGITS "abcdef";
	char *text = generate_alloc(generate, 56);

	/* A last 1 keeps the ids from being all zeros. */
	(void)snprintf(text, 56, "00-%s1-%s1-0%d",
		       generate_of(generate, hex, 31),
		       generate_of(generate, hex, 15),
		       (int)generate_below(generate, 2));
	return text;
}

char *
generate_text(struct generate *generate, enum contract_form form, size_t max)
{
	switch (form) {
	case CONTRACT_PLAIN:
		break;
	case CONTRACT_LINE:
		return generate_words(generate, max, 14);
	case CONTRACT_TEXT:
		return generate_words(generate, max, 16);
	case CONTRACT_ASCII:
		return generate_ascii(generate, max);
	case CONTRACT_EVENT_ID:
		return generate_of(generate,
				   GENERATE_LETTERS GENERATE_DIGITS "._:-",
				   1 + generate_below(generate, max));
	case CONTRACT_DATE:
		return generate_date(generate);
	case CONTRACT_PHONE:
		return generate_of(generate, GENERATE_DIGITS " +()-",
				   1 + generate_below(generate, max));
	case CONTRACT_EMAIL:
		return generate_joined(generate, "send.", "@example.org",
				       generate_below(generate, 200));
	case CONTRACT_SNOMED:
		return generate_of(generate, "123456789",
				   6 + generate_below(generate, 13));
	case CONTRACT_HTTPS:
		return generate_joined(generate, "https://records.example.org/",
				       "?part=%2F1",
				       generate_below(generate, 400));
	case CONTRACT_TRACEPARENT:
		return generate_traceparent(generate);
	}
	return generate_of(generate, "", 0);
}
