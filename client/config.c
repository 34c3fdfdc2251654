/* SPDX-License-Identifier: MIT */
#include "client/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/config_yaml.h"

/* Where we are: for "file:line: partners[2].sector: ...". */
struct place {
	struct config_tree *tree;
	const char *file;
	yaml_node_t *node;
	char path[96];
};

static baton_err
place_error(const struct place *at, struct baton_error *error,
	    const char *problem)
{
	size_t line = at->node == NULL ? 0 : at->node->start_mark.line + 1;

	if (line == 0) {
		return baton_error_set(error, BATON_CONFIG, "%s: %s: %s",
				       at->file, at->path, problem);
	}
	return baton_error_set(error, BATON_CONFIG, "%s:%zu: %s: %s", at->file,
			       line, at->path, problem);
}

static struct place
place_member(const struct place *at, const char *name)
{
	struct place member = *at;
	size_t used = strlen(at->path);

	member.node = config_tree_member(at->tree, at->node, name);
	(void)snprintf(member.path + used, sizeof(member.path) - used, "%s%s",
		       used == 0 ? "" : ".", name);
	return member;
}

static struct place
place_entry(const struct place *at, size_t index)
{
	struct place entry = *at;
	size_t used = strlen(at->path);

	entry.node = config_tree_entry(at->tree, at->node, index);
	(void)snprintf(entry.path + used, sizeof(entry.path) - used, "[%zu]",
		       index);
	return entry;
}

static baton_err fill_table(const struct place *at,
			    const struct config_table *table,
			    const struct config_slot *slots, char *out,
			    struct baton_error *error);

static baton_err
fill_string(const struct place *at, const struct config_field *field,
	    const char *text, char **out, struct baton_error *error)
{
	char problem[96];
	int64_t len = (int64_t)strlen(text);

	if (len < field->min || len > field->max) {
		(void)snprintf(problem, sizeof(problem),
			       "must have %" PRId64 " to %" PRId64
			       " characters, has %" PRId64,
			       field->min, field->max, len);
		return place_error(at, error, problem);
	}
	*out = strdup(text);
	if (*out == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	return BATON_OK;
}

static baton_err
fill_int(const struct place *at, const struct config_field *field,
	 const char *text, int64_t *out, struct baton_error *error)
{
	char problem[96];
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || value < field->min ||
	    value > field->max) {
		(void)snprintf(problem, sizeof(problem),
			       "must be a whole number from %" PRId64
			       " to %" PRId64,
			       field->min, field->max);
		return place_error(at, error, problem);
	}
	*out = value;
	return BATON_OK;
}

static baton_err
fill_bool(const struct place *at, const char *text, bool *out,
	  struct baton_error *error)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return place_error(at, error, "must be true or false");
	*out = strcmp(text, "true") == 0;
	return BATON_OK;
}

static baton_err
fill_enum(const struct place *at, const struct config_field *field,
	  const char *text, int *out, struct baton_error *error)
{
	char problem[160] = "must be one of:";
	size_t used;

	for (const struct config_word *word = field->words; word->word != NULL;
	     word++) {
		if (strcmp(text, word->word) == 0) {
			*out = word->value;
			return BATON_OK;
		}
		used = strlen(problem);
		(void)snprintf(problem + used, sizeof(problem) - used, " %s",
			       word->word);
	}
	return place_error(at, error, problem);
}

static baton_err
fill_scalar(const struct place *at, const struct config_field *field,
	    const struct config_slot *slot, char *out,
	    struct baton_error *error)
{
	const char *text = slot->value;

	if (text == NULL)
		text = field->fallback;
	if (text == NULL) {
		if (field->optional)
			return BATON_OK;
		return place_error(at, error, "is required");
	}
	switch (field->kind) {
	case CONFIG_INT:
		return fill_int(at, field, text, (void *)out, error);
	case CONFIG_BOOL:
		return fill_bool(at, text, (void *)out, error);
	case CONFIG_ENUM:
		return fill_enum(at, field, text, (void *)out, error);
	case CONFIG_STRING:
	case CONFIG_STRINGS:
	case CONFIG_SECTION:
	case CONFIG_LIST:
		break;
	}
	return fill_string(at, field, text, (void *)out, error);
}

static baton_err
check_count(const struct place *at, const struct config_field *field,
	    const struct config_slot *slot, struct baton_error *error)
{
	char problem[96];

	if (slot->value == NULL && (field->optional || field->min == 0))
		return BATON_OK;
	if ((int64_t)slot->count >= field->min &&
	    (int64_t)slot->count <= field->max)
		return BATON_OK;
	(void)snprintf(problem, sizeof(problem),
		       "must have %" PRId64 " to %" PRId64
		       " entries, has %" PRIu64,
		       field->min, field->max, slot->count);
	return place_error(at, error, problem);
}

static baton_err
fill_strings(const struct place *at, const struct config_field *field,
	     const struct config_slot *slot, char *base,
	     struct baton_error *error)
{
	char **from = slot->value;
	size_t *count = (void *)(base + field->count_offset);
	char **list;
	baton_err err;

	if (slot->count == 0)
		return BATON_OK;
	list = calloc(slot->count, sizeof(*list));
	if (list == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	*(char ***)(void *)(base + field->offset) = list;
	for (size_t i = 0; i < slot->count; i++) {
		struct place entry = place_entry(at, i);

		if (from[i][0] == '\0')
			return place_error(&entry, error, "must not be empty");
		list[i] = strdup(from[i]);
		if (list[i] == NULL) {
			err = baton_error_set(error, BATON_NO_MEMORY,
					      "out of memory");
			return err;
		}
		*count = i + 1;
	}
	return BATON_OK;
}

static baton_err
fill_list(const struct place *at, const struct config_field *field,
	  const struct config_slot *slot, char *base, struct baton_error *error)
{
	const struct config_slot *entries = slot->value;
	size_t *count = (void *)(base + field->count_offset);
	char *list;

	if (slot->count == 0)
		return BATON_OK;
	list = calloc(slot->count, field->table->size);
	if (list == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	*(void **)(void *)(base + field->offset) = list;
	for (size_t i = 0; i < slot->count; i++) {
		struct place entry = place_entry(at, i);
		baton_err err;

		*count = i + 1;
		err = fill_table(&entry, field->table,
				 entries + i * field->table->fields_count,
				 list + i * field->table->size, error);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

static baton_err
fill_section(const struct place *at, const struct config_field *field,
	     const struct config_slot *slot, char *base,
	     struct baton_error *error)
{
	struct config_slot *slots = slot->value;
	struct config_slot *absent = NULL;
	char *section;
	baton_err err;

	if (slots == NULL && field->optional)
		return BATON_OK;
	if (slots == NULL) {
		absent = calloc(field->table->fields_count, sizeof(*absent));
		slots = absent;
	}
	section = calloc(1, field->table->size);
	*(void **)(void *)(base + field->offset) = section;
	if (slots == NULL || section == NULL) {
		err = baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	} else {
		err = fill_table(at, field->table, slots, section, error);
	}
	free(absent);
	return err;
}

static baton_err
fill_table(const struct place *at, const struct config_table *table,
	   const struct config_slot *slots, char *out,
	   struct baton_error *error)
{
	for (size_t i = 0; i < table->fields_count; i++) {
		const struct config_field *field = &table->fields[i];
		struct place member = place_member(at, field->name);
		baton_err err = BATON_OK;

		switch (field->kind) {
		case CONFIG_STRING:
		case CONFIG_INT:
		case CONFIG_BOOL:
		case CONFIG_ENUM:
			err = fill_scalar(&member, field, &slots[i],
					  out + field->offset, error);
			break;
		case CONFIG_SECTION:
			err = fill_section(&member, field, &slots[i], out,
					   error);
			break;
		case CONFIG_STRINGS:
			err = check_count(&member, field, &slots[i], error);
			if (err == BATON_OK) {
				err = fill_strings(&member, field, &slots[i],
						   out, error);
			}
			break;
		case CONFIG_LIST:
			err = check_count(&member, field, &slots[i], error);
			if (err == BATON_OK) {
				err = fill_list(&member, field, &slots[i], out,
						error);
			}
			break;
		}
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

baton_err
config_load(const char *path, const struct config_table *table, void **config,
	    struct baton_error *error)
{
	struct config_tree *tree;
	struct place top = {.file = path};
	void *out;
	baton_err err;

	*config = NULL;
	err = config_tree_load(path, table, &tree, error);
	if (err != BATON_OK)
		return err;
	out = calloc(1, table->size);
	if (out == NULL) {
		err = baton_error_set(error, BATON_NO_MEMORY, "out of memory");
		goto err0;
	}
	top.tree = tree;
	top.node = config_tree_root(tree);
	err = fill_table(&top, table, config_tree_slots(tree), out, error);
	if (err != BATON_OK)
		goto err1;
	config_tree_free(tree);
	*config = out;
	return BATON_OK;

err1:
	config_free(table, out);
err0:
	config_tree_free(tree);
	return err;
}

static void config_clear(const struct config_table *table, char *config);

/* Frees the entries of a STRINGS or LIST, not the array itself. */
static void
config_clear_entries(const struct config_field *field, char *config)
{
	char *array = *(void **)(void *)(config + field->offset);
	size_t count = *(size_t *)(void *)(config + field->count_offset);

	for (size_t i = 0; i < count; i++) {
		if (field->kind == CONFIG_LIST) {
			config_clear(field->table,
				     array + i * field->table->size);
		} else {
			free(((char **)(void *)array)[i]);
		}
	}
}

static void
config_clear(const struct config_table *table, char *config)
{
	for (size_t i = 0; i < table->fields_count; i++) {
		const struct config_field *field = &table->fields[i];
		void **value = (void *)(config + field->offset);

		switch (field->kind) {
		case CONFIG_INT:
		case CONFIG_BOOL:
		case CONFIG_ENUM:
			continue;
		case CONFIG_STRING:
			break;
		case CONFIG_SECTION:
			if (*value != NULL)
				config_clear(field->table, *value);
			break;
		case CONFIG_STRINGS:
		case CONFIG_LIST:
			config_clear_entries(field, config);
			break;
		}
		free(*value);
	}
}

void
config_free(const struct config_table *table, void *config)
{
	if (config == NULL)
		return;
	config_clear(table, config);
	free(config);
}
