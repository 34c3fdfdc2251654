/* SPDX-License-Identifier: MIT */
#include "adapters/kit/families.h"
#include "adapters/kit/kit.h"

/*
 * The council's EHC case system and schools: nightly CSV extracts in, files
 * out.
 */
static const struct kit_table *const education_tables[] = {
	&families_panel_decisions,
	&families_annual_reviews_due,
	&families_transitions,
};

static const struct kit_adapter education = {
	.name = "baton-education",
	.summary = "Connects an EHC case system or a school's system by files.",
	.tables = education_tables,
	.tables_count = sizeof(education_tables) / sizeof(education_tables[0]),
};

int
main(int argc, char **argv)
{
	return kit_main(&education, argc, argv);
}
