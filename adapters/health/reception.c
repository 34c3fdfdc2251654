/* SPDX-License-Identifier: MIT */
#include "adapters/health/reception.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/hl7v2_ack.h"
#include "adapters/health/mllp.h"
#include "adapters/health/referral.h"
#include "client/log.h"

struct reception {
	const struct health_settings *settings;
	const char *source;
	struct reception_ops ops;
	/* Together unique: start and count of answers since. */
	int64_t started_ms;
	atomic_uint answers;
};

/* One message on its way through. */
struct visit {
	struct reception *reception;
	struct baton_span bytes;
	/* NULL when it could not be read. */
	struct hl7v2_message *message;
	const struct profile *profile;
	enum hl7v2_verdict verdict;
	struct hl7v2_fault fault;
	/* Whether an operator should see the message: not when the sender was
	 * told to send it again. */
	bool keep;
};

struct reception *
reception_new(const struct health_settings *settings, const char *source,
	      const struct reception_ops *ops)
{
	struct reception *reception = calloc(1, sizeof(*reception));

	if (reception == NULL)
		return NULL;
	reception->settings = settings;
	reception->source = source;
	reception->ops = *ops;
	reception->started_ms = ops->clock.wall_ms(ops->clock.context);
	atomic_init(&reception->answers, 0);
	return reception;
}

void
reception_free(struct reception *reception)
{
	free(reception);
}

/* ---- what is refused before the content is looked at ---- */

/* Refuses the message for a field of its header. */
static bool
visit_reject(struct visit *visit, enum hl7v2_code code, unsigned field,
	     const char *text)
{
	struct hl7v2_where where = {0};

	if (field != 0) {
		where = hl7v2_where(visit->message,
				    hl7v2_header(visit->message), field, 0);
	}
	(void)hl7v2_fault_set(&visit->fault, BATON_UNSUPPORTED, code, &where,
			      "%s", text);
	visit->verdict = HL7V2_REJECT;
	visit->keep = true;
	return false;
}

static bool
visit_check_type(struct visit *visit)
{
	const struct hl7v2_segment *msh = hl7v2_header(visit->message);
	struct baton_span type = hl7v2_value(visit->message, msh, 9, 1);
	struct baton_span event = hl7v2_value(visit->message, msh, 9, 2);

	if (!hl7v2_is(type, "REF")) {
		return visit_reject(visit, HL7V2_MESSAGE_TYPE, 9,
				    "only REF messages are taken");
	}
	if (hl7v2_is(event, "I15")) {
		return visit_reject(visit, HL7V2_EVENT_CODE, 9,
				    "referral status is not given by REF I15; "
				    "subscribe to the broker's referral "
				    "events");
	}
	if (!hl7v2_is(event, "I12") && !hl7v2_is(event, "I13") &&
	    !hl7v2_is(event, "I14")) {
		return visit_reject(visit, HL7V2_EVENT_CODE, 9,
				    "only REF events I12, I13 and I14 are "
				    "taken");
	}
	return true;
}

/* An empty MSH-11 is read as production, which early versions leave out. */
static bool
visit_check_processing_id(struct visit *visit)
{
	const struct health_settings *settings = visit->reception->settings;
	struct baton_span id = hl7v2_value(visit->message,
					   hl7v2_header(visit->message), 11, 1);

	if (id.len == 0)
		id = (struct baton_span){(const uint8_t *)"P", 1};
	if (settings->processing_ids_count == 0 && hl7v2_is(id, "P"))
		return true;
	for (size_t i = 0; i < settings->processing_ids_count; i++) {
		if (hl7v2_is(id, settings->processing_ids[i]))
			return true;
	}
	return visit_reject(visit, HL7V2_PROCESSING_ID, 11,
			    "processing id is not in health.processing_ids");
}

static bool
visit_check_header(struct visit *visit)
{
	if (hl7v2_is_batch(visit->message)) {
		return visit_reject(visit, HL7V2_MESSAGE_TYPE, 0,
				    "batches are not taken (HL7 UK A.3 "
				    "2.4.5); send each message in a frame of "
				    "its own");
	}
	if (hl7v2_version(visit->message) == 0) {
		return visit_reject(visit, HL7V2_VERSION_ID, 12,
				    "only versions 2.1 to 2.8 are taken");
	}
	if (!visit_check_type(visit) || !visit_check_processing_id(visit))
		return false;
	visit->profile =
		profile_find(visit->reception->settings, visit->message);
	if (visit->profile == NULL) {
		return visit_reject(
			visit, HL7V2_UNKNOWN_KEY, 3,
			"sender is not known: add a profile with its "
			"sending_application and sending_facility to "
			"health.profiles");
	}
	return true;
}

/* ---- content ---- */

/* The message's own word, else the profile's. */
static bool
visit_check_charset(struct visit *visit, enum hl7v2_charset *charset)
{
	*charset = hl7v2_charset(visit->message);
	if (*charset == HL7V2_CHARSET_OTHER) {
		(void)visit_reject(visit, HL7V2_TABLE_VALUE, 18,
				   "character set is none of ASCII, 8859/1, "
				   "UNICODE UTF-8");
		visit->verdict = HL7V2_ERROR;
		return false;
	}
	if (*charset == HL7V2_CHARSET_UNSTATED)
		*charset = (enum hl7v2_charset)visit->profile->character_set;
	if (hl7v2_check_text(visit->message, *charset, &visit->fault) ==
	    BATON_OK)
		return true;
	visit->verdict = HL7V2_ERROR;
	visit->keep = true;
	return false;
}

static void
visit_publish(struct visit *visit, struct baton_span event)
{
	const struct reception_ops *ops = &visit->reception->ops;
	struct baton_publish_result result = {.outcome = BATON_OUTCOME_UNKNOWN};
	int64_t deadline_ms = ops->clock.monotonic_ms(ops->clock.context) +
			      visit->reception->settings->publish_timeout_ms;

	switch (ops->publish(ops->context, event, &result, deadline_ms)) {
	case KIT_ACCEPTED:
		visit->verdict = HL7V2_ACCEPT;
		log_debug("health.accepted",
			  "profile=\"%s\" sequence=%" PRIu64 " duplicate=%d",
			  visit->profile->name, result.sequence,
			  result.outcome == BATON_OUTCOME_DUPLICATE);
		return;
	case KIT_REJECTED:
		referral_blame(&result.problem, &visit->fault);
		visit->verdict = HL7V2_ERROR;
		visit->keep = true;
		return;
	case KIT_RETRY:
		break;
	}
	(void)hl7v2_fault_set(&visit->fault, BATON_UNREACHABLE, HL7V2_INTERNAL,
			      NULL,
			      "not stored: the broker is away or busy or "
			      "refuses this adapter, which the adapter's log "
			      "tells under kit.broker_away; send the message "
			      "again later");
	visit->verdict = HL7V2_REJECT;
}

static void
visit_content(struct visit *visit)
{
	struct referral_input input = {
		.message = visit->message,
		.bytes = visit->bytes,
		.profile = visit->profile,
		.source = visit->reception->source,
	};
	struct baton_span event = {NULL, 0};
	uint8_t *bytes;
	baton_err err;

	if (!visit_check_charset(visit, &input.charset))
		return;
	err = referral_map(&input, &bytes, &event.len, &visit->fault);
	if (err != BATON_OK) {
		visit->verdict =
			err == BATON_NO_MEMORY ? HL7V2_REJECT : HL7V2_ERROR;
		visit->keep = err != BATON_NO_MEMORY;
		return;
	}
	event.data = bytes;
	visit_publish(visit, event);
	baton_event_bytes_free(bytes);
}

/* ---- the answers ---- */

static void
visit_answer(struct visit *visit, FILE *answers)
{
	struct reception *reception = visit->reception;
	const struct clock_source *clock = &reception->ops.clock;
	const struct hl7v2_answers wanted =
		hl7v2_answers(visit->message, visit->verdict,
			      (enum hl7v2_silence)reception->settings->silence);
	const bool levels[] = {wanted.commit, wanted.application};
	char control_id[24];
	struct hl7v2_ack ack = {
		.message = visit->message,
		.verdict = visit->verdict,
		.fault = visit->verdict == HL7V2_ACCEPT ? NULL : &visit->fault,
		.control_id = control_id,
		.now_ms = clock->wall_ms(clock->context),
		.enhanced = wanted.enhanced,
	};

	for (int level = 0; level < 2; level++) {
		if (!levels[level])
			continue;
		(void)snprintf(control_id, sizeof(control_id),
			       "%011" PRIX64 "%08X",
			       (uint64_t)reception->started_ms &
				       UINT64_C(0xfffffffffff),
			       atomic_fetch_add(&reception->answers, 1));
		ack.level = level == 0 ? HL7V2_COMMIT : HL7V2_APPLICATION;
		mllp_write_start(answers);
		hl7v2_ack_write(answers, &ack);
		mllp_write_end(answers);
	}
}

/* The line of the segment that a fault is in; 0 when it is in none. */
static size_t
visit_line(const struct visit *visit)
{
	const struct hl7v2_where *where = &visit->fault.where;
	const struct hl7v2_segment *wanted = NULL;
	const struct hl7v2_segment *segment = NULL;
	size_t line = 0;

	if (visit->message == NULL || where->sequence == 0)
		return 0;
	for (unsigned i = 0; i < where->sequence; i++) {
		wanted = hl7v2_next(visit->message, where->segment, wanted);
		if (wanted == NULL)
			return 0;
	}
	do {
		segment = hl7v2_after(visit->message, segment);
		line++;
	} while (segment != wanted);
	return line;
}

/*
 * Tells the operator: a line in the log and, where it helps, the message. A
 * message that could not be kept would be nowhere once its sender takes the
 * refusal for final: the sender must keep it.
 */
static void
visit_report(struct visit *visit)
{
	const struct hl7v2_fault *fault = &visit->fault;
	const char *profile =
		visit->profile == NULL ? "" : visit->profile->name;
	char report[HL7V2_FAULT_TEXT_BYTES + 160];

	if (visit->verdict == HL7V2_ACCEPT)
		return;
	log_warn("health.refused",
		 "profile=\"%s\" bytes=%zu verdict=%s code=%d place=%s-%u "
		 "reason=\"%s\"",
		 profile, visit->bytes.len,
		 visit->verdict == HL7V2_ERROR ? "error" : "reject",
		 (int)fault->code, fault->where.segment, fault->where.field,
		 fault->text);
	if (!visit->keep)
		return;
	(void)snprintf(report, sizeof(report),
		       "line %zu, field %s-%u, repetition %u: %s (%d): %s\n",
		       visit_line(visit), fault->where.segment,
		       fault->where.field, fault->where.repetition,
		       hl7v2_code_name(fault->code), (int)fault->code,
		       fault->text);
	if (visit->reception->ops.keep(visit->reception->ops.context,
				       visit->bytes, report))
		return;
	(void)hl7v2_fault_set(&visit->fault, BATON_IO, HL7V2_INTERNAL, NULL,
			      "refused, and the message could not be kept; "
			      "send it again later");
	visit->verdict = HL7V2_REJECT;
}

/* The header alone: of a message that was cut the rest may be half a segment.
 */
static struct baton_span
visit_first_line(struct baton_span message)
{
	for (size_t i = 0; i < message.len; i++) {
		if (message.data[i] == '\r' || message.data[i] == '\n')
			message.len = i;
	}
	return message;
}

/* A message that was too large: its header tells whom to answer. */
static void
visit_cut(struct visit *visit)
{
	struct baton_span header = visit_first_line(visit->bytes);

	if (hl7v2_parse(header, &visit->message, &visit->fault) != BATON_OK)
		visit->message = NULL;
	(void)hl7v2_fault_set(&visit->fault, BATON_TOO_LARGE, HL7V2_INTERNAL,
			      NULL,
			      "message is larger than %" PRId64 " bytes "
			      "(health.max_message_bytes)",
			      visit->reception->settings->max_message_bytes);
	visit->verdict = HL7V2_REJECT;
}

static void
visit_read(struct visit *visit)
{
	baton_err err =
		hl7v2_parse(visit->bytes, &visit->message, &visit->fault);

	if (err != BATON_OK) {
		visit->verdict = HL7V2_REJECT;
		visit->keep = err != BATON_NO_MEMORY;
		return;
	}
	if (!hl7v2_is_answer(visit->message) && visit_check_header(visit))
		visit_content(visit);
}

void
reception_handle(struct reception *reception, struct baton_span message,
		 bool cut, FILE *answers)
{
	struct visit visit = {.reception = reception, .bytes = message};

	if (cut) {
		visit_cut(&visit);
	} else {
		visit_read(&visit);
	}
	if (visit.message != NULL && hl7v2_is_answer(visit.message)) {
		/* Answering an answer would never end. */
		log_info("health.answer_ignored", "bytes=%zu", message.len);
	} else {
		visit_report(&visit);
		visit_answer(&visit, answers);
	}
	hl7v2_free(visit.message);
}
