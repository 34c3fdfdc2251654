/* SPDX-License-Identifier: MIT */
/* The bytes are the operations of a subscription's life. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/subscription_model.h"

#define FUZZ_SIZE_MAX 8192

int
/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it. */
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *broken;

	if (size > FUZZ_SIZE_MAX) {
		return 0;
	}
	broken = subscription_model_run(data, size);
	if (broken != NULL) {
		(void)fprintf(stderr, "fuzz_delivery: %s\n", broken);
		abort();
	}
	return 0;
}
