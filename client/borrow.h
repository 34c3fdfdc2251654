/* SPDX-License-Identifier: MIT */
#ifndef BATON_BORROW_H
#define BATON_BORROW_H

#include <stdint.h>

/**
 * protobuf-c's structs hold plain pointers even to what packing only reads.
 * These lend constant data to a message that is packed and never freed.
 */

static inline char *
borrow_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

static inline char **
borrow_texts(const char *const *texts)
{
	return (char **)(uintptr_t)texts;
}

static inline uint8_t *
borrow_bytes(const uint8_t *bytes)
{
	return (uint8_t *)(uintptr_t)bytes;
}

#endif /* BATON_BORROW_H */
