/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abuse_fixture.h"
#include "client/clock.h"
#include "harness.h"
#include "wire_client.h"

#include <cmocka.h>

/* Peers that send without end and read nothing, alive and dead: they slow
 * nobody, and nothing is left of them. */

/* Flooding peers at a time, how often they are killed, and how often they are
 * left until the broker hangs up. */
#define FLOODERS 10
#define ROUNDS_KILLED 20
#define ROUNDS_CUT_OFF 5
#define CLEAN_LIMIT_MS 10000

/* Sends requests whose answers are never read, until the broker hangs up. */
static bool
flood(const char *url)
{
	static const uint8_t request[] = {0x08, 0x01, 0x52, 0x00};
	const struct baton_span span = {request, sizeof(request)};
	const struct timeval patience = {.tv_sec = 10};
	int fd = wire_client_raw(url);
	bool cut_off = false;

	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			 sizeof(patience));
	for (uint32_t i = 1; i < 1000000 && !cut_off; i++)
		cut_off = !wire_client_raw_send(fd, i, span);
	(void)close(fd);
	return cut_off;
}

static void
a_peer_that_never_reads_is_cut_off(void **state)
{
	struct abuse_fixture *fixture = *state;

	assert_true(flood(harness_url(fixture->harness, "community")));
	assert_true(harness_wait_figure(fixture->harness,
					"baton_peers_cut_off_total", 1));
	abuse_assert_others_are_served(fixture);
}

/* ---- peers that die ---- */

enum flooding {
	/** Until the broker hangs up. */
	FLOODING_ONCE = 1,
	/** Until it is killed. */
	FLOODING_ON = 2,
};

/* A process that floods. nng is not touched in it. */
static pid_t
start_flooder(const char *url, enum flooding flooding)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	while (!flood(url) || flooding == FLOODING_ON)
		continue;
	_exit(0);
}

static void
start_flooders(struct abuse_fixture *fixture, enum flooding flooding,
	       pid_t pids[FLOODERS])
{
	const char *url = harness_url(fixture->harness, "community");

	for (size_t i = 0; i < FLOODERS; i++)
		pids[i] = start_flooder(url, flooding);
}

static void
kill_flooders(const pid_t pids[FLOODERS])
{
	for (size_t i = 0; i < FLOODERS; i++) {
		(void)kill(pids[i], SIGKILL);
		(void)waitpid(pids[i], NULL, 0);
	}
}

/* What a peer costs while it is there. */
struct cost {
	int64_t pipes;
	int64_t sockets;
	int64_t threads;
};

/* Lines of a file of the kernel's that hold text. */
static int64_t
count_lines(const char *path, const char *text)
{
	FILE *in = fopen(path, "re");
	char line[512];
	int64_t count = 0;

	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		if (strstr(line, text) != NULL)
			count++;
	}
	if (in != NULL)
		(void)fclose(in);
	return count;
}

static int64_t
count_threads(pid_t pid)
{
	char path[64];
	char line[128];
	int64_t count = -1;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "re");
	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		if (strncmp(line, "Threads:", 8) == 0)
			count = strtoll(line + 8, NULL, 10);
	}
	if (in != NULL)
		(void)fclose(in);
	return count;
}

static struct cost
current_cost(struct abuse_fixture *fixture)
{
	struct cost cost;

	cost.pipes =
		harness_figure(fixture->harness, "baton_pipes_created_total") -
		harness_figure(fixture->harness, "baton_pipes_removed_total");
	cost.sockets = count_lines("/proc/net/unix",
				   harness_path(fixture->harness, "run/"));
	cost.threads = count_threads(harness_pid(fixture->harness));
	return cost;
}

static bool
is_clean(struct abuse_fixture *fixture, const struct cost *before)
{
	int64_t until_ms = clock_monotonic_ms() + CLEAN_LIMIT_MS;
	struct cost now = current_cost(fixture);

	while (now.pipes > before->pipes || now.sockets > before->sockets ||
	       now.threads > before->threads) {
		if (clock_monotonic_ms() > until_ms) {
			(void)fprintf(stderr,
				      "pipes=%" PRId64 " sockets=%" PRId64
				      " threads=%" PRId64 "\n",
				      now.pipes, now.sockets, now.threads);
			return false;
		}
		(void)poll(NULL, 0, 5);
		now = current_cost(fixture);
	}
	return true;
}

/* What the two clients that stay cost. */
static struct cost
cost_before(struct abuse_fixture *fixture)
{
	assert_int_equal(wire_client_code(abuse_hello(fixture->abuser)),
			 BATON_OK);
	abuse_assert_others_are_served(fixture);
	return current_cost(fixture);
}

static void
nothing_is_left_of_flooding_peers_that_were_killed(void **state)
{
	struct abuse_fixture *fixture = *state;
	struct cost before = cost_before(fixture);
	unsigned seed = 1;

	for (int i = 0; i < ROUNDS_KILLED; i++) {
		pid_t pids[FLOODERS];
		int calls = rand_r(&seed) % 8;
		bool served = true;

		start_flooders(fixture, FLOODING_ON, pids);
		while (calls-- > 0 && served) {
			served =
				wire_client_code(abuse_hello(fixture->other)) ==
				BATON_OK;
		}
		kill_flooders(pids);
		assert_true(served);
	}
	abuse_assert_others_are_served(fixture);
	assert_true(is_clean(fixture, &before));
}

static void
nothing_is_left_of_flooding_peers_that_were_cut_off(void **state)
{
	struct abuse_fixture *fixture = *state;
	struct cost before = cost_before(fixture);

	for (int i = 0; i < ROUNDS_CUT_OFF; i++) {
		pid_t pids[FLOODERS];

		start_flooders(fixture, FLOODING_ONCE, pids);
		for (size_t j = 0; j < FLOODERS; j++)
			(void)waitpid(pids[j], NULL, 0);
		abuse_assert_others_are_served(fixture);
	}
	assert_true(harness_wait_figure(fixture->harness,
					"baton_peers_cut_off_total",
					(int64_t)ROUNDS_CUT_OFF * FLOODERS));
	assert_true(is_clean(fixture, &before));
}

static void
batond_stops_while_peers_flood(void **state)
{
	struct abuse_fixture *fixture = *state;
	pid_t pids[FLOODERS];
	bool stopped;

	start_flooders(fixture, FLOODING_ON, pids);
	(void)harness_wait_figure(fixture->harness, "baton_peers_cut_off_total",
				  1);
	stopped = harness_stop(fixture->harness);
	kill_flooders(pids);
	assert_true(stopped);
	assert_true(harness_start(fixture->harness));
}

static void
a_peer_that_never_reads_does_not_slow_others(void **state)
{
	static const uint8_t request[] = {0x08, 0x01, 0x52, 0x00};
	const struct baton_span span = {request, sizeof(request)};
	struct abuse_fixture *fixture = *state;
	int64_t worst_ms = 0;
	int fds[8];

	for (size_t i = 0; i < 8; i++) {
		fds[i] = wire_client_raw(
			harness_url(fixture->harness, "community"));
	}
	for (uint32_t i = 1; i < 2000; i++) {
		int64_t start_ms;
		int64_t took_ms;

		for (size_t j = 0; j < 8; j++)
			(void)wire_client_raw_send(fds[j], i, span);
		if (i % 100 != 0)
			continue;
		start_ms = clock_monotonic_ms();
		abuse_assert_others_are_served(fixture);
		took_ms = clock_monotonic_ms() - start_ms;
		if (took_ms > worst_ms)
			worst_ms = took_ms;
	}
	for (size_t i = 0; i < 8; i++)
		(void)close(fds[i]);
	/* Not even one reply timeout, on a machine that is busy. */
	assert_in_range(worst_ms, 0, 1000);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, abuse_setup, abuse_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_peer_that_never_reads_is_cut_off),
		TEST(a_peer_that_never_reads_does_not_slow_others),
		TEST(nothing_is_left_of_flooding_peers_that_were_killed),
		TEST(nothing_is_left_of_flooding_peers_that_were_cut_off),
		TEST(batond_stops_while_peers_flood),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
