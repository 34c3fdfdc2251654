/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_FAMILIES_H
#define BATON_KIT_FAMILIES_H

#include "adapters/kit/kit.h"

/**
 * Each event family as a flat table: what an outbox writes as CSV, and what
 * an adapter may take as an inbox table. The columns that all families share
 * (the envelope: identifiers, teams, purpose and so on) come first in
 * every table and are not repeated in it.
 */
extern const struct kit_table families_referrals;
extern const struct kit_table families_panel_decisions;
extern const struct kit_table families_annual_reviews_due;
extern const struct kit_table families_transitions;

/** What all families share. */
extern const struct kit_column families_common[];
extern const size_t families_common_count;

/** The table of a family, "panel_decision"; NULL when there is none. */
const struct kit_table *families_find(const char *family);

/** Columns of one team: name, organisation, phone, email. path ends in the
 *  team's member. */
#define FAMILIES_TEAM(header_prefix, team_path, name_required, who)            \
	{header_prefix "_name",                                                \
	 team_path ".name",                                                    \
	 KIT_CELL_TEXT,                                                        \
	 name_required,                                                        \
	 NULL,                                                                 \
	 "Name of " who "; a team, never a person."},                          \
		{header_prefix "_organisation",                                \
		 team_path ".organisation",                                    \
		 KIT_CELL_ORGANISATION,                                        \
		 false,                                                        \
		 NULL,                                                         \
		 "Organisation of " who "."},                                  \
		{header_prefix "_phone",                                       \
		 team_path ".phone",                                           \
		 KIT_CELL_TEXT,                                                \
		 false,                                                        \
		 NULL,                                                         \
		 "Shared telephone number of " who "."},                       \
	{                                                                      \
		header_prefix "_email", team_path ".email", KIT_CELL_TEXT,     \
			false, NULL, "Shared mailbox of " who "."              \
	}

/** Completes a transition's JSON: a school year that is given is known. */
baton_err families_finish_transition(json_t *event,
				     struct baton_problem *problem);

/** Readies a transition for its columns: an unknown school year is empty. */
void families_flatten_transition(json_t *event);

#endif /* BATON_KIT_FAMILIES_H */
