/* SPDX-License-Identifier: MIT */
#include "tests/unit/adapters/kit_rows.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adapters/kit/families.h"

const struct kit_table *const rows_tables[1] = {&families_panel_decisions};

struct rows_run {
	const struct kit_table *const *tables;
	size_t tables_count;
	struct table_header header;
	size_t rows;
	baton_err err;
	uint8_t **bytes;
	size_t *len;
	struct baton_problem *problem;
};

static bool
rows_take(void *context, const struct csv_row *row)
{
	struct rows_run *run = context;

	if (run->rows++ == 0) {
		run->err = table_match(run->tables, run->tables_count, row,
				       &run->header, run->problem);
	} else {
		run->err = table_event(&run->header, row, "/la/887", run->bytes,
				       run->len, run->problem);
	}
	return run->err == BATON_OK && run->rows < 2;
}

baton_err
rows_event(const struct kit_table *const *tables, size_t tables_count,
	   const char *text, size_t text_len, uint8_t **bytes, size_t *len,
	   struct baton_problem *problem)
{
	struct rows_run run = {
		.tables = tables,
		.tables_count = tables_count,
		.bytes = bytes,
		.len = len,
		.problem = problem,
	};
	int fd = memfd_create("rows", MFD_CLOEXEC);
	baton_err err;

	*bytes = NULL;
	if (fd < 0 || write(fd, text, text_len) != (ssize_t)text_len)
		abort();
	err = csv_read_rows(fd, rows_take, &run, problem);
	(void)close(fd);
	return err != BATON_OK ? err : run.err;
}
