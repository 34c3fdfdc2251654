/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <string.h>

struct option_info {
	const char *name;
	const char *argument;
	const char *help;
};

static const struct option_info options_table[OPTION_COUNT] = {
#define OPTIONS_ROW(id, name, argument, help) {name, argument, help},
	OPTIONS_LIST(OPTIONS_ROW)
#undef OPTIONS_ROW
};

_Static_assert(OPTION_COUNT <= 32, "a set of options fits 32 bits");

const char *
options_name(enum option_id id)
{
	return options_table[id].name;
}

const char *
options_argument(enum option_id id)
{
	return options_table[id].argument;
}

const char *
options_help(enum option_id id)
{
	return options_table[id].help;
}

bool
options_has(const struct options *options, enum option_id id)
{
	return options->values[id] != NULL;
}

/* Finds the option whose name the first len bytes are; OPTION_COUNT if none. */
static enum option_id
options_find(const char *name, size_t len)
{
	enum option_id id = OPTION_JSON;

	while (id < OPTION_COUNT &&
	       (strlen(options_table[id].name) != len ||
		memcmp(options_table[id].name, name, len) != 0))
		id++;
	return id;
}

/* Takes "--name", "--name=value" or, with *next, "--name" "value". */
static baton_err
options_take(struct options *options, const char *word, const char *next,
	     bool *used_next, struct baton_error *error)
{
	const char *name = strcmp(word, "-h") == 0 ? "help" : word + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	enum option_id id = options_find(name, len);
	const struct option_info *info;

	*used_next = false;
	if ((word[1] != '-' && strcmp(word, "-h") != 0) || id == OPTION_COUNT) {
		return baton_error_set(
			error, BATON_INVALID,
			"an option is not known; put -- before a file name "
			"that begins with a dash");
	}
	info = &options_table[id];
	if (options->values[id] != NULL) {
		return baton_error_set(error, BATON_INVALID,
				       "--%s is given twice", info->name);
	}
	if (info->argument == NULL) {
		if (equals != NULL) {
			return baton_error_set(error, BATON_INVALID,
					       "--%s takes no value",
					       info->name);
		}
		options->values[id] = "";
		return BATON_OK;
	}
	*used_next = equals == NULL && next != NULL;
	options->values[id] = equals != NULL ? equals + 1 : next;
	if (options->values[id] == NULL || options->values[id][0] == '\0') {
		return baton_error_set(error, BATON_INVALID, "--%s needs %s",
				       info->name, info->argument);
	}
	return BATON_OK;
}

baton_err
options_parse(struct options *options, int argc, char *const *argv,
	      struct baton_error *error)
{
	bool ended = false;

	memset(options, 0, sizeof(*options));
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool used_next = false;
		baton_err err;

		if (!ended && strcmp(word, "--") == 0) {
			ended = true;
			continue;
		}
		/* A lone dash is standard input. */
		if (!ended && word[0] == '-' && word[1] != '\0') {
			err = options_take(options, word, argv[i + 1],
					   &used_next, error);
			if (err != BATON_OK)
				return err;
			i += used_next ? 1 : 0;
			continue;
		}
		if (options->operands_count == OPTIONS_OPERANDS_MAX) {
			return baton_error_set(error, BATON_INVALID,
					       "too many words are given");
		}
		options->operands[options->operands_count++] = word;
	}
	return BATON_OK;
}

baton_err
options_check(const struct options *options, uint32_t allowed,
	      struct baton_error *error)
{
	for (enum option_id id = OPTION_JSON; id < OPTION_COUNT; id++) {
		if (options->values[id] != NULL &&
		    (allowed & OPTION_BIT(id)) == 0) {
			return baton_error_set(error, BATON_INVALID,
					       "--%s does not go with this "
					       "command",
					       options_table[id].name);
		}
	}
	return BATON_OK;
}
