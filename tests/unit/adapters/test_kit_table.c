/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/kit/families.h"
#include "adapters/kit/flat.h"
#include "adapters/kit/path.h"
#include "tests/unit/adapters/kit_rows.h"

#include <cmocka.h>

static const struct kit_table *const all_tables[] = {
	&families_panel_decisions,
	&families_annual_reviews_due,
	&families_transitions,
};
#define ALL_TABLES (sizeof(all_tables) / sizeof(all_tables[0]))

/* Every column of each table that is not implied by another. */
static const char every_panel_column[] =
	"event_id,action,occurred_at,case_reference,nhs_number,"
	"nhs_number_status,uln,social_care_id,social_care_issuer,local_id,"
	"local_issuer,date_of_birth,child_setting,contact_team_name,"
	"contact_team_organisation,contact_team_phone,contact_team_email,"
	"lead_team_name,lead_team_organisation,lead_team_phone,"
	"lead_team_email,purpose,lawful_basis,dataref,traceparent,panel,"
	"held_on,decision,reason,request_received_on,request_source,"
	"present_education,present_health,present_social_care,present_family,"
	"advice_outstanding,next_step,next_step_due_on,next_step_sector,"
	"appeal_until,mediation_offered\r\n"
	"ehc-1,new,2026-03-01T09:30:00Z,EHC-0001,9990000018,verified,"
	",SC-1,/la/887,R-1,/ods/RPG,2012-05-31,/urn/123456,"
	"SEND casework team,/la/887,01634 000000,send@example.org,"
	"Therapies team,/ods/RPG,01634 000001,therapies@example.org,"
	"send_statutory_duty,public_task,https://example.org/case/1,"
	"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01,stage_1,"
	"2026-02-27,not_assess,needs_met_by_sen_support,2026-01-20,school,"
	"attended,sent_advice,absent,attended,health;social_care,"
	"Write to the family,2026-03-06,education,2026-04-27,yes\r\n";

static const char every_review_column[] =
	"action,occurred_at,case_reference,nhs_number,nhs_number_status,"
	"contact_team_name,purpose,lawful_basis,plan_type,plan_date,"
	"last_review_on,due_by,meeting_by,stage,phase_transfer,"
	"phase_transfer_by,preparing_for_adulthood,setting,advice_from,"
	"plan_id\r\n"
	"update,2026-03-01T09:30:00Z,EHC-0002,9990000026,verified,"
	"SEND casework team,send_statutory_duty,legal_obligation,ehcp,"
	"2024-05-01,2025-05-10,2026-05-10,2026-04-26,8_weeks_ahead,"
	"secondary_to_post_16,2026-03-31,true,/urn/123456,"
	"health;social_care,PLAN-2\r\n";

static const char every_transition_column[] =
	"action,occurred_at,case_reference,nhs_number,nhs_number_status,"
	"date_of_birth,contact_team_name,purpose,lawful_basis,transition_id,"
	"age_point,reached_on,school_year,changes,plan_in_place,"
	"sending_team_name,sending_team_organisation,sending_team_phone,"
	"sending_team_email,receiving_team_name,receiving_team_organisation,"
	"receiving_team_phone,receiving_team_email,acknowledged_team_name,"
	"acknowledged_team_organisation,acknowledged_team_phone,"
	"acknowledged_team_email,acknowledged_on\r\n"
	"new,2026-03-01T09:30:00Z,EHC-0003,9990000034,verified,2008-03-01,"
	"SEND casework team,transition_planning,public_task,T-3,18,"
	"2026-03-01,0,social_care_to_adults;health_to_adult_services,yes,"
	"Children's team,/la/887,01634 000000,c@example.org,Adults team,"
	"/la/887,01634 000001,a@example.org,Adults team,/la/887,"
	"01634 000001,a@example.org,2026-02-01\r\n";

/* The JSON of the row's event; fails the test when it has none. */
static json_t *
event_json(const char *text)
{
	struct baton_problem problem = {.code = BATON_OK};
	uint8_t *bytes;
	json_t *event;
	size_t len;
	char *json;
	baton_err err;

	err = rows_event(all_tables, ALL_TABLES, text, strlen(text), &bytes,
			 &len, &problem);
	if (err != BATON_OK)
		print_error("%s: %s\n", problem.path, problem.text);
	assert_int_equal(err, BATON_OK);
	assert_int_equal(baton_event_to_json((struct baton_span){bytes, len},
					     &json, NULL),
			 BATON_OK);
	baton_event_bytes_free(bytes);
	event = json_loads(json, 0, NULL);
	assert_non_null(event);
	baton_json_free(json);
	return event;
}

static void
assert_text(const json_t *event, const char *path, const char *text)
{
	const char *found = json_string_value(path_get(event, path));

	if (found == NULL)
		print_error("%s is not there\n", path);
	assert_non_null(found);
	assert_string_equal(found, text);
}

/* Fails with the code, at the column. */
static void
assert_problem(const char *text, size_t len, baton_err code, const char *column)
{
	struct baton_problem problem = {.code = BATON_OK};
	size_t bytes_len;
	uint8_t *bytes;

	assert_int_equal(rows_event(all_tables, ALL_TABLES, text, len, &bytes,
				    &bytes_len, &problem),
			 code);
	assert_null(bytes);
	assert_int_equal(problem.code, code);
	assert_string_equal(problem.path, column);
	assert_true(problem.text[0] != '\0');
}

#define ASSERT_PROBLEM(text, code, column)                                     \
	assert_problem((text), sizeof(text) - 1, (code), (column))

static void
table_event_sets_envelope(void **state)
{
	(void)state;
	json_t *event = event_json(every_panel_column);

	assert_text(event, "id", "ehc-1");
	assert_text(event, "source", "/la/887");
	assert_text(event, "type", "uk.send.panel_decision.v1");
	assert_text(event, "action", "new");
	assert_text(event, "subject", "EHC-0001");
	assert_text(event, "data.purpose", "PURPOSE_SEND_STATUTORY_DUTY");
	assert_text(event, "dataref", "https://example.org/case/1");
	json_decref(event);
}

static void
table_event_sets_all_identifiers(void **state)
{
	(void)state;
	json_t *event = event_json(every_panel_column);

	assert_int_equal(
		json_array_size(path_get(event, "data.child.identifiers")), 3);
	assert_text(event,
		    "data.child.identifiers[scheme=IDENTIFIER_SCHEME_LOCAL]"
		    ".issuer.code",
		    "RPG");
	json_decref(event);
}

static void
table_event_sets_attendance_by_sector(void **state)
{
	(void)state;
	json_t *event = event_json(every_panel_column);

	assert_text(event,
		    "data.panelDecision.present[sector=SECTOR_SOCIAL_CARE]"
		    ".attendance",
		    "ATTENDANCE_ABSENT");
	json_decref(event);
}

static void
table_event_sets_lists(void **state)
{
	(void)state;
	json_t *event = event_json(every_review_column);
	json_t *sectors = path_get(event, "data.annualReviewDue.adviceFrom");

	assert_int_equal(json_array_size(sectors), 2);
	assert_string_equal(json_string_value(json_array_get(sectors, 1)),
			    "SECTOR_SOCIAL_CARE");
	json_decref(event);
}

static void
table_event_knows_reception_as_a_school_year(void **state)
{
	(void)state;
	json_t *event = event_json(every_transition_column);

	assert_true(json_is_true(
		path_get(event, "data.transition.schoolYearKnown")));
	json_decref(event);
}

static void
table_event_defaults_contact_team_to_own_organisation(void **state)
{
	(void)state;
	json_t *event = event_json(ROWS_HEADER "\n" ROWS_VALID("EHC-1") "\n");

	assert_text(event, "data.contactTeam.organisation.code", "887");
	json_decref(event);
}

static void
table_event_id_is_the_same_for_the_same_record(void **state)
{
	(void)state;
	json_t *one = event_json(ROWS_HEADER "\n" ROWS_VALID("EHC-1") "\n");
	json_t *two = event_json(ROWS_HEADER
				 ",reason\r\n" ROWS_VALID("EHC-1") ",\r\n");

	assert_text(two, "id", json_string_value(path_get(one, "id")));
	json_decref(one);
	json_decref(two);
}

static void
table_event_id_differs_for_another_record(void **state)
{
	(void)state;
	json_t *one = event_json(ROWS_HEADER "\n" ROWS_VALID("EHC-1") "\n");
	json_t *two = event_json(ROWS_HEADER "\n" ROWS_VALID("EHC-2") "\n");

	assert_string_not_equal(json_string_value(path_get(one, "id")),
				json_string_value(path_get(two, "id")));
	json_decref(one);
	json_decref(two);
}

static void
table_event_refuses_another_number_of_columns(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER "\n" ROWS_VALID("EHC-1") ",more\n",
		       BATON_FIELD_INVALID, "");
	ASSERT_PROBLEM(ROWS_HEADER "\nnew\n", BATON_FIELD_INVALID, "");
}

static void
table_event_refuses_empty_required_cell(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER
		       "\nnew,2026-03-01T09:30:00Z,EHC-1,9990000018,verified,,"
		       "send_statutory_duty,public_task,stage_1,2026-02-27,"
		       "assess,2026-01-20\n",
		       BATON_FIELD_MISSING, "contact_team_name");
}

static void
table_event_names_column_of_wrong_nhs_number(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER
		       "\n" ROWS_BEFORE("EHC-1") "9990000019" ROWS_AFTER "\n",
		       BATON_IDENTIFIER_INVALID, "nhs_number");
}

static void
table_event_names_column_of_unknown_word(void **state)
{
	(void)state;
	ASSERT_PROBLEM(
		ROWS_HEADER
		"\nnew,2026-03-01T09:30:00Z,EHC-1,9990000018,verified,team,"
		"send_statutory_duty,public_task,stage_9,2026-02-27,"
		"assess,2026-01-20\n",
		BATON_ENUM_UNKNOWN, "panel");
}

static void
table_event_names_column_of_missing_case_reference(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER "\n" ROWS_BEFORE("") "9990000018" ROWS_AFTER
							"\n",
		       BATON_FIELD_MISSING, "case_reference");
}

static void
table_event_names_column_of_impossible_date(void **state)
{
	(void)state;
	ASSERT_PROBLEM(
		ROWS_HEADER
		"\nnew,2026-03-01T09:30:00Z,EHC-1,9990000018,verified,team,"
		"send_statutory_duty,public_task,stage_1,2026-02-30,"
		"assess,2026-01-20\n",
		BATON_DATE_INVALID, "held_on");
}

static void
table_event_names_column_of_wrong_time(void **state)
{
	(void)state;
	struct baton_problem problem = {.code = BATON_OK};
	static const char text[] = ROWS_HEADER
		"\nnew,01/03/2026,EHC-1,9990000018,verified,team,"
		"send_statutory_duty,public_task,stage_1,2026-02-27,"
		"assess,2026-01-20\n";
	uint8_t *bytes;
	size_t len;

	assert_int_not_equal(rows_event(all_tables, ALL_TABLES, text,
					strlen(text), &bytes, &len, &problem),
			     BATON_OK);
	assert_string_equal(problem.path, "occurred_at");
}

static void
table_event_refuses_nul_byte(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER
		       "\n" ROWS_BEFORE("EHC\0x") "9990000018" ROWS_AFTER "\n",
		       BATON_TEXT_INVALID, "case_reference");
}

static void
table_event_refuses_text_that_is_not_utf8(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER
		       "\n" ROWS_BEFORE("EHC\xE9") "9990000018" ROWS_AFTER "\n",
		       BATON_TEXT_INVALID, "case_reference");
}

static void
table_event_refuses_too_long_cell(void **state)
{
	(void)state;
	char cell[TABLE_MAX_CELL_BYTES + 2] = "";
	char *text;
	int len;

	memset(cell, 'x', TABLE_MAX_CELL_BYTES + 1);
	len = asprintf(&text, "%s\nnew,2026-03-01T09:30:00Z,%s,9990000018%s\n",
		       ROWS_HEADER, cell, ROWS_AFTER);
	assert_true(len > 0);
	assert_problem(text, (size_t)len, BATON_FIELD_TOO_LONG,
		       "case_reference");
	free(text);
}

static void
table_match_takes_any_order_and_case(void **state)
{
	(void)state;
	json_t *event =
		event_json("Decision,PANEL,held_on,request_received_on,action,"
			   "occurred_at,case_reference,nhs_number,"
			   "nhs_number_status,contact_team_name,purpose,"
			   "lawful_basis\n"
			   "assess,stage_1,2026-02-27,2026-01-20,new,"
			   "2026-03-01T09:30:00Z,EHC-1,9990000018,verified,"
			   "team,send_statutory_duty,public_task\n");

	assert_text(event, "data.panelDecision.panel", "PANEL_STAGE_1");
	json_decref(event);
}

static void
table_match_refuses_unknown_column(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER ",shoe_size\n", BATON_FIELD_UNKNOWN, "");
}

static void
table_match_refuses_repeated_column(void **state)
{
	(void)state;
	ASSERT_PROBLEM(ROWS_HEADER ",panel\n", BATON_ENTRY_REPEATED, "");
}

static void
table_match_names_missing_column(void **state)
{
	(void)state;
	struct baton_problem problem;
	static const char text[] = "action,panel,held_on\n";
	uint8_t *bytes;
	size_t len;

	assert_int_equal(rows_event(all_tables, ALL_TABLES, text, strlen(text),
				    &bytes, &len, &problem),
			 BATON_FIELD_MISSING);
	assert_non_null(strstr(problem.text, "occurred_at"));
	assert_non_null(strstr(problem.text, "panel_decisions"));
}

static void
table_match_does_not_repeat_a_row_without_header(void **state)
{
	(void)state;
	struct baton_problem problem;
	static const char text[] = "new,9990000018,2012-05-31\n";
	uint8_t *bytes;
	size_t len;

	assert_int_equal(rows_event(all_tables, ALL_TABLES, text, strlen(text),
				    &bytes, &len, &problem),
			 BATON_FIELD_UNKNOWN);
	assert_null(strstr(problem.text, "9990000018"));
	assert_null(strstr(problem.text, "2012"));
}

/* An outbox's CSV without its first columns is an inbox's CSV again. */
static void
assert_flat_round_trip(const struct kit_table *table, const char *text)
{
	json_t *event = event_json(text);
	json_t *again;
	char *flat;
	char *row;
	char *rest;

	assert_int_equal(flat_write(table, event, 7, &flat), BATON_OK);
	row = strstr(flat, "\r\n") + 2;
	assert_memory_equal(flat, "sequence,source,type,", 21);
	/* 7,"/la/887","uk.send.panel_decision.v1", */
	rest = strstr(strstr(row, "\",\"") + 3, "\",\"") + 2;
	memmove(row, rest, strlen(rest) + 1);
	memmove(flat, flat + 21, strlen(flat + 21) + 1);
	again = event_json(flat);
	if (table->flatten != NULL)
		table->flatten(again);
	assert_true(json_equal(event, again));
	json_decref(again);
	json_decref(event);
	free(flat);
}

static void
flat_panel_decision_reads_back_the_same(void **state)
{
	(void)state;
	assert_flat_round_trip(&families_panel_decisions, every_panel_column);
}

static void
flat_annual_review_due_reads_back_the_same(void **state)
{
	(void)state;
	assert_flat_round_trip(&families_annual_reviews_due,
			       every_review_column);
}

static void
flat_transition_reads_back_the_same(void **state)
{
	(void)state;
	assert_flat_round_trip(&families_transitions, every_transition_column);
}

static void
flat_cell_that_runs_as_formula_is_quoted(void **state)
{
	(void)state;
	json_t *event = event_json(every_panel_column);
	char *flat;

	assert_int_equal(path_set(event,
				  "data.panelDecision.nextStep"
				  ".description",
				  json_string("=1+1")),
			 BATON_OK);
	assert_int_equal(flat_write(&families_panel_decisions, event, 7, &flat),
			 BATON_OK);
	assert_non_null(strstr(flat, ",\"'=1+1\","));
	free(flat);
	json_decref(event);
}

static void
table_cell_guarded_by_the_outbox_reads_back_the_same(void **state)
{
	(void)state;
	assert_flat_round_trip(
		&families_panel_decisions,
		"action,occurred_at,case_reference,nhs_number,"
		"nhs_number_status,contact_team_name,"
		"contact_team_phone,purpose,lawful_basis,panel,"
		"held_on,decision,request_received_on\r\n"
		"new,2026-03-01T09:30:00Z,-1,9990000018,verified,"
		"=Team,+44 1634 000000,send_statutory_duty,"
		"public_task,stage_1,2026-02-27,assess,"
		"2026-01-20\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_event_sets_envelope),
		cmocka_unit_test(table_event_sets_all_identifiers),
		cmocka_unit_test(table_event_sets_attendance_by_sector),
		cmocka_unit_test(table_event_sets_lists),
		cmocka_unit_test(table_event_knows_reception_as_a_school_year),
		cmocka_unit_test(
			table_event_defaults_contact_team_to_own_organisation),
		cmocka_unit_test(
			table_event_id_is_the_same_for_the_same_record),
		cmocka_unit_test(table_event_id_differs_for_another_record),
		cmocka_unit_test(table_event_refuses_another_number_of_columns),
		cmocka_unit_test(table_event_refuses_empty_required_cell),
		cmocka_unit_test(table_event_names_column_of_wrong_nhs_number),
		cmocka_unit_test(table_event_names_column_of_unknown_word),
		cmocka_unit_test(
			table_event_names_column_of_missing_case_reference),
		cmocka_unit_test(table_event_names_column_of_impossible_date),
		cmocka_unit_test(table_event_names_column_of_wrong_time),
		cmocka_unit_test(table_event_refuses_nul_byte),
		cmocka_unit_test(table_event_refuses_text_that_is_not_utf8),
		cmocka_unit_test(table_event_refuses_too_long_cell),
		cmocka_unit_test(table_match_takes_any_order_and_case),
		cmocka_unit_test(table_match_refuses_unknown_column),
		cmocka_unit_test(table_match_refuses_repeated_column),
		cmocka_unit_test(table_match_names_missing_column),
		cmocka_unit_test(
			table_match_does_not_repeat_a_row_without_header),
		cmocka_unit_test(flat_panel_decision_reads_back_the_same),
		cmocka_unit_test(flat_annual_review_due_reads_back_the_same),
		cmocka_unit_test(flat_transition_reads_back_the_same),
		cmocka_unit_test(
			table_cell_guarded_by_the_outbox_reads_back_the_same),
		cmocka_unit_test(flat_cell_that_runs_as_formula_is_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
