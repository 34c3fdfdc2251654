/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/entry.h"
#include "cli/progress.h"
#include "client/clock.h"

/* One batch: what is held in memory, and published in one call. */
#define PUBLISH_BATCH_EVENTS 500
#define PUBLISH_BATCH_BYTES ((size_t)4 * 1024 * 1024)

/* A batch and the counts of all batches. */
struct publish {
	struct cli *cli;
	enum baton_fill_id fill_id;
	struct progress progress;
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t rejected;
	uint64_t unknown;
	size_t count;
	size_t bytes;
	struct entry entries[PUBLISH_BATCH_EVENTS];
	/* Of the entries that can be read, in order. */
	struct baton_span spans[PUBLISH_BATCH_EVENTS];
	struct baton_publish_result results[PUBLISH_BATCH_EVENTS];
};

/* Prints and counts one entry; result is NULL when it was never sent. */
static baton_err
publish_print(struct publish *publish, struct entry *entry,
	      const struct baton_publish_result *result)
{
	if (result == NULL || result->outcome == BATON_OUTCOME_REJECTED) {
		publish->rejected++;
		if (result != NULL)
			entry->problem = result->problem;
		return entry_print(publish->cli, entry, "rejected", CLI_BAD, 0);
	}
	if (result->outcome == BATON_OUTCOME_ACCEPTED) {
		publish->accepted++;
		return entry_print(publish->cli, entry, "accepted", CLI_GOOD,
				   result->sequence);
	}
	if (result->outcome == BATON_OUTCOME_DUPLICATE) {
		publish->duplicates++;
		return entry_print(publish->cli, entry, "duplicate", CLI_GOOD,
				   result->sequence);
	}
	publish->unknown++;
	return entry_print(publish->cli, entry, "unknown", CLI_CAREFUL, 0);
}

/* Prints the batch in the order of the input and empties it. */
static enum cli_exit
publish_print_batch(struct publish *publish)
{
	const struct baton_publish_result *result = publish->results;
	baton_err err = BATON_OK;

	for (size_t i = 0; i < publish->count; i++) {
		struct entry *entry = &publish->entries[i];

		if (err == BATON_OK) {
			err = publish_print(publish, entry,
					    entry->bytes != NULL ? result
								 : NULL);
		}
		result += entry->bytes != NULL ? 1 : 0;
		entry_fini(entry);
	}
	publish->count = 0;
	publish->bytes = 0;
	if (err != BATON_OK)
		return cli_no_memory(publish->cli);
	if (fflush(publish->cli->out) != 0) {
		cli_note(publish->cli,
			 "the outcomes cannot be written, so publishing "
			 "stopped; publish the input again: events accepted "
			 "before are found to be duplicates");
		return CLI_EXIT_INTERNAL;
	}
	return CLI_EXIT_OK;
}

/* Publishes the batch, prints what became of it and empties it. */
static enum cli_exit
publish_flush(struct publish *publish)
{
	struct baton_error error = {BATON_OK, ""};
	baton_err err = BATON_OK;
	enum cli_exit code;
	size_t sent = 0;

	for (size_t i = 0; i < publish->count; i++) {
		const struct entry *entry = &publish->entries[i];

		if (entry->bytes == NULL)
			continue;
		publish->spans[sent].data = entry->bytes;
		publish->spans[sent].len = entry->len;
		sent++;
	}
	memset(publish->results, 0, sent * sizeof(publish->results[0]));
	if (sent > 0) {
		err = baton_publish(publish->cli->client, publish->spans, sent,
				    publish->results, &error);
	}
	progress_fini(&publish->progress);
	code = publish_print_batch(publish);
	if (err != BATON_OK)
		return cli_fail(publish->cli, &error);
	progress_update(&publish->progress,
			publish->accepted + publish->duplicates +
				publish->rejected,
			clock_monotonic_ms());
	return code;
}

/* Says at the end what has to be done; the exit code of a whole run. */
static enum cli_exit
publish_conclude(const struct publish *publish, enum cli_exit code)
{
	uint64_t answered = publish->accepted + publish->duplicates;
	uint64_t all = answered + publish->rejected + publish->unknown;

	if (publish->unknown > 0) {
		cli_note(publish->cli,
			 "%llu events have no answer and what came after them "
			 "was not sent; publish them again with the ids "
			 "printed: what was accepted is found to be a "
			 "duplicate",
			 (unsigned long long)publish->unknown);
	}
	if (publish->rejected > 0) {
		cli_note(publish->cli,
			 "%llu of %llu events were refused; correct them and "
			 "publish them again",
			 (unsigned long long)publish->rejected,
			 (unsigned long long)all);
	}
	if (all == 0 && code == CLI_EXIT_OK)
		cli_note(publish->cli, "the input holds no event");
	if (code == CLI_EXIT_OK && publish->rejected > 0)
		code = CLI_EXIT_PARTLY;
	return code;
}

static enum cli_exit
publish_input(struct publish *publish, struct input *input)
{
	enum cli_exit code = CLI_EXIT_OK;
	struct input_item item;

	entry_print_heading(publish->cli);
	do {
		/* A writer that pauses does not hold back what it wrote. */
		input_next(input,
			   publish->count > 0 ? INPUT_NO_WAIT : INPUT_MAY_WAIT,
			   &item);
		if (item.kind == INPUT_EVENT || item.kind == INPUT_BAD) {
			struct entry *entry =
				&publish->entries[publish->count++];

			entry_init(entry, &item, publish->fill_id);
			publish->bytes += entry->len;
			if (publish->count < PUBLISH_BATCH_EVENTS &&
			    publish->bytes < PUBLISH_BATCH_BYTES)
				continue;
		}
		code = publish_flush(publish);
	} while (code == CLI_EXIT_OK && item.kind != INPUT_END &&
		 item.kind != INPUT_FAILED);
	progress_fini(&publish->progress);
	code = publish_conclude(publish, code);
	if (item.kind == INPUT_FAILED) {
		cli_note(publish->cli,
			 "the input cannot be read: %s; the events before were "
			 "published",
			 item.problem);
		return CLI_EXIT_INPUT;
	}
	return code;
}

enum cli_exit
publish_run(struct cli *cli)
{
	/* Rows on the same terminal are progress enough. */
	bool shows_progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
	struct baton_error error = {BATON_OK, ""};
	struct publish *publish;
	struct input *input;
	enum cli_exit code = cli_connect(cli);

	if (code != CLI_EXIT_OK)
		return code;
	if (input_open(cli_operand(cli, 0), &input, &error) != BATON_OK) {
		cli_note(cli, "%s; check its name and your permission",
			 error.text);
		return error.code == BATON_IO ? CLI_EXIT_INPUT
					      : CLI_EXIT_INTERNAL;
	}
	publish = calloc(1, sizeof(*publish));
	if (publish != NULL) {
		publish->cli = cli;
		publish->fill_id = cli_value(cli, OPTION_FILL_ID) != NULL
					   ? BATON_ID_FILL
					   : BATON_ID_REQUIRED;
		progress_init(&publish->progress,
			      shows_progress ? cli->err : NULL,
			      clock_monotonic_ms());
		code = publish_input(publish, input);
	} else {
		code = cli_no_memory(cli);
	}
	free(publish);
	input_free(input);
	return code;
}
