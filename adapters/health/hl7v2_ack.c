/* SPDX-License-Identifier: MIT */
#include "adapters/health/hl7v2_ack.h"

#include <string.h>
#include <time.h>

/* An answer in the making. */
struct hl7v2_writer {
	FILE *out;
	const struct hl7v2_message *message;
	const struct hl7v2_segment *header;
	struct hl7v2_separators separators;
	/* The header is MSH, not BHS or FHS. */
	bool is_msh;
	/* Version of the answer's form, never 0. */
	unsigned version;
};

/* ---- which answers ---- */

/* Whether a condition of table 0155 asks for an answer to this verdict. */
static bool
hl7v2_condition(struct baton_span condition, enum hl7v2_verdict verdict)
{
	if (hl7v2_is(condition, "AL"))
		return true;
	if (hl7v2_is(condition, "ER"))
		return verdict != HL7V2_ACCEPT;
	if (hl7v2_is(condition, "SU"))
		return verdict == HL7V2_ACCEPT;
	return false;
}

struct hl7v2_answers
hl7v2_answers(const struct hl7v2_message *message, enum hl7v2_verdict verdict,
	      enum hl7v2_silence silence)
{
	const struct hl7v2_answers original = {.application = true};
	struct hl7v2_answers answers = {.enhanced = true};
	struct baton_span commit;
	struct baton_span application;

	if (message == NULL || hl7v2_is_batch(message))
		return original;
	commit = hl7v2_value(message, hl7v2_header(message), 15, 1);
	application = hl7v2_value(message, hl7v2_header(message), 16, 1);
	if (commit.len == 0 && application.len == 0)
		return original;
	answers.commit = hl7v2_condition(commit, verdict);
	answers.application = hl7v2_condition(application, verdict) &&
			      !(answers.commit && verdict != HL7V2_ACCEPT);
	if (!answers.commit && !answers.application &&
	    silence == HL7V2_SILENCE_ANSWERED)
		return original;
	return answers;
}

bool
hl7v2_is_answer(const struct hl7v2_message *message)
{
	struct baton_span type;

	if (hl7v2_next(message, "MSA", NULL) != NULL)
		return true;
	type = hl7v2_value(message, hl7v2_next(message, "MSH", NULL), 9, 1);
	return hl7v2_is(type, "ACK") || hl7v2_is(type, "MCF");
}

/* ---- writing ---- */

/* Copies a part of the sender's own header. It is escaped already, in the same
 * separators; control characters would end our segment or frame. */
static void
hl7v2_copy(const struct hl7v2_writer *writer, struct baton_span span)
{
	for (size_t i = 0; i < span.len; i++) {
		uint8_t byte = span.data[i];

		(void)fputc(byte < 0x20 || byte == 0x7f ? '?' : byte,
			    writer->out);
	}
}

static struct baton_span
hl7v2_header_field(const struct hl7v2_writer *writer, unsigned number)
{
	if (writer->message == NULL)
		return (struct baton_span){NULL, 0};
	return hl7v2_field(writer->message, writer->header, number);
}

static void
hl7v2_separate(const struct hl7v2_writer *writer, unsigned count)
{
	while (count-- > 0)
		(void)fputc(writer->separators.field, writer->out);
}

/* Writes our own text, escaped. Without an escape character a separator in it
 * becomes a question mark. */
static void
hl7v2_put_text(const struct hl7v2_writer *writer, const char *text)
{
	const struct hl7v2_separators *separators = &writer->separators;
	const char characters[] = {separators->field, separators->component,
				   separators->subcomponent,
				   separators->repetition, separators->escape};
	const char *found;

	for (; *text != '\0'; text++) {
		found = memchr(characters, *text, sizeof(characters));
		if (found == NULL) {
			(void)fputc(*text, writer->out);
		} else if (separators->escape == '\0') {
			(void)fputc('?', writer->out);
		} else {
			(void)fprintf(writer->out, "%c%c%c", separators->escape,
				      "FSTRE"[found - characters],
				      separators -> escape);
		}
	}
}

/* "ACK^I12^ACK"; two components before 2.3.1, one when there is no event. */
static void
hl7v2_put_type(const struct hl7v2_writer *writer)
{
	struct baton_span event = {NULL, 0};

	(void)fputs("ACK", writer->out);
	if (writer->is_msh)
		event = hl7v2_value(writer->message, writer->header, 9, 2);
	if (event.len == 0)
		return;
	(void)fputc(writer->separators.component, writer->out);
	hl7v2_copy(writer, event);
	if (writer->version >= 231) {
		(void)fprintf(writer->out, "%cACK",
			      writer->separators.component);
	}
}

static void
hl7v2_put_time(FILE *out, int64_t now_ms)
{
	time_t seconds = (time_t)(now_ms / 1000);
	char text[32] = "";
	struct tm utc;

	if (gmtime_r(&seconds, &utc) != NULL)
		(void)strftime(text, sizeof(text), "%Y%m%d%H%M%S+0000", &utc);
	(void)fputs(text, out);
}

/* MSH: the sender's addresses turned round, its version and character set. */
static void
hl7v2_put_msh(const struct hl7v2_writer *writer, const struct hl7v2_ack *ack)
{
	static const unsigned addresses[] = {5, 6, 3, 4};
	bool application = ack->enhanced && ack->level == HL7V2_APPLICATION;
	struct baton_span charset = {NULL, 0};

	(void)fputs("MSH", writer->out);
	hl7v2_separate(writer, 1);
	if (writer->message != NULL) {
		hl7v2_copy(writer, hl7v2_encoding(writer->message));
	} else {
		(void)fputs("^~\\&", writer->out);
	}
	for (size_t i = 0; i < 4; i++) {
		hl7v2_separate(writer, 1);
		hl7v2_copy(writer, hl7v2_header_field(writer, addresses[i]));
	}
	hl7v2_separate(writer, 1);
	hl7v2_put_time(writer->out, ack->now_ms);
	hl7v2_separate(writer, 2);
	hl7v2_put_type(writer);
	hl7v2_separate(writer, 1);
	hl7v2_put_text(writer, ack->control_id);
	hl7v2_separate(writer, 1);
	if (writer->is_msh && hl7v2_header_field(writer, 11).len > 0) {
		hl7v2_copy(writer, hl7v2_header_field(writer, 11));
	} else {
		(void)fputc('P', writer->out);
	}
	hl7v2_separate(writer, 1);
	if (writer->is_msh && hl7v2_version(writer->message) != 0) {
		hl7v2_copy(writer, hl7v2_header_field(writer, 12));
	} else {
		(void)fputs("2.5", writer->out);
	}
	if (writer->is_msh)
		charset = hl7v2_header_field(writer, 18);
	if (application || charset.len > 0) {
		hl7v2_separate(writer, 3);
		(void)fputs(application ? "NE" : "", writer->out);
		hl7v2_separate(writer, 1);
		(void)fputs(application ? "NE" : "", writer->out);
	}
	if (charset.len > 0) {
		hl7v2_separate(writer, 2);
		hl7v2_copy(writer, charset);
	}
	(void)fputc('\r', writer->out);
}

static const char *
hl7v2_ack_code(const struct hl7v2_ack *ack)
{
	static const char *const codes[2][3] = {{"CA", "CE", "CR"},
						{"AA", "AE", "AR"}};

	return codes[ack->level == HL7V2_APPLICATION][ack->verdict];
}

/* MSA: code, the sender's control id, and the text where MSA-3 still exists
 * (withdrawn in 2.7). */
static void
hl7v2_put_msa(const struct hl7v2_writer *writer, const struct hl7v2_ack *ack)
{
	/* BHS-11 and FHS-11 are the batch's and the file's control id. */
	unsigned control_id = writer->is_msh ? 10 : 11;

	(void)fputs("MSA", writer->out);
	hl7v2_separate(writer, 1);
	(void)fputs(hl7v2_ack_code(ack), writer->out);
	hl7v2_separate(writer, 1);
	hl7v2_copy(writer, hl7v2_header_field(writer, control_id));
	if (ack->fault != NULL && writer->version < 270) {
		hl7v2_separate(writer, 1);
		hl7v2_put_text(writer, ack->fault->text);
	}
	(void)fputc('\r', writer->out);
}

/* A place as "PID^1^3" and, from 2.5, "^1^4": repetition and component. */
static void
hl7v2_put_where(const struct hl7v2_writer *writer,
		const struct hl7v2_where *where)
{
	const unsigned numbers[] = {where->sequence, where->field,
				    where->repetition, where->component};
	size_t count = writer->version >= 250 ? 4 : 2;

	while (count > 0 && numbers[count - 1] == 0)
		count--;
	(void)fputs(where->segment, writer->out);
	for (size_t i = 0; i < count; i++) {
		(void)fputc(writer->separators.component, writer->out);
		if (numbers[i] != 0) {
			(void)fprintf(writer->out, "%u", numbers[i]);
		} else if (i == 2) {
			/* A component stands in some repetition. */
			(void)fputc('1', writer->out);
		}
	}
}

static void
hl7v2_put_code(const struct hl7v2_writer *writer, enum hl7v2_code code,
	       char separator)
{
	(void)fprintf(writer->out, "%d", (int)code);
	if (separator == '\0')
		return;
	(void)fputc(separator, writer->out);
	hl7v2_put_text(writer, hl7v2_code_name(code));
	(void)fprintf(writer->out, "%cHL70357", separator);
}

/* ERR-1 to 2.4: segment ^ sequence ^ field ^ code. */
static void
hl7v2_put_err_old(const struct hl7v2_writer *writer,
		  const struct hl7v2_fault *fault)
{
	char component = writer->separators.component;
	unsigned written = 0;

	(void)fputs("ERR", writer->out);
	hl7v2_separate(writer, 1);
	hl7v2_put_where(writer, &fault->where);
	if (fault->where.sequence != 0)
		written++;
	if (fault->where.field != 0)
		written++;
	for (; written < 3; written++)
		(void)fputc(component, writer->out);
	hl7v2_put_code(writer, fault->code, writer->separators.subcomponent);
	(void)fputc('\r', writer->out);
}

/* ERR from 2.5: 2 location, 3 code, 4 severity, 8 user message. */
static void
hl7v2_put_err(const struct hl7v2_writer *writer,
	      const struct hl7v2_fault *fault)
{
	if (writer->version < 250) {
		hl7v2_put_err_old(writer, fault);
		return;
	}
	(void)fputs("ERR", writer->out);
	hl7v2_separate(writer, 2);
	hl7v2_put_where(writer, &fault->where);
	hl7v2_separate(writer, 1);
	hl7v2_put_code(writer, fault->code, writer->separators.component);
	hl7v2_separate(writer, 1);
	(void)fputc('E', writer->out);
	hl7v2_separate(writer, 4);
	hl7v2_put_text(writer, fault->text);
	(void)fputc('\r', writer->out);
}

void
hl7v2_ack_write(FILE *out, const struct hl7v2_ack *ack)
{
	struct hl7v2_writer writer = {
		.out = out,
		.message = ack->message,
		.separators = {'|', '^', '~', '\\', '&'},
		.version = 250,
	};

	if (ack->message != NULL) {
		writer.header = hl7v2_header(ack->message);
		writer.is_msh =
			hl7v2_next(ack->message, "MSH", NULL) == writer.header;
		writer.separators = *hl7v2_separators(ack->message);
		if (hl7v2_version(ack->message) != 0)
			writer.version = hl7v2_version(ack->message);
	}
	hl7v2_put_msh(&writer, ack);
	hl7v2_put_msa(&writer, ack);
	if (ack->fault != NULL)
		hl7v2_put_err(&writer, ack->fault);
}
