/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_REFERRAL_H
#define BATON_HEALTH_REFERRAL_H

#include "adapters/health/hl7v2.h"
#include "adapters/health/profile.h"

/**
 * From REF^I12, REF^I13 and REF^I14 to the event send.v1 referral. README.md
 * says which field is read for what. Any thread.
 */
struct referral_input {
	/** A REF message with event I12, I13 or I14. */
	const struct hl7v2_message *message;
	/** The bytes it was parsed from. */
	struct baton_span bytes;
	const struct profile *profile;
	enum hl7v2_charset charset;
	/** Our own organisation, "/ods/RPG". */
	const char *source;
};

/**
 * Makes the event. It is a function of the input alone, without the time of
 * day or chance: a message that is sent twice gives the same bytes and so the
 * same answer.
 *
 * *bytes: given, free with baton_event_bytes_free(). fault: on failure, the
 * field to blame. The contract's own rules are checked by the broker; see
 * referral_blame().
 * Errors: those of 100 and up, MALFORMED, TOO_LARGE, NO_MEMORY.
 */
BATON_MUST_CHECK baton_err referral_map(const struct referral_input *input,
					uint8_t **bytes, size_t *len,
					struct hl7v2_fault *fault);

/** Says a refusal of the contract or the broker in terms of the message: the
 *  field that the event's field is from. */
void referral_blame(const struct baton_problem *problem,
		    struct hl7v2_fault *fault);

#endif /* BATON_HEALTH_REFERRAL_H */
