/* SPDX-License-Identifier: MIT */
#ifndef BATON_AGREEMENT_H
#define BATON_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "baton/error.h"
#include "broker/exchange.h"

/**
 * agreement.yaml: the data-sharing agreement. For now it says who the
 * partners are; who is not in it has no access. Immutable once loaded.
 */
struct agreement;

struct partner {
	/** 1 to 64 of a-z 0-9 . _ -, the first a letter or a digit. */
	char id[NAME_BYTES];
	/** Source attribute of this partner's events, "/ods/RPG". */
	char source[SOURCE_BYTES];
	enum sector sector;
	enum baton_nhs_number_policy nhs_number_policy;
	/** Unix user that may connect besides the broker's own and root. */
	bool has_user;
	uid_t uid;
};

/**
 * Loads and checks a file.
 *
 * *agreement: given, free with agreement_free().
 * Errors: IO, CONFIG ("file:line: setting: what is wrong"), NO_MEMORY.
 */
BATON_MUST_CHECK baton_err agreement_load(const char *path,
					  struct agreement **agreement,
					  struct baton_error *error);

/** NULL is allowed. */
void agreement_free(struct agreement *agreement);

/** Version as the file names it; borrowed. */
const char *agreement_version(const struct agreement *agreement);

size_t agreement_count(const struct agreement *agreement);

/** Partner by index below agreement_count(); borrowed. */
const struct partner *agreement_at(const struct agreement *agreement,
				   size_t index);

/** Partner by id, or NULL; borrowed. */
const struct partner *agreement_find(const struct agreement *agreement,
				     const char *id);

#endif /* BATON_AGREEMENT_H */
