/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/log.h"

#include <cmocka.h>

#define LINE_BYTES 4096

static int real_stderr;
static FILE *captured;

/* Sends standard error into a file until log_read(). */
static int
log_capture(void **state)
{
	(void)state;
	captured = tmpfile();
	if (captured == NULL)
		return -1;
	real_stderr = dup(STDERR_FILENO);
	log_set_level(LOG_LEVEL_INFO);
	return dup2(fileno(captured), STDERR_FILENO) < 0 ? -1 : 0;
}

static int
log_release(void **state)
{
	(void)state;
	(void)dup2(real_stderr, STDERR_FILENO);
	(void)close(real_stderr);
	return fclose(captured);
}

static void
log_read(char text[LINE_BYTES])
{
	size_t len;

	rewind(captured);
	len = fread(text, 1, LINE_BYTES - 1, captured);
	text[len] = '\0';
}

static void
log_line_has_priority_time_name_and_keys(void **state)
{
	char text[LINE_BYTES];

	(void)state;
	log_warn("delivery.parked", "id=%s attempt=%d", "e-1", 8);
	log_read(text);
	for (char *at = text + 3; at < text + 27; at++) {
		if (*at >= '0' && *at <= '9')
			*at = '0';
	}
	assert_string_equal(text, "<4>0000-00-00T00:00:00.000Z "
				  "delivery.parked id=e-1 attempt=8\n");
}

static void
log_drops_lines_above_its_level(void **state)
{
	char text[LINE_BYTES];

	(void)state;
	log_debug("a.b", "x=1");
	log_read(text);
	assert_string_equal(text, "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("a.b", "x=1");
	log_read(text);
	assert_non_null(strstr(text, "<7>"));
}

static void
log_line_cannot_be_forged(void **state)
{
	char text[LINE_BYTES];

	(void)state;
	log_error("a.b", "x=%s", "1\n<0>forged\x1b[0m\x7f");
	log_read(text);
	assert_non_null(strstr(text, "x=1?<0>forged?[0m?\n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void
log_cuts_a_long_line_and_ends_it(void **state)
{
	char text[LINE_BYTES];
	char filler[2000];

	(void)state;
	memset(filler, 'a', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	log_info("a.b", "x=%s", filler);
	log_read(text);
	assert_int_equal(strlen(text), 1023);
	assert_int_equal(text[1022], '\n');
}

static void
log_cuts_a_long_name(void **state)
{
	char text[LINE_BYTES];
	char filler[2000];

	(void)state;
	memset(filler, 'a', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	log_info(filler, "x=%d", 1);
	log_read(text);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_true(strlen(text) < 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			log_line_has_priority_time_name_and_keys, log_capture,
			log_release),
		cmocka_unit_test_setup_teardown(log_drops_lines_above_its_level,
						log_capture, log_release),
		cmocka_unit_test_setup_teardown(log_line_cannot_be_forged,
						log_capture, log_release),
		cmocka_unit_test_setup_teardown(
			log_cuts_a_long_line_and_ends_it, log_capture,
			log_release),
		cmocka_unit_test_setup_teardown(log_cuts_a_long_name,
						log_capture, log_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
