/* SPDX-License-Identifier: MIT */
#include "adapters/kit/path.h"

#include <stdio.h>
#include <string.h>

#include "adapters/kit/ascii.h"
#include "baton/event.h"

/* One step: "name" or "name[member=value]". */
struct path_step {
	char name[64];
	char member[64];
	char value[64];
};

static void
path_copy(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

/* Reads the first step; returns what follows, "" at the end. */
static const char *
path_step_read(const char *path, struct path_step *step)
{
	size_t len = strcspn(path, ".[");

	path_copy(step->name, sizeof(step->name), path, len);
	step->member[0] = '\0';
	step->value[0] = '\0';
	path += len;
	if (*path == '[') {
		path++;
		len = strcspn(path, "=");
		path_copy(step->member, sizeof(step->member), path, len);
		path += len + 1;
		len = strcspn(path, "]");
		path_copy(step->value, sizeof(step->value), path, len);
		path += len + 1;
	}
	return *path == '.' ? path + 1 : path;
}

/* The entry's place in the list; the list's size when it has none. */
static size_t
path_entry_index(const json_t *list, const struct path_step *step)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(
			json_object_get(json_array_get(list, i), step->member));

		if (text != NULL && strcmp(text, step->value) == 0)
			break;
	}
	return i;
}

static json_t *
path_step_get(const json_t *node, const struct path_step *step)
{
	json_t *child = json_object_get(node, step->name);

	if (step->member[0] == '\0')
		return child;
	return json_array_get(child, path_entry_index(child, step));
}

/* The object or list under name, made when missing. */
static json_t *
path_make(json_t *node, const char *name, bool list)
{
	json_t *child = json_object_get(node, name);

	if (child != NULL)
		return child;
	child = list ? json_array() : json_object();
	if (json_object_set_new(node, name, child) != 0)
		return NULL;
	return child;
}

static json_t *
path_step_make(json_t *node, const struct path_step *step)
{
	bool list = step->member[0] != '\0';
	json_t *child = path_make(node, step->name, list);
	json_t *entry;
	size_t index;

	if (!list || child == NULL)
		return child;
	index = path_entry_index(child, step);
	if (index < json_array_size(child))
		return json_array_get(child, index);
	entry = json_pack("{s:s}", step->member, step->value);
	if (entry == NULL || json_array_append_new(child, entry) != 0)
		return NULL;
	return entry;
}

baton_err
path_set(json_t *root, const char *path, json_t *value)
{
	struct path_step step;
	json_t *node = root;

	if (value == NULL)
		return BATON_NO_MEMORY;
	path = path_step_read(path, &step);
	while (*path != '\0') {
		node = path_step_make(node, &step);
		if (node == NULL) {
			json_decref(value);
			return BATON_NO_MEMORY;
		}
		path = path_step_read(path, &step);
	}
	if (json_object_set_new(node, step.name, value) != 0)
		return BATON_NO_MEMORY;
	return BATON_OK;
}

json_t *
path_get(const json_t *root, const char *path)
{
	const json_t *node = root;
	struct path_step step;
	json_t *child = NULL;

	while (*path != '\0') {
		path = path_step_read(path, &step);
		child = path_step_get(node, &step);
		if (child == NULL)
			return NULL;
		node = child;
	}
	return child;
}

/* Appends one step of the contract's form: heldOn -> held_on. */
static void
path_append_plain(char *plain, size_t size, const char *name)
{
	size_t len = strlen(plain);

	if (len > 0 && len + 1 < size)
		plain[len++] = '.';
	for (; *name != '\0' && len + 2 < size; name++) {
		if (ascii_is_upper(*name))
			plain[len++] = '_';
		plain[len++] = ascii_to_lower(*name);
	}
	plain[len] = '\0';
}

/* CloudEvents attributes and the fields of the contract they carry. */
static const char *
path_envelope_field(const char *name)
{
	if (strcmp(name, "time") == 0)
		return "occurred_at";
	if (strcmp(name, "subject") == 0)
		return "case_reference";
	return name;
}

/* A problem's path with dots only, snake_case and without "data.". */
static void
path_plain_where(const char *where, char *plain, size_t size)
{
	char name[BATON_FIELD_PATH_BYTES];

	plain[0] = '\0';
	where = strncmp(where, "data.", 5) == 0 ? where + 5
						: path_envelope_field(where);
	while (*where != '\0') {
		size_t len = strcspn(where, ".[]");

		if (len > 0) {
			path_copy(name, sizeof(name), where, len);
			path_append_plain(plain, size, name);
		}
		where += len;
		where += strspn(where, ".[]");
	}
}

/* A column's path likewise; false when a list has no such entry. */
static bool
path_plain_column(const json_t *root, const char *path, char *plain,
		  size_t size)
{
	const json_t *node = root;
	struct path_step step;
	bool first = true;
	char index[24];

	plain[0] = '\0';
	while (*path != '\0') {
		const json_t *list;

		path = path_step_read(path, &step);
		list = json_object_get(node, step.name);
		node = path_step_get(node, &step);
		if (!first || strcmp(step.name, "data") != 0) {
			path_append_plain(plain, size,
					  first ? path_envelope_field(step.name)
						: step.name);
		}
		first = false;
		if (step.member[0] == '\0')
			continue;
		if (node == NULL)
			return false;
		(void)snprintf(index, sizeof(index), "%zu",
			       path_entry_index(list, &step));
		path_append_plain(plain, size, index);
	}
	return true;
}

/* Whether outer is inner or an ancestor of it. */
static bool
path_within(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return len > 0 && strncmp(inner, outer, len) == 0 &&
	       (inner[len] == '\0' || inner[len] == '.');
}

size_t
path_match(const json_t *root, const char *path, const char *where)
{
	char problem[2 * BATON_FIELD_PATH_BYTES];
	char column[2 * BATON_FIELD_PATH_BYTES];

	path_plain_where(where, problem, sizeof(problem));
	if (!path_plain_column(root, path, column, sizeof(column)))
		return 0;
	/* The column holds the field, "setting" for "setting.code"... */
	if (path_within(problem, column))
		return 1 + strlen(column);
	/* ... or is the first of a group that the problem is about. */
	return path_within(column, problem) ? 1 : 0;
}
