/* SPDX-License-Identifier: MIT */
#ifndef BATON_HEALTH_HL7V2_ACK_H
#define BATON_HEALTH_HL7V2_ACK_H

#include <stdint.h>
#include <stdio.h>

#include "adapters/health/hl7v2.h"

/**
 * Acknowledgements (HL7 v2.5.1 §2.9, HL7 UK A.3 §2.4). In original mode one
 * answer says AA, AE or AR. In enhanced mode (MSH-15 or MSH-16 is valued) a
 * commit answer says CA, CE or CR, and an application answer follows as its own
 * message when MSH-16 asks for it.
 */
enum hl7v2_verdict {
	/** Stored: AA, CA. */
	HL7V2_ACCEPT,
	/** Content is at fault: AE, CE. */
	HL7V2_ERROR,
	/** Type, version, processing id, or not now: AR, CR. */
	HL7V2_REJECT,
};

/** Whether a sender that asks for no answer at all (MSH-15 and MSH-16 leave
 *  nothing) gets none. */
enum hl7v2_silence {
	/** It is answered as in original mode: release 1 of MLLP knows one
	 *  message at a time, so most senders wait for an answer for ever. */
	HL7V2_SILENCE_ANSWERED = 0,
	HL7V2_SILENCE_HONOURED = 1,
};

/** Which answers a message gets. */
struct hl7v2_answers {
	bool commit;
	bool application;
	/** The application answer follows a commit level: it says that it
	 *  wants no answer itself. */
	bool enhanced;
};

/** message: NULL when it could not be read, then one answer as in original
 *  mode. A refusal at commit level is final: no application answer follows. */
struct hl7v2_answers hl7v2_answers(const struct hl7v2_message *message,
				   enum hl7v2_verdict verdict,
				   enum hl7v2_silence silence);

enum hl7v2_level { HL7V2_COMMIT, HL7V2_APPLICATION };

struct hl7v2_ack {
	/** Whose answer this is: MSH, BHS or FHS gives addresses, control id,
	 *  version, separators. NULL: it could not be read. */
	const struct hl7v2_message *message;
	enum hl7v2_level level;
	enum hl7v2_verdict verdict;
	/** What is wrong; NULL for HL7V2_ACCEPT. */
	const struct hl7v2_fault *fault;
	/** MSH-10 of the answer, at most 20 characters. */
	const char *control_id;
	/** MSH-7 of the answer. */
	int64_t now_ms;
	bool enhanced;
};

/**
 * Writes one acknowledgement without its MLLP frame, segments ended with CR.
 * ERR follows the message's version: its location in ERR-1 to 2.4, ERR-2 with
 * code, severity and text from 2.5 on. What is copied from the message cannot
 * end a segment or a frame.
 *
 * Write errors stay in out (ferror()).
 */
void hl7v2_ack_write(FILE *out, const struct hl7v2_ack *ack);

/** Whether a message is itself an answer, which must not be answered: its type
 *  is ACK or MCF, or it has an MSA segment. */
bool hl7v2_is_answer(const struct hl7v2_message *message);

#endif /* BATON_HEALTH_HL7V2_ACK_H */
