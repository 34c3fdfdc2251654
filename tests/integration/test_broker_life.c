/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "tests/support/sample_event.h"
#include "wire_client.h"

#include <cmocka.h>

/* Starting, reloading, stopping and dying, with the real broker. */

#define COUNCIL                                                                \
	"  - id: council\n"                                                    \
	"    organisation: /la/887\n"                                          \
	"    sector: send\n"
#define SCHOOL                                                                 \
	"  - id: school\n"                                                     \
	"    organisation: /urn/123456\n"                                      \
	"    sector: education\n"

/* Publishes in parallel in the tests of stopping and dying. */
#define CALLS 16

static int
setup(void **state)
{
	const struct harness_options options = {NULL, NULL};

	*state = harness_new(&options);
	return *state == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	harness_free(*state);
	return 0;
}

static struct wire_call *
begin_publish(struct wire_client *client, const char *id)
{
	const struct sample_event sample = {.id = id};
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Publish publish = BATON__V1__PUBLISH__INIT;
	ProtobufCBinaryData event;
	struct wire_call *call;

	if (sample_event_pack(&sample, &event.data, &event.len) != BATON_OK)
		return NULL;
	publish.n_events = 1;
	publish.events = &event;
	request.op_case = BATON__V1__REQUEST__OP_PUBLISH;
	request.publish = &publish;
	call = wire_client_begin_request(client, &request);
	baton_event_bytes_free(event.data);
	return call;
}

/* Outcome of one event published; 0 when there was no answer. */
static int
end_publish(struct wire_call *call)
{
	Baton__V1__Response *response = wire_client_end(call);
	int outcome = 0;

	if (response != NULL && response->status->code == BATON_OK &&
	    response->publish->n_results == 1)
		outcome = (int)response->publish->results[0]->outcome;
	if (response != NULL)
		baton__v1__response__free_unpacked(response, NULL);
	return outcome;
}

static int
hello_code(struct wire_client *client)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Hello hello;

	baton__v1__hello__init(&hello);
	request.op_case = BATON__V1__REQUEST__OP_HELLO;
	request.hello = &hello;
	return wire_client_code(wire_client_call(client, &request));
}

/* ---- starting ---- */

static int
check_files(struct harness *harness)
{
	char file[128];
	const char *const arguments[] = {"-n", "-c", file, NULL};

	(void)snprintf(file, sizeof(file), "%s",
		       harness_path(harness, "batond.yaml"));
	return harness_run(harness, arguments);
}

static void
batond_n_accepts_valid_files(void **state)
{
	assert_int_equal(check_files(*state), 0);
	assert_non_null(strstr(harness_log(*state), "valid: 3 partners"));
}

static void
batond_n_names_the_line_of_a_wrong_setting(void **state)
{
	assert_true(harness_write_settings(*state,
					   "data_directory: /nonexistent\n"
					   "lmits: 1\n"));
	assert_int_equal(check_files(*state), 3);
	assert_non_null(strstr(harness_log(*state), "batond.yaml:2: "));
}

static void
batond_n_names_the_line_of_a_wrong_partner(void **state)
{
	assert_true(harness_write_agreement(*state, "  - id: school\n"
						    "    organisation: 12\n"
						    "    sector: education\n"));
	assert_int_equal(check_files(*state), 3);
	assert_non_null(strstr(harness_log(*state), "agreement.yaml:4: "));
}

static void
batond_refuses_unknown_options(void **state)
{
	const char *const arguments[] = {"--no-such-option", NULL};

	assert_int_equal(harness_run(*state, arguments), 2);
}

static void
batond_prints_its_version(void **state)
{
	const char *const arguments[] = {"--version", NULL};

	assert_int_equal(harness_run(*state, arguments), 0);
	assert_memory_equal(harness_log(*state), "batond 0.", 9);
}

static void
batond_refuses_a_directory_in_use(void **state)
{
	char file[128];
	const char *const arguments[] = {"-c", file, NULL};

	(void)snprintf(file, sizeof(file), "%s",
		       harness_path(*state, "batond.yaml"));
	assert_true(harness_start(*state));
	assert_int_not_equal(harness_run(*state, arguments), 0);
	assert_true(harness_stop(*state));
}

/* ---- reloading ---- */

/* A port that was free a moment ago. */
static unsigned
free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		address.sin_port = 0;
	(void)close(fd);
	return ntohs(address.sin_port);
}

static void
insecure_tcp_serves_its_partner(void **state)
{
	char url[64];
	char settings[128];
	const struct harness_options options = {NULL, settings};
	struct harness *harness;
	struct wire_client *client;
	int code;
	bool stopped;

	(void)state;
	(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", free_port());
	(void)snprintf(settings, sizeof(settings),
		       "insecure_tcp:\n  partner: community\n  url: %s\n", url);
	harness = harness_new(&options);
	assert_non_null(harness);
	assert_true(harness_start(harness));
	client = wire_client_new(url);
	code = hello_code(client);
	wire_client_free(client);
	stopped = harness_stop(harness);
	harness_free(harness);
	assert_int_equal(code, BATON_OK);
	assert_true(stopped);
}

static void
sighup_adds_a_partner(void **state)
{
	struct harness *harness = *state;
	struct wire_client *client;

	assert_true(harness_start(harness));
	assert_true(harness_write_agreement(harness, COUNCIL SCHOOL));
	assert_true(harness_signal(harness, SIGHUP));
	assert_true(harness_wait_log(harness, "batond.reloaded", 1));
	client = wire_client_new(harness_url(harness, "school"));
	assert_int_equal(hello_code(client), BATON_OK);
	wire_client_free(client);
	assert_true(harness_stop(harness));
}

static void
sighup_closes_the_connections_of_a_removed_partner(void **state)
{
	struct harness *harness = *state;
	struct wire_client *client;

	assert_true(harness_start(harness));
	client = wire_client_new(harness_url(harness, "community"));
	assert_int_equal(hello_code(client), BATON_OK);
	assert_true(harness_write_agreement(harness, COUNCIL));
	assert_true(harness_signal(harness, SIGHUP));
	assert_true(harness_wait_log(harness, "connections_closed=1", 1));
	/* It dials again by itself, and is refused each time. */
	assert_true(
		harness_wait_figure(harness, "baton_pipes_refused_total", 2));
	wire_client_free(client);
	assert_true(harness_stop(harness));
}

static void
sighup_keeps_the_connections_of_those_who_stay(void **state)
{
	struct harness *harness = *state;
	struct wire_client *client;

	assert_true(harness_start(harness));
	client = wire_client_new(harness_url(harness, "council"));
	assert_int_equal(hello_code(client), BATON_OK);
	assert_true(harness_write_agreement(harness, COUNCIL SCHOOL));
	assert_true(harness_signal(harness, SIGHUP));
	assert_true(harness_wait_log(harness, "batond.reloaded", 1));
	assert_int_equal(hello_code(client), BATON_OK);
	assert_int_equal(harness_figure(harness, "baton_pipes_created_total"),
			 1);
	wire_client_free(client);
	assert_true(harness_stop(harness));
}

static void
sighup_with_a_wrong_agreement_changes_nothing(void **state)
{
	struct harness *harness = *state;
	struct wire_client *client;

	assert_true(harness_start(harness));
	client = wire_client_new(harness_url(harness, "community"));
	assert_true(harness_write_agreement(harness, COUNCIL COUNCIL));
	assert_true(harness_signal(harness, SIGHUP));
	assert_true(harness_wait_log(harness, "agreement.yaml:6: ", 1));
	assert_int_equal(hello_code(client), BATON_OK);
	wire_client_free(client);
	assert_true(harness_stop(harness));
}

/* ---- stopping and dying ---- */

static struct wire_call *
begin_numbered(struct wire_client *client, size_t number)
{
	char id[32];

	(void)snprintf(id, sizeof(id), "stop-%zu", number);
	return begin_publish(client, id);
}

/* What had not been read at SIGTERM is nobody's word; what was stored was
 * answered, and what was answered is stored: a repeat tells which. */
static void
sigterm_answers_what_is_under_way(void **state)
{
	struct harness *harness = *state;
	struct wire_call *calls[CALLS];
	struct wire_client *client;
	int outcomes[CALLS];
	size_t wrong = 0;

	assert_true(harness_start(harness));
	client = wire_client_new(harness_url(harness, "community"));
	assert_int_equal(hello_code(client), BATON_OK);
	for (size_t i = 0; i < CALLS; i++) {
		calls[i] = begin_numbered(client, i);
		assert_non_null(calls[i]);
	}
	assert_true(harness_wait_figure(harness, "baton_published_total", 1));
	assert_true(harness_stop(harness));
	for (size_t i = 0; i < CALLS; i++)
		outcomes[i] = end_publish(calls[i]);
	wire_client_free(client);
	assert_true(harness_start(harness));
	client = wire_client_new(harness_url(harness, "community"));
	for (size_t i = 0; i < CALLS; i++) {
		int again = end_publish(begin_numbered(client, i));
		int answered =
			BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_ACCEPTED;
		int stored =
			BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_DUPLICATE;

		wrong += (outcomes[i] == answered) != (again == stored);
	}
	wire_client_free(client);
	assert_int_equal(wrong, 0);
	assert_true(harness_stop(harness));
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
	start.at = BATON__V1__START_AT__START_AT_BEGINNING;
	subscribe.start = &start;
	request.op_case = BATON__V1__REQUEST__OP_SUBSCRIBE;
	request.subscribe = &subscribe;
	return wire_client_code(wire_client_call(client, &request));
}

static struct wire_call *
begin_fetch(struct wire_client *client, uint32_t wait_ms)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Fetch fetch;
	char name[] = "all";

	baton__v1__fetch__init(&fetch);
	fetch.subscription = name;
	fetch.max_events = 100;
	fetch.max_bytes = 1048576;
	fetch.wait_ms = wait_ms;
	request.op_case = BATON__V1__REQUEST__OP_FETCH;
	request.fetch = &fetch;
	return wire_client_begin_request(client, &request);
}

static void
sigterm_answers_parked_fetches_empty(void **state)
{
	struct harness *harness = *state;
	Baton__V1__Response *response;
	struct wire_client *client;
	struct wire_call *fetch;

	assert_true(harness_start(harness));
	client = wire_client_new(harness_url(harness, "council"));
	assert_int_equal(subscribe_code(client), BATON_OK);
	fetch = begin_fetch(client, 30000);
	assert_true(harness_wait_figure(harness, "baton_contexts_parked", 1));
	assert_true(harness_stop(harness));
	response = wire_client_end(fetch);
	assert_non_null(response);
	assert_int_equal(response->status->code, BATON_OK);
	assert_int_equal(response->fetch->n_deliveries, 0);
	baton__v1__response__free_unpacked(response, NULL);
	wire_client_free(client);
}

static void
killed_batond_keeps_every_acknowledged_event(void **state)
{
	struct harness *harness = *state;
	struct wire_client *client;
	bool acknowledged[200] = {false};
	char id[32];
	size_t lost = 0;

	assert_true(harness_start(harness));
	client = wire_client_new(harness_url(harness, "community"));
	for (size_t i = 0; i < 200; i += 4) {
		struct wire_call *calls[4];

		for (size_t j = 0; j < 4; j++) {
			(void)snprintf(id, sizeof(id), "kill-%zu", i + j);
			calls[j] = begin_publish(client, id);
		}
		/* Some are under way when the process dies. */
		if (i == 100) {
			harness_kill(harness);
			assert_true(harness_start(harness));
		}
		for (size_t j = 0; j < 4; j++) {
			if (i == 100) {
				wire_client_cancel(calls[j]);
			} else {
				acknowledged[i + j] = end_publish(calls[j]) > 0;
			}
		}
	}
	for (size_t i = 0; i < 200; i++) {
		int outcome;

		(void)snprintf(id, sizeof(id), "kill-%zu", i);
		outcome = end_publish(begin_publish(client, id));
		if (acknowledged[i] &&
		    outcome !=
			    BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_DUPLICATE)
			lost++;
	}
	wire_client_free(client);
	assert_true(acknowledged[0]);
	assert_true(acknowledged[199]);
	assert_int_equal(lost, 0);
	assert_true(harness_stop(harness));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(batond_n_accepts_valid_files),
		TEST(batond_n_names_the_line_of_a_wrong_setting),
		TEST(batond_n_names_the_line_of_a_wrong_partner),
		TEST(batond_refuses_unknown_options),
		TEST(batond_prints_its_version),
		TEST(batond_refuses_a_directory_in_use),
		TEST(insecure_tcp_serves_its_partner),
		TEST(sighup_adds_a_partner),
		TEST(sighup_closes_the_connections_of_a_removed_partner),
		TEST(sighup_keeps_the_connections_of_those_who_stay),
		TEST(sighup_with_a_wrong_agreement_changes_nothing),
		TEST(sigterm_answers_what_is_under_way),
		TEST(sigterm_answers_parked_fetches_empty),
		TEST(killed_batond_keeps_every_acknowledged_event),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
