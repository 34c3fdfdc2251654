/* SPDX-License-Identifier: MIT */
/*
 * CloudEvents JSON that somebody typed. What is read must unpack, write and
 * read again to the same bytes; when the contract accepts the first, it
 * accepts the second.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "baton/event.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct baton_span bytes;
	struct baton_span again;
	uint8_t *first;
	uint8_t *second;
	baton_err err;
	char *json;

	if (baton_event_from_json((const char *)data, size, BATON_ID_FILL,
				  &first, &bytes.len, NULL) != BATON_OK)
		return 0;
	bytes.data = first;
	err = baton_event_to_json(bytes, &json, NULL);
	if (err == BATON_TOO_LARGE) {
		/* More list entries than any event may have. */
		baton_event_bytes_free(first);
		return 0;
	}
	require(err == BATON_OK);
	require(baton_event_from_json(json, strlen(json), BATON_ID_REQUIRED,
				      &second, &again.len, NULL) == BATON_OK);
	again.data = second;
	require(bytes.len == again.len &&
		memcmp(first, second, bytes.len) == 0);
	require(baton_event_check(bytes, BATON_NHS_NUMBER_ACCEPT_FLAGGED,
				  NULL) ==
		baton_event_check(again, BATON_NHS_NUMBER_ACCEPT_FLAGGED,
				  NULL));
	baton_event_bytes_free(first);
	baton_event_bytes_free(second);
	baton_json_free(json);
	return 0;
}
