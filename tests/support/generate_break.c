/* SPDX-License-Identifier: MIT */
/* Breaks one rule of one field of a generated event. */
#include <stdio.h>
#include <string.h>

#include "generate.h"
#include "generate_event.h"

/* Where breaking is possible; every site has the same chance. */
struct generate_site {
	const ProtobufCFieldDescriptor *field;
	const struct contract_rule *rule;
	void *value;
	void *quantifier;
	char path[BATON_FIELD_PATH_BYTES];
};

struct generate_search {
	struct generate *generate;
	struct generate_site site;
	uint64_t seen;
};

static void
generate_offer(struct generate_search *search,
	       const ProtobufCFieldDescriptor *field,
	       const struct contract_rule *rule, ProtobufCMessage *message,
	       const struct problem_place *place)
{
	unsigned char *base = (unsigned char *)message;
	struct baton_problem problem;

	if (generate_below(search->generate, ++search->seen) != 0)
		return;
	search->site.field = field;
	search->site.rule = rule;
	search->site.value = base + field->offset;
	search->site.quantifier = base + field->quantifier_offset;
	(void)problem_set(&problem, BATON_OK, place, "site");
	memcpy(search->site.path, problem.path, sizeof(problem.path));
}

/* Whether generate_apply() knows how to break the field. */
static bool
generate_breakable(const ProtobufCFieldDescriptor *field,
		   const struct contract_rule *rule)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return true;
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		return rule->need == CONTRACT_REQUIRED || rule->max > 0 ||
		       rule->form == CONTRACT_DATE;
	}
	if (field->type == PROTOBUF_C_TYPE_ENUM)
		return true;
	return field->type == PROTOBUF_C_TYPE_MESSAGE &&
	       (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 &&
	       rule->need == CONTRACT_REQUIRED;
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
generate_search(struct generate_search *search, ProtobufCMessage *message,
		const struct problem_place *place)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	const struct contract_rule *rules =
		contract_message_of(descriptor)->rules;

	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		unsigned char *base = (unsigned char *)message;
		void *quantifier = base + field->quantifier_offset;
		void *value = base + field->offset;
		struct problem_place here = {place, field->name,
					     PROBLEM_NO_INDEX};

		if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
		    *(uint32_t *)quantifier != field->id)
			continue;
		if (generate_breakable(field, &rules[i])) {
			generate_offer(search, field, &rules[i], message,
				       &here);
		}
		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			if (*(ProtobufCMessage **)value != NULL) {
				generate_search(search,
						*(ProtobufCMessage **)value,
						&here);
			}
			continue;
		}
		for (here.index = 0; here.index < *(size_t *)quantifier;
		     here.index++) {
			generate_search(
				search,
				(*(ProtobufCMessage ***)value)[here.index],
				&here);
		}
	}
}

static baton_err
generate_break_string(struct generate *generate,
		      const struct generate_site *site)
{
	static char impossible[] = "2026-02-30";
	static char empty[] = "";
	char *text;

	if (site->rule->form == CONTRACT_DATE && generate_coin(generate)) {
		*(char **)site->value = impossible;
		return BATON_DATE_INVALID;
	}
	if (site->rule->max > 0 && (site->rule->need == CONTRACT_OPTIONAL ||
				    generate_coin(generate))) {
		text = generate_alloc(generate, site->rule->max + 2);
		memset(text, '1', site->rule->max + 1);
		text[site->rule->max + 1] = '\0';
		*(char **)site->value = text;
		return BATON_FIELD_TOO_LONG;
	}
	if (site->rule->need == CONTRACT_REQUIRED) {
		*(char **)site->value = empty;
		return BATON_FIELD_MISSING;
	}
	*(char **)site->value = impossible;
	return BATON_DATE_INVALID;
}

static baton_err
generate_break_list(struct generate *generate, const struct generate_site *site,
		    char *path)
{
	size_t *count = site->quantifier;
	size_t too_many = site->rule->max + 1;
	unsigned char *entries;
	size_t len;
	size_t width = site->field->type == PROTOBUF_C_TYPE_ENUM
			       ? sizeof(int)
			       : sizeof(void *);

	if (site->rule->need == CONTRACT_REQUIRED && generate_coin(generate)) {
		*count = 0;
		return BATON_FIELD_MISSING;
	}
	if (*count == 0)
		return BATON_OK;
	/* The first entry again and again: too many, or one too often. */
	if (generate_coin(generate) && *count < site->rule->max)
		too_many = *count + 1;
	entries = generate_alloc(generate, too_many * width);
	memcpy(entries, *(void **)site->value, *count * width);
	for (size_t i = *count; i < too_many; i++)
		memcpy(entries + i * width, entries, width);
	*(void **)site->value = entries;
	if (too_many > site->rule->max) {
		*count = too_many;
		return BATON_FIELD_TOO_LONG;
	}
	len = strlen(path);
	(void)snprintf(path + len, BATON_FIELD_PATH_BYTES - len, "[%u]",
		       (unsigned)*count);
	*count = too_many;
	return BATON_ENTRY_REPEATED;
}

static baton_err
generate_apply(struct generate *generate, const struct generate_site *site,
	       char *path)
{
	memcpy(path, site->path, BATON_FIELD_PATH_BYTES);
	if (site->field->label == PROTOBUF_C_LABEL_REPEATED)
		return generate_break_list(generate, site, path);
	if (site->field->type == PROTOBUF_C_TYPE_STRING)
		return generate_break_string(generate, site);
	if (site->field->type == PROTOBUF_C_TYPE_MESSAGE) {
		*(ProtobufCMessage **)site->value = NULL;
		return BATON_FIELD_MISSING;
	}
	if (site->rule->need == CONTRACT_REQUIRED && generate_coin(generate)) {
		*(int *)site->value = 0;
		return BATON_FIELD_MISSING;
	}
	*(int *)site->value = 987654;
	return BATON_ENUM_UNKNOWN;
}

void
generate_break(uint64_t seed, Send__V1__Event *event,
	       struct generate_fault *fault)
{
	struct generate generate = {
		.state = seed,
		.arena = arena_of(event),
	};
	struct generate_search search = {.generate = &generate};

	fault->code = BATON_OK;
	/* A list that is empty cannot be broken in every way: draw again. */
	while (fault->code == BATON_OK) {
		search.seen = 0;
		generate_search(&search, &event->base, NULL);
		if (search.site.field != NULL) {
			fault->code = generate_apply(&generate, &search.site,
						     fault->path);
		}
	}
}
