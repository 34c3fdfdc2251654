/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/web.h"

#include <cmocka.h>

struct served {
	struct metrics *metrics;
	struct web *web;
	/** What readiness says. */
	const char *reason;
	char answer[65536];
};

static void
readiness(void *context, char text[BATON_ERROR_TEXT_BYTES])
{
	const struct served *served = context;

	(void)snprintf(text, BATON_ERROR_TEXT_BYTES, "%s", served->reason);
}

static int
setup(void **state)
{
	struct served *served = calloc(1, sizeof(*served));
	struct web_options options = {
		.address = "127.0.0.1",
		.readiness = readiness,
		.context = served,
	};
	struct baton_error error;

	if (served == NULL || metrics_new(&served->metrics) != BATON_OK)
		return -1;
	served->reason = "";
	*state = served;
	return web_new(&options, served->metrics, &served->web, &error) ==
			       BATON_OK
		       ? 0
		       : -1;
}

static int
teardown(void **state)
{
	struct served *served = *state;

	web_free(served->web);
	metrics_free(served->metrics);
	free(served);
	return 0;
}

/* Sends a request, returns all that comes until the connection is closed. */
static const char *
ask(struct served *served, const char *request)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(web_port(served->web)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t got;

	assert_true(fd >= 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL),
			 strlen(request));
	while ((got = recv(fd, served->answer + len,
			   sizeof(served->answer) - 1 - len, 0)) > 0)
		len += (size_t)got;
	served->answer[len] = '\0';
	(void)close(fd);
	return served->answer;
}

#define CLOSE " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static void
web_healthz_is_always_alive(void **state)
{
	struct served *served = *state;

	served->reason = "journal: disk is full";
	assert_memory_equal(ask(served, "GET /healthz" CLOSE), "HTTP/1.1 200 ",
			    13);
}

static void
web_readyz_is_ready_without_a_reason(void **state)
{
	assert_memory_equal(ask(*state, "GET /readyz" CLOSE), "HTTP/1.1 200 ",
			    13);
}

static void
web_readyz_gives_the_reason(void **state)
{
	struct served *served = *state;
	const char *answer;

	served->reason = "journal: disk is full";
	answer = ask(served, "GET /readyz" CLOSE);
	assert_memory_equal(answer, "HTTP/1.1 503 ", 13);
	assert_non_null(strstr(answer, "\r\n\r\njournal: disk is full\n"));
}

static void
web_metrics_prints_the_figures(void **state)
{
	struct served *served = *state;

	atomic_fetch_add(&served->metrics->published, 42);
	assert_non_null(strstr(ask(served, "GET /metrics" CLOSE),
			       "\nbaton_published_total 42\n"));
}

static void
web_refuses_other_paths(void **state)
{
	assert_memory_equal(ask(*state, "GET /metrics/" CLOSE), "HTTP/1.1 404 ",
			    13);
}

static void
web_refuses_other_methods(void **state)
{
	const char *answer = ask(*state, "DELETE /metrics" CLOSE);

	assert_memory_equal(answer, "HTTP/1.1 405 ", 13);
	assert_non_null(strstr(answer, "\r\nAllow: GET\r\n"));
}

static void
web_reads_no_body(void **state)
{
	assert_memory_equal(ask(*state,
				"POST /metrics HTTP/1.1\r\nHost: h\r\n"
				"Content-Length: 1000000000\r\n\r\nabc"),
			    "HTTP/1.1 405 ", 13);
}

static void
web_new_refuses_what_is_no_address(void **state)
{
	struct served *served = *state;
	struct web_options options = {.address = "localhost"};
	struct baton_error error;
	struct web *web;

	assert_int_equal(web_new(&options, served->metrics, &web, &error),
			 BATON_INVALID);
}

static void
web_new_refuses_a_port_that_is_taken(void **state)
{
	struct served *served = *state;
	struct web_options options = {
		.address = "127.0.0.1",
		.port = web_port(served->web),
	};
	struct baton_error error;
	struct web *web;

	assert_int_equal(web_new(&options, served->metrics, &web, &error),
			 BATON_IO);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(web_healthz_is_always_alive),
		TEST(web_readyz_is_ready_without_a_reason),
		TEST(web_readyz_gives_the_reason),
		TEST(web_metrics_prints_the_figures),
		TEST(web_refuses_other_paths),
		TEST(web_refuses_other_methods),
		TEST(web_reads_no_body),
		TEST(web_new_refuses_what_is_no_address),
		TEST(web_new_refuses_a_port_that_is_taken),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
