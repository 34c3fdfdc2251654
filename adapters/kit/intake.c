/* SPDX-License-Identifier: MIT */
#include "adapters/kit/intake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/kit/rejected.h"
#include "adapters/kit/table.h"

/* A record on its way: to be published, or refused already. */
struct intake_record {
	struct rejected_record at;
	/* NULL: refused before it was published. */
	uint8_t *bytes;
	struct baton_problem problem;
};

struct intake_run {
	const struct intake *intake;
	int fd;
	struct stat status;
	struct table_header header;
	struct rejected_record header_at;
	bool header_seen;
	struct rejected rejected;
	struct intake_record records[INTAKE_BATCH_RECORDS];
	size_t records_count;
	size_t batch_bytes;
	struct baton_span events[INTAKE_BATCH_RECORDS];
	struct baton_publish_result results[INTAKE_BATCH_RECORDS];
	size_t events_count;
	struct intake_result *result;
	/* Why the reading was stopped. */
	struct baton_problem problem;
	baton_err err;
	struct baton_error *error;
};

/* ---- first reading: the form ---- */

static bool
intake_check_row(void *context, const struct csv_row *row)
{
	struct intake_run *run = context;

	if (run->header_seen)
		return true;
	run->header_seen = true;
	run->header_at = (struct rejected_record){
		.line = row->line, .offset = row->offset, .len = row->len};
	run->err = table_match(run->intake->tables, run->intake->tables_count,
			       row, &run->header, &run->problem);
	return run->err == BATON_OK;
}

/* Errors: any, with problem; IO and NO_MEMORY are no fault of the file. */
static baton_err
intake_check(struct intake_run *run)
{
	baton_err err;

	if (run->status.st_size > INTAKE_MAX_FILE_BYTES) {
		run->problem.code = BATON_TOO_LARGE;
		(void)snprintf(run->problem.text, sizeof(run->problem.text),
			       "file is larger than 4 GiB; split it");
		return BATON_TOO_LARGE;
	}
	err = csv_read_rows(run->fd, intake_check_row, run, &run->problem);
	if (err == BATON_OK && run->err != BATON_OK)
		err = run->err;
	if (err == BATON_OK && !run->header_seen) {
		err = BATON_MALFORMED;
		run->problem.code = err;
		(void)snprintf(run->problem.text, sizeof(run->problem.text),
			       "file is empty; its first row must name the "
			       "columns");
	}
	return err;
}

/* ---- second reading: the records ---- */

static baton_err
intake_refuse(struct intake_run *run, const struct intake_record *record)
{
	run->result->refused++;
	return rejected_add(&run->rejected, run->fd, &run->header_at,
			    &record->at, &record->problem, run->error);
}

/* Settles one published record by the broker's answer. */
static baton_err
intake_settle(struct intake_run *run, struct intake_record *record,
	      struct baton_span event,
	      const struct baton_publish_result *answer)
{
	const char *column;

	if (answer->outcome == BATON_OUTCOME_ACCEPTED) {
		run->result->accepted++;
		return BATON_OK;
	}
	if (answer->outcome == BATON_OUTCOME_DUPLICATE) {
		run->result->duplicates++;
		return BATON_OK;
	}
	record->problem = answer->problem;
	column = table_problem_column(run->header.table, event,
				      answer->problem.path);
	if (column != NULL) {
		(void)snprintf(record->problem.path,
			       sizeof(record->problem.path), "%s", column);
	}
	return intake_refuse(run, record);
}

static void
intake_clear_batch(struct intake_run *run)
{
	for (size_t i = 0; i < run->records_count; i++)
		baton_event_bytes_free(run->records[i].bytes);
	run->records_count = 0;
	run->events_count = 0;
	run->batch_bytes = 0;
}

/* Publishes the batch, then keeps what was refused in the file's order. */
static baton_err
intake_flush(struct intake_run *run)
{
	const struct intake *intake = run->intake;
	baton_err err = BATON_OK;
	size_t event = 0;

	if (run->events_count > 0 &&
	    intake->publish(intake->context, run->events, run->events_count,
			    run->results) == KIT_RETRY) {
		err = baton_error_set(run->error, BATON_UNREACHABLE,
				      "not published yet");
	}
	for (size_t i = 0; err == BATON_OK && i < run->records_count; i++) {
		struct intake_record *record = &run->records[i];

		if (record->bytes == NULL) {
			err = intake_refuse(run, record);
			continue;
		}
		err = intake_settle(run, record, run->events[event],
				    &run->results[event]);
		event++;
	}
	intake_clear_batch(run);
	return err;
}

static bool
intake_take_row(void *context, const struct csv_row *row)
{
	struct intake_run *run = context;
	struct intake_record *record = &run->records[run->records_count];
	size_t len = 0;

	if (row->offset == run->header_at.offset)
		return true;
	record->at = (struct rejected_record){
		.line = row->line, .offset = row->offset, .len = row->len};
	if (table_event(&run->header, row, run->intake->source, &record->bytes,
			&len, &record->problem) == BATON_NO_MEMORY) {
		run->err = baton_error_set(run->error, BATON_NO_MEMORY,
					   "out of memory");
		return false;
	}
	run->records_count++;
	if (record->bytes != NULL) {
		run->events[run->events_count++] =
			(struct baton_span){record->bytes, len};
		run->batch_bytes += len;
	}
	if (run->records_count == INTAKE_BATCH_RECORDS ||
	    run->batch_bytes >= INTAKE_BATCH_BYTES)
		run->err = intake_flush(run);
	return run->err == BATON_OK;
}

/* Whether the name still is the file that was read, and unchanged. */
static bool
intake_unchanged(const struct intake_run *run, const char *name)
{
	struct stat now;

	return fstatat(run->intake->inbox, name, &now, AT_SYMLINK_NOFOLLOW) ==
		       0 &&
	       now.st_ino == run->status.st_ino &&
	       now.st_dev == run->status.st_dev &&
	       now.st_size == run->status.st_size &&
	       now.st_mtim.tv_sec == run->status.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == run->status.st_mtim.tv_nsec;
}

static baton_err
intake_changed(struct intake_run *run)
{
	return baton_error_set(run->error, BATON_BUSY,
			       "file changed while being read");
}

/*
 * Takes the file out of its sender's reach under a name of our own, then looks
 * whether it is the one that was read: between looking and moving by name
 * another may have been renamed over it. The claim stays in the inbox, so that
 * another file, and any file after a crash, is read at the next look.
 */
static baton_err
intake_claim(struct intake_run *run, const char *name, const char *stem,
	     char claim[FILES_NAME_BYTES])
{
	int inbox = run->intake->inbox;
	struct stat there;
	baton_err err;

	(void)snprintf(claim, FILES_NAME_BYTES, "%s.csv", stem);
	if (strcmp(claim, name) == 0)
		(void)snprintf(claim, FILES_NAME_BYTES, "%s-again.csv", stem);
	/* Never over a claim that nobody read. */
	if (fstatat(inbox, claim, &there, AT_SYMLINK_NOFOLLOW) == 0)
		return intake_changed(run);
	err = files_move(inbox, name, inbox, claim, run->error);
	if (err != BATON_OK)
		return err;
	return intake_unchanged(run, claim) ? BATON_OK : intake_changed(run);
}

/* Puts what was refused in its place, then claims the file: in this order, so
 * that a crash between the two reads the file again. */
static baton_err
intake_commit(struct intake_run *run, const char *name, const char *stem,
	      char claim[FILES_NAME_BYTES])
{
	baton_err err = rejected_commit(&run->rejected, run->error);

	if (err == BATON_OK)
		err = intake_claim(run, name, stem, claim);
	return err;
}

static baton_err
intake_take_records(struct intake_run *run, const char *name, const char *stem)
{
	char processed[FILES_NAME_BYTES];
	char claim[FILES_NAME_BYTES];
	baton_err err;

	run->err = BATON_OK;
	err = csv_read_rows(run->fd, intake_take_row, run, &run->problem);
	if (err != BATON_OK) {
		/* Its form was right a moment ago: it changed. */
		err = intake_changed(run);
	} else {
		err = run->err;
	}
	if (err == BATON_OK)
		err = intake_flush(run);
	intake_clear_batch(run);
	if (err == BATON_OK && !intake_unchanged(run, name))
		err = intake_changed(run);
	if (err != BATON_OK) {
		rejected_discard(&run->rejected);
		return err;
	}
	err = intake_commit(run, name, stem, claim);
	if (err != BATON_OK)
		return err;
	(void)snprintf(processed, sizeof(processed), "%s.csv", stem);
	return files_move(run->intake->inbox, claim, run->intake->processed,
			  processed, run->error);
}

/* ---- the whole file ---- */

static baton_err
intake_refuse_whole(struct intake_run *run, const char *name, const char *stem)
{
	const struct intake *intake = run->intake;
	char claim[FILES_NAME_BYTES];
	char *expected = NULL;
	size_t len = 0;
	FILE *out;
	baton_err err;

	if (!intake_unchanged(run, name))
		return intake_changed(run);
	out = open_memstream(&expected, &len);
	if (out != NULL) {
		table_print_help(intake->tables, intake->tables_count, out);
		(void)fclose(out);
	}
	/* By copying: the two folders may be on different file systems. */
	err = rejected_add_file(&run->rejected, run->fd,
				(uint64_t)run->status.st_size, &run->problem,
				expected, run->error);
	free(expected);
	if (err != BATON_OK) {
		rejected_discard(&run->rejected);
		return err;
	}
	err = intake_commit(run, name, stem, claim);
	if (err != BATON_OK)
		return err;
	run->result->refused_whole = true;
	return files_remove(intake->inbox, claim, run->error);
}

/* "20260301T093000Z-" and half of the digest. */
static void
intake_stem(const struct intake_run *run, char stem[REJECTED_STEM_BYTES])
{
	time_t modified = run->status.st_mtim.tv_sec;
	char stamp[32] = "";
	struct tm utc;

	if (gmtime_r(&modified, &utc) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	(void)snprintf(stem, REJECTED_STEM_BYTES, "%s-%.16s", stamp,
		       run->result->digest);
}

baton_err
intake_file(const struct intake *intake, const char *name,
	    struct intake_result *result, struct baton_error *error)
{
	struct intake_run *run = calloc(1, sizeof(*run));
	char stem[REJECTED_STEM_BYTES];
	baton_err err;

	*result = (struct intake_result){.refused_whole = false};
	if (run == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	run->intake = intake;
	run->result = result;
	run->error = error;
	err = files_open_regular(intake->inbox, name, &run->fd, &run->status,
				 error);
	if (err != BATON_OK)
		goto err0;
	err = files_digest_file(run->fd, result->digest, error);
	if (err != BATON_OK)
		goto err1;
	intake_stem(run, stem);
	rejected_init(&run->rejected, intake->rejected, stem);
	err = intake_check(run);
	if (err == BATON_OK) {
		err = intake_take_records(run, name, stem);
	} else if (err == BATON_IO || err == BATON_NO_MEMORY) {
		(void)baton_error_set(error, err, "%s", run->problem.text);
	} else {
		err = intake_refuse_whole(run, name, stem);
	}
err1:
	(void)close(run->fd);
err0:
	free(run);
	return err;
}
