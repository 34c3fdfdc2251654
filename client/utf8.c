/* SPDX-License-Identifier: MIT */
#include "client/utf8.h"

#include <string.h>

/* How a sequence starts, and what its second byte may be (RFC 3629 §4: that
 * range alone keeps out overlong forms, surrogates and what lies beyond
 * U+10FFFF). */
struct utf8_lead {
	uint8_t first;
	uint8_t last;
	uint8_t len;
	uint8_t second_min;
	uint8_t second_max;
};

static const struct utf8_lead utf8_leads[] = {
	/* U+0080 to U+009F, the second control block, starts C2 80. */
	{0xc2, 0xc2, 2, 0xa0, 0xbf}, {0xc3, 0xdf, 2, 0x80, 0xbf},
	{0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
	{0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf},
	{0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* Length of the sequence of two bytes or more at data; 0 when it is none. */
static size_t
utf8_sequence(const uint8_t *data, size_t len)
{
	const struct utf8_lead *lead = NULL;

	for (size_t i = 0; i < sizeof(utf8_leads) / sizeof(*utf8_leads); i++) {
		if (data[0] >= utf8_leads[i].first &&
		    data[0] <= utf8_leads[i].last)
			lead = &utf8_leads[i];
	}
	if (lead == NULL || len < lead->len || data[1] < lead->second_min ||
	    data[1] > lead->second_max)
		return 0;
	for (size_t i = 2; i < lead->len; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return 0;
	}
	return lead->len;
}

/* Whether eight bytes are printable ASCII, as most text is: no byte has its
 * high bit, nor gets it by taking 0x20 from it or by adding 1. */
static bool
utf8_plain(const uint8_t *data)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return ((word | (word - 0x20 * ones) | (word + ones)) &
		(0x80 * ones)) == 0;
}

bool
utf8_text_valid(const uint8_t *data, size_t len)
{
	size_t at = 0;
	size_t step;

	while (at < len) {
		uint8_t byte = data[at];

		if (len - at >= 8 && utf8_plain(data + at)) {
			at += 8;
			continue;
		}
		if (byte < 0x80) {
			if ((byte < 0x20 && byte != '\t' && byte != '\n') ||
			    byte == 0x7f)
				return false;
			at++;
			continue;
		}
		step = utf8_sequence(data + at, len - at);
		if (step == 0)
			return false;
		at += step;
	}
	return true;
}
