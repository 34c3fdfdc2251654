/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "broker/filter.h"
#include "broker/protobuf_text.h"

#include <cmocka.h>

static struct store_head
head_of(int family, int64_t child, const char *source)
{
	struct store_head head = {
		.sequence = 1,
		.child = child,
		.family = family,
	};

	(void)snprintf(head.source, sizeof(head.source), "%s", source);
	return head;
}

static void
filter_without_lists_matches_all(void **state)
{
	struct store_head head = head_of(103, 5, "/ods/RZZ");
	struct store_filter filter;

	(void)state;
	assert_int_equal(filter_parse(NULL, &filter, NULL), BATON_OK);
	assert_true(filter_matches(&filter, &head));
}

static void
filter_matches_named_types_only(void **state)
{
	Baton__V1__Filter wire;
	char *types[] = {protobuf_text("panel_decision")};
	struct store_head panel = head_of(101, 5, "/ods/RZZ");
	struct store_head referral = head_of(100, 5, "/ods/RZZ");
	struct store_filter filter;

	baton__v1__filter__init(&wire);
	(void)state;
	wire.types = types;
	wire.n_types = 1;
	assert_int_equal(filter_parse(&wire, &filter, NULL), BATON_OK);
	assert_true(filter_matches(&filter, &panel));
	assert_false(filter_matches(&filter, &referral));
}

static void
filter_matches_named_sources_only(void **state)
{
	Baton__V1__Filter wire;
	char *sources[] = {protobuf_text("/la/887"), protobuf_text("/ods/RZZ")};
	struct store_head in = head_of(100, 5, "/ods/RZZ");
	struct store_head out = head_of(100, 5, "/ods/RZY");
	struct store_filter filter;

	baton__v1__filter__init(&wire);
	(void)state;
	wire.sources = sources;
	wire.n_sources = 2;
	assert_int_equal(filter_parse(&wire, &filter, NULL), BATON_OK);
	assert_true(filter_matches(&filter, &in));
	assert_false(filter_matches(&filter, &out));
}

static void
filter_matches_its_child_only(void **state)
{
	struct store_head in = head_of(100, 5, "/ods/RZZ");
	struct store_head out = head_of(100, 6, "/ods/RZZ");
	struct store_filter filter;

	(void)state;
	assert_int_equal(filter_parse(NULL, &filter, NULL), BATON_OK);
	filter.child = 5;
	assert_true(filter_matches(&filter, &in));
	assert_false(filter_matches(&filter, &out));
}

static void
filter_refuses_an_unknown_type(void **state)
{
	Baton__V1__Filter wire;
	char *types[] = {protobuf_text("horoscope")};
	struct store_filter filter;

	baton__v1__filter__init(&wire);
	(void)state;
	wire.types = types;
	wire.n_types = 1;
	assert_int_equal(filter_parse(&wire, &filter, NULL), BATON_INVALID);
}

static void
filter_refuses_a_source_of_another_form(void **state)
{
	Baton__V1__Filter wire;
	char *sources[] = {protobuf_text("RZZ")};
	struct store_filter filter;

	baton__v1__filter__init(&wire);
	(void)state;
	wire.sources = sources;
	wire.n_sources = 1;
	assert_int_equal(filter_parse(&wire, &filter, NULL), BATON_INVALID);
}

static void
filter_is_the_same_in_another_order_and_repeated(void **state)
{
	Baton__V1__Filter wire;
	char *one[] = {protobuf_text("/la/887"), protobuf_text("/ods/RZZ")};
	char *other[] = {protobuf_text("/ods/RZZ"), protobuf_text("/la/887"),
			 protobuf_text("/ods/RZZ")};
	struct store_filter a;
	struct store_filter b;

	baton__v1__filter__init(&wire);
	(void)state;
	wire.sources = one;
	wire.n_sources = 2;
	assert_int_equal(filter_parse(&wire, &a, NULL), BATON_OK);
	wire.sources = other;
	wire.n_sources = 3;
	assert_int_equal(filter_parse(&wire, &b, NULL), BATON_OK);
	assert_true(filter_equal(&a, &b));
}

static void
filter_survives_the_wire(void **state)
{
	Baton__V1__Filter wire;
	char *types[] = {protobuf_text("transition"),
			 protobuf_text("referral")};
	char *sources[] = {protobuf_text("/urn/123456")};
	struct filter_wire formatted;
	struct store_filter a;
	struct store_filter b;

	baton__v1__filter__init(&wire);
	(void)state;
	wire.types = types;
	wire.n_types = 2;
	wire.sources = sources;
	wire.n_sources = 1;
	wire.child = protobuf_text("nhs_number:9990000018");
	assert_int_equal(filter_parse(&wire, &a, NULL), BATON_OK);
	filter_format(&a, &formatted);
	assert_int_equal(filter_parse(&formatted.message, &b, NULL), BATON_OK);
	assert_true(filter_equal(&a, &b));
	assert_string_equal(a.child_key, b.child_key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filter_without_lists_matches_all),
		cmocka_unit_test(filter_matches_named_types_only),
		cmocka_unit_test(filter_matches_named_sources_only),
		cmocka_unit_test(filter_matches_its_child_only),
		cmocka_unit_test(filter_refuses_an_unknown_type),
		cmocka_unit_test(filter_refuses_a_source_of_another_form),
		cmocka_unit_test(
			filter_is_the_same_in_another_order_and_repeated),
		cmocka_unit_test(filter_survives_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
