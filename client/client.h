/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLIENT_CLIENT_H
#define BATON_CLIENT_CLIENT_H

#include "baton/client.h"
#include "client/channel.h"

/**
 * What the parts of libbaton share of a client. All functions may be called
 * from any thread.
 */

/** Bytes of a client's name, baton.v1.Hello.client. */
#define CLIENT_NAME_MAX 64

/** Registers a call under way, which baton_client_free() waits for; pair with
 *  client_leave(). Errors: CLOSED; then nothing is to be left. */
BATON_MUST_CHECK baton_err client_enter(struct baton_client *client,
					struct baton_error *error);

void client_leave(struct baton_client *client);

/** Borrowed from the client. */
struct channel *client_channel(const struct baton_client *client);

/** Borrowed from the client. */
const char *client_name(const struct baton_client *client);

uint32_t client_timeout_ms(const struct baton_client *client);

/**
 * The broker's greeting on the connection with this generation.
 *
 * *hello: a copy. Errors: NOT_FOUND (none was had on that connection).
 */
BATON_MUST_CHECK baton_err client_get_hello(struct baton_client *client,
					    uint64_t generation,
					    struct baton_hello *hello);

/** Remembers a greeting. hello: copied. */
void client_set_hello(struct baton_client *client, uint64_t generation,
		      const struct baton_hello *hello);

/** Forgets the greeting: the next request says Hello first. */
void client_forget_hello(struct baton_client *client);

#endif /* BATON_CLIENT_CLIENT_H */
