/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baton/event.h"
#include "client/clock.h"

#include <cmocka.h>

#define THREADS 4
#define IDS 5000

static void
expect_form(const char *text, char version)
{
	assert_int_equal(strlen(text), 36);
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			assert_int_equal(text[i], '-');
		} else {
			assert_non_null(strchr("0123456789abcdef", text[i]));
		}
	}
	assert_int_equal(text[14], version);
	assert_non_null(strchr("89ab", text[19]));
}

static void
uuid7_has_version_and_variant(void **state)
{
	char text[BATON_UUID_BYTES];

	(void)state;
	assert_int_equal(baton_uuid7(text), BATON_OK);
	expect_form(text, '7');
}

static void
uuid7_starts_with_the_time(void **state)
{
	int64_t before = clock_wall_ms();
	char text[BATON_UUID_BYTES];
	char digits[13];
	int64_t ms;

	(void)state;
	assert_int_equal(baton_uuid7(text), BATON_OK);
	memcpy(digits, text, 8);
	memcpy(digits + 8, text + 9, 4);
	digits[12] = '\0';
	ms = strtoll(digits, NULL, 16);
	assert_true(ms >= before - 1 && ms <= clock_wall_ms() + 1000);
}

static void
uuid7_of_one_thread_sorts_as_made(void **state)
{
	char last[BATON_UUID_BYTES] = "";
	char text[BATON_UUID_BYTES];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(baton_uuid7(text), BATON_OK);
		assert_true(strcmp(last, text) < 0);
		memcpy(last, text, sizeof(last));
	}
}

static void *
make_ids(void *ids)
{
	char(*texts)[BATON_UUID_BYTES] = ids;

	for (int i = 0; i < IDS; i++) {
		if (baton_uuid7(texts[i]) != BATON_OK)
			texts[i][0] = '\0';
	}
	return NULL;
}

static int
compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
uuid7_of_many_threads_differ(void **state)
{
	static char texts[THREADS * IDS][BATON_UUID_BYTES];
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, make_ids,
						texts[i * IDS]),
				 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	qsort(texts, (size_t)THREADS * IDS, sizeof(texts[0]), compare_ids);
	assert_true(texts[0][0] != '\0');
	for (size_t i = 1; i < (size_t)THREADS * IDS; i++)
		assert_string_not_equal(texts[i - 1], texts[i]);
}

static void
uuid_from_name_is_a_function_of_the_name(void **state)
{
	char one[BATON_UUID_BYTES];
	char two[BATON_UUID_BYTES];

	(void)state;
	baton_uuid_from_name("RPG|17", 6, one);
	baton_uuid_from_name("RPG|17", 6, two);
	expect_form(one, '8');
	assert_string_equal(one, two);
	baton_uuid_from_name("RPG|18", 6, two);
	assert_string_not_equal(one, two);
}

static void
uuid_from_name_never_changes(void **state)
{
	char text[BATON_UUID_BYTES];

	(void)state;
	/* A change would publish every record of every source again. */
	baton_uuid_from_name("RPG|17", 6, text);
	assert_string_equal(text, "e06767c3-2033-8024-9034-d6e3f2b69fe0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuid7_has_version_and_variant),
		cmocka_unit_test(uuid7_starts_with_the_time),
		cmocka_unit_test(uuid7_of_one_thread_sorts_as_made),
		cmocka_unit_test(uuid7_of_many_threads_differ),
		cmocka_unit_test(uuid_from_name_is_a_function_of_the_name),
		cmocka_unit_test(uuid_from_name_never_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
