/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_OPTIONS_H
#define BATON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/error.h"

/**
 * The command line: one list of options for all subcommands, each with one
 * meaning wherever it is taken. Options stand before or after the subcommand,
 * as "--name value" or "--name=value"; "--" ends them.
 */
/* X(NAME, "name", "ARGUMENT" or NULL for a flag, "help") */
#define OPTIONS_LIST(X)                                                        \
	X(JSON, "json", NULL, "print JSON, one object on a line")              \
	X(URL, "url", "URL", "the broker's address; else $BATON_URL")          \
	X(TIMEOUT, "timeout", "SECONDS", "give up after this long, 1 to 3600") \
	X(HELP, "help", NULL, "print help and exit")                           \
	X(VERSION, "version", NULL, "print the version and exit")              \
	X(FILL_ID, "fill-id", NULL, "give events without an id a UUIDv7")      \
	X(ACCEPT_FLAGGED, "accept-flagged", NULL,                              \
	  "let NHS numbers pass that are flagged as wrong")                    \
	X(TYPES, "types", "A,B", "only events of these types")                 \
	X(SOURCES, "sources", "A,B", "only events of these organisations")     \
	X(CHILD, "child", "IDENTIFIER", "only events of this child")           \
	X(FROM, "from", "START", "beginning, now, a sequence or a time")       \
	X(FOLLOW, "follow", NULL, "wait for more events until interrupted")    \
	X(MAX, "max", "N", "stop after N events")                              \
	X(PARTNER, "partner", "PARTNER",                                       \
	  "whose subscription it is, for operators")                           \
	X(REASON, "reason", "TEXT", "why, without personal data")

enum option_id {
#define OPTIONS_ENUM(name, text, argument, help) OPTION_##name,
	OPTIONS_LIST(OPTIONS_ENUM)
#undef OPTIONS_ENUM
		OPTION_COUNT
};

/** A set of options. */
#define OPTION_BIT(id) (UINT32_C(1) << (id))

/** Options that every subcommand takes. */
#define OPTIONS_GLOBAL                                                         \
	(OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_URL) |                    \
	 OPTION_BIT(OPTION_TIMEOUT) | OPTION_BIT(OPTION_HELP) |                \
	 OPTION_BIT(OPTION_VERSION))

#define OPTIONS_OPERANDS_MAX 8

struct options {
	/** NULL when not given; "" for a flag. Borrowed from argv. */
	const char *values[OPTION_COUNT];
	/** The subcommand is the first. Borrowed from argv. */
	const char *operands[OPTIONS_OPERANDS_MAX];
	size_t operands_count;
};

/**
 * Takes a command line apart. What each subcommand takes is checked with
 * options_check().
 *
 * Errors: INVALID; the text names the option and never its value.
 */
BATON_MUST_CHECK baton_err options_parse(struct options *options, int argc,
					 char *const *argv,
					 struct baton_error *error);

/** Whether only options of the set allowed were given. Errors: INVALID. */
BATON_MUST_CHECK baton_err options_check(const struct options *options,
					 uint32_t allowed,
					 struct baton_error *error);

bool options_has(const struct options *options, enum option_id id);

/** Without dashes. */
const char *options_name(enum option_id id);

/** Name of the option's argument; NULL for a flag. */
const char *options_argument(enum option_id id);

const char *options_help(enum option_id id);

#endif /* BATON_CLI_OPTIONS_H */
