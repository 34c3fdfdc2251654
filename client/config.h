/* SPDX-License-Identifier: MIT */
#ifndef BATON_CONFIG_H
#define BATON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "baton/error.h"

/**
 * YAML configuration through libcyaml: one table per program says each
 * setting's name, type, bounds, default and help; the same table loads the
 * file, fills the defaults and prints --help-config. Unknown, repeated,
 * mistyped and out-of-range values are refused with file and line.
 */
enum config_kind {
	/** char *; min and max bound the length in bytes. */
	CONFIG_STRING,
	/** int64_t within min..max. */
	CONFIG_INT,
	/** bool. */
	CONFIG_BOOL,
	/** int, from the words of the field. */
	CONFIG_ENUM,
	/** char ** with its count (size_t) at count_offset; min..max entries.
	 */
	CONFIG_STRINGS,
	/** A nested struct * described by table. */
	CONFIG_SECTION,
	/** struct * array described by table, its count (size_t) at
	 *  count_offset; min..max entries. */
	CONFIG_LIST,
};

/** A word of a CONFIG_ENUM; the list ends with word NULL. */
struct config_word {
	const char *word;
	int value;
};

struct config_table;

struct config_field {
	const char *name;
	enum config_kind kind;
	/** Offset of the value in the program's struct. */
	size_t offset;
	/** Offset of the count for STRINGS and LIST. */
	size_t count_offset;
	int64_t min;
	int64_t max;
	/** Default as it would stand in the file; NULL: the setting is
	 *  required (STRING, INT, BOOL, ENUM), or may be absent when
	 *  optional is set. */
	const char *fallback;
	bool optional;
	const struct config_word *words;
	const struct config_table *table;
	/** One or two sentences with the unit; printed by --help-config. */
	const char *help;
};

struct config_table {
	const struct config_field *fields;
	size_t fields_count;
	/** Size of the struct the table fills. */
	size_t size;
};

/**
 * Loads a file.
 *
 * *config: given, a struct of table->size bytes with all it points to; free
 * with config_free(). Absent optional strings, sections and lists are NULL.
 * Errors: IO (file cannot be read), CONFIG (text: "file:line: setting: what is
 * wrong"), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err config_load(const char *path,
				       const struct config_table *table,
				       void **config,
				       struct baton_error *error);

/** Frees a configuration. config may be NULL. */
void config_free(const struct config_table *table, void *config);

/** Prints every setting of table as commented YAML. */
void config_print_help(const struct config_table *table, FILE *out);

#endif /* BATON_CONFIG_H */
