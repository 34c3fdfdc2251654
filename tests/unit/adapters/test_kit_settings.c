/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/kit/settings.h"
#include "tests/unit/adapters/kit_folder.h"
#include "tests/unit/adapters/kit_rows.h"

#include <cmocka.h>

#define NEEDED                                                                 \
	"broker: ipc:///run/baton/partners/la.sock\n"                          \
	"source: /la/887\n"                                                    \
	"rejected: /var/lib/baton/rejected\n"

static const struct kit_adapter adapter = {
	.name = "baton-test",
	.summary = "Is a test.",
	.tables = rows_tables,
	.tables_count = 1,
};

static baton_err
load(const char *text, struct settings **settings, struct baton_error *error)
{
	struct kit_folder folder;
	char path[256];
	baton_err err;

	kit_folder_make(&folder);
	kit_folder_write(folder.fd, "a.yaml", text, strlen(text));
	(void)snprintf(path, sizeof(path), "%s/a.yaml", folder.path);
	err = settings_load(&adapter, path, settings, error);
	kit_folder_remove(&folder);
	return err;
}

static void
assert_refused(const char *text, const char *setting)
{
	struct settings *settings;
	struct baton_error error;

	assert_int_equal(load(text, &settings, &error), BATON_CONFIG);
	assert_null(settings);
	if (strstr(error.text, setting) == NULL)
		print_error("%s\n", error.text);
	assert_non_null(strstr(error.text, setting));
}

static void
settings_load_takes_what_is_needed_and_fills_the_rest(void **state)
{
	struct settings *settings;

	(void)state;
	assert_int_equal(load(NEEDED, &settings, NULL), BATON_OK);
	assert_string_equal(settings->source, "/la/887");
	assert_null(settings->inbox);
	assert_int_equal(settings->scan_interval_s, 5);
	assert_int_equal(settings->outboxes_count, 0);
	settings_free(&adapter, settings);
}

static void
settings_load_takes_outboxes(void **state)
{
	struct settings *settings;

	(void)state;
	assert_int_equal(load(NEEDED "outbox:\n"
				     "  - subscription: reviews\n"
				     "    directory: /var/lib/baton/out\n"
				     "    types: [annual_review_due]\n"
				     "    sources: [/ods/RPG, /urn/123456]\n"
				     "    format: both\n",
			      &settings, NULL),
			 BATON_OK);
	assert_int_equal(settings->outboxes_count, 1);
	assert_int_equal(settings->outboxes[0].sources_count, 2);
	assert_int_equal(settings->outboxes[0].format, SETTINGS_FORMAT_BOTH);
	settings_free(&adapter, settings);
}

static void
settings_load_refuses_a_wrong_source(void **state)
{
	(void)state;
	assert_refused("broker: ipc:///a\nsource: /la/88\nrejected: /r\n",
		       "source");
	assert_refused("broker: ipc:///a\nsource: medway\nrejected: /r\n",
		       "source");
}

static void
settings_load_refuses_an_unknown_setting(void **state)
{
	(void)state;
	assert_refused(NEEDED "shoes: 2\n", "shoes");
}

static void
settings_load_refuses_a_missing_setting(void **state)
{
	(void)state;
	assert_refused("source: /la/887\nrejected: /r\n", "broker");
}

#define OUTBOX(name, types)                                                    \
	"  - subscription: " name "\n    directory: /o\n    types: [" types    \
	"]\n"

static void
settings_load_refuses_an_unknown_event_type(void **state)
{
	(void)state;
	assert_refused(NEEDED "outbox:\n" OUTBOX("a", "shoe"),
		       "outbox[0].types[0]");
}

static void
settings_load_refuses_a_wrong_subscription_name(void **state)
{
	(void)state;
	assert_refused(NEEDED "outbox:\n" OUTBOX("A/b", "referral"),
		       "outbox[0].subscription");
}

static void
settings_load_refuses_the_same_subscription_twice(void **state)
{
	(void)state;
	assert_refused(NEEDED "outbox:\n" OUTBOX("a", "referral")
			       OUTBOX("a", "referral"),
		       "outbox[1].subscription");
}

static void
settings_load_refuses_an_inbox_without_tables(void **state)
{
	static const struct kit_adapter without = {.name = "baton-test"};
	static const char text[] = NEEDED "inbox: /var/lib/baton/in\n";
	struct kit_folder folder;
	struct settings *settings;
	char path[256];

	(void)state;
	kit_folder_make(&folder);
	kit_folder_write(folder.fd, "a.yaml", text, strlen(text));
	(void)snprintf(path, sizeof(path), "%s/a.yaml", folder.path);
	assert_int_equal(settings_load(&without, path, &settings, NULL),
			 BATON_CONFIG);
	kit_folder_remove(&folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			settings_load_takes_what_is_needed_and_fills_the_rest),
		cmocka_unit_test(settings_load_takes_outboxes),
		cmocka_unit_test(settings_load_refuses_a_wrong_source),
		cmocka_unit_test(settings_load_refuses_an_unknown_setting),
		cmocka_unit_test(settings_load_refuses_a_missing_setting),
		cmocka_unit_test(settings_load_refuses_an_unknown_event_type),
		cmocka_unit_test(
			settings_load_refuses_a_wrong_subscription_name),
		cmocka_unit_test(
			settings_load_refuses_the_same_subscription_twice),
		cmocka_unit_test(settings_load_refuses_an_inbox_without_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
