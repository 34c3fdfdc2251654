/* SPDX-License-Identifier: MIT */
#include "adapters/kit/families.h"
#include "adapters/kit/kit.h"

#define TRANSITION "data.transition."

/*
 * An acknowledgement is the transition as it was received, whole, with who
 * takes the young person on and when (proto/send/v1/transition.proto): an
 * update overwrites and never merges.
 */
static const struct kit_column acknowledgement_columns[] = {
	{"transition_id", TRANSITION "transitionId", KIT_CELL_TEXT, true, NULL,
	 "The id of the transition that is acknowledged."},
	{"age_point", TRANSITION "agePoint", KIT_CELL_ENUM, true, "AGE_POINT_",
	 "14, 16, 17_and_a_half, 18, 19 or 25."},
	{"reached_on", TRANSITION "reachedOn", KIT_CELL_TEXT, true, NULL,
	 "Date the age point is reached."},
	{"school_year", TRANSITION "schoolYear", KIT_CELL_INTEGER, false, NULL,
	 "National curriculum year at that date, -2 to 14, 0 is Reception; "
	 "empty when not known."},
	{"changes", TRANSITION "changes", KIT_CELL_ENUM_LIST, true,
	 "TRANSITION_CHANGE_",
	 "As received: social_care_to_adults;plan_ends and so on."},
	{"plan_in_place", TRANSITION "planInPlace", KIT_CELL_ENUM, true,
	 "PLAN_IN_PLACE_", "yes, no or unknown."},
	FAMILIES_TEAM("sending_team", TRANSITION "sending", false,
		      "the team the child leaves"),
	FAMILIES_TEAM("receiving_team", TRANSITION "receiving", true,
		      "the team the child moves to"),
	FAMILIES_TEAM("acknowledged_team", TRANSITION "acknowledged.team", true,
		      "the team that takes the young person on"),
	{"acknowledged_on", TRANSITION "acknowledged.acknowledgedOn",
	 KIT_CELL_TEXT, true, NULL, "Date of the acknowledgement."},
};

static const struct kit_table acknowledgements = {
	.name = "transition_acknowledgements",
	.family = "transition",
	.columns = acknowledgement_columns,
	.columns_count = sizeof(acknowledgement_columns) /
			 sizeof(acknowledgement_columns[0]),
	.finish = families_finish_transition,
};

static const struct kit_table *const social_care_tables[] = {
	&acknowledgements,
};

static const struct kit_adapter social_care = {
	.name = "baton-social-care",
	.summary = "Connects a social care case system by files.",
	.tables = social_care_tables,
	.tables_count =
		sizeof(social_care_tables) / sizeof(social_care_tables[0]),
};

int
main(int argc, char **argv)
{
	return kit_main(&social_care, argc, argv);
}
