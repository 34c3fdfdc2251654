/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_KIT_ROWS_H
#define BATON_TESTS_KIT_ROWS_H

#include "adapters/kit/table.h"

/** Invented CSV of the panel_decisions table, for tests. */

/** Header, and the cells before the NHS number and after it. */
#define ROWS_HEADER                                                            \
	"action,occurred_at,case_reference,nhs_number,nhs_number_status,"      \
	"contact_team_name,purpose,lawful_basis,panel,held_on,decision,"       \
	"request_received_on"
#define ROWS_BEFORE(reference) "new,2026-03-01T09:30:00Z," reference ","
#define ROWS_AFTER                                                             \
	",verified,SEND casework team,send_statutory_duty,public_task,"        \
	"stage_1,2026-02-27,assess,2026-01-20"

/** A valid record. */
#define ROWS_VALID(reference) ROWS_BEFORE(reference) "9990000018" ROWS_AFTER

/** Table panel_decisions alone. */
extern const struct kit_table *const rows_tables[1];

/**
 * Reads text as a CSV file: first row the header, second the record.
 *
 * Returns the first error of table_match() and table_event(), whose results
 * these are.
 */
baton_err rows_event(const struct kit_table *const *tables, size_t tables_count,
		     const char *text, size_t text_len, uint8_t **bytes,
		     size_t *len, struct baton_problem *problem);

#endif /* BATON_TESTS_KIT_ROWS_H */
