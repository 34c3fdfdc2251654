/* SPDX-License-Identifier: MIT */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/clock.h"

#define START_LIMIT_MS 30000
#define STOP_LIMIT_MS 15000
#define CONDITION_LIMIT_MS 10000
#define TEXT_BYTES 262144

const char harness_partners[] = "  - id: community\n"
				"    organisation: /ods/RPG\n"
				"    sector: health\n"
				"  - id: council\n"
				"    organisation: /la/887\n"
				"    sector: send\n"
				"  - id: operator\n"
				"    organisation: /la/887\n"
				"    sector: operator\n";

struct harness {
	char directory[64];
	char path[192];
	char url[192];
	pid_t pid;
	/** Where batond says READY=1. */
	int notify;
	uint16_t web_port;
	char text[TEXT_BYTES];
};

static void
pause_briefly(void)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	(void)nanosleep(&pause, NULL);
}

const char *
harness_path(struct harness *harness, const char *name)
{
	(void)snprintf(harness->path, sizeof(harness->path), "%s/%s",
		       harness->directory, name);
	return harness->path;
}

const char *
harness_url(struct harness *harness, const char *partner)
{
	(void)snprintf(harness->url, sizeof(harness->url),
		       "ipc://%s/run/partners/%s.sock", harness->directory,
		       partner);
	return harness->url;
}

pid_t
harness_pid(const struct harness *harness)
{
	return harness->pid;
}

/* ---- files ---- */

static bool
write_file(struct harness *harness, const char *name, const char *head,
	   const char *body)
{
	FILE *out = fopen(harness_path(harness, name), "we");
	bool written;

	if (out == NULL)
		return false;
	written = fputs(head, out) >= 0 && fputs(body, out) >= 0;
	return fclose(out) == 0 && written;
}

bool
harness_write_agreement(struct harness *harness, const char *partners)
{
	return write_file(harness, "agreement.yaml",
			  "version: \"test\"\npartners:\n", partners);
}

bool
harness_write_settings(struct harness *harness, const char *text)
{
	return write_file(harness, "batond.yaml", text, "");
}

static bool
write_settings(struct harness *harness, const char *more)
{
	char head[512];

	(void)snprintf(head, sizeof(head),
		       "data_directory: %s/data\n"
		       "run_directory: %s/run\n"
		       "agreement: %s/agreement.yaml\n"
		       "web:\n"
		       "  port: %u\n",
		       harness->directory, harness->directory,
		       harness->directory, (unsigned)harness->web_port);
	return write_file(harness, "batond.yaml", head, more);
}

/* A port that was free a moment ago. */
static uint16_t
find_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		address.sin_port = 0;
	(void)close(fd);
	return ntohs(address.sin_port);
}

static bool
open_notify(struct harness *harness)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	harness->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path),
		       "%s/notify.sock", harness->directory);
	return harness->notify >= 0 &&
	       bind(harness->notify, (struct sockaddr *)&address,
		    sizeof(address)) == 0;
}

struct harness *
harness_new(const struct harness_options *options)
{
	const char *partners = options->partners == NULL ? harness_partners
							 : options->partners;
	const char *settings =
		options->settings == NULL ? "" : options->settings;
	struct harness *harness = calloc(1, sizeof(*harness));

	if (harness == NULL)
		return NULL;
	harness->notify = -1;
	(void)snprintf(harness->directory, sizeof(harness->directory),
		       "/tmp/baton-test-XXXXXX");
	harness->web_port = find_port();
	if (mkdtemp(harness->directory) != NULL && open_notify(harness) &&
	    harness_write_agreement(harness, partners) &&
	    write_settings(harness, settings))
		return harness;
	harness_free(harness);
	return NULL;
}

/* ---- the process ---- */

extern char **environ;

/* In the child: batond with its output in the log. It ends with the test,
 * however that ends. */
static void
become_batond(pid_t parent, int log, char *const *argv)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
	    dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0)
		(void)execv(BATOND_PATH, argv);
	_exit(127);
}

/* Starts batond with the harness's standard error; false on failure. */
static bool
spawn_batond(struct harness *harness, const char *const *arguments)
{
	pid_t parent = getpid();
	char *argv[8] = {NULL};
	size_t count = 0;
	int log;

	log = open(harness_path(harness, "log"),
		   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log < 0)
		return false;
	argv[count++] = strdup(BATOND_PATH);
	for (; *arguments != NULL && count < 7; arguments++)
		argv[count++] = strdup(*arguments);
	(void)setenv("NOTIFY_SOCKET", harness_path(harness, "notify.sock"), 1);
	harness->pid = fork();
	if (harness->pid == 0)
		become_batond(parent, log, argv);
	(void)close(log);
	while (count > 0)
		free(argv[--count]);
	if (harness->pid < 0)
		harness->pid = 0;
	return harness->pid > 0;
}

/* Whether the process has ended; *status as waitpid() gives it. */
static bool
has_ended(struct harness *harness, int *status)
{
	pid_t got = waitpid(harness->pid, status, WNOHANG);

	if (got == 0)
		return false;
	harness->pid = 0;
	return true;
}

int
harness_wait(struct harness *harness)
{
	int64_t until_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
	int status = 0;

	if (harness->pid == 0)
		return -1;
	while (!has_ended(harness, &status)) {
		if (clock_monotonic_ms() > until_ms) {
			(void)fprintf(stderr, "batond does not end\n");
			return -1;
		}
		pause_briefly();
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Waits for READY=1 on the notification socket. */
static bool
wait_ready(struct harness *harness)
{
	int64_t until_ms = clock_monotonic_ms() + START_LIMIT_MS;
	struct pollfd readable = {.fd = harness->notify, .events = POLLIN};
	char text[64];
	int status;

	while (clock_monotonic_ms() < until_ms) {
		if (poll(&readable, 1, 20) > 0) {
			ssize_t got = recv(harness->notify, text,
					   sizeof(text) - 1, 0);

			text[got > 0 ? got : 0] = '\0';
			if (strcmp(text, "READY=1") == 0)
				return true;
		}
		if (has_ended(harness, &status))
			return false;
	}
	return false;
}

bool
harness_start(struct harness *harness)
{
	char file[192];
	const char *const arguments[] = {"-c", file, NULL};

	(void)snprintf(file, sizeof(file), "%s",
		       harness_path(harness, "batond.yaml"));
	if (spawn_batond(harness, arguments) && wait_ready(harness))
		return true;
	(void)fprintf(stderr, "batond did not start:\n%s",
		      harness_log(harness));
	return false;
}

int
harness_run(struct harness *harness, const char *const *arguments)
{
	pid_t served = harness->pid;
	int code = -1;

	if (spawn_batond(harness, arguments))
		code = harness_wait(harness);
	harness->pid = served;
	return code;
}

bool
harness_signal(struct harness *harness, int number)
{
	return harness->pid > 0 && kill(harness->pid, number) == 0;
}

bool
harness_stop(struct harness *harness)
{
	int code = -1;

	if (harness_signal(harness, SIGTERM))
		code = harness_wait(harness);
	if (code != 0) {
		(void)fprintf(stderr, "batond ended with %d:\n%s", code,
			      harness_log(harness));
	}
	return code == 0;
}

void
harness_kill(struct harness *harness)
{
	int status;

	if (!harness_signal(harness, SIGKILL))
		return;
	(void)waitpid(harness->pid, &status, 0);
	harness->pid = 0;
}

/* Removes the directory with rm(1): it knows how to walk a tree safely. */
static void
remove_directory(struct harness *harness)
{
	char rm[] = "rm";
	char flags[] = "-rf";
	char *argv[] = {rm, flags, harness->directory, NULL};
	int status;
	pid_t pid;

	if (strncmp(harness->directory, "/tmp/baton-test-", 16) == 0 &&
	    posix_spawnp(&pid, "rm", NULL, NULL, argv, environ) == 0)
		(void)waitpid(pid, &status, 0);
}

void
harness_free(struct harness *harness)
{
	if (harness == NULL)
		return;
	harness_kill(harness);
	if (harness->notify >= 0)
		(void)close(harness->notify);
	remove_directory(harness);
	free(harness);
}

/* ---- looking ---- */

const char *
harness_log(struct harness *harness)
{
	FILE *in = fopen(harness_path(harness, "log"), "re");
	size_t len = 0;

	if (in != NULL) {
		len = fread(harness->text, 1, sizeof(harness->text) - 1, in);
		(void)fclose(in);
	}
	harness->text[len] = '\0';
	return harness->text;
}

static size_t
count_text(const char *in, const char *text)
{
	size_t count = 0;

	for (; (in = strstr(in, text)) != NULL; in += strlen(text))
		count++;
	return count;
}

bool
harness_wait_log(struct harness *harness, const char *text, size_t times)
{
	int64_t until_ms = clock_monotonic_ms() + CONDITION_LIMIT_MS;

	while (count_text(harness_log(harness), text) < times) {
		if (clock_monotonic_ms() > until_ms)
			return false;
		pause_briefly();
	}
	return true;
}

const char *
harness_get(struct harness *harness, const char *path)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(harness->web_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[256];
	size_t len = 0;
	ssize_t got = 0;

	(void)snprintf(request, sizeof(request),
		       "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
		       "\r\n",
		       path);
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
		while ((got = recv(fd, harness->text + len,
				   sizeof(harness->text) - 1 - len, 0)) > 0)
			len += (size_t)got;
	}
	if (fd >= 0)
		(void)close(fd);
	harness->text[len] = '\0';
	return harness->text;
}

int64_t
harness_figure(struct harness *harness, const char *name)
{
	const char *text = harness_get(harness, "/metrics");
	char line[192];
	const char *found;

	(void)snprintf(line, sizeof(line), "\n%s ", name);
	found = strstr(text, line);
	return found == NULL ? -1 : strtoll(found + strlen(line), NULL, 10);
}

bool
harness_wait_figure(struct harness *harness, const char *name, int64_t least)
{
	int64_t until_ms = clock_monotonic_ms() + CONDITION_LIMIT_MS;

	while (harness_figure(harness, name) < least) {
		if (clock_monotonic_ms() > until_ms)
			return false;
		pause_briefly();
	}
	return true;
}
