/* SPDX-License-Identifier: MIT */
#ifndef BATON_CONFIG_YAML_H
#define BATON_CONFIG_YAML_H

#include <stdint.h>
#include <yaml.h>

#include "client/config.h"

/**
 * The YAML half of config.c: a file's text as a tree of slots in the shape of
 * a config_table, checked by libcyaml for its structure, with the nodes of
 * libyaml beside it, which know their lines (libcyaml's can be one early).
 * Scalars stay text: libcyaml reads 010 as 8 and knows no bounds.
 */

/** One setting as written; value is NULL when it is absent.
 *  STRING, INT, BOOL, ENUM: char *. STRINGS: char *[count]. SECTION: the
 *  slots of its table. LIST: count times the slots of its table. */
struct config_slot {
	void *value;
	uint64_t count;
};

struct config_tree;

/**
 * Reads and checks a file's structure: unknown and repeated settings, lists
 * where lists belong, no aliases, at most 1 MiB.
 *
 * *tree: given, free with config_tree_free().
 * Errors: IO, CONFIG, NO_MEMORY.
 */
BATON_MUST_CHECK baton_err config_tree_load(const char *path,
					    const struct config_table *table,
					    struct config_tree **tree,
					    struct baton_error *error);

void config_tree_free(struct config_tree *tree);

/** Slots of the top table; borrowed. */
const struct config_slot *config_tree_slots(const struct config_tree *tree);

/** Node of the whole file; borrowed. */
yaml_node_t *config_tree_root(struct config_tree *tree);

/** Value of key in a mapping node, or NULL. */
yaml_node_t *config_tree_member(struct config_tree *tree, yaml_node_t *mapping,
				const char *key);

/** Entry of a sequence node, or NULL. */
yaml_node_t *config_tree_entry(struct config_tree *tree, yaml_node_t *sequence,
			       size_t index);

#endif /* BATON_CONFIG_YAML_H */
