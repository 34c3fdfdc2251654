/* SPDX-License-Identifier: MIT */
/*
 * A file in the inbox: reading it as CSV, matching its header, making events
 * of its records. Each record's own bytes, read alone, must be that record
 * again: this is what a rejected file is made of.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adapters/kit/families.h"
#include "adapters/kit/table.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sooner than any time limit of a fuzzer. */
#define FUZZ_MAX_ROWS 200

static const struct kit_table *const tables[] = {
	&families_panel_decisions,
	&families_annual_reviews_due,
	&families_transitions,
	&families_referrals,
};

struct run {
	const uint8_t *data;
	size_t size;
	struct table_header header;
	bool matched;
	size_t rows;
};

static void
require(bool held)
{
	if (!held)
		abort();
}

static int
file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("csv", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	return fd;
}

static bool
compare_row(void *context, const struct csv_row *row)
{
	const struct csv_row **expected = context;

	require(*expected != NULL && row->count == (*expected)->count);
	for (size_t i = 0; i < row->count && i < CSV_MAX_CELLS; i++) {
		const struct csv_cell *cell = &(*expected)->cells[i];

		require(row->cells[i].len == cell->len &&
			memcmp(row->cells[i].text, cell->text, cell->len) == 0);
	}
	*expected = NULL;
	return true;
}

static void
read_alone(const struct run *run, const struct csv_row *row)
{
	const uint8_t *bytes = run->data + row->offset;
	const struct csv_row *expected = row;
	struct baton_problem problem;
	int fd;

	require((uint64_t)row->offset + row->len <= run->size);
	/* Alone these would be a byte order mark. */
	if (row->len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		return;
	fd = file_of(bytes, row->len);
	require(csv_read_rows(fd, compare_row, &expected, &problem) ==
		BATON_OK);
	require(expected == NULL);
	(void)close(fd);
}

static bool
take_row(void *context, const struct csv_row *row)
{
	struct run *run = context;
	struct baton_problem problem;
	uint8_t *bytes;
	size_t len;

	read_alone(run, row);
	if (run->rows++ == 0) {
		run->matched =
			table_match(tables, sizeof(tables) / sizeof(tables[0]),
				    row, &run->header, &problem) == BATON_OK;
	} else if (run->matched &&
		   table_event(&run->header, row, "/la/887", &bytes, &len,
			       &problem) == BATON_OK) {
		baton_event_bytes_free(bytes);
	}
	return run->rows < FUZZ_MAX_ROWS;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {.data = data, .size = size};
	struct baton_problem problem;
	int fd = file_of(data, size);

	if (csv_read_rows(fd, take_row, &run, &problem) != BATON_OK)
		require(problem.text[0] != '\0');
	(void)close(fd);
	return 0;
}
