/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_ENTRY_H
#define BATON_CLI_ENTRY_H

#include "baton/event.h"
#include "cli/cli.h"
#include "cli/input.h"

/**
 * One event of an input on its way to an outcome: what publish and check
 * share.
 */
struct entry {
	uint64_t line;
	uint64_t number;
	/** NULL when the event cannot be read; problem says why. */
	uint8_t *bytes;
	size_t len;
	/** "" when it is not known. */
	char id[BATON_EVENT_ID_MAX + 1];
	/** code is OK while nothing is wrong. */
	struct baton_problem problem;
};

/** Fills an entry from an EVENT or BAD item. Free with entry_fini(). */
void entry_init(struct entry *entry, const struct input_item *item,
		enum baton_fill_id fill_id);

void entry_fini(struct entry *entry);

/** Prints the heading of outcomes, unless they are JSON. */
void entry_print_heading(const struct cli *cli);

/**
 * Prints what became of an entry: a row or a JSON object to the output, and
 * what is wrong with a refused one to standard error.
 *
 * outcome: one word. sequence: 0 when there is none.
 * Errors: NO_MEMORY.
 */
BATON_MUST_CHECK baton_err entry_print(const struct cli *cli,
				       const struct entry *entry,
				       const char *outcome, enum cli_tone tone,
				       uint64_t sequence);

#endif /* BATON_CLI_ENTRY_H */
