/* SPDX-License-Identifier: MIT */
#include "broker/store.h"
#include "tests/unit/broker/store_suite.h"

static baton_err
open_sqlite(const struct store_directory *directory, struct store **store,
	    struct baton_error *error)
{
	struct store_options options = {.directory = directory->path};

	return store_open_sqlite(&options, store, error);
}

int
main(void)
{
	return store_suite_run("store_sqlite", open_sqlite);
}
