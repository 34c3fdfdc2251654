/* SPDX-License-Identifier: MIT */
#include "tests/unit/adapters/health_messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "send/v1/event.pb-c.h"

#include <cmocka.h>

const char health_ref_i12[] =
	"MSH|^~\\&|PARIS|RPG|ROUTE|ROUTE|20260203141500+0000||REF^I12^REF_I12"
	"|MSG0001|P|2.5.1|||||GBR|UNICODE UTF-8\r"
	"RF1|P^Pending^HL70283|R^Routine^HL70280|290^Community Paediatrics|||"
	"REF-1001^PARIS|20260202|||DEV^Developmental concern^LOCAL\r"
	"PRD|RP|Test^Referrer|||||RPG01^ODS\r"
	"PRD|RT||||||887X^LOCAL\r"
	"PID|1||9990000018^^^NHS^NH~4711^^^PARIS^PI||TEST^CHILD||20190405|2\r"
	"DG1|1||80353004^Enuresis^SCT\r"
	"NTE|1||Speech is late\\.br\\and hearing was checked\r"
	"ZU1|anything\r";

static char health_team_name[] = "Community paediatrics";
static struct profile_team health_team = {.name = health_team_name};
static char health_name[] = "paris";
static char health_council[] = "/la/887";

struct profile
health_profile(void)
{
	struct profile profile = {
		.name = health_name,
		.local_identifiers = true,
		.date_of_birth = true,
		.referral_id_component = 1,
		.referral_id_fallback = true,
		.request_source =
			SEND__V1__REQUEST_SOURCE__REQUEST_SOURCE_HEALTH,
		.msh_organisations = true,
		.to_organisation = health_council,
		.contact_team = &health_team,
		.purpose = SEND__V1__PURPOSE__PURPOSE_DIRECT_CARE,
		.lawful_basis =
			SEND__V1__LAWFUL_BASIS__LAWFUL_BASIS_PUBLIC_TASK,
	};

	return profile;
}

struct health_settings
health_settings(struct profile *profile)
{
	struct health_settings settings = {
		.max_message_bytes = 1048576,
		.publish_timeout_ms = 10000,
		.profiles = profile,
		.profiles_count = 1,
	};

	return settings;
}

char *
health_replace(const char *message, const char *from, const char *to)
{
	const char *at = strstr(message, from);
	char *copy = NULL;
	int len;

	assert_non_null(at);
	len = asprintf(&copy, "%.*s%s%s", (int)(at - message), message, to,
		       at + strlen(from));
	assert_true(len >= 0);
	return copy;
}

struct baton_span
health_span(const char *text)
{
	struct baton_span span = {(const uint8_t *)text, strlen(text)};

	return span;
}

bool
health_has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}
