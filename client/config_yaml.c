/* SPDX-License-Identifier: MIT */
#include "client/config_yaml.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_FILE_MAX ((size_t)1048576)

/* libcyaml's description of one config_table: slots instead of a struct. */
struct config_schema {
	cyaml_schema_field_t *fields;
	cyaml_schema_value_t *entries;
	struct config_schema **nested;
	size_t count;
};

struct config_tree {
	struct config_schema *schema;
	cyaml_schema_value_t top;
	struct config_slot *slots;
	yaml_document_t document;
	bool has_document;
};

static void
schema_free(struct config_schema *schema)
{
	if (schema == NULL)
		return;
	for (size_t i = 0; schema->nested != NULL && i < schema->count; i++)
		schema_free(schema->nested[i]);
	free(schema->nested);
	free(schema->entries);
	free(schema->fields);
	free(schema);
}

static struct config_schema *schema_new(const struct config_table *table);

static bool
schema_set_sequence(struct config_schema *schema, size_t i,
		    const struct config_field *from)
{
	cyaml_schema_field_t *field = &schema->fields[i];
	cyaml_schema_value_t *entry = &schema->entries[i];

	if (from->kind == CONFIG_STRINGS) {
		entry->type = CYAML_STRING;
		entry->flags = CYAML_FLAG_POINTER;
		entry->data_size = sizeof(char);
		entry->string.max = UINT32_MAX;
	} else {
		schema->nested[i] = schema_new(from->table);
		if (schema->nested[i] == NULL)
			return false;
		entry->type = CYAML_MAPPING;
		entry->data_size = (uint32_t)(from->table->fields_count *
					      sizeof(struct config_slot));
		entry->mapping.fields = schema->nested[i]->fields;
	}
	field->value.type = CYAML_SEQUENCE;
	field->value.data_size = from->kind == CONFIG_STRINGS
					 ? sizeof(char *)
					 : entry->data_size;
	field->value.sequence.entry = entry;
	field->value.sequence.max = CYAML_UNLIMITED;
	return true;
}

static bool
schema_set_field(struct config_schema *schema, size_t i,
		 const struct config_field *from)
{
	cyaml_schema_field_t *field = &schema->fields[i];
	size_t offset = i * sizeof(struct config_slot);

	field->key = from->name;
	field->data_offset =
		(uint32_t)(offset + offsetof(struct config_slot, value));
	field->count_offset =
		(uint32_t)(offset + offsetof(struct config_slot, count));
	field->count_size = sizeof(uint64_t);
	field->value.flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL;
	switch (from->kind) {
	case CONFIG_STRING:
	case CONFIG_INT:
	case CONFIG_BOOL:
	case CONFIG_ENUM:
		field->value.type = CYAML_STRING;
		field->value.data_size = sizeof(char);
		field->value.string.max = UINT32_MAX;
		return true;
	case CONFIG_SECTION:
		schema->nested[i] = schema_new(from->table);
		if (schema->nested[i] == NULL)
			return false;
		field->value.type = CYAML_MAPPING;
		field->value.data_size = (uint32_t)(from->table->fields_count *
						    sizeof(struct config_slot));
		field->value.mapping.fields = schema->nested[i]->fields;
		return true;
	case CONFIG_STRINGS:
	case CONFIG_LIST:
		return schema_set_sequence(schema, i, from);
	}
	return false;
}

static struct config_schema *
schema_new(const struct config_table *table)
{
	struct config_schema *schema = calloc(1, sizeof(*schema));
	size_t count = table->fields_count;

	if (schema == NULL)
		return NULL;
	schema->count = count;
	/* One more: libcyaml ends the fields with a key of NULL. */
	schema->fields = calloc(count + 1, sizeof(*schema->fields));
	schema->entries = calloc(count + 1, sizeof(*schema->entries));
	schema->nested = calloc(count + 1, sizeof(struct config_schema *));
	if (schema->fields == NULL || schema->entries == NULL ||
	    schema->nested == NULL)
		goto err0;
	for (size_t i = 0; i < count; i++) {
		if (!schema_set_field(schema, i, &table->fields[i]))
			goto err0;
	}
	return schema;

err0:
	schema_free(schema);
	return NULL;
}

/* *text: given, free(). */
static baton_err
file_read(const char *path, char **text, size_t *len, struct baton_error *error)
{
	FILE *file = fopen(path, "rbe");
	char *buffer;

	*text = NULL;
	if (file == NULL) {
		return baton_error_set(error, BATON_IO, "%s: cannot open: %s",
				       path, strerror(errno));
	}
	buffer = malloc(CONFIG_FILE_MAX + 1);
	if (buffer == NULL) {
		(void)fclose(file);
		return baton_error_set(error, BATON_NO_MEMORY,
				       "%s: out of memory", path);
	}
	*len = fread(buffer, 1, CONFIG_FILE_MAX + 1, file);
	if (ferror(file) != 0 || *len > CONFIG_FILE_MAX) {
		bool failed = ferror(file) != 0;

		free(buffer);
		(void)fclose(file);
		if (failed) {
			return baton_error_set(error, BATON_IO,
					       "%s: cannot read", path);
		}
		return baton_error_set(error, BATON_CONFIG,
				       "%s: larger than 1 MiB", path);
	}
	(void)fclose(file);
	*text = buffer;
	return BATON_OK;
}

static const cyaml_config_t cyaml_quiet = {
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS,
};

/* What libcyaml reported: its first line says what, the backtrace where. */
struct complaint {
	char what[128];
	char where[128];
	bool has_where;
};

static void complaint_take(cyaml_log_t level, void *context, const char *format,
			   va_list args) BATON_PRINTF(3, 0);

static void
complaint_take(cyaml_log_t level, void *context, const char *format,
	       va_list args)
{
	struct complaint *complaint = context;
	char line[128];
	char *start = line;
	size_t len;

	(void)level;
	(void)vsnprintf(line, sizeof(line), format, args);
	if (strncmp(start, "Load: ", 6) == 0)
		start += 6;
	len = strcspn(start, "\n");
	start[len] = '\0';
	if (complaint->what[0] == '\0') {
		memcpy(complaint->what, start, len + 1);
	} else if (!complaint->has_where && strstr(start, "line:") != NULL) {
		start += strspn(start, " ");
		memcpy(complaint->where, start, strlen(start) + 1);
		complaint->has_where = true;
	}
}

/* Parses into a document, which knows each node's line. */
static baton_err
document_load(struct config_tree *tree, const char *path, const char *text,
	      size_t len, struct baton_error *error)
{
	yaml_parser_t parser;
	baton_err err = BATON_OK;

	if (yaml_parser_initialize(&parser) == 0)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &tree->document) == 0) {
		err = baton_error_set(error, BATON_CONFIG,
				      "%s:%zu: not YAML: %s", path,
				      parser.problem_mark.line + 1,
				      parser.problem != NULL ? parser.problem
							     : "cannot parse");
	} else {
		tree->has_document = true;
	}
	yaml_parser_delete(&parser);
	if (err == BATON_OK &&
	    yaml_document_get_root_node(&tree->document) == NULL) {
		err = baton_error_set(error, BATON_CONFIG, "%s:1: is empty",
				      path);
	}
	return err;
}

static const struct config_field *
find_field(const struct config_table *table, const char *name)
{
	for (size_t i = 0; i < table->fields_count; i++) {
		if (strcmp(table->fields[i].name, name) == 0)
			return &table->fields[i];
	}
	return NULL;
}

static baton_err check_node(struct config_tree *tree,
			    const struct config_table *table,
			    yaml_node_t *mapping, const char *path,
			    struct baton_error *error);

/* Whether a member of a mapping is known and stands there once. libcyaml
 * checks this too, but its lines can be one early. */
static baton_err
check_member(struct config_tree *tree, const struct config_table *table,
	     yaml_node_t *mapping, const yaml_node_pair_t *pair,
	     const char *path, struct baton_error *error)
{
	yaml_node_t *key = yaml_document_get_node(&tree->document, pair->key);
	yaml_node_t *value =
		yaml_document_get_node(&tree->document, pair->value);
	const char *name = key->type == YAML_SCALAR_NODE
				   ? (const char *)key->data.scalar.value
				   : "";
	const struct config_field *field = find_field(table, name);

	if (field == NULL) {
		return baton_error_set(error, BATON_CONFIG,
				       "%s:%zu: unknown setting \"%.64s\"",
				       path, key->start_mark.line + 1, name);
	}
	if (config_tree_member(tree, mapping, name) != value) {
		return baton_error_set(error, BATON_CONFIG,
				       "%s:%zu: %s: is there twice", path,
				       key->start_mark.line + 1, name);
	}
	if (field->kind == CONFIG_SECTION)
		return check_node(tree, field->table, value, path, error);
	for (size_t i = 0; field->kind == CONFIG_LIST; i++) {
		yaml_node_t *entry = config_tree_entry(tree, value, i);
		baton_err err;

		if (entry == NULL)
			return BATON_OK;
		err = check_node(tree, field->table, entry, path, error);
		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

static baton_err
check_node(struct config_tree *tree, const struct config_table *table,
	   yaml_node_t *mapping, const char *path, struct baton_error *error)
{
	if (mapping->type != YAML_MAPPING_NODE) {
		return baton_error_set(error, BATON_CONFIG,
				       "%s:%zu: expected settings as \"name: "
				       "value\"",
				       path, mapping->start_mark.line + 1);
	}
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top; pair++) {
		baton_err err =
			check_member(tree, table, mapping, pair, path, error);

		if (err != BATON_OK)
			return err;
	}
	return BATON_OK;
}

static baton_err
slots_load(struct config_tree *tree, const struct config_table *table,
	   const char *path, const char *text, size_t len,
	   struct baton_error *error)
{
	struct complaint complaint = {0};
	cyaml_config_t config = cyaml_quiet;
	cyaml_err_t err;

	config.log_fn = complaint_take;
	config.log_ctx = &complaint;
	tree->top.type = CYAML_MAPPING;
	tree->top.flags = CYAML_FLAG_POINTER;
	tree->top.data_size =
		(uint32_t)(table->fields_count * sizeof(struct config_slot));
	tree->top.mapping.fields = tree->schema->fields;
	err = cyaml_load_data((const uint8_t *)text, len, &config, &tree->top,
			      (cyaml_data_t **)&tree->slots, NULL);
	if (err == CYAML_OK)
		return BATON_OK;
	if (err == CYAML_ERR_OOM)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	return baton_error_set(error, BATON_CONFIG, "%s: %s%s%s", path,
			       complaint.what[0] != '\0' ? complaint.what
							 : cyaml_strerror(err),
			       complaint.has_where ? " " : "", complaint.where);
}

baton_err
config_tree_load(const char *path, const struct config_table *table,
		 struct config_tree **tree, struct baton_error *error)
{
	struct config_tree *made;
	char *text = NULL;
	size_t len = 0;
	baton_err err;

	*tree = NULL;
	err = file_read(path, &text, &len, error);
	if (err != BATON_OK)
		return err;
	made = calloc(1, sizeof(*made));
	if (made != NULL)
		made->schema = schema_new(table);
	if (made == NULL || made->schema == NULL) {
		err = baton_error_set(error, BATON_NO_MEMORY, "out of memory");
		goto err0;
	}
	err = document_load(made, path, text, len, error);
	if (err == BATON_OK) {
		err = check_node(made, table, config_tree_root(made), path,
				 error);
	}
	if (err == BATON_OK)
		err = slots_load(made, table, path, text, len, error);
	if (err != BATON_OK)
		goto err0;
	free(text);
	*tree = made;
	return BATON_OK;

err0:
	free(text);
	config_tree_free(made);
	return err;
}

void
config_tree_free(struct config_tree *tree)
{
	if (tree == NULL)
		return;
	if (tree->slots != NULL) {
		(void)cyaml_free(&cyaml_quiet, &tree->top, tree->slots, 0);
	}
	if (tree->has_document)
		yaml_document_delete(&tree->document);
	schema_free(tree->schema);
	free(tree);
}

const struct config_slot *
config_tree_slots(const struct config_tree *tree)
{
	return tree->slots;
}

yaml_node_t *
config_tree_root(struct config_tree *tree)
{
	return yaml_document_get_root_node(&tree->document);
}

yaml_node_t *
config_tree_member(struct config_tree *tree, yaml_node_t *mapping,
		   const char *key)
{
	if (mapping == NULL || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top; pair++) {
		yaml_node_t *name =
			yaml_document_get_node(&tree->document, pair->key);

		if (name != NULL && name->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)name->data.scalar.value, key) == 0) {
			return yaml_document_get_node(&tree->document,
						      pair->value);
		}
	}
	return NULL;
}

yaml_node_t *
config_tree_entry(struct config_tree *tree, yaml_node_t *sequence, size_t index)
{
	yaml_node_item_t *item;

	if (sequence == NULL || sequence->type != YAML_SEQUENCE_NODE)
		return NULL;
	item = sequence->data.sequence.items.start + index;
	if (item >= sequence->data.sequence.items.top)
		return NULL;
	return yaml_document_get_node(&tree->document, *item);
}
