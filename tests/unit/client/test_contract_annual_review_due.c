/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "contract_fixture.h"

#include <cmocka.h>

static void
review_is_due_after_the_plan(void **state)
{
	Send__V1__Event *event = fixture_event(REVIEW_DUE);

	(void)state;
	event->annual_review_due->plan_date = fixture_text("2025-03-01");
	event->annual_review_due->last_review_on = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2026-03-01");
	event->annual_review_due->meeting_by = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2025-03-01");
	fixture_refuses(event, BATON_RULE_BROKEN, "annual_review_due.due_by");
	event->annual_review_due->due_by = fixture_text("2025-03-02");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
review_before_this_one_is_not_before_the_plan(void **state)
{
	Send__V1__Event *event = fixture_event(REVIEW_DUE);

	(void)state;
	event->annual_review_due->plan_date = fixture_text("2025-03-01");
	event->annual_review_due->last_review_on = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2026-03-01");
	event->annual_review_due->meeting_by = fixture_text("");
	event->annual_review_due->last_review_on = fixture_text("2025-02-28");
	fixture_refuses(event, BATON_RULE_BROKEN,
			"annual_review_due.last_review_on");
	event->annual_review_due->last_review_on = fixture_text("2025-03-01");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
review_meeting_is_not_after_it_is_due(void **state)
{
	Send__V1__Event *event = fixture_event(REVIEW_DUE);

	(void)state;
	event->annual_review_due->plan_date = fixture_text("2025-03-01");
	event->annual_review_due->last_review_on = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2026-03-01");
	event->annual_review_due->meeting_by = fixture_text("");
	event->annual_review_due->meeting_by = fixture_text("2026-03-02");
	fixture_refuses(event, BATON_RULE_BROKEN,
			"annual_review_due.meeting_by");
	event->annual_review_due->meeting_by = fixture_text("2026-03-01");
	fixture_accepts(event);
	baton_event_free(event);
}

static void
review_of_a_phase_transfer_has_its_date(void **state)
{
	Send__V1__Event *event = fixture_event(REVIEW_DUE);

	(void)state;
	event->annual_review_due->plan_date = fixture_text("2025-03-01");
	event->annual_review_due->last_review_on = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2026-03-01");
	event->annual_review_due->meeting_by = fixture_text("");
	event->annual_review_due->phase_transfer =
		SEND__V1__PHASE_TRANSFER__PHASE_TRANSFER_PRIMARY_TO_SECONDARY;
	event->annual_review_due->phase_transfer_by = fixture_text("");
	fixture_refuses(event, BATON_FIELD_MISSING,
			"annual_review_due.phase_transfer_by");
	event->annual_review_due->phase_transfer =
		SEND__V1__PHASE_TRANSFER__PHASE_TRANSFER_NONE;
	fixture_accepts(event);
	baton_event_free(event);
}

static void
review_asks_each_sector_once(void **state)
{
	Send__V1__Event *event = fixture_event(REVIEW_DUE);
	Send__V1__Sector sectors[] = {SEND__V1__SECTOR__SECTOR_HEALTH,
				      SEND__V1__SECTOR__SECTOR_HEALTH};

	(void)state;
	event->annual_review_due->plan_date = fixture_text("2025-03-01");
	event->annual_review_due->last_review_on = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2026-03-01");
	event->annual_review_due->meeting_by = fixture_text("");
	event->annual_review_due->n_advice_from = 2;
	event->annual_review_due->advice_from = sectors;
	fixture_refuses(event, BATON_ENTRY_REPEATED,
			"annual_review_due.advice_from[1]");
	baton_event_free(event);
}

static void
review_overdue_by_years_is_accepted(void **state)
{
	Send__V1__Event *event = fixture_event(REVIEW_DUE);

	(void)state;
	event->annual_review_due->plan_date = fixture_text("2025-03-01");
	event->annual_review_due->last_review_on = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2026-03-01");
	event->annual_review_due->meeting_by = fixture_text("");
	event->annual_review_due->due_by = fixture_text("2031-01-01");
	fixture_accepts(event);
	baton_event_free(event);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(review_is_due_after_the_plan),
		cmocka_unit_test(review_before_this_one_is_not_before_the_plan),
		cmocka_unit_test(review_meeting_is_not_after_it_is_due),
		cmocka_unit_test(review_of_a_phase_transfer_has_its_date),
		cmocka_unit_test(review_asks_each_sector_once),
		cmocka_unit_test(review_overdue_by_years_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
