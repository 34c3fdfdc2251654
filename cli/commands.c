/* SPDX-License-Identifier: MIT */
#include "cli/commands.h"

#include <string.h>

/* Names are short; a longer word is like none of them. */
#define COMMANDS_NAME_MAX 24
/* More typing errors than this, and it is another word. */
#define COMMANDS_NEAR 2

static const struct command commands_table[] = {
	{
		.name = "publish",
		.operands = "FILE|-",
		.summary = "publish events from a file or standard input",
		.details =
			"Reads CloudEvents as JSON: one object, an array of\n"
			"them, or one object after the other (NDJSON). Prints\n"
			"outcome, sequence and id of each, in the order read.\n"
			"An event that is refused is reported with its line;\n"
			"the others are published.\n",
		.operands_min = 1,
		.operands_max = 1,
		.options = OPTION_BIT(OPTION_FILL_ID),
		.run = publish_run,
	},
	{
		.name = "check",
		.operands = "FILE|-",
		.summary =
			"check events against the contract, without a broker",
		.details = "Reads what publish reads and says of each event\n"
			   "whether the contract allows it. Asks no broker.\n",
		.operands_min = 1,
		.operands_max = 1,
		.options = OPTION_BIT(OPTION_FILL_ID) |
			   OPTION_BIT(OPTION_ACCEPT_FLAGGED),
		.run = check_run,
	},
	{
		.name = "subscribe",
		.operands = "NAME",
		.summary = "print the events of a durable subscription",
		.details =
			"Makes the subscription if there is none, prints its\n"
			"events as CloudEvents, one on a line, and settles\n"
			"each once it is printed. Stops when there are no\n"
			"more; with --follow waits for more. A subscription\n"
			"that exists is gone on with; naming a filter for it\n"
			"has to name the one it has.\n",
		.operands_min = 1,
		.operands_max = 1,
		.options = OPTION_BIT(OPTION_TYPES) |
			   OPTION_BIT(OPTION_SOURCES) |
			   OPTION_BIT(OPTION_CHILD) | OPTION_BIT(OPTION_FROM) |
			   OPTION_BIT(OPTION_FOLLOW) | OPTION_BIT(OPTION_MAX),
		.run = subscribe_run,
	},
	{
		.name = "unsubscribe",
		.operands = "NAME",
		.summary = "remove a durable subscription",
		.details =
			"Removes the subscription with its position and its\n"
			"parked events. The events stay in the journal.\n",
		.operands_min = 1,
		.operands_max = 1,
		.run = unsubscribe_run,
	},
	{
		.name = "subscriptions",
		.operands = "",
		.summary = "list durable subscriptions and how far they are",
		.details = "Operators see everyone's, others their own.\n",
		.run = subscriptions_run,
	},
	{
		.name = "status",
		.operands = "",
		.summary = "show the state of the broker",
		.details = "Exits with 1 when the broker answers but is not\n"
			   "ready.\n",
		.run = status_run,
	},
	{
		.name = "parked",
		.operands = "list [NAME] | "
			    "show|retry|discard NAME SEQUENCE",
		.summary =
			"list and resolve events that could not be delivered",
		.details =
			"A parked event holds up one child in one\n"
			"subscription. list shows them, show prints one with\n"
			"its event. For operators only: retry delivers it\n"
			"again, discard settles it without delivery and needs\n"
			"--reason.\n",
		.operands_min = 1,
		.operands_max = 3,
		.options =
			OPTION_BIT(OPTION_PARTNER) | OPTION_BIT(OPTION_REASON),
		.run = parked_run,
	},
	{
		.name = "journey",
		.operands = "IDENTIFIER",
		.summary = "show the events of one child in order",
		.details =
			"IDENTIFIER is an NHS number, a UPN, or one with its\n"
			"kind: nhs_number:..., upn:..., uln:...,\n"
			"social_care:/la/887:..., local:/ods/RPG:...\n"
			"For operators only. Exits with 1 when no event is\n"
			"known of the child.\n",
		.operands_min = 1,
		.operands_max = 1,
		.run = journey_run,
	},
	{
		.name = "replay",
		.operands = "NAME",
		.summary = "deliver events of a subscription again",
		.details =
			"Moves the subscription to --from, which has to be\n"
			"given; the events after it are delivered again. With\n"
			"--child only that child's events.\n",
		.operands_min = 1,
		.operands_max = 1,
		.options = OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_CHILD) |
			   OPTION_BIT(OPTION_PARTNER),
		.run = replay_run,
	},
	{
		.name = "version",
		.operands = "",
		.summary = "print the version",
		.details = "Asks no broker.\n",
		.run = version_run,
	},
	{
		.name = "help",
		.operands = "[COMMAND]",
		.summary = "print help on baton or on one command",
		.details = "Asks no broker.\n",
		.operands_max = 1,
		.run = help_run,
	},
};

const struct command *
commands_get(size_t i)
{
	return i < sizeof(commands_table) / sizeof(commands_table[0])
		       ? &commands_table[i]
		       : NULL;
}

const struct command *
commands_find(const char *name)
{
	const struct command *command;

	for (size_t i = 0; (command = commands_get(i)) != NULL; i++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

static size_t
commands_least(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance of a name and a word of at most COMMANDS_NAME_MAX. */
static size_t
commands_distance(const char *name, const char *word)
{
	size_t row[COMMANDS_NAME_MAX + 1];
	size_t len = strlen(word);

	for (size_t i = 0; i <= len; i++)
		row[i] = i;
	for (size_t i = 1; name[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t changed =
				diagonal + (name[i - 1] == word[j - 1] ? 0 : 1);

			diagonal = row[j];
			row[j] = commands_least(row[j] + 1, row[j - 1] + 1,
						changed);
		}
	}
	return row[len];
}

const struct command *
commands_nearest(const char *word)
{
	const struct command *command;
	const struct command *nearest = NULL;
	size_t least = COMMANDS_NEAR + 1;

	if (strlen(word) > COMMANDS_NAME_MAX)
		return NULL;
	for (size_t i = 0; (command = commands_get(i)) != NULL; i++) {
		size_t distance = commands_distance(command->name, word);

		if (distance < least) {
			least = distance;
			nearest = command;
		}
	}
	return nearest;
}
