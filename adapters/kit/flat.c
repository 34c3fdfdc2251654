/* SPDX-License-Identifier: MIT */
#include "adapters/kit/flat.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/kit/cell.h"
#include "adapters/kit/path.h"
#include "adapters/kit/table.h"

static const struct kit_column flat_first[] = {
	{"source", "source", KIT_CELL_TEXT, true, NULL,
	 "Organisation that published, /ods/RPG."},
	{"type", "type", KIT_CELL_TEXT, true, NULL, "uk.send.referral.v1"},
};
#define FLAT_FIRST (sizeof(flat_first) / sizeof(flat_first[0]))

static const struct kit_column *
flat_column(const struct kit_table *table, size_t i)
{
	return i < FLAT_FIRST ? &flat_first[i]
			      : table_column(table, i - FLAT_FIRST);
}

static baton_err
flat_cell(FILE *out, const struct kit_column *column, const json_t *event)
{
	const char *run = "=+-@\t\r";
	baton_err err = BATON_OK;
	char *guarded = NULL;
	char *text;

	err = cell_write(column, path_get(event, column->path), &text);
	if (err != BATON_OK)
		return err;
	if (text[0] != '\0' && strchr(run, text[0]) != NULL) {
		if (asprintf(&guarded, "'%s", text) < 0)
			err = BATON_NO_MEMORY;
	}
	if (err == BATON_OK) {
		const char *cell = guarded != NULL ? guarded : text;

		(void)fputc(',', out);
		if (csv_fwrite(out, cell, strlen(cell)) != 0)
			err = BATON_NO_MEMORY;
		free(guarded);
	}
	free(text);
	return err;
}

baton_err
flat_write(const struct kit_table *table, json_t *event, uint64_t sequence,
	   char **text)
{
	const struct kit_column *column;
	baton_err err = BATON_OK;
	size_t len;
	FILE *out;

	*text = NULL;
	out = open_memstream(text, &len);
	if (out == NULL)
		return BATON_NO_MEMORY;
	if (table->flatten != NULL)
		table->flatten(event);
	(void)fputs("sequence", out);
	for (size_t i = 0; (column = flat_column(table, i)) != NULL; i++)
		(void)fprintf(out, ",%s", column->header);
	(void)fprintf(out, "\r\n%llu", (unsigned long long)sequence);
	for (size_t i = 0;
	     err == BATON_OK && (column = flat_column(table, i)) != NULL; i++)
		err = flat_cell(out, column, event);
	(void)fputs("\r\n", out);
	if (fclose(out) != 0)
		err = BATON_NO_MEMORY;
	if (err != BATON_OK) {
		free(*text);
		*text = NULL;
	}
	return err;
}
