/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "client/config.h"

static void
help_bounds(const struct config_field *field, FILE *out)
{
	switch (field->kind) {
	case CONFIG_STRING:
		(void)fprintf(out,
			      "text, %" PRId64 " to %" PRId64 " characters",
			      field->min, field->max);
		return;
	case CONFIG_INT:
		(void)fprintf(out, "whole number, %" PRId64 " to %" PRId64,
			      field->min, field->max);
		return;
	case CONFIG_BOOL:
		(void)fputs("true or false", out);
		return;
	case CONFIG_ENUM:
		(void)fputs("one of:", out);
		for (const struct config_word *word = field->words;
		     word->word != NULL; word++) {
			(void)fprintf(out, " %s", word->word);
		}
		return;
	case CONFIG_STRINGS:
		(void)fprintf(out, "list of %" PRId64 " to %" PRId64 " texts",
			      field->min, field->max);
		return;
	case CONFIG_SECTION:
		(void)fputs("section", out);
		return;
	case CONFIG_LIST:
		(void)fprintf(out,
			      "list of %" PRId64 " to %" PRId64 " sections",
			      field->min, field->max);
		return;
	}
}

static void help_table(const struct config_table *table, int indent,
		       const char *bullet, FILE *out);

static void
help_field(const struct config_field *field, int indent, const char *bullet,
	   FILE *out)
{
	(void)fprintf(out, "%*s# %s\n%*s# (", indent, "", field->help, indent,
		      "");
	help_bounds(field, out);
	if (field->fallback == NULL && !field->optional &&
	    (field->kind == CONFIG_STRING || field->kind == CONFIG_INT ||
	     field->kind == CONFIG_BOOL || field->kind == CONFIG_ENUM))
		(void)fputs("; required", out);
	(void)fputs(")\n", out);
	(void)fprintf(out, "%*s%s%s:", indent - (*bullet != '\0' ? 2 : 0), "",
		      bullet, field->name);
	if (field->fallback != NULL)
		(void)fprintf(out, " %s", field->fallback);
	(void)fputc('\n', out);
	if (field->kind == CONFIG_SECTION)
		help_table(field->table, indent + 2, "", out);
	if (field->kind == CONFIG_LIST)
		help_table(field->table, indent + 4, "- ", out);
}

static void
help_table(const struct config_table *table, int indent, const char *bullet,
	   FILE *out)
{
	for (size_t i = 0; i < table->fields_count; i++) {
		help_field(&table->fields[i], indent, i == 0 ? bullet : "",
			   out);
	}
}

void
config_print_help(const struct config_table *table, FILE *out)
{
	help_table(table, 0, "", out);
}
