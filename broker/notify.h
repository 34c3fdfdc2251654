/* SPDX-License-Identifier: MIT */
#ifndef BATON_NOTIFY_H
#define BATON_NOTIFY_H

/**
 * Tells the service manager how we are ("READY=1", "STOPPING=1"), when it
 * asked for it by $NOTIFY_SOCKET; else does nothing. Source: sd_notify(3).
 */
void notify_send(const char *state);

#endif /* BATON_NOTIFY_H */
