/* SPDX-License-Identifier: MIT */
#ifndef BATON_WIRE_CLIENT_H
#define BATON_WIRE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/event.h"
#include "baton/v1/broker.pb-c.h"

/**
 * The wire without libbaton: nng REQ and protobuf, so that tests of the broker
 * see each request and each answer. Nothing is repeated. One thread.
 */
struct wire_client;

/** Dials in the background; NULL when that cannot be. */
struct wire_client *wire_client_new(const char *url);

void wire_client_free(struct wire_client *client);

/** A request on its way. */
struct wire_call;

/** Sends; several may be under way at once. NULL on failure. */
struct wire_call *wire_client_begin(struct wire_client *client,
				    struct baton_span request);

/** Waits for the answer, up to 10 s; frees call. NULL: there was none. Free
 *  with baton__v1__response__free_unpacked(). */
Baton__V1__Response *wire_client_end(struct wire_call *call);

/** Gives a request up. */
void wire_client_cancel(struct wire_call *call);

/** Packs, sends, waits. protocol_version is filled in when 0. */
Baton__V1__Response *wire_client_call(struct wire_client *client,
				      Baton__V1__Request *request);

/** As wire_client_begin(), with a message. */
struct wire_call *wire_client_begin_request(struct wire_client *client,
					    Baton__V1__Request *request);

/** Publishes events; the answer as wire_client_end(). */
Baton__V1__Response *wire_client_publish(struct wire_client *client,
					 const struct baton_span *events,
					 size_t count);

/** Status code of an answer; -1 for NULL. Frees the answer. */
int wire_client_code(Baton__V1__Response *response);

/**
 * Connects to an ipc socket by hand and greets as a REQ socket of SP does
 * (nng's ipc framing), for clients that nng would not be.
 * Returns a descriptor, or -1.
 */
int wire_client_raw(const char *url);

/** Writes one frame with a request id; false when the peer takes no more
 *  within a second. */
bool wire_client_raw_send(int fd, uint32_t id, struct baton_span body);

#endif /* BATON_WIRE_CLIENT_H */
