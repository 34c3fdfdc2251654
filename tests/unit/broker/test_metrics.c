/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/metrics.h"

#include <cmocka.h>

static int
setup(void **state)
{
	struct metrics *metrics;

	if (metrics_new(&metrics) != BATON_OK)
		return -1;
	*state = metrics;
	return 0;
}

static int
teardown(void **state)
{
	metrics_free(*state);
	return 0;
}

/* Everything metrics_print() says; free() it. */
static char *
printed(struct metrics *metrics)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	metrics_print(metrics, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
assert_prints(struct metrics *metrics, const char *line)
{
	char *text = printed(metrics);
	char *found = strstr(text, line);

	if (found == NULL)
		print_error("not printed: %s", line);
	/* Whole lines only. */
	assert_true(found != NULL && (found == text || found[-1] == '\n'));
	free(text);
}

static void
metrics_print_shows_counters(void **state)
{
	struct metrics *metrics = *state;

	atomic_fetch_add(&metrics->published, 7);
	assert_prints(metrics, "baton_published_total 7\n");
}

static void
metrics_print_gives_help_and_type_before_figures(void **state)
{
	assert_prints(*state, "# HELP baton_published_total Events accepted "
			      "and on disk.\n"
			      "# TYPE baton_published_total counter\n"
			      "baton_published_total 0\n");
}

static void
metrics_print_shows_rejections_by_code(void **state)
{
	struct metrics *metrics = *state;

	metrics_count_code(metrics->rejected, BATON_IDENTITY_CONFLICT);
	assert_prints(metrics,
		      "baton_rejected_total{code=\"IDENTITY_CONFLICT\"} 1\n");
}

static void
metrics_count_code_takes_unknown_codes_as_internal(void **state)
{
	struct metrics *metrics = *state;

	metrics_count_code(metrics->refused, (baton_err)100000);
	assert_prints(metrics, "baton_refused_total{code=\"INTERNAL\"} 1\n");
}

static void
metrics_commit_buckets_are_cumulative(void **state)
{
	struct metrics *metrics = *state;

	metrics_observe_commit(metrics, 250);
	metrics_observe_commit(metrics, 251);
	metrics_observe_commit(metrics, 60000000);
	assert_prints(metrics,
		      "baton_commit_seconds_bucket{le=\"0.00025\"} 1\n"
		      "baton_commit_seconds_bucket{le=\"0.0005\"} 2\n");
	assert_prints(metrics, "baton_commit_seconds_bucket{le=\"5\"} 2\n"
			       "baton_commit_seconds_bucket{le=\"+Inf\"} 3\n"
			       "baton_commit_seconds_sum 60.000501\n"
			       "baton_commit_seconds_count 3\n");
}

static void
metrics_print_escapes_labels(void **state)
{
	struct metrics_subscription list = {
		.partner = "a\"b",
		.name = "c\\d\ne",
		.lag = 3,
	};

	assert_int_equal(metrics_set_subscriptions(*state, &list, 1), BATON_OK);
	assert_prints(*state, "baton_subscription_lag{partner=\"a\\\"b\","
			      "subscription=\"c\\\\d\\ne\"} 3\n");
}

static void
metrics_set_subscriptions_replaces_the_list(void **state)
{
	struct metrics_subscription list = {.partner = "p", .name = "old"};
	char *text;

	assert_int_equal(metrics_set_subscriptions(*state, &list, 1), BATON_OK);
	assert_int_equal(metrics_set_subscriptions(*state, NULL, 0), BATON_OK);
	text = printed(*state);
	assert_null(strstr(text, "\"old\""));
	free(text);
}

static void
metrics_print_shows_the_process(void **state)
{
	char *text = printed(*state);
	const char *fds = strstr(text, "\nprocess_open_fds ");
	const char *memory = strstr(text, "\nprocess_resident_memory_bytes ");

	assert_true(fds != NULL && strtoull(strchr(fds, ' '), NULL, 10) >= 1);
	assert_true(memory != NULL &&
		    strtoull(strchr(memory, ' '), NULL, 10) > 4096);
	free(text);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(metrics_print_shows_counters),
		TEST(metrics_print_gives_help_and_type_before_figures),
		TEST(metrics_print_shows_rejections_by_code),
		TEST(metrics_count_code_takes_unknown_codes_as_internal),
		TEST(metrics_commit_buckets_are_cumulative),
		TEST(metrics_print_escapes_labels),
		TEST(metrics_set_subscriptions_replaces_the_list),
		TEST(metrics_print_shows_the_process),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
