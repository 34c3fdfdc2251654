/* SPDX-License-Identifier: MIT */
#include "broker/agreement.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/locate.h"
#include "client/config.h"
#include "client/contract.h"
#include "client/identifier.h"

struct agreement {
	char version[65];
	struct partner *partners;
	size_t count;
};

/* The file, as the table fills it. */
struct entry {
	char *id;
	char *organisation;
	int sector;
	char *unix_user;
	int failing_nhs_numbers;
};

struct document {
	char *version;
	struct entry *partners;
	size_t partners_count;
};

static const struct config_word agreement_sectors[] = {
	{"health", SECTOR_HEALTH},           {"send", SECTOR_SEND},
	{"social_care", SECTOR_SOCIAL_CARE}, {"education", SECTOR_EDUCATION},
	{"operator", SECTOR_OPERATOR},       {NULL, 0},
};

static const struct config_word agreement_nhs_policies[] = {
	{"reject", BATON_NHS_NUMBER_REJECT},
	{"accept_flagged", BATON_NHS_NUMBER_ACCEPT_FLAGGED},
	{NULL, 0},
};

static const struct config_field agreement_partner_fields[] = {
	{.name = "id",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct entry, id),
	 .min = 1,
	 .max = NAME_BYTES - 1,
	 .help = "Name of the partner, and of its socket."},
	{.name = "organisation",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct entry, organisation),
	 .min = 1,
	 .max = SOURCE_BYTES - 1,
	 .help = "/ods/CODE, /urn/CODE or /la/CODE: the only source it may "
		 "publish as."},
	{.name = "sector",
	 .kind = CONFIG_ENUM,
	 .offset = offsetof(struct entry, sector),
	 .words = agreement_sectors,
	 .help = "What the partner is; an operator runs the broker."},
	{.name = "unix_user",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct entry, unix_user),
	 .min = 1,
	 .max = 32,
	 .optional = true,
	 .help = "User that may connect; without it only the broker's own."},
	{.name = "failing_nhs_numbers",
	 .kind = CONFIG_ENUM,
	 .offset = offsetof(struct entry, failing_nhs_numbers),
	 .fallback = "reject",
	 .words = agreement_nhs_policies,
	 .help = "What becomes of NHS numbers that fail modulus 11."},
};

static const struct config_table agreement_partner_table = {
	.fields = agreement_partner_fields,
	.fields_count = sizeof(agreement_partner_fields) /
			sizeof(agreement_partner_fields[0]),
	.size = sizeof(struct entry),
};

static const struct config_field agreement_fields[] = {
	{.name = "version",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct document, version),
	 .min = 1,
	 .max = 64,
	 .help = "Version of the agreement, as the partnership names it."},
	{.name = "partners",
	 .kind = CONFIG_LIST,
	 .offset = offsetof(struct document, partners),
	 .count_offset = offsetof(struct document, partners_count),
	 .min = 1,
	 .max = 1000,
	 .table = &agreement_partner_table,
	 .help = "Who takes part."},
};

static const struct config_table agreement_table = {
	.fields = agreement_fields,
	.fields_count = sizeof(agreement_fields) / sizeof(agreement_fields[0]),
	.size = sizeof(struct document),
};

/* Names the setting of one partner for locate_error(). */
static const char *
agreement_setting(char text[64], size_t index, const char *name)
{
	(void)snprintf(text, 64, "partners[%zu].%s", index, name);
	return text;
}

/* The id names a socket, so it must not be "." or "..". */
static bool
agreement_id_valid(const char *id)
{
	static const char *const first = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char *const rest =
		"abcdefghijklmnopqrstuvwxyz0123456789._-";

	return strchr(first, id[0]) != NULL && strspn(id, rest) == strlen(id);
}

static bool
agreement_organisation_valid(const char *text)
{
	Send__V1__OrganisationScheme scheme;
	char code[16];

	if (!contract_organisation_parse(text, &scheme, code))
		return false;
	switch (scheme) {
	case SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_ODS:
		return identifier_ods_valid(code);
	case SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_URN:
		return identifier_urn_valid(code);
	case SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_LA:
		return identifier_la_valid(code);
	case SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_UNSPECIFIED:
	case _SEND__V1__ORGANISATION_SCHEME_IS_INT_SIZE:
		break;
	}
	return false;
}

/* Finds a user. Errors: NOT_FOUND, IO, NO_MEMORY. */
static baton_err
agreement_find_user(const char *name, uid_t *uid)
{
	struct passwd entry;
	struct passwd *found = NULL;
	size_t size = 16384;
	char *buffer = malloc(size);
	int failed;

	if (buffer == NULL)
		return BATON_NO_MEMORY;
	failed = getpwnam_r(name, &entry, buffer, size, &found);
	if (found != NULL)
		*uid = entry.pw_uid;
	free(buffer);
	if (found != NULL)
		return BATON_OK;
	return failed == 0 || failed == ENOENT || failed == ESRCH
		       ? BATON_NOT_FOUND
		       : BATON_IO;
}

/* No id twice. An organisation may stand for several partners when they are
 * of different sectors: a council has its SEND team and its social care. */
static baton_err
agreement_check_unique(const char *path, const struct document *document,
		       size_t index, struct baton_error *error)
{
	const struct entry *entry = &document->partners[index];
	char setting[64];

	for (size_t i = 0; i < index; i++) {
		const struct entry *other = &document->partners[i];

		if (strcmp(entry->id, other->id) == 0) {
			return locate_error(
				path, &agreement_table,
				agreement_setting(setting, index, "id"), error,
				"is the id of another partner");
		}
		if (entry->sector == other->sector &&
		    strcmp(entry->organisation, other->organisation) == 0) {
			return locate_error(
				path, &agreement_table,
				agreement_setting(setting, index,
						  "organisation"),
				error,
				"is the organisation of another partner in "
				"this sector");
		}
	}
	return BATON_OK;
}

static baton_err
agreement_check_entry(const char *path, const struct document *document,
		      size_t index, struct baton_error *error)
{
	const struct entry *entry = &document->partners[index];
	char setting[64];

	if (!agreement_id_valid(entry->id)) {
		return locate_error(
			path, &agreement_table,
			agreement_setting(setting, index, "id"), error,
			"must be of a-z 0-9 . _ - and begin with a letter or "
			"digit");
	}
	if (!agreement_organisation_valid(entry->organisation)) {
		return locate_error(
			path, &agreement_table,
			agreement_setting(setting, index, "organisation"),
			error,
			"must be /ods/CODE, /urn/6 DIGITS or /la/3 DIGITS");
	}
	return agreement_check_unique(path, document, index, error);
}

static baton_err
agreement_take_entry(const char *path, const struct document *document,
		     size_t index, struct partner *partner,
		     struct baton_error *error)
{
	const struct entry *entry = &document->partners[index];
	char setting[64];
	baton_err err;

	err = agreement_check_entry(path, document, index, error);
	if (err != BATON_OK)
		return err;
	(void)snprintf(partner->id, sizeof(partner->id), "%s", entry->id);
	(void)snprintf(partner->source, sizeof(partner->source), "%s",
		       entry->organisation);
	partner->sector = (enum sector)entry->sector;
	partner->nhs_number_policy =
		(enum baton_nhs_number_policy)entry->failing_nhs_numbers;
	if (entry->unix_user == NULL)
		return BATON_OK;
	err = agreement_find_user(entry->unix_user, &partner->uid);
	if (err == BATON_NOT_FOUND) {
		return locate_error(
			path, &agreement_table,
			agreement_setting(setting, index, "unix_user"), error,
			"is not a user of this host");
	}
	if (err != BATON_OK) {
		return baton_error_set(error, err,
				       "%s: users of this host cannot be read",
				       path);
	}
	partner->has_user = true;
	return BATON_OK;
}

static baton_err
agreement_make(const char *path, const struct document *document,
	       struct agreement **agreement, struct baton_error *error)
{
	struct agreement *made = calloc(1, sizeof(*made));
	baton_err err = BATON_OK;

	if (made != NULL) {
		made->partners = calloc(document->partners_count,
					sizeof(*made->partners));
	}
	if (made == NULL || made->partners == NULL) {
		agreement_free(made);
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	}
	(void)snprintf(made->version, sizeof(made->version), "%s",
		       document->version);
	made->count = document->partners_count;
	for (size_t i = 0; i < made->count && err == BATON_OK; i++) {
		err = agreement_take_entry(path, document, i,
					   &made->partners[i], error);
	}
	if (err != BATON_OK) {
		agreement_free(made);
		return err;
	}
	*agreement = made;
	return BATON_OK;
}

baton_err
agreement_load(const char *path, struct agreement **agreement,
	       struct baton_error *error)
{
	void *document;
	baton_err err;

	*agreement = NULL;
	err = config_load(path, &agreement_table, &document, error);
	if (err != BATON_OK)
		return err;
	err = agreement_make(path, document, agreement, error);
	config_free(&agreement_table, document);
	return err;
}

void
agreement_free(struct agreement *agreement)
{
	if (agreement == NULL)
		return;
	free(agreement->partners);
	free(agreement);
}

const char *
agreement_version(const struct agreement *agreement)
{
	return agreement->version;
}

size_t
agreement_count(const struct agreement *agreement)
{
	return agreement->count;
}

const struct partner *
agreement_at(const struct agreement *agreement, size_t index)
{
	return &agreement->partners[index];
}

const struct partner *
agreement_find(const struct agreement *agreement, const char *id)
{
	for (size_t i = 0; i < agreement->count; i++) {
		if (strcmp(agreement->partners[i].id, id) == 0)
			return &agreement->partners[i];
	}
	return NULL;
}
