/* SPDX-License-Identifier: MIT */
#include "adapters/kit/cell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adapters/kit/ascii.h"

/* Longer than any name in a code list. */
#define CELL_ENUM_BYTES 128

static const struct {
	const char *prefix;
	const char *scheme;
} cell_schemes[] = {
	{"/ods/", "ORGANISATION_SCHEME_ODS"},
	{"/urn/", "ORGANISATION_SCHEME_URN"},
	{"/la/", "ORGANISATION_SCHEME_LA"},
};
#define CELL_SCHEMES (sizeof(cell_schemes) / sizeof(cell_schemes[0]))

static baton_err
cell_problem(struct baton_problem *problem, baton_err code, const char *text)
{
	problem->code = code;
	(void)snprintf(problem->text, sizeof(problem->text), "%s", text);
	return code;
}

/* A character of an enum's name; '\0' for one that no name has. */
static char
cell_enum_char(const char *prefix, char c)
{
	if (c == ' ' || c == '-' || c == '_')
		return '_';
	if (ascii_is_upper(c) || ascii_is_lower(c) || ascii_is_digit(c))
		return prefix != NULL ? ascii_to_upper(c) : ascii_to_lower(c);
	return '\0';
}

/* "not assess" of prefix "PANEL_DECISION_OUTCOME_" to the enum's name. */
static baton_err
cell_enum_name(const char *prefix, const char *text, size_t len,
	       char name[CELL_ENUM_BYTES], struct baton_problem *problem)
{
	size_t at = prefix != NULL ? strlen(prefix) : 0;
	bool known = len > 0 && at + len < CELL_ENUM_BYTES;

	if (prefix != NULL)
		memcpy(name, prefix, at);
	for (size_t i = 0; known && i < len; i++) {
		name[at] = cell_enum_char(prefix, text[i]);
		known = name[at++] != '\0';
	}
	if (!known) {
		return cell_problem(problem, BATON_ENUM_UNKNOWN,
				    "value is not in the code list; see "
				    "--help-tables");
	}
	name[at] = '\0';
	return BATON_OK;
}

static baton_err
cell_read_enum(const struct kit_column *column, const char *text, size_t len,
	       json_t **value, struct baton_problem *problem)
{
	char name[CELL_ENUM_BYTES];
	baton_err err;

	err = cell_enum_name(column->prefix, text, len, name, problem);
	if (err == BATON_OK)
		*value = json_string(name);
	return err;
}

static baton_err
cell_read_enum_list(const struct kit_column *column, const char *text,
		    size_t len, json_t **value, struct baton_problem *problem)
{
	char name[CELL_ENUM_BYTES];
	json_t *list = json_array();
	const char *end = text + len;
	baton_err err;

	while (text < end) {
		const char *stop = memchr(text, ';', (size_t)(end - text));
		const char *next;

		if (stop == NULL)
			stop = end;
		next = stop < end ? stop + 1 : end;
		while (text < stop && *text == ' ')
			text++;
		while (stop > text && stop[-1] == ' ')
			stop--;
		err = cell_enum_name(column->prefix, text,
				     (size_t)(stop - text), name, problem);
		if (err != BATON_OK) {
			json_decref(list);
			return err;
		}
		if (json_array_append_new(list, json_string(name)) != 0) {
			json_decref(list);
			return cell_problem(problem, BATON_NO_MEMORY,
					    "out of memory");
		}
		text = next;
	}
	*value = list;
	return BATON_OK;
}

static baton_err
cell_read_bool(const char *text, json_t **value, struct baton_problem *problem)
{
	static const struct {
		const char *word;
		int value;
	} words[] = {{"yes", 1}, {"true", 1},  {"1", 1},
		     {"no", 0},  {"false", 0}, {"0", 0}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(words[i].word, text) == 0) {
			*value = json_boolean(words[i].value);
			return BATON_OK;
		}
	}
	return cell_problem(problem, BATON_FIELD_INVALID,
			    "write yes, no, true, false, 1 or 0");
}

static baton_err
cell_read_integer(const char *text, json_t **value,
		  struct baton_problem *problem)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == ' ') {
		return cell_problem(problem, BATON_FIELD_INVALID,
				    "write a whole number");
	}
	*value = json_integer(number);
	return BATON_OK;
}

json_t *
cell_organisation(const char *text)
{
	for (size_t i = 0; i < CELL_SCHEMES; i++) {
		size_t len = strlen(cell_schemes[i].prefix);

		if (strncmp(text, cell_schemes[i].prefix, len) == 0) {
			return json_pack("{s:s, s:s}", "scheme",
					 cell_schemes[i].scheme, "code",
					 text + len);
		}
	}
	return NULL;
}

baton_err
cell_read(const struct kit_column *column, const char *text, size_t len,
	  json_t **value, struct baton_problem *problem)
{
	json_t *checked = json_stringn(text, len);
	baton_err err = BATON_OK;

	*value = NULL;
	if (checked == NULL) {
		return cell_problem(problem, BATON_TEXT_INVALID,
				    "text is not UTF-8; save the file as "
				    "\"CSV UTF-8\"");
	}
	switch (column->cell) {
	case KIT_CELL_TEXT:
	case KIT_CELL_CUSTOM:
		*value = json_incref(checked);
		break;
	case KIT_CELL_ENUM:
		err = cell_read_enum(column, text, len, value, problem);
		break;
	case KIT_CELL_ENUM_LIST:
		err = cell_read_enum_list(column, text, len, value, problem);
		break;
	case KIT_CELL_BOOL:
		err = cell_read_bool(text, value, problem);
		break;
	case KIT_CELL_INTEGER:
		err = cell_read_integer(text, value, problem);
		break;
	case KIT_CELL_ORGANISATION:
		*value = cell_organisation(text);
		if (*value == NULL) {
			err = cell_problem(problem, BATON_FIELD_INVALID,
					   "write /ods/CODE, /urn/123456 or "
					   "/la/887");
		}
		break;
	}
	json_decref(checked);
	if (err == BATON_OK && *value == NULL)
		return cell_problem(problem, BATON_NO_MEMORY, "out of memory");
	return err;
}

static int
cell_write_enum(FILE *out, const char *prefix, const char *name)
{
	size_t len = prefix != NULL ? strlen(prefix) : 0;

	if (len > 0 && strncmp(name, prefix, len) == 0)
		name += len;
	for (; *name != '\0'; name++) {
		if (fputc(ascii_to_lower(*name), out) == EOF)
			return -1;
	}
	return 0;
}

static int
cell_write_enum_list(FILE *out, const char *prefix, const json_t *list)
{
	const char *separator = "";

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (name == NULL)
			continue;
		if (fputs(separator, out) < 0 ||
		    cell_write_enum(out, prefix, name) != 0)
			return -1;
		separator = ";";
	}
	return 0;
}

static int
cell_write_organisation(FILE *out, const json_t *value)
{
	const char *scheme =
		json_string_value(json_object_get(value, "scheme"));
	const char *code = json_string_value(json_object_get(value, "code"));

	if (scheme == NULL || code == NULL)
		return 0;
	for (size_t i = 0; i < CELL_SCHEMES; i++) {
		if (strcmp(scheme, cell_schemes[i].scheme) == 0) {
			return fprintf(out, "%s%s", cell_schemes[i].prefix,
				       code);
		}
	}
	return 0;
}

static int
cell_write_text(FILE *out, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text != NULL)
		return fputs(text, out);
	/* A number where the code list has no name for it, say. */
	return value == NULL
		       ? 0
		       : json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

static int
cell_write_value(FILE *out, const struct kit_column *column,
		 const json_t *value)
{
	switch (column->cell) {
	case KIT_CELL_ENUM:
		if (json_is_string(value)) {
			return cell_write_enum(out, column->prefix,
					       json_string_value(value));
		}
		break;
	case KIT_CELL_ENUM_LIST:
		return cell_write_enum_list(out, column->prefix, value);
	case KIT_CELL_BOOL:
		/* proto3 JSON leaves out what is false. */
		return fputs(json_is_true(value) ? "yes" : "no", out);
	case KIT_CELL_ORGANISATION:
		return cell_write_organisation(out, value);
	case KIT_CELL_TEXT:
	case KIT_CELL_INTEGER:
	case KIT_CELL_CUSTOM:
		break;
	}
	return cell_write_text(out, value);
}

baton_err
cell_write(const struct kit_column *column, const json_t *value, char **text)
{
	size_t len;
	FILE *out;
	int wrote;

	*text = NULL;
	out = open_memstream(text, &len);
	if (out == NULL)
		return BATON_NO_MEMORY;
	wrote = cell_write_value(out, column, value);
	if (fclose(out) != 0 || wrote < 0) {
		free(*text);
		*text = NULL;
		return BATON_NO_MEMORY;
	}
	return BATON_OK;
}
