/* SPDX-License-Identifier: MIT */
#include "broker/peer_socket.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* An int option of a socket; -1 when fd is not a socket. */
static int
peer_socket_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, name, &value, &len) != 0)
		return -1;
	return value;
}

/* Whether fd is our end of a connection from pid to the socket at path. */
static bool
peer_socket_matches(int fd, const char *path, pid_t pid)
{
	struct sockaddr_un own = {.sun_family = AF_UNSPEC};
	socklen_t own_len = sizeof(own);
	struct ucred peer;
	socklen_t peer_len = sizeof(peer);

	return peer_socket_option(fd, SO_DOMAIN) == AF_UNIX &&
	       peer_socket_option(fd, SO_ACCEPTCONN) == 0 &&
	       getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
	       strncmp(own.sun_path, path, sizeof(own.sun_path)) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) == 0 &&
	       peer.pid == pid;
}

size_t
peer_socket_hang_up(const char *path, pid_t pid)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	size_t count = 0;

	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' &&
		    peer_socket_matches(fd, path, pid) &&
		    shutdown(fd, SHUT_RD) == 0)
			count++;
	}
	(void)closedir(folder);
	return count;
}
