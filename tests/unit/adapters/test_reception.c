/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/health/reception.h"
#include "send/v1/event.pb-c.h"
#include "tests/unit/adapters/health_messages.h"

#include <cmocka.h>

/* The broker and the operator's folder as a test scripts and sees them. */
struct world {
	enum kit_verdict verdict;
	struct baton_problem problem;
	int published;
	int64_t deadline_ms;
	char first_event[4096];
	size_t first_event_len;
	bool same_event;
	/* Nothing can be kept. */
	bool full;
	int kept;
	size_t kept_len;
	char report[512];
};

static enum kit_verdict
world_publish(void *context, struct baton_span event,
	      struct baton_publish_result *result, int64_t deadline_ms)
{
	struct world *world = context;

	world->deadline_ms = deadline_ms;
	if (world->published++ == 0 && event.len < sizeof(world->first_event)) {
		memcpy(world->first_event, event.data, event.len);
		world->first_event_len = event.len;
	} else {
		world->same_event =
			event.len == world->first_event_len &&
			memcmp(event.data, world->first_event, event.len) == 0;
	}
	result->outcome = world->verdict == KIT_REJECTED
				  ? BATON_OUTCOME_REJECTED
				  : BATON_OUTCOME_ACCEPTED;
	result->problem = world->problem;
	return world->verdict;
}

static bool
world_keep(void *context, struct baton_span message, const char *report)
{
	struct world *world = context;

	world->kept++;
	world->kept_len = message.len;
	strncpy(world->report, report, sizeof(world->report) - 1);
	return !world->full;
}

static int64_t
world_wall_ms(void *context)
{
	(void)context;
	return INT64_C(1770128100000);
}

static int64_t
world_monotonic_ms(void *context)
{
	(void)context;
	return 5000;
}

/* Handles a message; the answers' bytes as text, free with free(). */
static char *
receive_with(const struct health_settings *settings, struct world *world,
	     const char *message, bool cut)
{
	const struct reception_ops ops = {
		.publish = world_publish,
		.keep = world_keep,
		.context = world,
		.clock = {world_wall_ms, world_monotonic_ms, NULL},
	};
	struct reception *reception = reception_new(settings, "/ods/RPG", &ops);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(reception);
	assert_non_null(out);
	reception_handle(reception, health_span(message), cut, out);
	assert_int_equal(fclose(out), 0);
	reception_free(reception);
	return text;
}

static char *
receive(struct world *world, const char *message)
{
	struct profile profile = health_profile();
	struct health_settings settings = health_settings(&profile);

	return receive_with(&settings, world, message, false);
}

/* Handles the sample with one part replaced and looks for parts of the
 * answer. */
static void
check(struct world *world, const char *from, const char *to,
      const char *expected, const char *also)
{
	char *message = health_replace(health_ref_i12, from, to);
	char *answer = receive(world, message);

	assert_true(health_has(answer, expected));
	assert_true(health_has(answer, also));
	free(answer);
	free(message);
}

static void
reception_accepts_after_the_brokers_acknowledgement(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED};
	char *answer = receive(&world, health_ref_i12);

	(void)state;
	assert_int_equal(world.published, 1);
	assert_int_equal(world.deadline_ms, 15000);
	assert_int_equal(world.kept, 0);
	assert_memory_equal(answer, "\x0bMSH|", 5);
	assert_true(health_has(answer, "MSA|AA|MSG0001\r\x1c\r"));
	free(answer);
}

static void
reception_publishes_a_repeat_as_the_same_bytes(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED};
	char *first = receive(&world, health_ref_i12);
	char *second = receive(&world, health_ref_i12);

	(void)state;
	assert_int_equal(world.published, 2);
	assert_true(world.same_event);
	free(first);
	free(second);
}

static void
reception_tells_the_sender_to_repeat_when_the_broker_is_away(void **state)
{
	struct world world = {.verdict = KIT_RETRY};

	(void)state;
	check(&world, "ZU1", "ZU2", "MSA|AR|MSG0001|not stored",
	      "207^Application internal error^HL70357");
	/* Away or unwilling: only the kit's log knows. */
	check(&world, "ZU1", "ZU2", "refuses this adapter",
	      "kit.broker_away; send the message again later\r");
	assert_int_equal(world.kept, 0);
}

static void
reception_blames_the_field_that_the_broker_refused(void **state)
{
	struct world world = {
		.verdict = KIT_REJECTED,
		.problem = {BATON_IDENTITY_CONFLICT, "child.identifiers",
			    "belong to two children"},
	};

	(void)state;
	check(&world, "ZU1", "ZU2", "MSA|AE|MSG0001|belong to two children",
	      "ERR||PID^1^3|204^");
	assert_int_equal(world.kept, 1);
	assert_true(health_has(world.report, "line 5, field PID-3"));
}

static void
reception_refuses_content_before_publishing(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED};

	(void)state;
	check(&world, "9990000018", "9990000019", "MSA|AE|MSG0001|",
	      "ERR||PID^1^3^1|102^");
	assert_int_equal(world.published, 0);
	assert_int_equal(world.kept, 1);
	assert_int_equal(world.kept_len, strlen(health_ref_i12));
}

static void
reception_has_a_message_sent_again_that_it_could_not_keep(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED, .full = true};

	(void)state;
	check(&world, "9990000018", "9990000019",
	      "MSA|AR|MSG0001|refused, and the message could not be kept; send "
	      "it again later",
	      "ERR|||207^");
	assert_int_equal(world.published, 0);
	assert_int_equal(world.kept, 1);
	/* At commit level too. */
	check(&world, "|2.5.1|||||", "|2.5.1|||AL|AL|", "MSA|CA|", "MSA|AA|");
	check(&world, "REF^I12^REF_I12|MSG0001|P|2.5.1|||||",
	      "REF^I99^REF_I12|MSG0001|P|2.5.1|||AL|AL|", "MSA|CR|",
	      "ERR|||207^");
}

static void
reception_rejects_what_it_cannot_take(void **state)
{
	static const struct {
		const char *from;
		const char *to;
		const char *error;
	} cases[] = {
		{"REF^I12^REF_I12", "ADT^A28^ADT_A05", "ERR||MSH^1^9|200^"},
		{"REF^I12^REF_I12", "REF^I15^REF_I12", "ERR||MSH^1^9|201^"},
		{"REF^I12^REF_I12", "REF^I99^REF_I12", "ERR||MSH^1^9|201^"},
		{"REF^I12^REF_I12", "RRI^I12^RRI_I12", "ERR||MSH^1^9|200^"},
		{"REF^I12^REF_I12", "", "ERR||MSH^1^9|200^"},
		{"|2.5.1|", "|2.9|", "ERR||MSH^1^12|203^"},
		{"|2.5.1|", "||", "ERR||MSH^1^12|203^"},
		{"|P|2.5.1", "|T|2.5.1", "ERR||MSH^1^11|202^"},
		{"|P|2.5.1", "|D^T|2.5.1", "ERR||MSH^1^11|202^"},
		{"ZU1|anything", "BTS|1", "ERR|||200^"},
		{"ZU1|anything", "MSH|^~\\&|A", "ERR|||200^"},
		{"ZU1|anything", "no segment", "ERR|||100^"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world = {.verdict = KIT_ACCEPTED};

		check(&world, cases[i].from, cases[i].to, "MSA|AR|",
		      cases[i].error);
		assert_int_equal(world.published, 0);
		assert_int_equal(world.kept, 1);
	}
}

static void
reception_takes_processing_ids_by_the_settings(void **state)
{
	static char training[] = "T";
	static char *ids[] = {training};
	struct profile profile = health_profile();
	struct health_settings settings = health_settings(&profile);
	struct world world = {.verdict = KIT_ACCEPTED};
	char *message = health_replace(health_ref_i12, "|P|", "|T^T|");
	char *answer;

	(void)state;
	settings.processing_ids = ids;
	settings.processing_ids_count = 1;
	answer = receive_with(&settings, &world, message, false);
	assert_true(health_has(answer, "MSA|AA|"));
	free(answer);
	answer = receive_with(&settings, &world, health_ref_i12, false);
	assert_true(health_has(answer, "MSA|AR|"));
	free(answer);
	free(message);
}

static void
reception_takes_an_empty_processing_id_as_production(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED};

	(void)state;
	check(&world, "|P|2.5.1", "||2.5.1", "MSA|AA|", "|P|2.5.1|");
}

static void
reception_names_the_setting_when_the_sender_is_unknown(void **state)
{
	static char facility[] = "RXX";
	struct profile profile = health_profile();
	struct health_settings settings = health_settings(&profile);
	struct world world = {.verdict = KIT_ACCEPTED};
	char *answer;

	(void)state;
	profile.sending_facility = facility;
	answer = receive_with(&settings, &world, health_ref_i12, false);
	assert_true(health_has(answer, "MSA|AR|MSG0001|"));
	assert_true(health_has(answer, "health.profiles"));
	free(answer);
}

static void
reception_uses_the_first_profile_that_matches(void **state)
{
	static char application[] = "PARIS";
	static char facility[] = "RPG";
	static char council[] = "/la/886";
	struct profile profiles[] = {health_profile(), health_profile(),
				     health_profile()};
	struct health_settings settings = health_settings(profiles);
	struct world world = {.verdict = KIT_ACCEPTED};
	Send__V1__Event *event = NULL;
	char *answer;

	(void)state;
	settings.profiles_count = 3;
	profiles[0].sending_application = facility;
	profiles[1].sending_application = application;
	profiles[1].sending_facility = facility;
	profiles[1].to_organisation = council;
	answer = receive_with(&settings, &world, health_ref_i12, false);
	assert_int_equal(
		baton_event_unpack(
			(struct baton_span){(uint8_t *)world.first_event,
					    world.first_event_len},
			&event, NULL),
		BATON_OK);
	assert_string_equal(event->referral->to->organisation->code, "886");
	baton_event_free(event);
	free(answer);
}

static void
reception_never_answers_an_answer(void **state)
{
	static const char *const answers[] = {
		"MSH|^~\\&|A|B|C|D|1||ACK^I12|1|P|2.4\rMSA|AA|1\r",
		"MSH|^~\\&|A|B|C|D|1||MCF|1|P|2.1\r",
		"MSH|^~\\&|A|B|C|D|1||RRI^I12|1|P|2.4\rMSA|AE|1\r",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct world world = {.verdict = KIT_ACCEPTED};
		char *answer = receive(&world, answers[i]);

		assert_string_equal(answer, "");
		assert_int_equal(world.published + world.kept, 0);
		free(answer);
	}
}

static void
reception_answers_in_enhanced_mode_twice(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED};
	char *message = health_replace(health_ref_i12, "|2.5.1|||||",
				       "|2.5.1|||AL|AL|");
	char *answer = receive(&world, message);
	const char *commit = strstr(answer, "MSA|CA|MSG0001\r\x1c\r\x0bMSH");

	(void)state;
	assert_non_null(commit);
	assert_true(health_has(commit, "|NE|NE|"));
	assert_true(health_has(commit, "MSA|AA|MSG0001\r\x1c\r"));
	free(answer);
	free(message);
}

static void
reception_says_an_error_at_commit_level_once(void **state)
{
	struct world world = {.verdict = KIT_RETRY};
	char *message = health_replace(health_ref_i12, "|2.5.1|||||",
				       "|2.5.1|||AL|AL|");
	char *answer = receive(&world, message);

	(void)state;
	assert_true(health_has(answer, "MSA|CR|MSG0001|"));
	assert_false(health_has(answer, "MSA|A"));
	free(answer);
	free(message);
}

static void
reception_answers_a_cut_message_from_its_header(void **state)
{
	struct profile profile = health_profile();
	struct health_settings settings = health_settings(&profile);
	struct world world = {.verdict = KIT_ACCEPTED};
	char *answer = receive_with(&settings, &world, health_ref_i12, true);

	(void)state;
	assert_true(health_has(answer, "MSA|AR|MSG0001|message is larger"));
	assert_int_equal(world.published + world.kept, 0);
	free(answer);
}

static void
reception_answers_what_is_no_message(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED};
	char *answer = receive(&world, "hello");

	(void)state;
	assert_true(health_has(answer, "MSA|AR||"));
	assert_true(health_has(answer, "|100^Segment sequence error"));
	assert_int_equal(world.kept, 1);
	free(answer);
}

static void
reception_refuses_another_character_set(void **state)
{
	struct world world = {.verdict = KIT_ACCEPTED};

	(void)state;
	check(&world, "UNICODE UTF-8", "8859/9", "MSA|AE|",
	      "ERR||MSH^1^18|103^");
	check(&world, "TEST^CHILD", "T\xc9ST^CHILD", "MSA|AE|",
	      "ERR||PID^1^5|102^");
	assert_int_equal(world.published, 0);
}

static void
reception_takes_the_profiles_character_set_when_none_is_stated(void **state)
{
	struct profile profile = health_profile();
	struct health_settings settings = health_settings(&profile);
	struct world world = {.verdict = KIT_ACCEPTED};
	char *first = health_replace(health_ref_i12, "|UNICODE UTF-8", "");
	char *message = health_replace(first, "TEST^CHILD", "T\xc9ST^CHILD");
	char *answer;

	(void)state;
	profile.character_set = HL7V2_CHARSET_8859_1;
	answer = receive_with(&settings, &world, message, false);
	assert_true(health_has(answer, "MSA|AA|"));
	free(answer);
	free(message);
	free(first);
}

static void
reception_repeats_no_value_of_the_message_in_texts(void **state)
{
	static const char *const marked[] = {"9990000018", "20190405", "TEST",
					     "REF-1001"};
	struct world world = {.verdict = KIT_ACCEPTED};
	char *message =
		health_replace(health_ref_i12, "P^Pending", "9990000018");
	char *answer = receive(&world, message);

	(void)state;
	assert_int_equal(world.kept, 1);
	for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
		assert_false(health_has(answer, marked[i]));
		assert_false(health_has(world.report, marked[i]));
	}
	free(answer);
	free(message);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			reception_accepts_after_the_brokers_acknowledgement),
		cmocka_unit_test(
			reception_publishes_a_repeat_as_the_same_bytes),
		cmocka_unit_test(
			reception_tells_the_sender_to_repeat_when_the_broker_is_away),
		cmocka_unit_test(
			reception_blames_the_field_that_the_broker_refused),
		cmocka_unit_test(reception_refuses_content_before_publishing),
		cmocka_unit_test(
			reception_has_a_message_sent_again_that_it_could_not_keep),
		cmocka_unit_test(reception_rejects_what_it_cannot_take),
		cmocka_unit_test(
			reception_takes_processing_ids_by_the_settings),
		cmocka_unit_test(
			reception_takes_an_empty_processing_id_as_production),
		cmocka_unit_test(
			reception_names_the_setting_when_the_sender_is_unknown),
		cmocka_unit_test(reception_uses_the_first_profile_that_matches),
		cmocka_unit_test(reception_never_answers_an_answer),
		cmocka_unit_test(reception_answers_in_enhanced_mode_twice),
		cmocka_unit_test(reception_says_an_error_at_commit_level_once),
		cmocka_unit_test(
			reception_answers_a_cut_message_from_its_header),
		cmocka_unit_test(reception_answers_what_is_no_message),
		cmocka_unit_test(reception_refuses_another_character_set),
		cmocka_unit_test(
			reception_takes_the_profiles_character_set_when_none_is_stated),
		cmocka_unit_test(
			reception_repeats_no_value_of_the_message_in_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
