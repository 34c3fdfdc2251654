/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "tests/support/sample_event.h"
#include "wire_client.h"

#include <cmocka.h>

/* What partners may do, over real sockets with the real broker. */

#define ACCEPTED BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_ACCEPTED
#define DUPLICATE BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_DUPLICATE
#define REJECTED BATON__V1__PUBLISH_OUTCOME__PUBLISH_OUTCOME_REJECTED

struct fixture {
	struct harness *harness;
	struct wire_client *community;
};

static int
setup(void **state)
{
	const struct harness_options options = {NULL, NULL};
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	*state = fixture;
	fixture->harness = harness_new(&options);
	if (fixture->harness == NULL || !harness_start(fixture->harness))
		return -1;
	fixture->community =
		wire_client_new(harness_url(fixture->harness, "community"));
	return fixture->community == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;
	bool stopped;

	wire_client_free(fixture->community);
	stopped = fixture->harness != NULL && harness_stop(fixture->harness);
	harness_free(fixture->harness);
	free(fixture);
	return stopped ? 0 : -1;
}

static struct baton_span
pack(const struct sample_event *sample)
{
	struct baton_span span;
	uint8_t *bytes;

	assert_int_equal(sample_event_pack(sample, &bytes, &span.len),
			 BATON_OK);
	span.data = bytes;
	return span;
}

static void
release(struct baton_span span)
{
	uint8_t *bytes;

	memcpy(&bytes, &span.data, sizeof(bytes));
	baton_event_bytes_free(bytes);
}

/* Publishes one; the result is in the response, which the caller frees. */
static Baton__V1__Response *
publish(struct wire_client *client, const struct sample_event *sample)
{
	struct baton_span event = pack(sample);
	Baton__V1__Response *response = wire_client_publish(client, &event, 1);

	release(event);
	assert_non_null(response);
	assert_int_equal(response->status->code, BATON_OK);
	assert_int_equal(response->publish->n_results, 1);
	return response;
}

static void
free_response(Baton__V1__Response *response)
{
	baton__v1__response__free_unpacked(response, NULL);
}

static void
hello_names_the_partner_of_the_socket(void **state)
{
	struct fixture *fixture = *state;
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__Hello hello;
	Baton__V1__Response *response;

	baton__v1__hello__init(&hello);
	request.op_case = BATON__V1__REQUEST__OP_HELLO;
	request.hello = &hello;
	response = wire_client_call(fixture->community, &request);
	assert_non_null(response);
	assert_int_equal(response->status->code, BATON_OK);
	assert_string_equal(response->hello->partner, "community");
	assert_string_equal(response->hello->organisation_scheme, "ods");
	assert_string_equal(response->hello->organisation_code, "RPG");
	assert_int_equal(response->hello->max_batch_events, 1000);
	free_response(response);
}

static void
publish_accepts_a_valid_event(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.id = "a-1"};
	Baton__V1__Response *response = publish(fixture->community, &sample);

	assert_int_equal(response->publish->results[0]->outcome, ACCEPTED);
	assert_int_equal(response->publish->results[0]->sequence, 1);
	free_response(response);
}

static void
publish_answers_a_repeat_with_the_first_sequence(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.id = "a-1"};
	const struct sample_event other = {.id = "a-2"};
	Baton__V1__Response *response;

	free_response(publish(fixture->community, &sample));
	free_response(publish(fixture->community, &other));
	response = publish(fixture->community, &sample);
	assert_int_equal(response->publish->results[0]->outcome, DUPLICATE);
	assert_int_equal(response->publish->results[0]->sequence, 1);
	free_response(response);
}

static void
publish_rejects_an_id_with_other_content(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.id = "a-1"};
	const struct sample_event other = {.id = "a-1",
					   .reason_text = "Another"};
	Baton__V1__Response *response;

	free_response(publish(fixture->community, &sample));
	response = publish(fixture->community, &other);
	assert_int_equal(response->publish->results[0]->outcome, REJECTED);
	assert_int_equal(response->publish->results[0]->code, BATON_ID_REUSED);
	assert_string_equal(response->publish->results[0]->field_path, "id");
	free_response(response);
}

static void
publish_rejects_a_wrong_nhs_number_with_its_path(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.nhs_number = "9990000019"};
	Baton__V1__Response *response = publish(fixture->community, &sample);

	assert_int_equal(response->publish->results[0]->outcome, REJECTED);
	assert_int_equal(response->publish->results[0]->code,
			 BATON_IDENTIFIER_INVALID);
	assert_non_null(strstr(response->publish->results[0]->field_path,
			       "child.identifiers"));
	free_response(response);
}

static void
publish_rejects_the_source_of_somebody_else(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.ods = "RXY"};
	Baton__V1__Response *response = publish(fixture->community, &sample);

	assert_int_equal(response->publish->results[0]->outcome, REJECTED);
	assert_int_equal(response->publish->results[0]->code,
			 BATON_SOURCE_DENIED);
	assert_string_equal(response->publish->results[0]->field_path,
			    "source");
	free_response(response);
}

static void
publish_accepts_the_rest_of_a_batch(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event good = {.id = "a-1"};
	const struct sample_event bad = {.id = "a-2",
					 .nhs_number = "9990000019"};
	const struct sample_event last = {.id = "a-3"};
	struct baton_span events[] = {pack(&good), pack(&bad), pack(&last)};
	Baton__V1__Response *response =
		wire_client_publish(fixture->community, events, 3);

	for (size_t i = 0; i < 3; i++)
		release(events[i]);
	assert_non_null(response);
	assert_int_equal(response->publish->n_results, 3);
	assert_int_equal(response->publish->results[0]->outcome, ACCEPTED);
	assert_int_equal(response->publish->results[1]->outcome, REJECTED);
	assert_int_equal(response->publish->results[2]->outcome, ACCEPTED);
	assert_int_equal(response->publish->results[2]->sequence, 2);
	free_response(response);
}

static void
publish_refuses_an_empty_batch(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(wire_client_code(wire_client_publish(
				 fixture->community, NULL, 0)),
			 BATON_INVALID);
}

static void
publish_refuses_more_than_a_batch(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.id = "a-1"};
	struct baton_span event = pack(&sample);
	struct baton_span events[1001];
	Baton__V1__Response *response;

	for (size_t i = 0; i < 1001; i++)
		events[i] = event;
	response = wire_client_publish(fixture->community, events, 1001);
	release(event);
	assert_int_equal(wire_client_code(response), BATON_INVALID);
}

static void
publish_is_denied_to_operators(void **state)
{
	struct fixture *fixture = *state;
	struct wire_client *operator=
		wire_client_new(harness_url(fixture->harness, "operator"));
	int code;

	assert_non_null(operator);
	code = wire_client_code(wire_client_publish(operator, NULL, 0));
	wire_client_free(operator);
	assert_int_equal(code, BATON_DENIED);
}

static Baton__V1__Response *
get_status(struct wire_client *client)
{
	Baton__V1__Request request = BATON__V1__REQUEST__INIT;
	Baton__V1__GetStatus status = BATON__V1__GET_STATUS__INIT;

	request.op_case = BATON__V1__REQUEST__OP_GET_STATUS;
	request.get_status = &status;
	return wire_client_call(client, &request);
}

static void
status_is_denied_to_partners(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(wire_client_code(get_status(fixture->community)),
			 BATON_DENIED);
}

static void
status_counts_what_was_published(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.id = "a-1"};
	struct wire_client *operator=
		wire_client_new(harness_url(fixture->harness, "operator"));
	Baton__V1__Response *response;

	free_response(publish(fixture->community, &sample));
	response = get_status(operator);
	wire_client_free(operator);
	assert_non_null(response);
	assert_int_equal(response->status->code, BATON_OK);
	assert_true(response->get_status->ready);
	assert_int_equal(response->get_status->last_sequence, 1);
	free_response(response);
}

/* Finds marker in what batond shows to the world. */
static void
assert_nowhere(struct fixture *fixture, const char *marker)
{
	assert_null(strstr(harness_log(fixture->harness), marker));
	assert_null(strstr(harness_get(fixture->harness, "/metrics"), marker));
	assert_null(strstr(harness_get(fixture->harness, "/readyz"), marker));
}

static void
personal_data_reaches_neither_log_nor_metrics(void **state)
{
	static const char *const nhs_numbers[] = {"9990000018", "9990000026",
						  "9990000019"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 3; i++) {
		char id[] = "marked-0";
		const struct sample_event sample = {
			.id = id,
			.nhs_number = nhs_numbers[i],
			.reason_text = "MARKERTEXT of one child",
		};

		id[7] = (char)('0' + i);
		free_response(publish(fixture->community, &sample));
	}
	/* And as a request that is not one. */
	assert_int_equal(
		wire_client_code(wire_client_end(wire_client_begin(
			fixture->community,
			(struct baton_span){
				(const uint8_t *)"\nMARKERTEXT 9990000018",
				22}))),
		BATON_MALFORMED);
	assert_nowhere(fixture, "MARKERTEXT");
	for (size_t i = 0; i < 3; i++)
		assert_nowhere(fixture, nhs_numbers[i]);
}

static void
web_shows_health_readiness_and_figures(void **state)
{
	struct fixture *fixture = *state;
	const struct sample_event sample = {.id = "a-1"};

	free_response(publish(fixture->community, &sample));
	assert_memory_equal(harness_get(fixture->harness, "/healthz"),
			    "HTTP/1.1 200 ", 13);
	assert_memory_equal(harness_get(fixture->harness, "/readyz"),
			    "HTTP/1.1 200 ", 13);
	assert_int_equal(
		harness_figure(fixture->harness, "baton_published_total"), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(hello_names_the_partner_of_the_socket),
		TEST(publish_accepts_a_valid_event),
		TEST(publish_answers_a_repeat_with_the_first_sequence),
		TEST(publish_rejects_an_id_with_other_content),
		TEST(publish_rejects_a_wrong_nhs_number_with_its_path),
		TEST(publish_rejects_the_source_of_somebody_else),
		TEST(publish_accepts_the_rest_of_a_batch),
		TEST(publish_refuses_an_empty_batch),
		TEST(publish_refuses_more_than_a_batch),
		TEST(publish_is_denied_to_operators),
		TEST(status_is_denied_to_partners),
		TEST(status_counts_what_was_published),
		TEST(personal_data_reaches_neither_log_nor_metrics),
		TEST(web_shows_health_readiness_and_figures),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
