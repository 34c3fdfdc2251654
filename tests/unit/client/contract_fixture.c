/* SPDX-License-Identifier: MIT */
#include "contract_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "tests/support/generate_event.h"

#include <cmocka.h>

Send__V1__Event *
fixture_event(int family)
{
	return generate_event(1, family);
}

static baton_err
fixture_check(const Send__V1__Event *event, struct baton_problem *problem)
{
	struct baton_span span;
	uint8_t *bytes;
	size_t len;
	baton_err err;

	memset(problem, 0, sizeof(*problem));
	assert_int_equal(baton_event_pack(event, &bytes, &len), BATON_OK);
	span.data = bytes;
	span.len = len;
	err = baton_event_check(span, BATON_NHS_NUMBER_REJECT, problem);
	baton_event_bytes_free(bytes);
	return err;
}

void
fixture_accepts(const Send__V1__Event *event)
{
	struct baton_problem problem;
	baton_err err = fixture_check(event, &problem);

	assert_string_equal(problem.path, "");
	assert_int_equal(err, BATON_OK);
}

void
fixture_refuses(const Send__V1__Event *event, baton_err code, const char *path)
{
	struct baton_problem problem;
	baton_err err = fixture_check(event, &problem);

	assert_string_equal(problem.path, path);
	assert_string_equal(baton_err_name(err), baton_err_name(code));
	assert_int_equal(problem.code, code);
	assert_true(strlen(problem.text) > 0);
}

char *
fixture_text(const char *text)
{
	static char texts[8][1024];
	static size_t next;
	char *copy = texts[next++ % 8];

	assert_true(strlen(text) < sizeof(texts[0]));
	memcpy(copy, text, strlen(text) + 1);
	return copy;
}
