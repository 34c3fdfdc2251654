/* SPDX-License-Identifier: MIT */
#include "broker/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/protobuf_text.h"

static int
filter_compare_sources(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Of sources in order. */
static void
filter_drop_repeated(struct store_filter *filter)
{
	size_t kept = 0;

	for (size_t i = 0; i < filter->sources_count; i++) {
		if (kept > 0 && strcmp(filter->sources[i],
				       filter->sources[kept - 1]) == 0) {
			continue;
		}
		if (kept != i) {
			memcpy(filter->sources[kept], filter->sources[i],
			       SOURCE_BYTES);
		}
		kept++;
	}
	memset(filter->sources + kept, 0,
	       (filter->sources_count - kept) * SOURCE_BYTES);
	filter->sources_count = kept;
}

static baton_err
filter_parse_sources(const Baton__V1__Filter *wire, struct store_filter *filter,
		     struct baton_error *error)
{
	if (wire->n_sources > STORE_FILTER_SOURCES_MAX) {
		return baton_error_set(error, BATON_TOO_LARGE,
				       "a filter has at most %d sources",
				       STORE_FILTER_SOURCES_MAX);
	}
	for (size_t i = 0; i < wire->n_sources; i++) {
		Send__V1__OrganisationScheme scheme;
		char code[16];
		char *to = filter->sources[filter->sources_count];

		if (strlen(wire->sources[i]) >= SOURCE_BYTES ||
		    !contract_organisation_parse(wire->sources[i], &scheme,
						 code)) {
			return baton_error_set(
				error, BATON_INVALID,
				"source %zu of the filter is not of the form "
				"/ods/CODE, /urn/CODE or /la/CODE",
				i + 1);
		}
		(void)snprintf(to, SOURCE_BYTES, "%s", wire->sources[i]);
		filter->sources_count++;
	}
	qsort(filter->sources, filter->sources_count, SOURCE_BYTES,
	      filter_compare_sources);
	filter_drop_repeated(filter);
	return BATON_OK;
}

baton_err
filter_parse(const Baton__V1__Filter *wire, struct store_filter *filter,
	     struct baton_error *error)
{
	memset(filter, 0, sizeof(*filter));
	if (wire == NULL) {
		return BATON_OK;
	}
	for (size_t i = 0; i < wire->n_types; i++) {
		int family = contract_family_number(wire->types[i]);

		if (family < CONTRACT_FAMILY_MIN ||
		    family >= CONTRACT_FAMILY_MIN + 64) {
			return baton_error_set(error, BATON_INVALID,
					       "type %zu of the filter is not "
					       "an event type",
					       i + 1);
		}
		filter->families |= UINT64_C(1)
				    << (family - CONTRACT_FAMILY_MIN);
	}
	if (wire->child[0] != '\0') {
		if (!contract_child_key_valid(wire->child)) {
			return baton_error_set(
				error, BATON_INVALID,
				"the filter's child is not of the form "
				"nhs_number:9990000018");
		}
		(void)snprintf(filter->child_key, sizeof(filter->child_key),
			       "%s", wire->child);
	}
	return filter_parse_sources(wire, filter, error);
}

bool
filter_equal(const struct store_filter *a, const struct store_filter *b)
{
	if (a->families != b->families || a->child != b->child ||
	    a->sources_count != b->sources_count) {
		return false;
	}
	for (size_t i = 0; i < a->sources_count; i++) {
		if (strcmp(a->sources[i], b->sources[i]) != 0) {
			return false;
		}
	}
	return true;
}

bool
filter_matches(const struct store_filter *filter, const struct store_head *head)
{
	int bit = head->family - CONTRACT_FAMILY_MIN;

	if (filter->families != 0 &&
	    (bit < 0 || bit > 63 || ((filter->families >> bit) & 1) == 0)) {
		return false;
	}
	if (filter->child != 0 && filter->child != head->child) {
		return false;
	}
	for (size_t i = 0; i < filter->sources_count; i++) {
		if (strcmp(filter->sources[i], head->source) == 0) {
			return true;
		}
	}
	return filter->sources_count == 0;
}

void
filter_format(const struct store_filter *filter, struct filter_wire *wire)
{
	Baton__V1__Filter init;

	baton__v1__filter__init(&init);
	wire->message = init;
	wire->message.types = wire->types;
	wire->message.sources = wire->sources;
	wire->message.child = protobuf_text(filter->child_key);
	for (int bit = 0; bit < 64; bit++) {
		const char *name = NULL;

		if (((filter->families >> bit) & 1) != 0) {
			name = contract_family_name(CONTRACT_FAMILY_MIN + bit);
		}
		if (name != NULL) {
			wire->types[wire->message.n_types] =
				protobuf_text(name);
			wire->message.n_types++;
		}
	}
	for (size_t i = 0; i < filter->sources_count; i++) {
		wire->sources[i] = protobuf_text(filter->sources[i]);
	}
	wire->message.n_sources = filter->sources_count;
}
