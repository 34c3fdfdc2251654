/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "broker/writer.h"
#include "tests/support/store_faulty.h"
#include "tests/support/store_fixture.h"

#include <cmocka.h>

#define DEADLINE_S 20
#define COMMANDS 64

struct bench;

/* A command that appends one event, or answers what it is told to. */
struct append {
	struct writer_command command;
	struct bench *bench;
	uint64_t number;
	/** Not OK: apply answers this and writes nothing. */
	baton_err answer;
	/** Apply waits for the gate. */
	bool gated;
	uint64_t sequence;
	/* Under the bench's lock. */
	bool done;
	baton_err err;
	bool early;
};

/* A writer on a journal in memory that fails on demand. */
struct bench {
	struct store_faulty *faulty;
	struct store *store;
	struct store_reader *reader;
	struct metrics *metrics;
	struct writer *writer;
	struct writer_options options;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool gate_open;
	bool at_gate;
	unsigned done;
	unsigned committed;
	struct append commands[COMMANDS];
};

static void
on_committed(void *context)
{
	struct bench *bench = context;

	(void)pthread_mutex_lock(&bench->lock);
	bench->committed++;
	(void)pthread_cond_broadcast(&bench->changed);
	(void)pthread_mutex_unlock(&bench->lock);
}

static void
wait_at_gate(struct bench *bench)
{
	(void)pthread_mutex_lock(&bench->lock);
	bench->at_gate = true;
	(void)pthread_cond_broadcast(&bench->changed);
	while (!bench->gate_open)
		(void)pthread_cond_wait(&bench->changed, &bench->lock);
	(void)pthread_mutex_unlock(&bench->lock);
}

static baton_err
append_apply(struct writer_command *command, struct store *store,
	     struct baton_error *error)
{
	struct append *append = (struct append *)command;
	struct store_appended appended;
	struct store_draft draft;
	baton_err err;

	if (append->gated)
		wait_at_gate(append->bench);
	if (append->answer != BATON_OK)
		return baton_error_set(error, append->answer, "told to");
	store_draft_fill(&draft, append->number, 1);
	err = store_append(store, &draft.event, &appended, error);
	append->sequence = appended.sequence;
	record_unref(appended.record);
	return err;
}

static void
append_done(struct writer_command *command, baton_err err,
	    const struct baton_error *error)
{
	struct append *append = (struct append *)command;
	struct bench *bench = append->bench;
	bool early = err == BATON_OK &&
		     append->sequence > store_faulty_committed(bench->faulty);

	(void)error;
	(void)pthread_mutex_lock(&bench->lock);
	append->done = true;
	append->err = err;
	append->early = early;
	bench->done++;
	(void)pthread_cond_broadcast(&bench->changed);
	(void)pthread_mutex_unlock(&bench->lock);
}

static int
setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct store *inner;

	assert_non_null(bench);
	assert_int_equal(store_open_memory(&inner, NULL), BATON_OK);
	bench->faulty = store_faulty_new(inner);
	assert_non_null(bench->faulty);
	bench->store = store_faulty_store(bench->faulty);
	assert_int_equal(store_reader_new(bench->store, &bench->reader, NULL),
			 BATON_OK);
	assert_int_equal(metrics_new(&bench->metrics), BATON_OK);
	assert_int_equal(pthread_mutex_init(&bench->lock, NULL), 0);
	assert_int_equal(pthread_cond_init(&bench->changed, NULL), 0);
	bench->options = (struct writer_options){
		.max_commands = COMMANDS,
		.max_bytes = 1000000,
		.batch_commands = COMMANDS,
		.batch_bytes = 1000000,
		.committed = on_committed,
		.context = bench,
	};
	*state = bench;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	writer_free(bench->writer);
	store_reader_free(bench->reader);
	store_free(bench->store);
	metrics_free(bench->metrics);
	(void)pthread_cond_destroy(&bench->changed);
	(void)pthread_mutex_destroy(&bench->lock);
	free(bench);
	return 0;
}

static void
start(struct bench *bench)
{
	struct baton_error error;

	if (writer_new(bench->store, bench->metrics, &bench->options,
		       &bench->writer, &error) != BATON_OK)
		fail_msg("%s", error.text);
}

static struct append *
prepare(struct bench *bench, uint64_t number)
{
	struct append *append = &bench->commands[number];

	memset(append, 0, sizeof(*append));
	append->command.apply = append_apply;
	append->command.done = append_done;
	append->command.bytes = 100;
	append->bench = bench;
	append->number = number;
	return append;
}

static void
submit(struct bench *bench, struct append *append)
{
	assert_int_equal(writer_submit(bench->writer, &append->command),
			 BATON_OK);
}

/* Waits for *value to reach wanted; false when the time is up. */
static bool
reaches(struct bench *bench, const unsigned *value, unsigned wanted)
{
	struct timespec until;
	int rc = 0;
	bool reached;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	(void)pthread_mutex_lock(&bench->lock);
	while (*value < wanted && rc == 0) {
		rc = pthread_cond_timedwait(&bench->changed, &bench->lock,
					    &until);
	}
	reached = *value >= wanted;
	(void)pthread_mutex_unlock(&bench->lock);
	return reached;
}

static void
wait_done(struct bench *bench, unsigned count)
{
	assert_true(reaches(bench, &bench->done, count));
}

/* Holds the writer inside a batch of one, so that others have to queue. */
static void
close_gate(struct bench *bench)
{
	struct append *first = prepare(bench, 0);

	first->gated = true;
	submit(bench, first);
	(void)pthread_mutex_lock(&bench->lock);
	while (!bench->at_gate)
		(void)pthread_cond_wait(&bench->changed, &bench->lock);
	(void)pthread_mutex_unlock(&bench->lock);
}

static void
open_gate(struct bench *bench)
{
	(void)pthread_mutex_lock(&bench->lock);
	bench->gate_open = true;
	(void)pthread_cond_broadcast(&bench->changed);
	(void)pthread_mutex_unlock(&bench->lock);
}

static uint64_t
events(struct bench *bench)
{
	struct store_figures figures;

	assert_int_equal(store_read_figures(bench->reader, &figures, NULL),
			 BATON_OK);
	return figures.events;
}

/* Waits until the writer takes commands again. */
static void
wait_healthy(struct bench *bench)
{
	struct timespec pause = {.tv_nsec = 5000000};
	char text[BATON_ERROR_TEXT_BYTES];
	int i;

	for (i = 0; i < DEADLINE_S * 200; i++) {
		writer_health(bench->writer, text);
		if (text[0] == '\0')
			return;
		(void)nanosleep(&pause, NULL);
	}
	fail_msg("still: %s", text);
}

static void
wait_called(struct bench *bench, enum store_call call)
{
	struct timespec pause = {.tv_nsec = 5000000};
	int i;

	for (i = 0; i < DEADLINE_S * 200; i++) {
		if (store_faulty_calls(bench->faulty, call) > 0)
			return;
		(void)nanosleep(&pause, NULL);
	}
	fail_msg("call %d was not made", (int)call);
}

/* ---- group commit ---- */

static void
writer_acknowledges_what_is_committed(void **state)
{
	struct bench *bench = *state;

	start(bench);
	submit(bench, prepare(bench, 1));
	wait_done(bench, 1);
	assert_int_equal(bench->commands[1].err, BATON_OK);
	assert_false(bench->commands[1].early);
	assert_int_equal(events(bench), 1);
}

static void
writer_commits_what_waits_together(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	start(bench);
	close_gate(bench);
	for (i = 1; i <= 50; i++)
		submit(bench, prepare(bench, i));
	open_gate(bench);
	wait_done(bench, 51);
	writer_stop(bench->writer);
	assert_int_equal(atomic_load(&bench->metrics->commits), 2);
	assert_int_equal(atomic_load(&bench->metrics->commands), 51);
}

static void
writer_keeps_the_order_of_commands(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	start(bench);
	close_gate(bench);
	for (i = 1; i <= 20; i++)
		submit(bench, prepare(bench, i));
	open_gate(bench);
	wait_done(bench, 21);
	for (i = 0; i <= 20; i++)
		assert_int_equal(bench->commands[i].sequence, i + 1);
}

static void
writer_bounds_a_transaction_by_commands(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	bench->options.batch_commands = 10;
	start(bench);
	close_gate(bench);
	for (i = 1; i <= 50; i++)
		submit(bench, prepare(bench, i));
	open_gate(bench);
	wait_done(bench, 51);
	writer_stop(bench->writer);
	assert_int_equal(atomic_load(&bench->metrics->commits), 6);
}

static void
writer_bounds_a_transaction_by_bytes(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	bench->options.batch_bytes = 250;
	start(bench);
	close_gate(bench);
	for (i = 1; i <= 10; i++)
		submit(bench, prepare(bench, i));
	open_gate(bench);
	wait_done(bench, 11);
	writer_stop(bench->writer);
	assert_int_equal(atomic_load(&bench->metrics->commits), 6);
}

static void
writer_takes_a_command_larger_than_a_batch(void **state)
{
	struct bench *bench = *state;
	struct append *large = prepare(bench, 1);

	bench->options.batch_bytes = 10;
	bench->options.max_bytes = 10;
	start(bench);
	submit(bench, large);
	wait_done(bench, 1);
	assert_int_equal(large->err, BATON_OK);
}

static void
writer_reports_committed_once_a_batch(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	start(bench);
	close_gate(bench);
	for (i = 1; i <= 9; i++)
		submit(bench, prepare(bench, i));
	open_gate(bench);
	wait_done(bench, 10);
	writer_stop(bench->writer);
	assert_int_equal(bench->committed, 2);
}

/* ---- bounds of the queue ---- */

static void
writer_is_busy_beyond_max_commands(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	bench->options.max_commands = 3;
	start(bench);
	close_gate(bench);
	for (i = 1; i <= 3; i++)
		submit(bench, prepare(bench, i));
	assert_int_equal(
		writer_submit(bench->writer, &prepare(bench, 4)->command),
		BATON_BUSY);
	open_gate(bench);
	wait_done(bench, 4);
	assert_int_equal(events(bench), 4);
}

static void
writer_is_busy_beyond_max_bytes(void **state)
{
	struct bench *bench = *state;

	bench->options.max_bytes = 250;
	start(bench);
	close_gate(bench);
	submit(bench, prepare(bench, 1));
	submit(bench, prepare(bench, 2));
	assert_int_equal(
		writer_submit(bench->writer, &prepare(bench, 3)->command),
		BATON_BUSY);
	assert_int_equal(atomic_load(&bench->metrics->queued_bytes), 200);
	open_gate(bench);
	wait_done(bench, 3);
}

static void
writer_gauges_return_to_zero(void **state)
{
	struct bench *bench = *state;

	start(bench);
	close_gate(bench);
	submit(bench, prepare(bench, 1));
	assert_int_equal(atomic_load(&bench->metrics->queued_commands), 1);
	open_gate(bench);
	wait_done(bench, 2);
	assert_int_equal(atomic_load(&bench->metrics->queued_commands), 0);
	assert_int_equal(atomic_load(&bench->metrics->queued_bytes), 0);
}

/* ---- stop ---- */

static void
writer_stop_finishes_what_is_queued(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	start(bench);
	for (i = 1; i <= 40; i++)
		submit(bench, prepare(bench, i));
	writer_stop(bench->writer);
	assert_int_equal(bench->done, 40);
	assert_int_equal(events(bench), 40);
}

static void
writer_refuses_commands_after_stop(void **state)
{
	struct bench *bench = *state;

	start(bench);
	writer_stop(bench->writer);
	assert_int_equal(
		writer_submit(bench->writer, &prepare(bench, 1)->command),
		BATON_CLOSED);
}

/* ---- errors of commands ---- */

static void
writer_own_error_fails_one_command_alone(void **state)
{
	struct bench *bench = *state;
	struct append *wrong = prepare(bench, 2);

	wrong->answer = BATON_NOT_FOUND;
	start(bench);
	close_gate(bench);
	submit(bench, prepare(bench, 1));
	submit(bench, wrong);
	submit(bench, prepare(bench, 3));
	open_gate(bench);
	wait_done(bench, 4);
	assert_int_equal(wrong->err, BATON_NOT_FOUND);
	assert_int_equal(bench->commands[1].err, BATON_OK);
	assert_int_equal(bench->commands[3].err, BATON_OK);
	assert_int_equal(events(bench), 3);
}

static void
writer_internal_error_rolls_back_the_batch(void **state)
{
	struct bench *bench = *state;
	struct append *wrong = prepare(bench, 2);

	wrong->answer = BATON_INTERNAL;
	start(bench);
	close_gate(bench);
	submit(bench, prepare(bench, 1));
	submit(bench, wrong);
	open_gate(bench);
	wait_done(bench, 3);
	assert_int_equal(wrong->err, BATON_INTERNAL);
	assert_int_equal(bench->commands[1].err, BATON_UNAVAILABLE);
	assert_int_equal(events(bench), 1);
}

static void
writer_internal_error_does_not_stop_the_journal(void **state)
{
	struct bench *bench = *state;
	struct append *wrong = prepare(bench, 1);

	wrong->answer = BATON_INTERNAL;
	start(bench);
	submit(bench, wrong);
	wait_done(bench, 1);
	submit(bench, prepare(bench, 2));
	wait_done(bench, 2);
	assert_int_equal(bench->commands[2].err, BATON_OK);
}

/* ---- failures of the journal ---- */

static void
writer_failed_commit_acknowledges_nothing(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	start(bench);
	close_gate(bench);
	for (i = 1; i <= 5; i++)
		submit(bench, prepare(bench, i));
	store_faulty_fail(bench->faulty, STORE_CALL_COMMIT, 2, 1, BATON_IO);
	open_gate(bench);
	wait_done(bench, 6);
	assert_int_equal(bench->commands[0].err, BATON_OK);
	for (i = 1; i <= 5; i++)
		assert_int_equal(bench->commands[i].err, BATON_UNAVAILABLE);
	assert_int_equal(events(bench), 1);
}

static void
writer_refuses_while_the_journal_fails(void **state)
{
	struct bench *bench = *state;
	char text[BATON_ERROR_TEXT_BYTES];

	start(bench);
	store_faulty_fail(bench->faulty, STORE_CALL_COMMIT, 1, 1000, BATON_IO);
	submit(bench, prepare(bench, 1));
	wait_done(bench, 1);
	assert_int_equal(
		writer_submit(bench->writer, &prepare(bench, 2)->command),
		BATON_UNAVAILABLE);
	writer_health(bench->writer, text);
	assert_string_equal(text, "journal: made to fail");
}

static void
writer_failure_answers_what_was_queued_behind(void **state)
{
	struct bench *bench = *state;
	uint64_t i;

	bench->options.batch_commands = 1;
	start(bench);
	close_gate(bench);
	for (i = 1; i <= 5; i++)
		submit(bench, prepare(bench, i));
	store_faulty_fail(bench->faulty, STORE_CALL_COMMIT, 1, 1000,
			  BATON_UNAVAILABLE);
	open_gate(bench);
	wait_done(bench, 6);
	for (i = 0; i <= 5; i++)
		assert_int_equal(bench->commands[i].err, BATON_UNAVAILABLE);
	assert_int_equal(events(bench), 0);
}

static void
writer_carries_on_when_space_returns(void **state)
{
	struct bench *bench = *state;

	start(bench);
	store_faulty_fail(bench->faulty, STORE_CALL_COMMIT, 1, 1000,
			  BATON_UNAVAILABLE);
	submit(bench, prepare(bench, 1));
	wait_done(bench, 1);
	store_faulty_heal(bench->faulty);
	wait_healthy(bench);
	submit(bench, prepare(bench, 1));
	wait_done(bench, 2);
	assert_int_equal(bench->commands[1].err, BATON_OK);
	assert_int_equal(store_faulty_calls(bench->faulty, STORE_CALL_REOPEN),
			 0);
}

static void
writer_reopens_after_a_failing_disk(void **state)
{
	struct bench *bench = *state;

	start(bench);
	store_faulty_fail(bench->faulty, STORE_CALL_COMMIT, 1, 1, BATON_IO);
	submit(bench, prepare(bench, 1));
	wait_done(bench, 1);
	wait_healthy(bench);
	assert_int_equal(store_faulty_calls(bench->faulty, STORE_CALL_REOPEN),
			 1);
}

static void
writer_reopens_after_a_failing_checkpoint(void **state)
{
	struct bench *bench = *state;

	start(bench);
	store_faulty_fail(bench->faulty, STORE_CALL_CHECKPOINT, 1, 1, BATON_IO);
	submit(bench, prepare(bench, 1));
	wait_done(bench, 1);
	wait_called(bench, STORE_CALL_REOPEN);
	wait_healthy(bench);
	assert_int_equal(bench->commands[1].err, BATON_OK);
}

static void
writer_goes_on_when_a_checkpoint_has_no_room(void **state)
{
	struct bench *bench = *state;

	start(bench);
	store_faulty_fail(bench->faulty, STORE_CALL_CHECKPOINT, 1, 1,
			  BATON_UNAVAILABLE);
	submit(bench, prepare(bench, 1));
	wait_called(bench, STORE_CALL_CHECKPOINT);
	submit(bench, prepare(bench, 2));
	wait_done(bench, 2);
	assert_int_equal(bench->commands[2].err, BATON_OK);
}

static void
writer_stops_while_the_journal_fails(void **state)
{
	struct bench *bench = *state;

	start(bench);
	store_faulty_fail(bench->faulty, STORE_CALL_BEGIN, 1, 1000, BATON_IO);
	submit(bench, prepare(bench, 1));
	wait_done(bench, 1);
	writer_stop(bench->writer);
	assert_int_equal(bench->commands[1].err, BATON_UNAVAILABLE);
}

/* Publishes `number` until it is acknowledged, as a client does. */
static void
publish(struct bench *bench, uint64_t number)
{
	struct append *append;
	unsigned done = bench->done;

	for (;;) {
		wait_healthy(bench);
		append = prepare(bench, number);
		submit(bench, append);
		wait_done(bench, ++done);
		assert_false(append->early);
		if (append->err == BATON_OK)
			return;
		assert_int_equal(append->err, BATON_UNAVAILABLE);
	}
}

/* One failing call anywhere: whatever it is, all are there in the end, once,
 * and none was acknowledged before it was. */
static void
survive(void **state, enum store_call call, baton_err err)
{
	struct bench *bench = *state;
	uint64_t nth;
	uint64_t i;

	for (nth = 1; nth <= 4; nth++) {
		start(bench);
		store_faulty_fail(bench->faulty, call, (unsigned)nth, 1, err);
		for (i = 1; i <= 4; i++)
			publish(bench, 4 * (nth - 1) + i);
		assert_int_equal(events(bench), 4 * nth);
		writer_free(bench->writer);
		bench->writer = NULL;
	}
}

static void
writer_survives_any_failing_begin(void **state)
{
	survive(state, STORE_CALL_BEGIN, BATON_IO);
}

static void
writer_survives_any_failing_append(void **state)
{
	survive(state, STORE_CALL_APPEND, BATON_UNAVAILABLE);
}

static void
writer_survives_any_failing_commit(void **state)
{
	survive(state, STORE_CALL_COMMIT, BATON_IO);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(writer_acknowledges_what_is_committed),
		CASE(writer_commits_what_waits_together),
		CASE(writer_keeps_the_order_of_commands),
		CASE(writer_bounds_a_transaction_by_commands),
		CASE(writer_bounds_a_transaction_by_bytes),
		CASE(writer_takes_a_command_larger_than_a_batch),
		CASE(writer_reports_committed_once_a_batch),
		CASE(writer_is_busy_beyond_max_commands),
		CASE(writer_is_busy_beyond_max_bytes),
		CASE(writer_gauges_return_to_zero),
		CASE(writer_stop_finishes_what_is_queued),
		CASE(writer_refuses_commands_after_stop),
		CASE(writer_own_error_fails_one_command_alone),
		CASE(writer_internal_error_rolls_back_the_batch),
		CASE(writer_internal_error_does_not_stop_the_journal),
		CASE(writer_failed_commit_acknowledges_nothing),
		CASE(writer_refuses_while_the_journal_fails),
		CASE(writer_failure_answers_what_was_queued_behind),
		CASE(writer_carries_on_when_space_returns),
		CASE(writer_reopens_after_a_failing_disk),
		CASE(writer_reopens_after_a_failing_checkpoint),
		CASE(writer_goes_on_when_a_checkpoint_has_no_room),
		CASE(writer_stops_while_the_journal_fails),
		CASE(writer_survives_any_failing_begin),
		CASE(writer_survives_any_failing_append),
		CASE(writer_survives_any_failing_commit),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
