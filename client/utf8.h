/* SPDX-License-Identifier: MIT */
#ifndef BATON_UTF8_H
#define BATON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Whether bytes are text that may travel: shortest-form UTF-8 without
 * surrogates (RFC 3629), without NUL and without control characters (U+0000
 * to U+001F, U+007F to U+009F) other than tab and newline. Any thread.
 */
bool utf8_text_valid(const uint8_t *data, size_t len);

#endif /* BATON_UTF8_H */
