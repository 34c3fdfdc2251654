/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/reception.h"
#include "client/log.h"
#include "send/v1/event.pb-c.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether an event was made, and that it can be read again. */
static enum kit_verdict
fuzz_publish(void *context, struct baton_span bytes,
	     struct baton_publish_result *result, int64_t deadline_ms)
{
	Send__V1__Event *event;

	(void)context;
	(void)deadline_ms;
	if (baton_event_unpack(bytes, &event, NULL) != BATON_OK)
		abort();
	baton_event_free(event);
	result->outcome = BATON_OUTCOME_REJECTED;
	if (baton_event_check(bytes, BATON_NHS_NUMBER_ACCEPT_FLAGGED,
			      &result->problem) != BATON_OK)
		return KIT_REJECTED;
	result->outcome = BATON_OUTCOME_ACCEPTED;
	return KIT_ACCEPTED;
}

static bool
fuzz_keep(void *context, struct baton_span message, const char *report)
{
	(void)context;
	(void)message;
	if (strlen(report) == 0)
		abort();
	return true;
}

static int64_t
fuzz_clock(void *context)
{
	(void)context;
	return INT64_C(1770128100000);
}

/* A profile that reads everything there is to read. */
static struct profile
fuzz_profile(struct profile_team *team, struct profile_service *service)
{
	static char name[] = "fuzz";
	static char council[] = "/la/887";

	team->name = name;
	service->kind = SEND__V1__REFERRAL_KIND__REFERRAL_KIND_SERVICE;
	service->treatment_function = 290;
	return (struct profile){
		.name = name,
		.local_identifiers = true,
		.date_of_birth = true,
		.failed_nhs_number = PROFILE_FAILED_FLAG,
		.nhs_number_status = PROFILE_NHS_STATUS_CX_2,
		.missing_control_id = PROFILE_CONTROL_ID_DIGEST,
		.referral_id_component = 1,
		.referral_id_fallback = true,
		.rf1_8_is_breach_date = true,
		.reason_text = PROFILE_REASON_TEXT_NTE,
		.request_source =
			SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_HEALTH,
		.msh_organisations = true,
		.from_organisation = council,
		.to_organisation = council,
		.default_service = service,
		.contact_team = team,
		.purpose = SEND__V1__PURPOSE__PURPOSE_DIRECT_CARE,
		.lawful_basis =
			SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_PUBLIC_TASK,
	};
}

/* Aborts unless answers are whole frames: start, no end within, end. */
static void
fuzz_check_frames(const char *answers, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *end = memmem(answers + at, len - at, "\x1c\r", 2);

		if (answers[at] != 0x0b || end == NULL ||
		    memcmp(answers + at + 1, "MSH", 3) != 0 || end[-1] != '\r')
			abort();
		at = (size_t)(end - answers) + 2;
	}
}

/* Any message gets well-formed answers, and any event made from one can be
 * read. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile_team team = {.name = NULL};
	struct profile_service service = {.code = NULL};
	struct profile profile = fuzz_profile(&team, &service);
	struct health_settings settings = {
		.max_message_bytes = 1048576,
		.profiles = &profile,
		.profiles_count = 1,
	};
	const struct reception_ops ops = {
		.publish = fuzz_publish,
		.keep = fuzz_keep,
		.clock = {fuzz_clock, fuzz_clock, NULL},
	};
	struct reception *reception =
		reception_new(&settings, "/ods/RPG", &ops);
	char *answers = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&answers, &len);

	log_set_level(LOG_LEVEL_ERROR);
	if (reception == NULL || out == NULL)
		abort();
	reception_handle(reception, (struct baton_span){data, size},
			 size % 16 == 15, out);
	if (fclose(out) != 0)
		abort();
	fuzz_check_frames(answers, len);
	free(answers);
	reception_free(reception);
	return 0;
}
