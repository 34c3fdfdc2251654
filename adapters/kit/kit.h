/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_H
#define BATON_KIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "baton/baton.h"
#include "client/config.h"

/**
 * What all adapters share: one descriptor says what an adapter is, and
 * kit_main() is the rest: options, configuration, signals, the connection,
 * the inbox folder, the outbox folder, retry. An adapter gives verdicts; only
 * the kit and the broker retry.
 */
struct kit;

/* ---- the descriptor ---- */

/** How a CSV cell becomes JSON. */
enum kit_cell {
	KIT_CELL_TEXT,
	/** Text, upper-cased and prefixed: "assess" -> "PANEL_..._ASSESS";
	 *  without a prefix lower-cased. Spaces and hyphens count as '_'. */
	KIT_CELL_ENUM,
	/** As ENUM, several separated by ';'. */
	KIT_CELL_ENUM_LIST,
	/** yes, no, true, false, 1, 0. */
	KIT_CELL_BOOL,
	KIT_CELL_INTEGER,
	/** "/ods/RPG", "/urn/123456" or "/la/887" -> an Organisation. */
	KIT_CELL_ORGANISATION,
	/** Anything else: set as text, and the table's finish function sees
	 *  it; in an outbox file its JSON. */
	KIT_CELL_CUSTOM,
};

/** One documented column of an inbox table. */
struct kit_column {
	/** Header as written in the file's first row; lower_snake_case. */
	const char *header;
	/** Path in the event's JSON with dots: "data.panelDecision.heldOn".
	 *  "present[sector=SECTOR_HEALTH]" is the list's entry with that
	 *  member, made when it is not there. */
	const char *path;
	enum kit_cell cell;
	bool required;
	/** For ENUM: prefix of the enum's names, "PANEL_". */
	const char *prefix;
	/** One sentence; printed by --help-tables. */
	const char *help;
};

/** One kind of CSV file. Which table a file is, its header row decides: all
 *  required columns present, no unknown one. */
struct kit_table {
	/** "panel_decisions"; file names play no part. */
	const char *name;
	/** Event family, "panel_decision". */
	const char *family;
	const struct kit_column *columns;
	size_t columns_count;
	/** Completes the event's JSON after its columns were set; may be NULL.
	 *  Errors: as baton_event_from_json(), with the path in problem. */
	baton_err (*finish)(json_t *event, struct baton_problem *problem);
	/** Readies an event's JSON for its columns to be read from it (outbox
	 *  files); may be NULL. */
	void (*flatten)(json_t *event);
};

struct kit_adapter {
	/** Program name, "baton-education". */
	const char *name;
	/** One sentence for --help. */
	const char *summary;
	const struct kit_table *const *tables;
	size_t tables_count;
	/** The adapter's own section in the configuration, under this name;
	 *  NULL when it has none. */
	const char *settings_name;
	const struct config_table *settings;
	/** Starts the adapter's own sources (a server, say) on its own
	 *  threads; may be NULL. settings: borrowed until stop. */
	baton_err (*start)(struct kit *kit, const void *settings, void **state,
			   struct baton_error *error);
	/** Stops them; every taken-in message has its answer when it returns.
	 *  May be NULL. */
	void (*stop)(void *state);
	/** Checks the adapter's section beyond its table, for -n too; may be
	 *  NULL. Errors: CONFIG. */
	baton_err (*check)(const void *settings, struct baton_error *error);
};

/**
 * The whole program: --help, --version, --help-config, --help-tables,
 * -n (check the configuration and exit), -c FILE. Runs until SIGTERM or
 * SIGINT. Returns the exit code: 0 clean stop, 1 usage, 2 configuration,
 * 3 could not start, 4 failed while running.
 */
int kit_main(const struct kit_adapter *adapter, int argc, char **argv);

/* ---- for an adapter's own sources ---- */

/**
 * Publishes events on the partner's connection and waits for the broker's
 * answer until deadline_ms (clock_monotonic_ms()); repeats while the broker is
 * away. Any thread. An attempt under way at the deadline is let end: up to two
 * seconds more.
 *
 * Returns KIT_ACCEPTED when every event is on disk (accepted or duplicate),
 * KIT_REJECTED when at least one was refused (results say which and why),
 * KIT_RETRY when the time was up or the kit is stopping: tell the source to
 * send again.
 */
enum kit_verdict { KIT_ACCEPTED = 1, KIT_RETRY = 2, KIT_REJECTED = 3 };

enum kit_verdict kit_publish(struct kit *kit, const struct baton_span *events,
			     size_t count, struct baton_publish_result *results,
			     int64_t deadline_ms);

/**
 * Keeps something that was refused where an operator finds it: writes bytes
 * and a report beside it to the adapter's rejected folder, mode 0600, as
 * DIGEST.KIND and DIGEST.KIND.report.txt. The names hold no personal data and
 * no time, so that a repeat writes the same files; the files' times tell when.
 * Any thread.
 *
 * kind: 1 to 16 of a-z 0-9, "hl7"; report: one line for each problem: line,
 * field, reason.
 * Errors: INVALID (kind), IO.
 */
BATON_MUST_CHECK baton_err kit_keep_rejected(struct kit *kit, const char *kind,
					     struct baton_span bytes,
					     const char *report,
					     struct baton_error *error);

/** The source attribute of our events as the agreement names us,
 *  "/ods/RPG"; known from the configuration. Never NULL. */
const char *kit_source(const struct kit *kit);

/** Whether the program is stopping. Any thread. */
bool kit_stopping(const struct kit *kit);

#endif /* BATON_KIT_H */
