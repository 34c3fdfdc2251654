/* SPDX-License-Identifier: MIT */
#include "broker/store.h"
#include "tests/unit/broker/store_suite.h"

static baton_err
open_memory(const struct store_directory *directory, struct store **store,
	    struct baton_error *error)
{
	(void)directory;
	return store_open_memory(store, error);
}

int
main(void)
{
	return store_suite_run("store_memory", open_memory);
}
