/* SPDX-License-Identifier: MIT */
#ifndef BATON_EXPLAIN_H
#define BATON_EXPLAIN_H

#include <stdint.h>

#include "baton/error.h"

/**
 * Why there was no connection or no answer, in words that help an operator.
 * url: of the broker. fruitless: connections since its last reply. Any thread.
 */

/** No connection in time. Returns UNREACHABLE. */
baton_err explain_absence(const char *url, uint32_t fruitless,
			  struct baton_error *error);

/** An exchange ended with err, which is returned. */
baton_err explain_exchange(const char *url, baton_err err, uint32_t fruitless,
			   struct baton_error *error);

#endif /* BATON_EXPLAIN_H */
