/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "baton/event.h"
#include "client/clock.h"

/* 16 bytes to the 8-4-4-4-12 form of RFC 9562 §4. */
static void
uuid_format(const uint8_t bytes[16], char text[BATON_UUID_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = hex[bytes[i] >> 4];
		text[at++] = hex[bytes[i] & 0x0f];
	}
	text[at] = '\0';
}

static void
uuid_set_version(uint8_t bytes[16], unsigned version)
{
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | (version << 4));
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
}

/*
 * RFC 9562 §6.2 method 1: rand_a holds a counter that starts at 0 in each new
 * millisecond, so that one process's ids sort in the order they were made. A
 * clock that steps back, or 4,096 ids in one millisecond, borrows from the
 * next millisecond.
 */
static void
uuid_next_tick(uint64_t *ms, uint16_t *counter)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static uint64_t last_ms;
	static uint16_t last_counter;
	uint64_t now_ms = (uint64_t)clock_wall_ms();

	(void)pthread_mutex_lock(&lock);
	if (now_ms > last_ms) {
		last_ms = now_ms;
		last_counter = 0;
	} else if (++last_counter > 0x0fff) {
		last_ms++;
		last_counter = 0;
	}
	*ms = last_ms;
	*counter = last_counter;
	(void)pthread_mutex_unlock(&lock);
}

baton_err
baton_uuid7(char text[BATON_UUID_BYTES])
{
	uint8_t bytes[16];
	uint16_t counter;
	uint64_t ms;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return BATON_IO;
	uuid_next_tick(&ms, &counter);
	for (size_t i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	bytes[6] = (uint8_t)(counter >> 8);
	bytes[7] = (uint8_t)counter;
	uuid_set_version(bytes, 7);
	uuid_format(bytes, text);
	return BATON_OK;
}

void
baton_uuid_from_name(const void *name, size_t len, char text[BATON_UUID_BYTES])
{
	uint8_t bytes[16];

	_Static_assert(sizeof(bytes) >= crypto_generichash_BYTES_MIN,
		       "BLAKE2b can give 16 bytes");
	(void)crypto_generichash(bytes, sizeof(bytes), name, len, NULL, 0);
	uuid_set_version(bytes, 8);
	uuid_format(bytes, text);
}
