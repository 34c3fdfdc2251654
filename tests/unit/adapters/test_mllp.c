/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/mllp.h"

#include <cmocka.h>

#define FRAME(text) "\x0b" text "\x1c\r"

/* Feeds text in pieces of a given size and writes each frame's message and '|'
 * to out; what ended it is returned. */
static enum mllp_step
feed(struct mllp_decoder *decoder, const char *text, size_t len, size_t piece,
     char *out, size_t out_size)
{
	enum mllp_step step = MLLP_MORE;
	size_t at = 0;
	size_t used;

	out[0] = '\0';
	while (at < len) {
		size_t part = len - at < piece ? len - at : piece;
		uint8_t *bytes;
		size_t bytes_len;

		step = mllp_feed(decoder, (const uint8_t *)text + at, part,
				 &used);
		at += used;
		if (step == MLLP_MORE)
			continue;
		if (step != MLLP_FRAME && step != MLLP_OVERSIZE)
			return step;
		mllp_take(decoder, &bytes, &bytes_len);
		assert_true(strlen(out) + bytes_len + 2 < out_size);
		(void)snprintf(out + strlen(out), out_size - strlen(out),
			       "%.*s|", (int)bytes_len,
			       bytes_len > 0 ? (const char *)bytes : "");
		free(bytes);
	}
	return step;
}

static void
check(const char *text, size_t len, const char *expected,
      enum mllp_step expected_step)
{
	for (size_t piece = 1; piece <= len; piece++) {
		struct mllp_decoder *decoder = mllp_new(64);
		char out[256];

		assert_non_null(decoder);
		assert_int_equal(
			feed(decoder, text, len, piece, out, sizeof(out)),
			expected_step);
		assert_string_equal(out, expected);
		mllp_free(decoder);
	}
}

#define CHECK(text, expected, step)                                            \
	check(text, sizeof(text) - 1, expected, step)

static void
mllp_finds_frames_however_they_are_cut(void **state)
{
	(void)state;
	CHECK(FRAME("one") FRAME("two") FRAME("three"), "one|two|three|",
	      MLLP_FRAME);
}

static void
mllp_skips_white_space_before_a_frame(void **state)
{
	(void)state;
	CHECK("\r\n \t" FRAME("one") "\n\n" FRAME("two"), "one|two|",
	      MLLP_FRAME);
}

static void
mllp_refuses_other_bytes_between_frames(void **state)
{
	(void)state;
	CHECK(FRAME("one") "GET / HTTP/1.1", "one|", MLLP_GARBAGE);
}

static void
mllp_keeps_an_end_byte_without_cr_as_data(void **state)
{
	(void)state;
	CHECK(FRAME("a\x1c"
		    "b\x1c\x1c"
		    "c"),
	      "a\x1c"
	      "b\x1c\x1c"
	      "c|",
	      MLLP_FRAME);
}

static void
mllp_takes_the_last_of_several_end_bytes(void **state)
{
	(void)state;
	CHECK("\x0b"
	      "a\x1c\x1c\r",
	      "a\x1c|", MLLP_FRAME);
}

static void
mllp_gives_an_empty_frame(void **state)
{
	(void)state;
	CHECK(FRAME(""), "|", MLLP_FRAME);
}

static void
mllp_keeps_a_start_byte_within_a_frame_as_data(void **state)
{
	(void)state;
	CHECK(FRAME("a\x0b"
		    "b"),
	      "a\x0b"
	      "b|",
	      MLLP_FRAME);
}

static void
mllp_tells_whether_it_is_within_a_frame(void **state)
{
	struct mllp_decoder *decoder = mllp_new(64);
	size_t used;

	(void)state;
	assert_false(mllp_within(decoder));
	assert_int_equal(mllp_feed(decoder, (const uint8_t *)"\x0b", 1, &used),
			 MLLP_MORE);
	assert_true(mllp_within(decoder));
	mllp_free(decoder);
}

static void
mllp_gives_a_frame_of_exactly_the_limit(void **state)
{
	char text[64 + 3];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = 0x0b;
	text[65] = 0x1c;
	text[66] = '\r';
	for (size_t piece = 1; piece <= sizeof(text); piece += 7) {
		struct mllp_decoder *decoder = mllp_new(64);
		char out[256];

		assert_int_equal(feed(decoder, text, sizeof(text), piece, out,
				      sizeof(out)),
				 MLLP_FRAME);
		assert_int_equal(strlen(out), 65);
		mllp_free(decoder);
	}
}

static void
mllp_gives_the_beginning_of_a_frame_over_the_limit(void **state)
{
	char text[10000 + 3];
	struct mllp_decoder *decoder = mllp_new(64);
	char out[256];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = 0x0b;
	text[10001] = 0x1c;
	text[10002] = '\r';
	assert_int_equal(
		feed(decoder, text, sizeof(text), 100, out, sizeof(out)),
		MLLP_OVERSIZE);
	assert_int_equal(strlen(out), 65);
	/* And the next one is whole again. */
	assert_int_equal(feed(decoder, FRAME("two"), 6, 6, out, sizeof(out)),
			 MLLP_FRAME);
	assert_string_equal(out, "two|");
	mllp_free(decoder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mllp_finds_frames_however_they_are_cut),
		cmocka_unit_test(mllp_skips_white_space_before_a_frame),
		cmocka_unit_test(mllp_refuses_other_bytes_between_frames),
		cmocka_unit_test(mllp_keeps_an_end_byte_without_cr_as_data),
		cmocka_unit_test(mllp_takes_the_last_of_several_end_bytes),
		cmocka_unit_test(mllp_gives_an_empty_frame),
		cmocka_unit_test(
			mllp_keeps_a_start_byte_within_a_frame_as_data),
		cmocka_unit_test(mllp_tells_whether_it_is_within_a_frame),
		cmocka_unit_test(mllp_gives_a_frame_of_exactly_the_limit),
		cmocka_unit_test(
			mllp_gives_the_beginning_of_a_frame_over_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
