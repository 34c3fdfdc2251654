/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_HL7V2_PRIVATE_H
#define BATON_HEALTH_HL7V2_PRIVATE_H

#include "adapters/health/hl7v2.h"

/** What hl7v2_parse.c fills and hl7v2.c reads. Spans are of the caller's
 *  bytes. */
struct hl7v2_segment {
	char name[4];
	struct baton_span line;
};

struct hl7v2_message {
	struct hl7v2_separators separators;
	struct baton_span encoding;
	bool batch;
	struct hl7v2_segment *segments;
	size_t count;
	size_t room;
};

/** The number-th part of a span between separators, from 1; empty when it is
 *  not there. A separator '\0' does not split. */
struct baton_span hl7v2_split(struct baton_span span, char separator,
			      unsigned number);

#endif /* BATON_HEALTH_HL7V2_PRIVATE_H */
