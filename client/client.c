/* SPDX-License-Identifier: MIT */
#include "client/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "client/address.h"

#define CLIENT_TIMEOUT_MS 30000

struct baton_client {
	struct channel *channel;
	char name[CLIENT_NAME_MAX + 1];
	uint32_t timeout_ms;
	pthread_mutex_t lock;
	/* Broadcast when the last call under way has left. */
	pthread_cond_t idle;
	size_t calls;
	/* Of the connection hello_generation; 0 when there is none. */
	struct baton_hello hello;
	uint64_t hello_generation;
};

static baton_err
client_check_name(const char *name, struct baton_error *error)
{
	size_t len = strlen(name);

	if (len > CLIENT_NAME_MAX) {
		return baton_error_set(error, BATON_INVALID,
				       "name: at most %d bytes",
				       CLIENT_NAME_MAX);
	}
	for (size_t i = 0; i < len; i++) {
		if (name[i] < 0x20 || name[i] > 0x7e) {
			return baton_error_set(error, BATON_INVALID,
					       "name: printable ASCII only");
		}
	}
	return BATON_OK;
}

baton_err
baton_client_new(const struct baton_client_options *options,
		 struct baton_client **client, struct baton_error *error)
{
	static const struct baton_client_options defaults = {0};
	struct baton_client *made;
	const char *name;
	const char *url;
	baton_err err;

	*client = NULL;
	if (options == NULL)
		options = &defaults;
	url = address_choose(options->url);
	name = options->name == NULL ? "libbaton" : options->name;
	err = address_check(url, error);
	if (err == BATON_OK)
		err = client_check_name(name, error);
	if (err != BATON_OK)
		return err;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	err = channel_new(url, &made->channel);
	if (err != BATON_OK) {
		free(made);
		return baton_error_set(error, err, "out of memory");
	}
	memcpy(made->name, name, strlen(name));
	made->timeout_ms = options->timeout_ms == 0 ? CLIENT_TIMEOUT_MS
						    : options->timeout_ms;
	(void)pthread_mutex_init(&made->lock, NULL);
	(void)pthread_cond_init(&made->idle, NULL);
	*client = made;
	return BATON_OK;
}

void
baton_client_close(struct baton_client *client)
{
	channel_close(client->channel);
}

void
baton_client_free(struct baton_client *client)
{
	if (client == NULL)
		return;
	channel_close(client->channel);
	(void)pthread_mutex_lock(&client->lock);
	while (client->calls != 0)
		(void)pthread_cond_wait(&client->idle, &client->lock);
	(void)pthread_mutex_unlock(&client->lock);
	channel_free(client->channel);
	(void)pthread_cond_destroy(&client->idle);
	(void)pthread_mutex_destroy(&client->lock);
	free(client);
}

baton_err
client_enter(struct baton_client *client, struct baton_error *error)
{
	(void)pthread_mutex_lock(&client->lock);
	client->calls++;
	(void)pthread_mutex_unlock(&client->lock);
	if (channel_check(client->channel) == BATON_OK)
		return BATON_OK;
	client_leave(client);
	return baton_error_set(error, BATON_CLOSED, "the client is closed");
}

void
client_leave(struct baton_client *client)
{
	(void)pthread_mutex_lock(&client->lock);
	client->calls--;
	if (client->calls == 0)
		(void)pthread_cond_broadcast(&client->idle);
	(void)pthread_mutex_unlock(&client->lock);
}

struct channel *
client_channel(const struct baton_client *client)
{
	return client->channel;
}

const char *
client_name(const struct baton_client *client)
{
	return client->name;
}

uint32_t
client_timeout_ms(const struct baton_client *client)
{
	return client->timeout_ms;
}

baton_err
client_get_hello(struct baton_client *client, uint64_t generation,
		 struct baton_hello *hello)
{
	baton_err err = BATON_NOT_FOUND;

	(void)pthread_mutex_lock(&client->lock);
	if (client->hello_generation == generation) {
		*hello = client->hello;
		err = BATON_OK;
	}
	(void)pthread_mutex_unlock(&client->lock);
	return err;
}

void
client_set_hello(struct baton_client *client, uint64_t generation,
		 const struct baton_hello *hello)
{
	(void)pthread_mutex_lock(&client->lock);
	client->hello = *hello;
	client->hello_generation = generation;
	(void)pthread_mutex_unlock(&client->lock);
}

void
client_forget_hello(struct baton_client *client)
{
	(void)pthread_mutex_lock(&client->lock);
	client->hello_generation = 0;
	(void)pthread_mutex_unlock(&client->lock);
}
