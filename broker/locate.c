/* SPDX-License-Identifier: MIT */
#include "broker/locate.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/config_yaml.h"

/* One step of a path: a member's name, or an index in brackets. */
static yaml_node_t *
locate_step(struct config_tree *tree, yaml_node_t *node, const char *step)
{
	if (*step == '[') {
		return config_tree_entry(tree, node,
					 strtoul(step + 1, NULL, 10));
	}
	return config_tree_member(tree, node, step);
}

/* Line of a setting, from 1; 0 when it is not in the file. */
static size_t
locate_line(const char *path, const struct config_table *table,
	    const char *setting)
{
	struct config_tree *tree;
	yaml_node_t *node;
	size_t line;

	if (config_tree_load(path, table, &tree, NULL) != BATON_OK)
		return 0;
	node = config_tree_root(tree);
	while (*setting != '\0' && node != NULL) {
		char step[64];
		size_t len = 1 + strcspn(setting + 1, ".[");

		if (len >= sizeof(step))
			break;
		memcpy(step, setting, len);
		step[len] = '\0';
		node = locate_step(tree, node, step);
		setting += len;
		if (*setting == '.')
			setting++;
	}
	line = node == NULL ? 0 : node->start_mark.line + 1;
	config_tree_free(tree);
	return line;
}

baton_err
locate_error(const char *path, const struct config_table *table,
	     const char *setting, struct baton_error *error, const char *format,
	     ...)
{
	char text[BATON_ERROR_TEXT_BYTES];
	size_t line = locate_line(path, table, setting);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (line == 0) {
		return baton_error_set(error, BATON_CONFIG, "%s: %s: %s", path,
				       setting, text);
	}
	return baton_error_set(error, BATON_CONFIG, "%s:%zu: %s: %s", path,
			       line, setting, text);
}
