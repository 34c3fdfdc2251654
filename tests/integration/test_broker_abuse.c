/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abuse_fixture.h"
#include "baton/version.h"
#include "harness.h"
#include "tests/support/sample_event.h"
#include "wire_client.h"

#include <cmocka.h>

/* A peer that misbehaves costs itself an answer or its connection, and nobody
 * else anything. */

#define PER_CONNECTION 4

static int
send_bytes(struct abuse_fixture *fixture, const void *data, size_t len)
{
	const struct baton_span request = {data, len};

	return wire_client_code(
		wire_client_end(wire_client_begin(fixture->abuser, request)));
}

static void
garbage_is_answered_as_malformed(void **state)
{
	struct abuse_fixture *fixture = *state;
	uint8_t garbage[512];

	memset(garbage, 0xff, sizeof(garbage));
	assert_int_equal(send_bytes(fixture, garbage, sizeof(garbage)),
			 BATON_MALFORMED);
	abuse_assert_others_are_served(fixture);
}

static void
an_empty_request_is_unsupported(void **state)
{
	assert_int_equal(send_bytes(*state, "", 0), BATON_UNSUPPORTED);
}

static void
another_protocol_version_is_unsupported(void **state)
{
	struct abuse_fixture *fixture = *state;
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Hello op;

	baton__v1__hello__init(&op);
	request.protocol_version = BATON_PROTOCOL_VERSION + 1;
	request.op_case = BATON__V1__REQUEST__OP_HELLO;
	request.hello = &op;
	assert_int_equal(
		wire_client_code(wire_client_call(fixture->abuser, &request)),
		BATON_UNSUPPORTED);
}

static void
an_operation_of_a_later_version_is_unsupported(void **state)
{
	/* protocol_version 1; field 99, empty message. */
	static const uint8_t request[] = {0x08, 0x01, 0x9a, 0x06, 0x00};

	assert_int_equal(send_bytes(*state, request, sizeof(request)),
			 BATON_UNSUPPORTED);
}

static void
deep_nesting_is_refused(void **state)
{
	struct abuse_fixture *fixture = *state;
	uint8_t *request = malloc(60000);
	size_t len = 0;
	int code;

	assert_non_null(request);
	/* Groups within groups: what makes a recursive reader crash. */
	while (len < 60000)
		request[len++] = 0x53;
	code = send_bytes(fixture, request, len);
	free(request);
	assert_true(code == BATON_MALFORMED || code == BATON_UNSUPPORTED);
	abuse_assert_others_are_served(fixture);
}

static void
amplification_is_refused(void **state)
{
	struct abuse_fixture *fixture = *state;
	uint8_t *request = malloc(60008);
	size_t len = 6;
	int code;

	assert_non_null(request);
	/* protocol_version 1; settle of 29,999 empty settlements. */
	memcpy(request, "\x08\x01\x6a\xde\xd4\x03", 6);
	while (len < 6 + 59998) {
		request[len++] = 0x12;
		request[len++] = 0x00;
	}
	code = send_bytes(fixture, request, len);
	free(request);
	assert_true(code > 0);
	abuse_assert_others_are_served(fixture);
}

static void
an_oversized_frame_costs_the_connection(void **state)
{
	struct abuse_fixture *fixture = *state;
	int fd = wire_client_raw(harness_url(fixture->harness, "community"));
	/* A frame of 1 TiB is announced. */
	static const uint8_t head[] = {1, 0, 0, 1, 0, 0, 0, 0, 0};
	uint8_t end;

	assert_true(fd >= 0);
	assert_int_equal(send(fd, head, sizeof(head), MSG_NOSIGNAL),
			 sizeof(head));
	assert_int_equal(recv(fd, &end, 1, 0), 0);
	(void)close(fd);
	abuse_assert_others_are_served(fixture);
}

static struct wire_call *
begin_fetch(struct wire_client *client)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Fetch fetch;
	char name[] = "all";

	baton__v1__fetch__init(&fetch);
	fetch.subscription = name;
	fetch.max_events = 1;
	fetch.max_bytes = 1024;
	fetch.wait_ms = 20000;
	request.op_case = BATON__V1__REQUEST__OP_FETCH;
	request.fetch = &fetch;
	return wire_client_begin_request(client, &request);
}

static int
subscribe_code(struct wire_client *client)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Subscribe subscribe;
	Baton__V1__Filter filter;
	Baton__V1__Start start = BATON__V1__START__INIT;
	char name[] = "all";

	baton__v1__subscribe__init(&subscribe);
	baton__v1__filter__init(&filter);
	subscribe.name = name;
	subscribe.filter = &filter;
	start.at = BATON__V1__START_AT__START_AT_NOW;
	subscribe.start = &start;
	request.op_case = BATON__V1__REQUEST__OP_SUBSCRIBE;
	request.subscribe = &subscribe;
	return wire_client_code(wire_client_call(client, &request));
}

static void
a_connection_beyond_its_share_is_told_busy(void **state)
{
	struct abuse_fixture *fixture = *state;
	struct wire_call *fetches[PER_CONNECTION];
	Baton__V1__Response *response;
	uint32_t code;
	uint32_t retry_after_ms;

	assert_int_equal(subscribe_code(fixture->abuser), BATON_OK);
	for (size_t i = 0; i < PER_CONNECTION; i++)
		fetches[i] = begin_fetch(fixture->abuser);
	assert_true(harness_wait_figure(
		fixture->harness, "baton_contexts_parked", PER_CONNECTION));
	response = abuse_hello(fixture->abuser);
	for (size_t i = 0; i < PER_CONNECTION; i++)
		wire_client_cancel(fetches[i]);
	assert_non_null(response);
	code = response->status->code;
	retry_after_ms = response->status->retry_after_ms;
	baton__v1__response__free_unpacked(response, NULL);
	assert_int_equal(code, BATON_BUSY);
	assert_true(retry_after_ms > 0);
	abuse_assert_others_are_served(fixture);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, abuse_setup, abuse_teardown)
	const struct CMUnitTest tests[] = {
		TEST(garbage_is_answered_as_malformed),
		TEST(an_empty_request_is_unsupported),
		TEST(another_protocol_version_is_unsupported),
		TEST(an_operation_of_a_later_version_is_unsupported),
		TEST(deep_nesting_is_refused),
		TEST(amplification_is_refused),
		TEST(an_oversized_frame_costs_the_connection),
		TEST(a_connection_beyond_its_share_is_told_busy),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
