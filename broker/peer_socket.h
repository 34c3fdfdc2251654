/* SPDX-License-Identifier: MIT */
#ifndef BATON_PEER_SOCKET_H
#define BATON_PEER_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

/**
 * The descriptors behind nng's ipc pipes, which nng does not tell. They are
 * needed to hang up on a peer that sends without end: closing such a pipe
 * through nng 1.5 can catch it between two reads, and then its reaper waits
 * for ever and no pipe of the process is ever cleaned up again. Shutting the
 * socket down for reading instead lets nng read what is there and then an
 * ordinary end; were it shut down for writing too, the answer that waits would
 * fail first, and nng would close the pipe in the midst of reading. The same
 * can still happen when such a peer dies by itself: a watchdog compares
 * baton_pipes_created_total and baton_pipes_removed_total.
 */

/**
 * Ends every connection that process pid has to the socket at path: its
 * descriptors cannot be told apart, and they are one peer. Returns how many.
 * Any thread.
 */
size_t peer_socket_hang_up(const char *path, pid_t pid);

#endif /* BATON_PEER_SOCKET_H */
