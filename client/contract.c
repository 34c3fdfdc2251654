/* SPDX-License-Identifier: MIT */
#include "client/contract.h"

#include <stdio.h>
#include <string.h>

#include "client/contract_rules.h"
#include "client/identifier.h"
#include "client/wire.h"

#define CONTRACT_CODE_BYTES 16
#define CONTRACT_LOCAL_ID_BYTES 65

#define ORGANISATION(name)                                                     \
	SEND__V1__ORGANISATION_SCHEME__ORGANISATION_SCHEME_##name
#define IDENTIFIER(name) SEND__V1__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_##name

/* How a scheme is written in "/ods/RPG", and the form of its codes. */
static const struct {
	Send__V1__OrganisationScheme scheme;
	const char *prefix;
	bool (*valid)(const char *code);
} contract_organisations[] = {
	{ORGANISATION(ODS), "/ods/", identifier_ods_valid},
	{ORGANISATION(URN), "/urn/", identifier_urn_valid},
	{ORGANISATION(LA), "/la/", identifier_la_valid},
};

#define CONTRACT_ORGANISATION_COUNT                                            \
	(sizeof(contract_organisations) / sizeof(*contract_organisations))

/* How a scheme is written in a child's key; valid is NULL when the value has
 * an issuer. */
static const struct {
	Send__V1__IdentifierScheme scheme;
	const char *prefix;
	bool (*valid)(const char *value);
} contract_identifiers[] = {
	{IDENTIFIER(NHS_NUMBER), "nhs_number:", identifier_nhs_number_valid},
	{IDENTIFIER(UPN), "upn:", identifier_upn_valid},
	{IDENTIFIER(ULN), "uln:", identifier_uln_valid},
	{IDENTIFIER(SOCIAL_CARE), "social_care:", NULL},
	{IDENTIFIER(LOCAL), "local:", NULL},
};

#define CONTRACT_IDENTIFIER_COUNT                                              \
	(sizeof(contract_identifiers) / sizeof(*contract_identifiers))

baton_err
contract_open(struct baton_span bytes, enum baton_nhs_number_policy policy,
	      Send__V1__Event **event, struct baton_problem *problem)
{
	struct contract_check check = {.policy = policy, .problem = problem};
	ProtobufCMessage *message;
	baton_err err;

	*event = NULL;
	err = wire_unpack(&send__v1__event__descriptor, bytes,
			  &wire_event_limits, &message, problem);
	if (err != BATON_OK)
		return err;
	err = contract_message_check(&check, message, NULL);
	if (err != BATON_OK) {
		wire_free(message);
		return err;
	}
	*event = (Send__V1__Event *)message;
	return BATON_OK;
}

const char *
contract_family_name(int family)
{
	const ProtobufCFieldDescriptor *field;

	if (family < CONTRACT_FAMILY_MIN || family > CONTRACT_FAMILY_MAX)
		return NULL;
	field = protobuf_c_message_descriptor_get_field(
		&send__v1__event__descriptor, (unsigned)family);
	return field == NULL ? NULL : field->name;
}

int
contract_family_number(const char *name)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(
			&send__v1__event__descriptor, name);

	if (field == NULL || field->id < CONTRACT_FAMILY_MIN ||
	    field->id > CONTRACT_FAMILY_MAX)
		return 0;
	return (int)field->id;
}

bool
contract_organisation_format(const Send__V1__Organisation *organisation,
			     char *text, size_t size)
{
	int wrote;

	for (size_t i = 0; i < CONTRACT_ORGANISATION_COUNT; i++) {
		if (contract_organisations[i].scheme != organisation->scheme)
			continue;
		wrote = snprintf(text, size, "%s%s",
				 contract_organisations[i].prefix,
				 organisation->code);
		return wrote > 0 && (size_t)wrote < size;
	}
	return false;
}

bool
contract_organisation_parse(const char *text,
			    Send__V1__OrganisationScheme *scheme,
			    char code[CONTRACT_CODE_BYTES])
{
	for (size_t i = 0; i < CONTRACT_ORGANISATION_COUNT; i++) {
		const char *prefix = contract_organisations[i].prefix;
		size_t len = strlen(prefix);

		if (strncmp(text, prefix, len) != 0 ||
		    !contract_organisations[i].valid(text + len))
			continue;
		*scheme = contract_organisations[i].scheme;
		(void)snprintf(code, CONTRACT_CODE_BYTES, "%s", text + len);
		return true;
	}
	return false;
}

bool
contract_child_key(const Send__V1__Identifier *identifier,
		   char key[CONTRACT_CHILD_KEY_BYTES])
{
	char issuer[CONTRACT_CODE_BYTES * 2] = "";
	int wrote;

	if (identifier->nhs_number_status ==
	    SEND__V1__NHS_NUMBER_STATUS__NHS_NUMBER_STATUS_FAILED_CHECK)
		return false;
	for (size_t i = 0; i < CONTRACT_IDENTIFIER_COUNT; i++) {
		bool has_issuer = contract_identifiers[i].valid == NULL;

		if (contract_identifiers[i].scheme != identifier->scheme)
			continue;
		if (has_issuer &&
		    (identifier->issuer == NULL ||
		     !contract_organisation_format(identifier->issuer, issuer,
						   sizeof(issuer))))
			return false;
		wrote = snprintf(key, CONTRACT_CHILD_KEY_BYTES, "%s%s%s%s",
				 contract_identifiers[i].prefix, issuer,
				 has_issuer ? ":" : "", identifier->value);
		return wrote > 0 && wrote < CONTRACT_CHILD_KEY_BYTES;
	}
	return false;
}

/* "/la/887:ID" */
static bool
contract_issued_valid(const char *text)
{
	char organisation[CONTRACT_CODE_BYTES * 2];
	char code[CONTRACT_CODE_BYTES];
	Send__V1__OrganisationScheme scheme;
	const char *colon = strchr(text, ':');
	const char *value;
	size_t len;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(organisation))
		return false;
	memcpy(organisation, text, (size_t)(colon - text));
	organisation[colon - text] = '\0';
	value = colon + 1;
	len = strlen(value);
	return contract_organisation_parse(organisation, &scheme, code) &&
	       len > 0 && len < CONTRACT_LOCAL_ID_BYTES &&
	       strchr(value, ' ') == NULL &&
	       contract_form_holds(CONTRACT_ASCII, value);
}

bool
contract_child_key_valid(const char *text)
{
	for (size_t i = 0; i < CONTRACT_IDENTIFIER_COUNT; i++) {
		const char *prefix = contract_identifiers[i].prefix;
		size_t len = strlen(prefix);

		if (strncmp(text, prefix, len) != 0)
			continue;
		if (contract_identifiers[i].valid == NULL)
			return contract_issued_valid(text + len);
		return contract_identifiers[i].valid(text + len);
	}
	return false;
}
