/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "contract_fixture.h"

#include <cmocka.h>

static void
transition_school_year_is_a_curriculum_year(void **state)
{
	Send__V1__Event *event = fixture_event(TRANSITION);

	(void)state;
	event->transition->school_year_known = 1;
	event->transition->school_year = 15;
	fixture_refuses(event, BATON_FIELD_INVALID, "transition.school_year");
	event->transition->school_year = -3;
	fixture_refuses(event, BATON_FIELD_INVALID, "transition.school_year");
	event->transition->school_year = -2;
	fixture_accepts(event);
	baton_event_free(event);
}

static void
transition_school_year_not_known_is_not_given(void **state)
{
	Send__V1__Event *event = fixture_event(TRANSITION);

	(void)state;
	event->transition->school_year_known = 0;
	event->transition->school_year = 9;
	fixture_refuses(event, BATON_RULE_BROKEN, "transition.school_year");
	baton_event_free(event);
}

static void
transition_at_18_names_the_receiving_team(void **state)
{
	Send__V1__Event *event = fixture_event(TRANSITION);

	(void)state;
	event->transition->age_point = SEND__V1__AGE_POINT__AGE_POINT_18;
	event->transition->receiving = NULL;
	fixture_refuses(event, BATON_FIELD_MISSING, "transition.receiving");
	event->transition->age_point = SEND__V1__AGE_POINT__AGE_POINT_16;
	fixture_accepts(event);
	baton_event_free(event);
}

static void
transition_changes_something(void **state)
{
	Send__V1__Event *event = fixture_event(TRANSITION);

	(void)state;
	event->transition->n_changes = 0;
	fixture_refuses(event, BATON_FIELD_MISSING, "transition.changes");
	baton_event_free(event);
}

static void
transition_change_is_there_once(void **state)
{
	Send__V1__Event *event = fixture_event(TRANSITION);
	Send__V1__TransitionChange changes[] = {3, 3};

	(void)state;
	event->transition->n_changes = 2;
	event->transition->changes = changes;
	fixture_refuses(event, BATON_ENTRY_REPEATED, "transition.changes[1]");
	baton_event_free(event);
}

static void
transition_acknowledgement_names_team_and_date(void **state)
{
	Send__V1__Event *event = fixture_event(TRANSITION);
	Send__V1__Acknowledgement acknowledged;

	(void)state;
	send__v1__acknowledgement__init(&acknowledged);
	event->transition->acknowledged = &acknowledged;
	fixture_refuses(event, BATON_FIELD_MISSING,
			"transition.acknowledged.team");
	acknowledged.team = event->contact_team;
	fixture_refuses(event, BATON_FIELD_MISSING,
			"transition.acknowledged.acknowledged_on");
	acknowledged.acknowledged_on = fixture_text("2026-02-15");
	fixture_accepts(event);
	baton_event_free(event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transition_school_year_is_a_curriculum_year),
		cmocka_unit_test(transition_school_year_not_known_is_not_given),
		cmocka_unit_test(transition_at_18_names_the_receiving_team),
		cmocka_unit_test(transition_changes_something),
		cmocka_unit_test(transition_change_is_there_once),
		cmocka_unit_test(
			transition_acknowledgement_names_team_and_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
