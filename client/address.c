/* SPDX-License-Identifier: MIT */
#include "client/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define IPC "ipc://"
#define TCP "tcp://"

/* A loopback connection is made or refused at once; this bounds a full
 * backlog. */
#define ADDRESS_PROBE_MS 200

const char *
address_choose(const char *url)
{
	if (url == NULL)
		url = secure_getenv("BATON_URL");
	return url != NULL && url[0] != '\0' ? url : ADDRESS_DEFAULT;
}

static bool
address_has_scheme(const char *url, const char *scheme)
{
	return strncmp(url, scheme, strlen(scheme)) == 0;
}

static baton_err
address_check_ipc(const char *path, struct baton_error *error)
{
	struct sockaddr_un un;

	if (path[0] != '/') {
		return baton_error_set(error, BATON_INVALID,
				       "url: ipc:// needs an absolute path, "
				       "as in " ADDRESS_DEFAULT);
	}
	if (strlen(path) >= sizeof(un.sun_path)) {
		return baton_error_set(error, BATON_INVALID,
				       "url: a socket's path may have at most "
				       "%zu bytes",
				       sizeof(un.sun_path) - 1);
	}
	return BATON_OK;
}

/* Reads the decimal port after the last colon; 0 when there is none. */
static in_port_t
address_port(const char *text)
{
	unsigned long port = 0;

	if (text[0] == '\0' || strlen(text) > 5)
		return 0;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return 0;
		port = port * 10 + (unsigned long)(*text - '0');
	}
	return port > 65535 ? 0 : (in_port_t)port;
}

/* Reads "127.0.0.1:7000" or "[::1]:7000"; false unless it is loopback. */
static bool
address_parse_tcp(const char *text, struct sockaddr_storage *storage,
		  socklen_t *len)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t host_len;
	in_port_t port;

	memset(storage, 0, sizeof(*storage));
	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	host_len = (size_t)(colon - text);
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	port = htons(address_port(colon + 1));
	if (port == 0)
		return false;
	if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = port;
		*len = sizeof(*in4);
		return (ntohl(in4->sin_addr.s_addr) >> 24) == 127;
	}
	if (strcmp(host, "[::1]") != 0)
		return false;
	in6->sin6_family = AF_INET6;
	in6->sin6_addr = in6addr_loopback;
	in6->sin6_port = port;
	*len = sizeof(*in6);
	return true;
}

baton_err
address_check(const char *url, struct baton_error *error)
{
	struct sockaddr_storage storage;
	socklen_t len;

	if (address_has_scheme(url, IPC))
		return address_check_ipc(url + strlen(IPC), error);
	if (address_has_scheme(url, TCP)) {
		if (address_parse_tcp(url + strlen(TCP), &storage, &len))
			return BATON_OK;
		return baton_error_set(
			error, BATON_INVALID,
			"url: tcp:// is for development on one host: it needs "
			"a literal loopback address and a port, as in "
			"tcp://127.0.0.1:7400");
	}
	return baton_error_set(error, BATON_INVALID,
			       "url: neither ipc://, nor tcp:// on loopback: "
			       "the broker's socket is named as in "
			       "" ADDRESS_DEFAULT);
}

/* 0 when a connection is made, else the errno of why not. */
static int
address_probe(const struct sockaddr *address, socklen_t len)
{
	struct pollfd wait = {.events = POLLOUT};
	socklen_t size = sizeof(int);
	int failure = 0;

	wait.fd = socket(address->sa_family,
			 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (wait.fd < 0)
		return errno;
	if (connect(wait.fd, address, len) != 0)
		failure = errno;
	if (failure == EINPROGRESS) {
		if (poll(&wait, 1, ADDRESS_PROBE_MS) != 1) {
			failure = ETIMEDOUT;
		} else if (getsockopt(wait.fd, SOL_SOCKET, SO_ERROR, &failure,
				      &size) != 0) {
			failure = errno;
		}
	}
	(void)close(wait.fd);
	return failure;
}

static enum address_state
address_diagnose_ipc(const char *path, char *why, size_t size)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct stat status;
	int failure;

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	failure = address_probe((const struct sockaddr *)&un, sizeof(un));
	switch (failure) {
	case 0:
		return ADDRESS_LISTENING;
	case ENOENT:
	case ENOTDIR:
		(void)snprintf(why, size,
			       "no such socket: is batond running, and is the "
			       "partner's name right?");
		break;
	case EACCES:
	case EPERM:
		(void)snprintf(why, size,
			       "permission denied for uid %ld: run as the "
			       "unix user that the agreement names",
			       (long)geteuid());
		break;
	case ECONNREFUSED:
		if (stat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
			(void)snprintf(why, size, "it is not a socket");
		} else {
			(void)snprintf(why, size,
				       "connection refused: nobody listens "
				       "there; start batond");
		}
		break;
	default:
		(void)snprintf(why, size, "%s", strerrordesc_np(failure));
		break;
	}
	return ADDRESS_AWAY;
}

static enum address_state
address_diagnose_tcp(const char *text, char *why, size_t size)
{
	struct sockaddr_storage storage;
	socklen_t len;
	int failure;

	if (!address_parse_tcp(text, &storage, &len)) {
		(void)snprintf(why, size, "it is not a loopback address");
		return ADDRESS_AWAY;
	}
	failure = address_probe((const struct sockaddr *)&storage, len);
	if (failure == 0)
		return ADDRESS_LISTENING;
	if (failure == ECONNREFUSED) {
		(void)snprintf(why, size,
			       "connection refused: is batond running, with "
			       "its development port open?");
	} else {
		(void)snprintf(why, size, "%s", strerrordesc_np(failure));
	}
	return ADDRESS_AWAY;
}

enum address_state
address_diagnose(const char *url, char *why, size_t size)
{
	why[0] = '\0';
	if (address_has_scheme(url, IPC))
		return address_diagnose_ipc(url + strlen(IPC), why, size);
	return address_diagnose_tcp(url + strlen(TCP), why, size);
}
