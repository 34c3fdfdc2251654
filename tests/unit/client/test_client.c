/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/backoff.h"
#include "client/call.h"
#include "client/clock.h"
#include "client_fixture.h"

#include <cmocka.h>

#define HELLO BATON__V1__REQUEST__OP_HELLO
#define STATUS BATON__V1__REQUEST__OP_GET_STATUS

/* One administrative call. */
static baton_err
ask(struct fixture *fixture)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__GetStatus body = BATON__V1__GET_STATUS__INIT;
	Baton__V1__Response *response;
	baton_err err;

	request.op_case = BATON__V1__REQUEST__OP_GET_STATUS;
	request.get_status = &body;
	err = baton_call(fixture->client, &request, 0, &response,
			 &fixture->error);
	baton_call_free(response);
	return err;
}

static baton_err
try_url(const char *url)
{
	const struct baton_client_options options = {.url = url};
	struct baton_client *client;
	struct baton_error error;
	baton_err err = baton_client_new(&options, &client, &error);

	baton_client_free(client);
	return err;
}

static void
client_new_takes_local_addresses(void **state)
{
	(void)state;
	assert_int_equal(try_url("ipc:///run/baton/partners/a.sock"), BATON_OK);
	assert_int_equal(try_url("tcp://127.0.0.1:7400"), BATON_OK);
	assert_int_equal(try_url("tcp://127.8.8.8:1"), BATON_OK);
	assert_int_equal(try_url("tcp://[::1]:7400"), BATON_OK);
}

static void
client_new_refuses_other_addresses(void **state)
{
	static const char *const urls[] = {
		"ipc://relative.sock",  "ipc://",
		"tcp://10.0.0.1:7400",  "tcp://broker.example:7400",
		"tcp://127.0.0.1",      "tcp://127.0.0.1:",
		"tcp://127.0.0.1:0",    "tcp://127.0.0.1:65536",
		"tcp://127.0.0.1:74x0", "tcp://127.0.0.1.example:7400",
		"tcp://[::]:7400",      "tcp://[::1]",
		"tcp://0.0.0.0:7400",   "tls+tcp://127.0.0.1:7400",
		"ws://127.0.0.1/",      "inproc://test",
		"/run/baton.sock",      "x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_int_equal(try_url(urls[i]), BATON_INVALID);
}

static void
client_new_refuses_a_socket_path_too_long(void **state)
{
	char url[200];

	(void)state;
	(void)snprintf(url, sizeof(url), "ipc:///%0120d", 1);
	assert_int_equal(try_url(url), BATON_INVALID);
}

static void
client_new_takes_the_address_of_the_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("BATON_URL", "nonsense", 1), 0);
	assert_int_equal(try_url(NULL), BATON_INVALID);
	assert_int_equal(unsetenv("BATON_URL"), 0);
	assert_int_equal(try_url(NULL), BATON_OK);
}

static void
client_new_refuses_a_name_that_hello_cannot_carry(void **state)
{
	struct baton_client_options options = {.name = "a\nb"};
	struct baton_client *client;

	(void)state;
	assert_int_equal(baton_client_new(&options, &client, NULL),
			 BATON_INVALID);
	options.name = "0123456789012345678901234567890123456789"
		       "0123456789012345678901234";
	assert_int_equal(baton_client_new(&options, &client, NULL),
			 BATON_INVALID);
	assert_null(client);
}

static void
client_free_takes_null(void **state)
{
	(void)state;
	baton_client_free(NULL);
}

static void
backoff_grows_to_its_ceiling_within_its_jitter(void **state)
{
	static const uint32_t spans[] = {50, 100, 200, 300, 300, 300};
	struct backoff backoff;
	uint32_t wait_ms;

	(void)state;
	backoff_init(&backoff, 50, 300);
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		wait_ms = backoff_next_ms(&backoff);
		assert_in_range(wait_ms, spans[i] / 2, spans[i]);
	}
	backoff_reset(&backoff);
	assert_in_range(backoff_next_ms(&backoff), 25, 50);
}

static void
backoff_differs_between_clients(void **state)
{
	struct backoff backoff;
	uint32_t first;
	size_t same = 0;

	(void)state;
	backoff_init(&backoff, 1000000, 1000000);
	first = backoff_next_ms(&backoff);
	for (size_t i = 0; i < 8; i++)
		same += backoff_next_ms(&backoff) == first;
	assert_true(same < 8);
}

static void
hello_tells_who_we_are_and_the_limits(void **state)
{
	struct fixture *fixture = *state;
	struct baton_hello hello;

	assert_int_equal(
		baton_client_hello(fixture->client, &hello, &fixture->error),
		BATON_OK);
	assert_string_equal(hello.partner, "test-trust");
	assert_string_equal(hello.source, "/ods/RPG");
	assert_string_equal(hello.broker_version, "fake");
	assert_int_equal(hello.max_event_bytes, 65536);
	assert_int_equal(hello.max_batch_events, 1000);
}

static void
hello_is_said_once_on_one_connection(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture), BATON_OK);
	assert_int_equal(ask(fixture), BATON_OK);
	assert_int_equal(fake_broker_count(fixture->broker, HELLO), 1);
}

/* A request on its way when the connection is lost may still go over the next
 * connection; the one after it says hello. */
static void
hello_is_said_again_after_a_reconnect(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture), BATON_OK);
	fake_broker_pause(fixture->broker);
	assert_true(fake_broker_resume(fixture->broker));
	for (size_t i = 0;
	     i < 100 && fake_broker_count(fixture->broker, HELLO) < 2; i++)
		assert_int_equal(ask(fixture), BATON_OK);
	assert_true(fake_broker_count(fixture->broker, HELLO) >= 2);
}

static void
hello_with_another_protocol_is_final(void **state)
{
	struct fixture *fixture = *state;
	struct fake_limits limits = fake_broker_limits(fixture->broker);

	limits.protocol_min = 2;
	limits.protocol_max = 3;
	fake_broker_set_limits(fixture->broker, &limits);
	assert_int_equal(ask(fixture), BATON_UNSUPPORTED);
	assert_non_null(strstr(fixture->error.text, "protocol 2 to 3"));
	assert_int_equal(fake_broker_count(fixture->broker, HELLO), 1);
	assert_int_equal(fake_broker_count(fixture->broker, STATUS), 0);
}

static void
hello_without_limits_is_malformed(void **state)
{
	struct fixture *fixture = *state;
	struct fake_limits limits = fake_broker_limits(fixture->broker);

	limits.max_batch_events = 0;
	fake_broker_set_limits(fixture->broker, &limits);
	assert_int_equal(ask(fixture), BATON_MALFORMED);
}

static void
call_repeats_while_the_broker_is_busy(void **state)
{
	struct fixture *fixture = *state;
	int64_t begun_ms = clock_monotonic_ms();

	fixture_script_refuse(fixture, STATUS, BATON_BUSY, 150);
	fixture_script_refuse(fixture, STATUS, BATON_UNAVAILABLE, 150);
	assert_int_equal(ask(fixture), BATON_OK);
	assert_int_equal(fake_broker_count(fixture->broker, STATUS), 3);
	assert_true(clock_monotonic_ms() - begun_ms >= 300);
}

static void
call_says_busy_when_its_time_is_up(void **state)
{
	struct fixture *fixture = *state;

	fixture_script_refuse(fixture, STATUS, BATON_BUSY, 60000);
	assert_int_equal(ask(fixture), BATON_BUSY);
	assert_string_equal(fixture->error.text, "the fake broker says so");
}

static void
call_repeats_a_lost_answer(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_set_timeout(fixture, 1500), 0);
	fixture_script(fixture, STATUS, FAKE_LOSE_ANSWER);
	assert_int_equal(ask(fixture), BATON_OK);
	assert_int_equal(fake_broker_count(fixture->broker, STATUS), 2);
}

static void
call_repeats_when_the_connection_is_lost(void **state)
{
	struct fixture *fixture = *state;

	fixture_script(fixture, STATUS, FAKE_HANG_UP);
	fixture_script(fixture, STATUS, FAKE_HANG_UP);
	assert_int_equal(ask(fixture), BATON_OK);
	assert_int_equal(fake_broker_count(fixture->broker, STATUS), 3);
}

static void
call_does_not_repeat_a_refusal(void **state)
{
	struct fixture *fixture = *state;

	fixture_script_refuse(fixture, STATUS, BATON_DENIED, 0);
	assert_int_equal(ask(fixture), BATON_DENIED);
	assert_int_equal(fake_broker_count(fixture->broker, STATUS), 1);
}

static void
call_times_out_when_never_answered(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_set_timeout(fixture, 600), 0);
	for (size_t i = 0; i < 10; i++)
		fixture_script(fixture, STATUS, FAKE_LOSE_ANSWER);
	assert_int_equal(ask(fixture), BATON_TIMEOUT);
}

static void
call_says_that_there_is_no_socket(void **state)
{
	struct fixture *fixture = *state;

	fake_broker_pause(fixture->broker);
	(void)unlink(fixture->url + strlen("ipc://"));
	assert_int_equal(fixture_set_timeout(fixture, 200), 0);
	assert_int_equal(ask(fixture), BATON_UNREACHABLE);
	assert_non_null(strstr(fixture->error.text, fixture->url));
	assert_non_null(strstr(fixture->error.text, "no such socket"));
}

static void
call_says_that_nobody_listens(void **state)
{
	struct fixture *fixture = *state;
	const char *path = fixture->url + strlen("ipc://");
	FILE *file;

	fake_broker_pause(fixture->broker);
	(void)unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
	assert_int_equal(fixture_set_timeout(fixture, 200), 0);
	assert_int_equal(ask(fixture), BATON_UNREACHABLE);
	assert_non_null(strstr(fixture->error.text, "not a socket"));
}

static void
call_says_that_the_user_is_not_permitted(void **state)
{
	struct fixture *fixture = *state;

	fake_broker_turn_away(fixture->broker);
	assert_int_equal(fixture_set_timeout(fixture, 2000), 0);
	assert_int_equal(ask(fixture), BATON_UNREACHABLE);
	assert_non_null(strstr(fixture->error.text, "not permitted"));
}

static void
call_after_close_is_closed(void **state)
{
	struct fixture *fixture = *state;

	baton_client_close(fixture->client);
	assert_int_equal(ask(fixture), BATON_CLOSED);
	assert_int_equal(ask(fixture), BATON_CLOSED);
}

struct asking {
	struct fixture *fixture;
	baton_err err;
};

static void *
ask_on_thread(void *context)
{
	struct asking *asking = context;

	asking->err = ask(asking->fixture);
	return NULL;
}

static void
close_ends_a_call_that_waits_for_its_answer(void **state)
{
	struct fixture *fixture = *state;
	struct asking asking = {.fixture = fixture, .err = BATON_OK};
	pthread_t thread;
	int64_t begun_ms;

	fixture_script(fixture, STATUS, FAKE_LOSE_ANSWER);
	assert_int_equal(pthread_create(&thread, NULL, ask_on_thread, &asking),
			 0);
	assert_true(fake_broker_wait(fixture->broker, STATUS, 1));
	begun_ms = clock_monotonic_ms();
	baton_client_close(fixture->client);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(asking.err, BATON_CLOSED);
	assert_true(clock_monotonic_ms() - begun_ms < 1000);
}

static void
free_waits_for_calls_under_way(void **state)
{
	struct fixture *fixture = *state;
	struct asking asking = {.fixture = fixture, .err = BATON_OK};
	pthread_t thread;

	fixture_script(fixture, STATUS, FAKE_LOSE_ANSWER);
	assert_int_equal(pthread_create(&thread, NULL, ask_on_thread, &asking),
			 0);
	assert_true(fake_broker_wait(fixture->broker, STATUS, 1));
	baton_client_free(fixture->client);
	fixture->client = NULL;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(asking.err, BATON_CLOSED);
}

/* A status without its fields, an answer to another question, ... */
static void
call_survives_malformed_answers(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} answers[] = {
		{"", 0},
		{"\xff", 1},
		{"\x0a", 1},
		{"\x0a\x7f", 2},
		{"\x0a\x00", 2},
		{"\x0a\x00\x52\x00", 4},
		{"\x0a\x02\x08\x80", 4},
		{"\x0a\x04\x12\x02\xc3\x28\xda\x01\x00", 9},
		{"\x0a\x03\x12\x01\x00\xda\x01\x00", 8},
		{"\xda\x01\x00", 3},
		{"\x0b\x0c", 2},
		{"\x0a\x00\xda\x01\xff\xff\xff\xff\x0f", 9},
		{"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 13},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct fake_step step = {
			.what = FAKE_RAW,
			.raw = answers[i].bytes,
			.raw_len = answers[i].len,
		};

		fake_broker_script(fixture->broker, STATUS, &step);
		assert_int_equal(ask(fixture), BATON_MALFORMED);
	}
	assert_int_equal(ask(fixture), BATON_OK);
}

static void
call_names_a_code_that_it_does_not_know(void **state)
{
	struct fixture *fixture = *state;
	const struct fake_step step = {
		.what = FAKE_RAW,
		.raw = "\x0a\x03\x08\xe7\x07",
		.raw_len = 5,
	};

	fake_broker_script(fixture->broker, STATUS, &step);
	assert_int_equal(ask(fixture), BATON_INTERNAL);
	assert_non_null(strstr(fixture->error.text, "999"));
}

static void
call_tolerates_fields_of_a_newer_broker(void **state)
{
	struct fixture *fixture = *state;
	const struct fake_step step = {
		.what = FAKE_RAW,
		.raw = "\x0a\x00\xda\x01\x03\xf8\x7f\x01\xf8\x7f\x02",
		.raw_len = 11,
	};

	fake_broker_script(fixture->broker, STATUS, &step);
	assert_int_equal(ask(fixture), BATON_OK);
}

#define WITH_BROKER(test)                                                      \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_new_takes_local_addresses),
		cmocka_unit_test(client_new_refuses_other_addresses),
		cmocka_unit_test(client_new_refuses_a_socket_path_too_long),
		cmocka_unit_test(
			client_new_takes_the_address_of_the_environment),
		cmocka_unit_test(
			client_new_refuses_a_name_that_hello_cannot_carry),
		cmocka_unit_test(client_free_takes_null),
		cmocka_unit_test(
			backoff_grows_to_its_ceiling_within_its_jitter),
		cmocka_unit_test(backoff_differs_between_clients),
		WITH_BROKER(hello_tells_who_we_are_and_the_limits),
		WITH_BROKER(hello_is_said_once_on_one_connection),
		WITH_BROKER(hello_is_said_again_after_a_reconnect),
		WITH_BROKER(hello_with_another_protocol_is_final),
		WITH_BROKER(hello_without_limits_is_malformed),
		WITH_BROKER(call_repeats_while_the_broker_is_busy),
		WITH_BROKER(call_says_busy_when_its_time_is_up),
		WITH_BROKER(call_repeats_a_lost_answer),
		WITH_BROKER(call_repeats_when_the_connection_is_lost),
		WITH_BROKER(call_does_not_repeat_a_refusal),
		WITH_BROKER(call_times_out_when_never_answered),
		WITH_BROKER(call_says_that_there_is_no_socket),
		WITH_BROKER(call_says_that_nobody_listens),
		WITH_BROKER(call_says_that_the_user_is_not_permitted),
		WITH_BROKER(call_after_close_is_closed),
		WITH_BROKER(close_ends_a_call_that_waits_for_its_answer),
		WITH_BROKER(free_waits_for_calls_under_way),
		WITH_BROKER(call_survives_malformed_answers),
		WITH_BROKER(call_names_a_code_that_it_does_not_know),
		WITH_BROKER(call_tolerates_fields_of_a_newer_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
