/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_ASCII_H
#define BATON_KIT_ASCII_H

#include <stdbool.h>

/** Letters and digits of ASCII whatever the locale says. Any thread. */

static inline bool
ascii_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
ascii_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char
ascii_to_upper(char c)
{
	return ascii_is_lower(c) ? (char)(c - 'a' + 'A') : c;
}

static inline char
ascii_to_lower(char c)
{
	return ascii_is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

#endif /* BATON_KIT_ASCII_H */
