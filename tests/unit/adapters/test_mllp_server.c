/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/health/mllp.h"
#include "adapters/health/mllp_server.h"
#include "client/clock.h"

#include <cmocka.h>

#define FRAME(text) "\x0b" text "\x1c\r"
#define DEADLINE_MS 10000

/* A handler that answers "<message>", held back by a gate when a test says so.
 */
struct world {
	struct mllp_server *server;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool gate_closed;
	int entered;
	int most_at_once;
	int at_once;
};

static void
world_handle(void *context, struct baton_span message, bool cut, FILE *answers)
{
	struct world *world = context;

	(void)pthread_mutex_lock(&world->lock);
	world->entered++;
	world->at_once++;
	if (world->at_once > world->most_at_once)
		world->most_at_once = world->at_once;
	(void)pthread_cond_broadcast(&world->changed);
	while (world->gate_closed)
		(void)pthread_cond_wait(&world->changed, &world->lock);
	world->at_once--;
	(void)pthread_mutex_unlock(&world->lock);
	if (message.len > 0 && message.data[0] == '!')
		return;
	mllp_write_start(answers);
	(void)fprintf(answers, "<%.*s%s>", (int)message.len,
		      (const char *)message.data, cut ? "..." : "");
	mllp_write_end(answers);
}

static void
world_gate(struct world *world, bool closed)
{
	(void)pthread_mutex_lock(&world->lock);
	world->gate_closed = closed;
	(void)pthread_cond_broadcast(&world->changed);
	(void)pthread_mutex_unlock(&world->lock);
}

/* Waits until count messages have reached the handler. */
static bool
world_wait_entered(struct world *world, int count)
{
	struct timespec until;
	int code = 0;
	bool there;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_MS / 1000;
	(void)pthread_mutex_lock(&world->lock);
	while (world->entered < count && code == 0) {
		code = pthread_cond_timedwait(&world->changed, &world->lock,
					      &until);
	}
	there = world->entered >= count;
	(void)pthread_mutex_unlock(&world->lock);
	return there;
}

static int
world_start_with(void **state, const struct mllp_server_options *given)
{
	struct world *world = calloc(1, sizeof(*world));
	struct mllp_server_options options = *given;
	struct baton_error error;

	if (world == NULL)
		return -1;
	(void)pthread_mutex_init(&world->lock, NULL);
	(void)pthread_cond_init(&world->changed, NULL);
	options.host = "127.0.0.1";
	options.handle = world_handle;
	options.context = world;
	*state = world;
	return mllp_server_start(&options, &world->server, &error) == BATON_OK
		       ? 0
		       : -1;
}

static const struct mllp_server_options world_options = {
	.max_connections = 4,
	.max_message_bytes = 1000,
	.idle_timeout_ms = 60000,
	.frame_timeout_ms = 60000,
	.workers = 4,
};

static int
world_start(void **state)
{
	return world_start_with(state, &world_options);
}

static int
world_start_impatient(void **state)
{
	struct mllp_server_options options = world_options;

	options.idle_timeout_ms = 100;
	options.frame_timeout_ms = 100;
	return world_start_with(state, &options);
}

static int
world_stop(void **state)
{
	struct world *world = *state;

	world_gate(world, false);
	mllp_server_stop(world->server);
	(void)pthread_cond_destroy(&world->changed);
	(void)pthread_mutex_destroy(&world->lock);
	free(world);
	return 0;
}

/* ---- a sender ---- */

static int
dial(const struct world *world)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(mllp_server_port(world->server)),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Reads exactly what is expected. */
static void
hear(int fd, const char *expected)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	size_t wanted = strlen(expected);
	char text[2048];
	size_t len = 0;

	assert_true(wanted < sizeof(text));
	while (len < wanted) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};
		int64_t left_ms = until_ms - clock_monotonic_ms();
		ssize_t count;

		assert_true(left_ms > 0);
		assert_true(poll(&poller, 1, (int)left_ms) >= 0);
		count = recv(fd, text + len, wanted - len, 0);
		assert_true(count > 0);
		len += (size_t)count;
	}
	assert_memory_equal(text, expected, wanted);
}

/* Waits until the server closes the connection. */
static void
hear_close(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	char byte;

	assert_int_equal(poll(&poller, 1, DEADLINE_MS), 1);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
}

/* ---- tests ---- */

static void
server_answers_messages_one_after_another(void **state)
{
	const struct world *world = *state;
	int fd = dial(world);

	say(fd, FRAME("one"));
	hear(fd, FRAME("<one>"));
	say(fd, "\r\n" FRAME("two"));
	hear(fd, FRAME("<two>"));
	(void)close(fd);
}

static void
server_joins_a_message_sent_byte_by_byte(void **state)
{
	static const char frame[] = FRAME("in pieces");
	const struct world *world = *state;
	int fd = dial(world);

	for (size_t i = 0; i < sizeof(frame) - 1; i++) {
		const char byte[2] = {frame[i], '\0'};

		say(fd, byte);
	}
	hear(fd, FRAME("<in pieces>"));
	(void)close(fd);
}

static void
server_answers_messages_sent_ahead_in_order(void **state)
{
	struct world *world = *state;
	int fd = dial(world);

	say(fd, FRAME("1") FRAME("2") FRAME("3") FRAME("4"));
	hear(fd, FRAME("<1>") FRAME("<2>") FRAME("<3>") FRAME("<4>"));
	assert_int_equal(world->most_at_once, 1);
	(void)close(fd);
}

static void
server_serves_others_while_one_waits(void **state)
{
	struct world *world = *state;
	int first = dial(world);
	int second = dial(world);

	world_gate(world, true);
	say(first, FRAME("first"));
	assert_true(world_wait_entered(world, 1));
	say(second, FRAME("second"));
	assert_true(world_wait_entered(world, 2));
	world_gate(world, false);
	hear(second, FRAME("<second>"));
	hear(first, FRAME("<first>"));
	(void)close(first);
	(void)close(second);
}

static void
server_goes_on_after_a_message_without_answer(void **state)
{
	const struct world *world = *state;
	int fd = dial(world);

	say(fd, FRAME("!quiet") FRAME("two"));
	hear(fd, FRAME("<two>"));
	(void)close(fd);
}

static void
server_answers_a_sender_that_has_stopped_sending(void **state)
{
	const struct world *world = *state;
	int fd = dial(world);

	say(fd, FRAME("last"));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	hear(fd, FRAME("<last>"));
	hear_close(fd);
	(void)close(fd);
}

static void
server_stays_open_after_a_message_over_the_limit(void **state)
{
	const struct world *world = *state;
	int fd = dial(world);
	char *text = calloc(1, 70000);
	char expected[1100] = "\x0b<";

	assert_non_null(text);
	memset(text, 'x', 69990);
	text[0] = 0x0b;
	say(fd, text);
	say(fd, "\x1c\r" FRAME("two"));
	memset(expected + 2, 'x', 1000);
	strncat(expected, "...>\x1c\r", 8);
	hear(fd, expected);
	hear(fd, FRAME("<two>"));
	free(text);
	(void)close(fd);
}

static void
server_closes_on_bytes_that_are_no_frame(void **state)
{
	const struct world *world = *state;
	int fd = dial(world);

	say(fd, "GET / HTTP/1.1\r\n");
	hear_close(fd);
	(void)close(fd);
}

static void
server_closes_one_connection_too_many(void **state)
{
	const struct world *world = *state;
	int fds[4];
	int fifth;

	for (size_t i = 0; i < 4; i++) {
		fds[i] = dial(world);
		say(fds[i], FRAME("in"));
		hear(fds[i], FRAME("<in>"));
	}
	fifth = dial(world);
	hear_close(fifth);
	(void)close(fifth);
	/* Those that are in are served on. */
	say(fds[0], FRAME("still"));
	hear(fds[0], FRAME("<still>"));
	for (size_t i = 0; i < 4; i++)
		(void)close(fds[i]);
}

static void
server_closes_an_idle_connection(void **state)
{
	int fd = dial(*state);

	hear_close(fd);
	(void)close(fd);
}

static void
server_closes_when_a_message_does_not_end(void **state)
{
	int fd = dial(*state);

	say(fd, "\x0bhalf");
	hear_close(fd);
	(void)close(fd);
}

static void
server_survives_a_sender_that_goes_before_its_answer(void **state)
{
	struct world *world = *state;
	int fd = dial(world);

	world_gate(world, true);
	say(fd, FRAME("gone"));
	assert_true(world_wait_entered(world, 1));
	(void)close(fd);
	world_gate(world, false);
	fd = dial(world);
	say(fd, FRAME("next"));
	hear(fd, FRAME("<next>"));
	(void)close(fd);
}

static void *
stop_server(void *context)
{
	mllp_server_stop(context);
	return NULL;
}

static void
server_gives_the_message_in_hand_its_answer_when_stopping(void **state)
{
	struct world *world = *state;
	int busy = dial(world);
	int idle = dial(world);
	pthread_t thread;

	world_gate(world, true);
	say(idle, FRAME("!"));
	say(busy, FRAME("in hand"));
	assert_true(world_wait_entered(world, 2));
	assert_int_equal(
		pthread_create(&thread, NULL, stop_server, world->server), 0);
	world_gate(world, false);
	hear(busy, FRAME("<in hand>"));
	hear_close(busy);
	hear_close(idle);
	assert_int_equal(pthread_join(thread, NULL), 0);
	world->server = NULL;
	(void)close(busy);
	(void)close(idle);
}

static void
server_refuses_an_address_that_is_none(void **state)
{
	struct mllp_server_options options = world_options;
	struct mllp_server *server;
	struct baton_error error;

	(void)state;
	options.host = "no such host.invalid";
	assert_int_equal(mllp_server_start(&options, &server, &error),
			 BATON_INVALID);
	assert_null(server);
}

static void
server_refuses_a_port_that_is_taken(void **state)
{
	const struct world *world = *state;
	struct mllp_server_options options = world_options;
	struct mllp_server *server;
	struct baton_error error;

	options.host = "127.0.0.1";
	options.port = mllp_server_port(world->server);
	assert_int_equal(mllp_server_start(&options, &server, &error),
			 BATON_IO);
	assert_null(server);
}

#define SERVED(name)                                                           \
	cmocka_unit_test_setup_teardown(name, world_start, world_stop)
#define IMPATIENT(name)                                                        \
	cmocka_unit_test_setup_teardown(name, world_start_impatient, world_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(server_answers_messages_one_after_another),
		SERVED(server_joins_a_message_sent_byte_by_byte),
		SERVED(server_answers_messages_sent_ahead_in_order),
		SERVED(server_serves_others_while_one_waits),
		SERVED(server_goes_on_after_a_message_without_answer),
		SERVED(server_answers_a_sender_that_has_stopped_sending),
		SERVED(server_stays_open_after_a_message_over_the_limit),
		SERVED(server_closes_on_bytes_that_are_no_frame),
		SERVED(server_closes_one_connection_too_many),
		IMPATIENT(server_closes_an_idle_connection),
		IMPATIENT(server_closes_when_a_message_does_not_end),
		SERVED(server_survives_a_sender_that_goes_before_its_answer),
		SERVED(server_gives_the_message_in_hand_its_answer_when_stopping),
		cmocka_unit_test(server_refuses_an_address_that_is_none),
		SERVED(server_refuses_a_port_that_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
