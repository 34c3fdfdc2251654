/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/config.h"

#include <cmocka.h>

/* A table with one setting of each kind. */
struct part {
	char *id;
	int64_t size;
};

struct limits {
	int64_t most;
};

struct example {
	char *name;
	int64_t count;
	bool on;
	int colour;
	char **words;
	size_t words_count;
	struct limits *limits;
	struct limits *extra;
	struct part *parts;
	size_t parts_count;
};

static const struct config_word colours[] = {{"red", 1}, {"blue", 2}, {0}};

static const struct config_field part_fields[] = {
	{.name = "id",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct part, id),
	 .min = 1,
	 .max = 8,
	 .help = "Id."},
	{.name = "size",
	 .kind = CONFIG_INT,
	 .offset = offsetof(struct part, size),
	 .min = 0,
	 .max = 9,
	 .fallback = "3",
	 .help = "Size."},
};
static const struct config_table part_table = {part_fields, 2,
					       sizeof(struct part)};

static const struct config_field limit_fields[] = {
	{.name = "most",
	 .kind = CONFIG_INT,
	 .offset = offsetof(struct limits, most),
	 .min = 1,
	 .max = 100,
	 .fallback = "50",
	 .help = "Most."},
};
static const struct config_table limit_table = {limit_fields, 1,
						sizeof(struct limits)};

static const struct config_field example_fields[] = {
	{.name = "name",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct example, name),
	 .min = 1,
	 .max = 10,
	 .help = "Name."},
	{.name = "count",
	 .kind = CONFIG_INT,
	 .offset = offsetof(struct example, count),
	 .min = -5,
	 .max = 1000,
	 .fallback = "7",
	 .help = "Count."},
	{.name = "on",
	 .kind = CONFIG_BOOL,
	 .offset = offsetof(struct example, on),
	 .fallback = "true",
	 .help = "On."},
	{.name = "colour",
	 .kind = CONFIG_ENUM,
	 .offset = offsetof(struct example, colour),
	 .words = colours,
	 .fallback = "blue",
	 .help = "Colour."},
	{.name = "words",
	 .kind = CONFIG_STRINGS,
	 .offset = offsetof(struct example, words),
	 .count_offset = offsetof(struct example, words_count),
	 .min = 0,
	 .max = 2,
	 .help = "Words."},
	{.name = "limits",
	 .kind = CONFIG_SECTION,
	 .offset = offsetof(struct example, limits),
	 .table = &limit_table,
	 .help = "Limits."},
	{.name = "extra",
	 .kind = CONFIG_SECTION,
	 .offset = offsetof(struct example, extra),
	 .table = &limit_table,
	 .optional = true,
	 .help = "Extra."},
	{.name = "parts",
	 .kind = CONFIG_LIST,
	 .offset = offsetof(struct example, parts),
	 .count_offset = offsetof(struct example, parts_count),
	 .table = &part_table,
	 .min = 1,
	 .max = 3,
	 .optional = true,
	 .help = "Parts."},
};
static const struct config_table table = {
	example_fields, sizeof(example_fields) / sizeof(example_fields[0]),
	sizeof(struct example)};

/* Writes text to a file and loads it; fills message with the error's text
 * after the file name. */
static baton_err
load(const char *text, struct example **config, char message[256])
{
	char path[] = "/tmp/baton-config-XXXXXX";
	struct baton_error error = {0};
	int fd = mkstemp(path);
	void *loaded;
	baton_err err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	(void)close(fd);
	err = config_load(path, &table, &loaded, &error);
	(void)unlink(path);
	*config = loaded;
	message[0] = '\0';
	if (err != BATON_OK) {
		assert_null(loaded);
		assert_memory_equal(error.text, path, strlen(path));
		(void)snprintf(message, 256, "%s", error.text + strlen(path));
	}
	return err;
}

static void
config_load_fills_defaults(void **state)
{
	struct example *config;
	char message[256];

	(void)state;
	assert_int_equal(load("name: x\n", &config, message), BATON_OK);
	assert_string_equal(config->name, "x");
	assert_int_equal(config->count, 7);
	assert_true(config->on);
	assert_int_equal(config->colour, 2);
	assert_int_equal(config->limits->most, 50);
	assert_null(config->extra);
	assert_int_equal(config->parts_count, 0);
	config_free(&table, config);
}

static void
config_load_reads_every_kind(void **state)
{
	struct example *config;
	char message[256];
	const char *text = "name: abc\ncount: -5\non: false\ncolour: red\n"
			   "words: [one, two]\nlimits:\n  most: 9\n"
			   "extra:\n  most: 010\n"
			   "parts:\n  - id: a\n  - id: b\n    size: 1\n";

	(void)state;
	assert_int_equal(load(text, &config, message), BATON_OK);
	assert_int_equal(config->count, -5);
	assert_false(config->on);
	assert_int_equal(config->colour, 1);
	assert_int_equal(config->words_count, 2);
	assert_string_equal(config->words[1], "two");
	assert_int_equal(config->limits->most, 9);
	/* A leading zero is no octal trap. */
	assert_int_equal(config->extra->most, 10);
	assert_int_equal(config->parts_count, 2);
	assert_int_equal(config->parts[0].size, 3);
	assert_string_equal(config->parts[1].id, "b");
	config_free(&table, config);
}

static void
config_load_refuses_with_line_and_setting(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"count: 1\n", ": name: is required"},
		{"name: x\ncount: 1001\n",
		 ":2: count: must be a whole number from -5 to 1000"},
		{"name: x\ncount: 12x\n",
		 ":2: count: must be a whole number from -5 to 1000"},
		{"name: x\n\ncount: 99999999999999999999\n",
		 ":3: count: must be a whole number from -5 to 1000"},
		{"name: x\non: yes\n", ":2: on: must be true or false"},
		{"name: x\ncolour: green\n",
		 ":2: colour: must be one of: red blue"},
		{"name: ''\n", ":1: name: must have 1 to 10 characters, has 0"},
		{"name: x\nwords: [a, b, c]\n",
		 ":2: words: must have 0 to 2 entries, has 3"},
		{"name: x\nlimits:\n  most: 0\n",
		 ":3: limits.most: must be a whole number from 1 to 100"},
		{"name: x\nparts:\n  - id: a\n  - size: 1\n",
		 ": parts[1].id: is required"},
		{"name: x\nparts:\n  - id: a\n    size: 10\n",
		 ":4: parts[0].size: must be a whole number from 0 to 9"},
		{"", ":1: is empty"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct example *config;
		char message[256];

		assert_int_equal(load(cases[i].text, &config, message),
				 BATON_CONFIG);
		assert_string_equal(message, cases[i].message);
	}
}

static void
config_load_refuses_wrong_structure_with_line(void **state)
{
	static const struct {
		const char *text;
		const char *what;
		const char *line;
	} cases[] = {
		{"name: x\nnonsense: 1\n", ":2: unknown setting", "nonsense"},
		{"name: x\nname: y\n", ":2: name: ", "twice"},
		{"name: x\nparts:\n  - id: a\n    is: 2\n", ":4: unknown",
		 "is"},
		{"name: [x]\n", "", "1"},
		{"name: x\nlimits: 3\n", "", "2"},
		{"name: &a x\nwords: [*a]\n", "", "2"},
		{"name: 'x\n", "not YAML", ":"},
		{"- a\n", "", "1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct example *config;
		char message[256];

		assert_int_equal(load(cases[i].text, &config, message),
				 BATON_CONFIG);
		assert_non_null(strstr(message, cases[i].what));
		if (strstr(message, cases[i].line) == NULL)
			fail_msg("case %zu says%s", i, message);
	}
}

static void
config_load_refuses_a_missing_file(void **state)
{
	struct baton_error error;
	void *config;

	(void)state;
	assert_int_equal(
		config_load("/nonexistent/x.yaml", &table, &config, &error),
		BATON_IO);
	assert_null(config);
}

static void
config_help_names_every_setting(void **state)
{
	char text[4096] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(out);
	config_print_help(&table, out);
	(void)fclose(out);
	for (size_t i = 0; i < table.fields_count; i++)
		assert_non_null(strstr(text, example_fields[i].name));
	assert_non_null(strstr(text, "    # Id.\n    # (text, 1 to 8 "
				     "characters; required)\n  - id:"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_load_fills_defaults),
		cmocka_unit_test(config_load_reads_every_kind),
		cmocka_unit_test(config_load_refuses_with_line_and_setting),
		cmocka_unit_test(config_load_refuses_wrong_structure_with_line),
		cmocka_unit_test(config_load_refuses_a_missing_file),
		cmocka_unit_test(config_help_names_every_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
