/* SPDX-License-Identifier: MIT */
#ifndef BATON_SAMPLE_EVENT_H
#define BATON_SAMPLE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "baton/event.h"

/** One invented, valid referral; members that are NULL have a default. */
struct sample_event {
	/** "sample-1". */
	const char *id;
	/** ODS code of the source: "RPG". */
	const char *ods;
	/** "9990000018". */
	const char *nhs_number;
	/** Free text: "Unclear speech". */
	const char *reason_text;
};

/** Serialises it; *bytes: given, free with baton_event_bytes_free(). */
BATON_MUST_CHECK baton_err sample_event_pack(const struct sample_event *sample,
					     uint8_t **bytes, size_t *len);

#endif /* BATON_SAMPLE_EVENT_H */
