/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/settings.h"

#include <cmocka.h>

struct file {
	char path[64];
	struct settings *settings;
	struct baton_error error;
};

static int
setup(void **state)
{
	struct file *file = calloc(1, sizeof(*file));
	int fd;

	if (file == NULL)
		return -1;
	(void)snprintf(file->path, sizeof(file->path), "%s",
		       "/tmp/baton-settings-XXXXXX");
	fd = mkstemp(file->path);
	*state = file;
	return fd < 0 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	struct file *file = *state;

	settings_free(file->settings);
	(void)unlink(file->path);
	free(file);
	return 0;
}

static baton_err
load(struct file *file, const char *text)
{
	FILE *out = fopen(file->path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
	return settings_load(file->path, &file->settings, &file->error);
}

static void
assert_refused(struct file *file, const char *text, int line,
	       const char *setting)
{
	char place[128];

	assert_int_equal(load(file, text), BATON_CONFIG);
	assert_null(file->settings);
	(void)snprintf(place, sizeof(place), "%s:%d: %s: ", file->path, line,
		       setting);
	assert_memory_equal(file->error.text, place, strlen(place));
}

static void
settings_load_fills_defaults(void **state)
{
	struct file *file = *state;

	assert_int_equal(load(file, "log_level: warn\n"), BATON_OK);
	assert_int_equal(file->settings->limits->max_message_bytes, 4194304);
	assert_int_equal(file->settings->web->port, 0);
	assert_null(file->settings->insecure_tcp);
}

static void
settings_load_refuses_a_fetch_that_fits_no_message(void **state)
{
	assert_refused(*state,
		       "limits:\n  max_message_bytes: 65536\n"
		       "  max_event_bytes: 1024\n"
		       "delivery:\n  max_fetch_events: 1\n"
		       "  max_fetch_bytes: 65536\n",
		       6, "delivery.max_fetch_bytes");
}

static void
settings_load_refuses_an_event_that_fits_no_message(void **state)
{
	assert_refused(*state,
		       "limits:\n  max_message_bytes: 65536\n"
		       "  max_event_bytes: 65536\n",
		       3, "limits.max_event_bytes");
}

static void
settings_load_refuses_a_connection_that_takes_all_places(void **state)
{
	assert_refused(*state,
		       "connections:\n  contexts_max: 64\n"
		       "  per_connection: 33\n",
		       3, "connections.per_connection");
}

static void
settings_load_refuses_web_off_loopback(void **state)
{
	assert_refused(*state, "web:\n  address: 0.0.0.0\n  port: 9464\n", 2,
		       "web.address");
}

static void
settings_load_takes_web_off_loopback_when_told(void **state)
{
	assert_int_equal(load(*state, "web:\n  address: 0.0.0.0\n"
				      "  port: 9464\n  insecure: true\n"),
			 BATON_OK);
}

static void
settings_load_takes_tcp_on_loopback(void **state)
{
	assert_int_equal(load(*state, "insecure_tcp:\n  partner: community\n"
				      "  url: tcp://[::1]:5555\n"),
			 BATON_OK);
}

static void
settings_load_refuses_tcp_off_loopback(void **state)
{
	assert_refused(*state,
		       "insecure_tcp:\n  partner: community\n"
		       "  url: tcp://10.0.0.1:5555\n",
		       3, "insecure_tcp.url");
}

static void
settings_load_refuses_tcp_without_a_port(void **state)
{
	assert_refused(*state,
		       "insecure_tcp:\n  partner: community\n"
		       "  url: tcp://127.0.0.1:0\n",
		       3, "insecure_tcp.url");
}

static void
settings_print_help_names_every_section(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	settings_print_help(out);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "\nlimits:\n"));
	assert_non_null(strstr(text, "\nconnections:\n"));
	assert_non_null(strstr(text, "\nqueue:\n"));
	assert_non_null(strstr(text, "\ndelivery:\n"));
	assert_non_null(strstr(text, "\nweb:\n"));
	assert_non_null(strstr(text, "\ninsecure_tcp:\n"));
	free(text);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(settings_load_fills_defaults),
		TEST(settings_load_refuses_a_fetch_that_fits_no_message),
		TEST(settings_load_refuses_an_event_that_fits_no_message),
		TEST(settings_load_refuses_a_connection_that_takes_all_places),
		TEST(settings_load_refuses_web_off_loopback),
		TEST(settings_load_takes_web_off_loopback_when_told),
		TEST(settings_load_takes_tcp_on_loopback),
		TEST(settings_load_refuses_tcp_off_loopback),
		TEST(settings_load_refuses_tcp_without_a_port),
		TEST(settings_print_help_names_every_section),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
