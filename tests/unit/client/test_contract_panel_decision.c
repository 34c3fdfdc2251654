/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "contract_fixture.h"

#include <cmocka.h>

#define OUTCOME(name)                                                          \
	SEND__V1__PANEL_DECISION_OUTCOME__PANEL_DECISION_OUTCOME_##name

static void
panel_makes_only_its_own_decisions(void **state)
{
	static const char *const allowed[] = {
		/* assess, not_assess, issue, not_issue, defer, amend,
		 * maintain, cease */
		"yynnynnn",
		"nnyyynnn",
		"nnnnyyyy",
		"nnnnyyyy",
	};
	Send__V1__Event *event = fixture_event(PANEL_DECISION);

	(void)state;
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	for (int panel = 1; panel <= 4; panel++) {
		for (int decision = 1; decision <= 8; decision++) {
			event->panel_decision->panel = (Send__V1__Panel)panel;
			event->panel_decision->decision =
				(Send__V1__PanelDecisionOutcome)decision;
			if (allowed[panel - 1][decision - 1] == 'y') {
				fixture_accepts(event);
			} else {
				fixture_refuses(event, BATON_RULE_BROKEN,
						"panel_decision.decision");
			}
		}
	}
	baton_event_free(event);
}

static void
panel_stage_needs_date_of_request(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);

	(void)state;
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	event->panel_decision->panel = SEND__V1__PANEL__PANEL_STAGE_1;
	event->panel_decision->decision = OUTCOME(ASSESS);
	event->panel_decision->request_received_on = fixture_text("");
	fixture_refuses(event, BATON_FIELD_MISSING,
			"panel_decision.request_received_on");
	baton_event_free(event);
}

static void
panel_on_changes_needs_no_date_of_request(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);

	(void)state;
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	event->panel_decision->panel = SEND__V1__PANEL__PANEL_REQUESTS;
	event->panel_decision->decision = OUTCOME(AMEND);
	event->panel_decision->request_received_on = fixture_text("");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
panel_sits_after_the_request(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);

	(void)state;
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	event->panel_decision->panel = SEND__V1__PANEL__PANEL_STAGE_1;
	event->panel_decision->decision = OUTCOME(ASSESS);
	event->panel_decision->request_received_on = fixture_text("2026-02-11");
	fixture_refuses(event, BATON_RULE_BROKEN,
			"panel_decision.request_received_on");
	baton_event_free(event);
}

static void
panel_appeal_ends_after_the_panel_sat(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);

	(void)state;
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	event->panel_decision->panel = SEND__V1__PANEL__PANEL_STAGE_1;
	event->panel_decision->decision = OUTCOME(NOT_ASSESS);
	event->panel_decision->appeal_until = fixture_text("2026-02-09");
	fixture_refuses(event, BATON_RULE_BROKEN,
			"panel_decision.appeal_until");
	event->panel_decision->appeal_until = fixture_text("2026-04-10");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
panel_decision_without_appeal_has_no_date_for_it(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);

	(void)state;
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	event->panel_decision->panel = SEND__V1__PANEL__PANEL_STAGE_1;
	event->panel_decision->decision = OUTCOME(ASSESS);
	event->panel_decision->appeal_until = fixture_text("2026-04-10");
	fixture_refuses(event, BATON_RULE_BROKEN,
			"panel_decision.appeal_until");
	event->panel_decision->decision = OUTCOME(DEFER);
	fixture_refuses(event, BATON_RULE_BROKEN,
			"panel_decision.appeal_until");
	baton_event_free(event);
}

static void
panel_sector_is_present_once(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);
	Send__V1__SectorAttendance one;
	Send__V1__SectorAttendance *list[] = {&one, &one};

	(void)state;
	send__v1__sector_attendance__init(&one);
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	event->panel_decision->panel = SEND__V1__PANEL__PANEL_STAGE_1;
	event->panel_decision->decision = OUTCOME(ASSESS);
	one.sector = SEND__V1__SECTOR__SECTOR_HEALTH;
	one.attendance = SEND__V1__ATTENDANCE__ATTENDANCE_ATTENDED;
	event->panel_decision->n_present = 2;
	event->panel_decision->present = list;
	fixture_refuses(event, BATON_ENTRY_REPEATED,
			"panel_decision.present[1]");
	baton_event_free(event);
}

static void
panel_next_step_says_what_and_when(void **state)
{
	Send__V1__Event *event = fixture_event(PANEL_DECISION);
	Send__V1__NextStep step;

	(void)state;
	send__v1__next_step__init(&step);
	event->panel_decision->appeal_until = fixture_text("");
	event->panel_decision->held_on = fixture_text("2026-02-10");
	event->panel_decision->request_received_on = fixture_text("2026-01-10");
	event->panel_decision->panel = SEND__V1__PANEL__PANEL_STAGE_1;
	event->panel_decision->decision = OUTCOME(ASSESS);
	event->panel_decision->next_step = &step;
	fixture_refuses(event, BATON_FIELD_MISSING,
			"panel_decision.next_step.description");
	step.description = fixture_text("Write to family");
	fixture_refuses(event, BATON_FIELD_MISSING,
			"panel_decision.next_step.due_on");
	baton_event_free(event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(panel_makes_only_its_own_decisions),
		cmocka_unit_test(panel_stage_needs_date_of_request),
		cmocka_unit_test(panel_on_changes_needs_no_date_of_request),
		cmocka_unit_test(panel_sits_after_the_request),
		cmocka_unit_test(panel_appeal_ends_after_the_panel_sat),
		cmocka_unit_test(
			panel_decision_without_appeal_has_no_date_for_it),
		cmocka_unit_test(panel_sector_is_present_once),
		cmocka_unit_test(panel_next_step_says_what_and_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
