/* SPDX-License-Identifier: MIT */
#include "adapters/kit/table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adapters/kit/cell.h"
#include "adapters/kit/families.h"
#include "adapters/kit/path.h"

const struct kit_column *
table_column(const struct kit_table *table, size_t i)
{
	if (i < families_common_count)
		return &families_common[i];
	i -= families_common_count;
	return i < table->columns_count ? &table->columns[i] : NULL;
}

static baton_err
table_problem(struct baton_problem *problem, baton_err code, const char *path,
	      const char *text)
{
	problem->code = code;
	(void)snprintf(problem->path, sizeof(problem->path), "%s", path);
	(void)snprintf(problem->text, sizeof(problem->text), "%s", text);
	return code;
}

/* ---- the header ---- */

/* A cell without the spaces around it, and without the single quote that keeps
 * a spreadsheet from running it: the outbox writes one. */
static struct csv_cell
table_trim(struct csv_cell cell)
{
	while (cell.len > 0 && (*cell.text == ' ' || *cell.text == '\t')) {
		cell.text++;
		cell.len--;
	}
	while (cell.len > 0 && (cell.text[cell.len - 1] == ' ' ||
				cell.text[cell.len - 1] == '\t'))
		cell.len--;
	if (cell.len > 1 && cell.text[0] == '\'' && cell.text[1] != '\0' &&
	    strchr("=+-@\t\r", cell.text[1]) != NULL) {
		cell.text++;
		cell.len--;
	}
	return cell;
}

static const struct kit_column *
table_find_column(const struct kit_table *table, struct csv_cell cell)
{
	const struct kit_column *column;

	for (size_t i = 0; (column = table_column(table, i)) != NULL; i++) {
		if (strlen(column->header) == cell.len &&
		    strncasecmp(column->header, cell.text, cell.len) == 0)
			return column;
	}
	return NULL;
}

static bool
table_header_has(const struct table_header *header,
		 const struct kit_column *column)
{
	for (size_t i = 0; i < header->count; i++) {
		if (header->columns[i] == column)
			return true;
	}
	return false;
}

/* Fits the row to one table; *known counts the columns that are its. */
static baton_err
table_fit(const struct kit_table *table, const struct csv_row *row,
	  struct table_header *header, size_t *known,
	  struct baton_problem *problem)
{
	const struct kit_column *column;
	baton_err err = BATON_OK;

	*header = (struct table_header){.table = table};
	*known = 0;
	for (size_t i = 0; i < row->count; i++) {
		column = table_find_column(table, table_trim(row->cells[i]));
		if (column == NULL && err == BATON_OK) {
			err = BATON_FIELD_UNKNOWN;
			(void)snprintf(problem->text, sizeof(problem->text),
				       "column %zu of the header is not one of "
				       "table %s",
				       i + 1, table->name);
		} else if (column != NULL && table_header_has(header, column) &&
			   err == BATON_OK) {
			err = BATON_ENTRY_REPEATED;
			(void)snprintf(problem->text, sizeof(problem->text),
				       "column %s is in the header twice",
				       column->header);
		}
		*known += column != NULL ? 1 : 0;
		header->columns[header->count++] = column;
	}
	for (size_t i = 0; err == BATON_OK; i++) {
		column = table_column(table, i);
		if (column == NULL)
			break;
		if (column->required && !table_header_has(header, column)) {
			err = BATON_FIELD_MISSING;
			(void)snprintf(problem->text, sizeof(problem->text),
				       "required column %s of table %s is not "
				       "in the header",
				       column->header, table->name);
		}
	}
	problem->code = err;
	return err;
}

baton_err
table_match(const struct kit_table *const *tables, size_t tables_count,
	    const struct csv_row *row, struct table_header *header,
	    struct baton_problem *problem)
{
	struct baton_problem found;
	size_t best = 0;
	size_t known;

	(void)table_problem(problem, BATON_FIELD_UNKNOWN, "",
			    "no column of the first row is known; the first "
			    "row must name the columns");
	if (row->count > CSV_MAX_CELLS) {
		return table_problem(problem, BATON_FIELD_TOO_LONG, "",
				     "header has more than 256 columns");
	}
	for (size_t i = 0; i < tables_count; i++) {
		found = (struct baton_problem){.code = BATON_OK};
		if (table_fit(tables[i], row, header, &known, &found) ==
		    BATON_OK)
			return BATON_OK;
		if (known > best) {
			best = known;
			*problem = found;
		}
	}
	return problem->code;
}

/* ---- a row ---- */

/* Sets one cell in the event; an empty one leaves the field out. */
static baton_err
table_set_cell(const struct kit_column *column, struct csv_cell raw,
	       json_t *event, struct baton_problem *problem)
{
	struct csv_cell cell = table_trim(raw);
	char text[TABLE_MAX_CELL_BYTES + 1];
	json_t *value;
	baton_err err;

	if (cell.len == 0 && column->required) {
		return table_problem(problem, BATON_FIELD_MISSING, "",
				     "cell is empty and must not be");
	}
	if (cell.len == 0)
		return BATON_OK;
	if (cell.len > TABLE_MAX_CELL_BYTES) {
		return table_problem(problem, BATON_FIELD_TOO_LONG, "",
				     "cell is longer than 4,096 bytes");
	}
	if (memchr(cell.text, '\0', cell.len) != NULL) {
		return table_problem(problem, BATON_TEXT_INVALID, "",
				     "cell has a NUL byte; export the file "
				     "again as \"CSV UTF-8\"");
	}
	memcpy(text, cell.text, cell.len);
	text[cell.len] = '\0';
	err = cell_read(column, text, cell.len, &value, problem);
	if (err != BATON_OK)
		return err;
	err = path_set(event, column->path, value);
	if (err != BATON_OK)
		(void)table_problem(problem, err, "", "out of memory");
	return err;
}

/* Who issued or owns what the row leaves to us: our own organisation. */
static baton_err
table_default_organisation(json_t *event, const char *owner, const char *path,
			   const char *source)
{
	if (path_get(event, owner) == NULL || path_get(event, path) != NULL)
		return BATON_OK;
	return path_set(event, path, cell_organisation(source));
}

static baton_err
table_defaults(json_t *event, const char *source)
{
	static const struct {
		const char *owner;
		const char *path;
	} defaults[] = {
		{"data.contactTeam.name", "data.contactTeam.organisation"},
		{"data.leadPractitionerTeam.name",
		 "data.leadPractitionerTeam.organisation"},
		{"data.child.identifiers[scheme=IDENTIFIER_SCHEME_SOCIAL_CARE]",
		 "data.child.identifiers[scheme=IDENTIFIER_SCHEME_SOCIAL_CARE]"
		 ".issuer"},
		{"data.child.identifiers[scheme=IDENTIFIER_SCHEME_LOCAL]",
		 "data.child.identifiers[scheme=IDENTIFIER_SCHEME_LOCAL]"
		 ".issuer"},
	};
	baton_err err = BATON_OK;

	for (size_t i = 0;
	     err == BATON_OK && i < sizeof(defaults) / sizeof(defaults[0]);
	     i++) {
		err = table_default_organisation(event, defaults[i].owner,
						 defaults[i].path, source);
	}
	return err;
}

/*
 * An id that is a function of the record: source, table and each cell that is
 * not empty with its column, in the table's order, so that neither the order
 * of the file's columns nor an added empty one makes a new event.
 */
static baton_err
table_set_id(const struct table_header *header, const struct csv_row *row,
	     const char *source, json_t *event)
{
	const struct kit_column *column;
	char id[BATON_UUID_BYTES];
	char *name = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&name, &len);

	if (out == NULL)
		return BATON_NO_MEMORY;
	(void)fprintf(out, "%s%c%s%c", source, 0, header->table->name, 0);
	for (size_t i = 0; (column = table_column(header->table, i)) != NULL;
	     i++) {
		for (size_t k = 0; k < header->count; k++) {
			struct csv_cell cell = table_trim(row->cells[k]);

			if (header->columns[k] != column || cell.len == 0)
				continue;
			(void)fprintf(out, "%s%c", column->header, 0);
			(void)fwrite(cell.text, 1, cell.len, out);
			(void)fputc(0, out);
		}
	}
	if (fclose(out) != 0) {
		free(name);
		return BATON_NO_MEMORY;
	}
	baton_uuid_from_name(name, len, id);
	free(name);
	return path_set(event, "id", json_string(id));
}

static baton_err
table_fill(const struct table_header *header, const struct csv_row *row,
	   const char *source, json_t *event, struct baton_problem *problem)
{
	char type[64];
	baton_err err;

	(void)snprintf(type, sizeof(type), "uk.send.%s.v1",
		       header->table->family);
	if (json_object_set_new(event, "specversion", json_string("1.0")) ||
	    json_object_set_new(event, "source", json_string(source)) ||
	    json_object_set_new(event, "type", json_string(type))) {
		return table_problem(problem, BATON_NO_MEMORY, "",
				     "out of memory");
	}
	for (size_t i = 0; i < header->count; i++) {
		err = table_set_cell(header->columns[i], row->cells[i], event,
				     problem);
		if (err != BATON_OK) {
			(void)snprintf(problem->path, sizeof(problem->path),
				       "%s", header->columns[i]->header);
			return err;
		}
	}
	err = table_defaults(event, source);
	if (err == BATON_OK && path_get(event, "id") == NULL)
		err = table_set_id(header, row, source, event);
	if (err != BATON_OK)
		return table_problem(problem, err, "", "out of memory");
	if (header->table->finish != NULL)
		err = header->table->finish(event, problem);
	return err;
}

static const char *
table_column_at(const struct kit_table *table, const json_t *event,
		const char *path)
{
	const struct kit_column *column;
	const char *header = NULL;
	size_t best = 0;

	for (size_t i = 0; (column = table_column(table, i)) != NULL; i++) {
		size_t match = path_match(event, column->path, path);

		if (match > best) {
			best = match;
			header = column->header;
		}
	}
	return header;
}

static baton_err
table_pack(const json_t *event, uint8_t **bytes, size_t *len,
	   struct baton_problem *problem)
{
	char *json = json_dumps(event, JSON_COMPACT);
	baton_err err;

	if (json == NULL) {
		return table_problem(problem, BATON_NO_MEMORY, "",
				     "out of memory");
	}
	err = baton_event_from_json(json, strlen(json), BATON_ID_REQUIRED,
				    bytes, len, problem);
	free(json);
	if (err != BATON_OK)
		return err;
	/* Whether a flagged NHS number may pass is the broker's to say. */
	err = baton_event_check((struct baton_span){*bytes, *len},
				BATON_NHS_NUMBER_ACCEPT_FLAGGED, problem);
	if (err != BATON_OK) {
		baton_event_bytes_free(*bytes);
		*bytes = NULL;
	}
	return err;
}

baton_err
table_event(const struct table_header *header, const struct csv_row *row,
	    const char *source, uint8_t **bytes, size_t *len,
	    struct baton_problem *problem)
{
	const char *column;
	json_t *event;
	baton_err err;

	*bytes = NULL;
	*problem = (struct baton_problem){.code = BATON_OK};
	if (row->count != header->count) {
		(void)snprintf(problem->text, sizeof(problem->text),
			       "record has %zu columns and the header %zu",
			       row->count, header->count);
		problem->code = BATON_FIELD_INVALID;
		return problem->code;
	}
	event = json_object();
	if (event == NULL) {
		return table_problem(problem, BATON_NO_MEMORY, "",
				     "out of memory");
	}
	err = table_fill(header, row, source, event, problem);
	if (err == BATON_OK) {
		err = table_pack(event, bytes, len, problem);
		column = table_column_at(header->table, event, problem->path);
		if (err != BATON_OK && column != NULL) {
			(void)snprintf(problem->path, sizeof(problem->path),
				       "%s", column);
		}
	}
	json_decref(event);
	return err;
}

const char *
table_problem_column(const struct kit_table *table, struct baton_span bytes,
		     const char *path)
{
	const char *column = NULL;
	json_t *event;
	char *json;

	if (baton_event_to_json(bytes, &json, NULL) != BATON_OK)
		return NULL;
	event = json_loads(json, 0, NULL);
	baton_json_free(json);
	if (event != NULL)
		column = table_column_at(table, event, path);
	json_decref(event);
	return column;
}

/* ---- help ---- */

static void
table_print_columns(const struct kit_column *columns, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		(void)fprintf(out, "  %-28s %-9s %s\n", columns[i].header,
			      columns[i].required ? "required" : "",
			      columns[i].help);
	}
}

void
table_print_help(const struct kit_table *const *tables, size_t tables_count,
		 FILE *out)
{
	if (tables_count == 0) {
		(void)fputs("This adapter takes no CSV files.\n", out);
		return;
	}
	(void)fputs(
		"A CSV file (RFC 4180, UTF-8) has a header row that names its "
		"columns, in any\norder. Its columns decide which table it is; "
		"the file's name plays no part.\nDates are 2026-03-01.\n\n"
		"Columns of every table:\n",
		out);
	table_print_columns(families_common, families_common_count, out);
	for (size_t i = 0; i < tables_count; i++) {
		(void)fprintf(out, "\nTable %s (event uk.send.%s.v1):\n",
			      tables[i]->name, tables[i]->family);
		table_print_columns(tables[i]->columns,
				    tables[i]->columns_count, out);
	}
}
