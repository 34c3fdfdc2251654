/* SPDX-License-Identifier: MIT */
#include "adapters/kit/rejected.h"

#include <stdio.h>
#include <string.h>

static struct baton_span
rejected_span(const char *text)
{
	return (struct baton_span){(const uint8_t *)text, strlen(text)};
}

baton_err
rejected_keep(int folder, const char *kind, struct baton_span bytes,
	      const char *report, struct baton_error *error)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char digest[FILES_DIGEST_BYTES];
	char name[FILES_NAME_BYTES];
	size_t len = strlen(kind);
	baton_err err;

	if (len == 0 || len > 16 || strspn(kind, alphabet) != len)
		return baton_error_set(error, BATON_INVALID, "not a kind");
	files_digest(bytes, digest);
	/* The report first: a kept thing is never without its reason. */
	(void)snprintf(name, sizeof(name), "%s.%s.report.txt", digest, kind);
	err = files_write(folder, name, rejected_span(report), error);
	if (err != BATON_OK)
		return err;
	(void)snprintf(name, sizeof(name), "%s.%s", digest, kind);
	return files_write(folder, name, bytes, error);
}

void
rejected_init(struct rejected *rejected, int folder, const char *stem)
{
	*rejected = (struct rejected){.folder = folder};
	rejected->records.fd = -1;
	rejected->report.fd = -1;
	(void)snprintf(rejected->stem, sizeof(rejected->stem), "%s", stem);
}

static baton_err
rejected_open(struct rejected *rejected, struct baton_error *error)
{
	char name[FILES_NAME_BYTES];
	baton_err err;

	if (rejected->open)
		return BATON_OK;
	(void)snprintf(name, sizeof(name), "%s.csv", rejected->stem);
	err = files_draft_open(&rejected->records, rejected->folder, name,
			       error);
	if (err != BATON_OK)
		return err;
	(void)snprintf(name, sizeof(name), "%s.report.txt", rejected->stem);
	err = files_draft_open(&rejected->report, rejected->folder, name,
			       error);
	if (err != BATON_OK) {
		files_draft_discard(&rejected->records);
		return err;
	}
	rejected->open = true;
	return BATON_OK;
}

static baton_err
rejected_report(struct rejected *rejected, uint64_t line,
		const struct baton_problem *problem, struct baton_error *error)
{
	char column[BATON_FIELD_PATH_BYTES + 16] = "";
	char where[32] = "whole file";
	char text[512];

	if (line > 0) {
		(void)snprintf(where, sizeof(where), "line %llu",
			       (unsigned long long)line);
	}
	if (problem->path[0] != '\0') {
		(void)snprintf(column, sizeof(column), ", column %s",
			       problem->path);
	}
	(void)snprintf(text, sizeof(text), "%s%s: %s (%s)\n", where, column,
		       problem->text, baton_err_name(problem->code));
	return files_draft_append(&rejected->report, rejected_span(text),
				  error);
}

static baton_err
rejected_copy(struct rejected *rejected, int fd,
	      const struct rejected_record *record, struct baton_error *error)
{
	baton_err err = files_draft_copy(&rejected->records, fd, record->offset,
					 record->len, error);

	if (err != BATON_OK)
		return err;
	return files_draft_append(&rejected->records, rejected_span("\r\n"),
				  error);
}

baton_err
rejected_add(struct rejected *rejected, int fd,
	     const struct rejected_record *header,
	     const struct rejected_record *record,
	     const struct baton_problem *problem, struct baton_error *error)
{
	bool first = !rejected->open;
	baton_err err = rejected_open(rejected, error);

	if (err == BATON_OK && first)
		err = rejected_copy(rejected, fd, header, error);
	if (err == BATON_OK)
		err = rejected_copy(rejected, fd, record, error);
	if (err == BATON_OK)
		err = rejected_report(rejected, record->line, problem, error);
	return err;
}

baton_err
rejected_add_file(struct rejected *rejected, int fd, uint64_t size,
		  const struct baton_problem *problem, const char *expected,
		  struct baton_error *error)
{
	baton_err err = rejected_open(rejected, error);

	if (err == BATON_OK)
		err = files_draft_copy(&rejected->records, fd, 0, size, error);
	if (err == BATON_OK)
		err = rejected_report(rejected, 0, problem, error);
	if (err == BATON_OK && expected != NULL) {
		err = files_draft_append(&rejected->report,
					 rejected_span("\nExpected:\n"), error);
	}
	if (err == BATON_OK && expected != NULL) {
		err = files_draft_append(&rejected->report,
					 rejected_span(expected), error);
	}
	return err;
}

static const char rejected_advice[] =
	"\nWhat to do: correct the file beside this report and drop it into "
	"the inbox\nagain; records that were accepted are not in it. "
	"--help-tables lists the\ncolumns. Then delete both files.\n";

baton_err
rejected_commit(struct rejected *rejected, struct baton_error *error)
{
	baton_err err;

	if (!rejected->open)
		return BATON_OK;
	err = files_draft_append(&rejected->report,
				 rejected_span(rejected_advice), error);
	if (err == BATON_OK)
		err = files_draft_commit(&rejected->report, error);
	if (err == BATON_OK)
		err = files_draft_commit(&rejected->records, error);
	rejected_discard(rejected);
	return err;
}

void
rejected_discard(struct rejected *rejected)
{
	files_draft_discard(&rejected->records);
	files_draft_discard(&rejected->report);
	rejected->open = false;
}
