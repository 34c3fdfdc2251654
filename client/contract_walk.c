/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "client/contract_rules.h"

/* A field of a message, with where its value lies. */
struct contract_field {
	const ProtobufCFieldDescriptor *descriptor;
	const struct contract_rule *rule;
	const unsigned char *value;
	/* Entry of a list, or PROBLEM_NO_INDEX. */
	size_t index;
};

static const struct contract_message contract_messages[] = {
	{&send__v1__event__descriptor, contract_event_rules,
	 contract_event_together},
	{&google__protobuf__timestamp__descriptor, contract_timestamp_rules,
	 contract_timestamp_together},
	{&send__v1__organisation__descriptor, contract_organisation_rules,
	 contract_organisation_together},
	{&send__v1__team__descriptor, contract_team_rules, NULL},
	{&send__v1__service__descriptor, contract_service_rules,
	 contract_service_together},
	{&send__v1__child__descriptor, contract_child_rules,
	 contract_child_together},
	{&send__v1__identifier__descriptor, contract_identifier_rules,
	 contract_identifier_together},
	{&send__v1__referral__descriptor, contract_referral_rules,
	 contract_referral_together},
	{&send__v1__referral_from__descriptor, contract_referral_from_rules,
	 NULL},
	{&send__v1__referral_to__descriptor, contract_referral_to_rules, NULL},
	{&send__v1__reason_code__descriptor, contract_reason_code_rules, NULL},
	{&send__v1__waiting__descriptor, contract_waiting_rules,
	 contract_waiting_together},
	{&send__v1__panel_decision__descriptor, contract_panel_decision_rules,
	 contract_panel_decision_together},
	{&send__v1__sector_attendance__descriptor,
	 contract_sector_attendance_rules, NULL},
	{&send__v1__next_step__descriptor, contract_next_step_rules, NULL},
	{&send__v1__annual_review_due__descriptor,
	 contract_annual_review_due_rules, contract_annual_review_due_together},
	{&send__v1__transition__descriptor, contract_transition_rules,
	 contract_transition_together},
	{&send__v1__acknowledgement__descriptor, contract_acknowledgement_rules,
	 NULL},
};

const struct contract_message *
contract_message_of(const ProtobufCMessageDescriptor *descriptor)
{
	size_t count = sizeof(contract_messages) / sizeof(*contract_messages);

	for (size_t i = 0; i < count; i++) {
		if (contract_messages[i].descriptor == descriptor)
			return &contract_messages[i];
	}
	return NULL;
}

baton_err
contract_refuse(const struct contract_check *check, baton_err code,
		const struct problem_place *place, const char *field,
		size_t index, const char *text)
{
	struct problem_place here = {
		.parent = place,
		.name = field,
		.index = index,
	};

	return problem_set(check->problem, code, &here, "%s", text);
}

static baton_err
contract_field_refuse(const struct contract_check *check, baton_err code,
		      const struct problem_place *place,
		      const struct contract_field *field, const char *text)
{
	return contract_refuse(check, code, place, field->rule->field,
			       field->index, text);
}

static baton_err
contract_string_check(const struct contract_check *check,
		      const struct problem_place *place,
		      const struct contract_field *field)
{
	const struct contract_rule *rule = field->rule;
	const char *text = *(char *const *)field->value;
	char why[BATON_ERROR_TEXT_BYTES];

	if (!contract_given(text)) {
		if (rule->need == CONTRACT_OPTIONAL)
			return BATON_OK;
		return contract_field_refuse(check, BATON_FIELD_MISSING, place,
					     field,
					     "this field is required; give it");
	}
	if (rule->max != 0 && strlen(text) > rule->max) {
		(void)snprintf(why, sizeof(why),
			       "longer than %zu bytes; shorten it", rule->max);
		return contract_field_refuse(check, BATON_FIELD_TOO_LONG, place,
					     field, why);
	}
	if (contract_form_holds(rule->form, text))
		return BATON_OK;
	(void)snprintf(why, sizeof(why), "must be %s",
		       contract_form_text(rule->form));
	return contract_field_refuse(check,
				     rule->form == CONTRACT_DATE
					     ? BATON_DATE_INVALID
					     : BATON_FIELD_INVALID,
				     place, field, why);
}

static baton_err
contract_enum_check(const struct contract_check *check,
		    const struct problem_place *place,
		    const struct contract_field *field)
{
	const ProtobufCEnumDescriptor *list = field->descriptor->descriptor;
	int value = *(const int *)field->value;
	char why[BATON_ERROR_TEXT_BYTES];

	if (value == 0 && field->rule->need == CONTRACT_REQUIRED) {
		return contract_field_refuse(check, BATON_FIELD_MISSING, place,
					     field,
					     "this field is required; give a "
					     "value other than unspecified");
	}
	if (protobuf_c_enum_descriptor_get_value(list, value) != NULL)
		return BATON_OK;
	(void)snprintf(why, sizeof(why),
		       "not in the code list %s of this version; use one of it",
		       list->short_name);
	return contract_field_refuse(check, BATON_ENUM_UNKNOWN, place, field,
				     why);
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static baton_err
contract_inner_check(const struct contract_check *check,
		     const struct problem_place *place,
		     const struct contract_field *field)
{
	const ProtobufCMessage *message =
		*(ProtobufCMessage *const *)field->value;
	struct problem_place here = {
		.parent = place,
		.name = field->rule->field,
		.index = field->index,
	};

	if (message != NULL)
		return contract_message_check(check, message, &here);
	if (field->rule->need == CONTRACT_OPTIONAL)
		return BATON_OK;
	return contract_field_refuse(check, BATON_FIELD_MISSING, place, field,
				     "this field is required; give it");
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static baton_err
contract_value_check(const struct contract_check *check,
		     const struct problem_place *place,
		     const struct contract_field *field)
{
	if (field->descriptor->type == PROTOBUF_C_TYPE_STRING)
		return contract_string_check(check, place, field);
	if (field->descriptor->type == PROTOBUF_C_TYPE_ENUM)
		return contract_enum_check(check, place, field);
	if (field->descriptor->type == PROTOBUF_C_TYPE_MESSAGE)
		return contract_inner_check(check, place, field);
	return BATON_OK;
}

/* Entries are values like any other, but none may be empty. */
/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static baton_err
contract_list_check(const struct contract_check *check,
		    const struct problem_place *place,
		    const struct contract_field *list, size_t count)
{
	bool messages = list->descriptor->type == PROTOBUF_C_TYPE_MESSAGE;
	size_t width = messages ? sizeof(ProtobufCMessage *) : sizeof(int);
	const unsigned char *entries = *(unsigned char *const *)list->value;
	struct contract_rule rule = *list->rule;
	struct contract_field entry = {list->descriptor, &rule, NULL, 0};
	char why[BATON_ERROR_TEXT_BYTES];
	baton_err err = BATON_OK;

	if (count == 0 && rule.need == CONTRACT_REQUIRED) {
		return contract_field_refuse(check, BATON_FIELD_MISSING, place,
					     list, "give at least one entry");
	}
	if (count > rule.max) {
		(void)snprintf(why, sizeof(why),
			       "more than %zu entries; send fewer", rule.max);
		return contract_field_refuse(check, BATON_FIELD_TOO_LONG, place,
					     list, why);
	}
	rule.need = CONTRACT_REQUIRED;
	for (; entry.index < count && err == BATON_OK; entry.index++) {
		entry.value = entries + entry.index * width;
		err = contract_value_check(check, place, &entry);
	}
	return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static baton_err
contract_field_check(const struct contract_check *check,
		     const ProtobufCMessage *message,
		     const ProtobufCFieldDescriptor *descriptor,
		     const struct contract_rule *rule,
		     const struct problem_place *place)
{
	const unsigned char *base = (const unsigned char *)message;
	const void *quantifier = base + descriptor->quantifier_offset;
	struct contract_field field = {
		.descriptor = descriptor,
		.rule = rule,
		.value = base + descriptor->offset,
		.index = PROBLEM_NO_INDEX,
	};

	assert(strcmp(rule->field, descriptor->name) == 0);
	if (descriptor->label == PROTOBUF_C_LABEL_REPEATED) {
		return contract_list_check(check, place, &field,
					   *(const size_t *)quantifier);
	}
	if ((descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
	    *(const uint32_t *)quantifier != descriptor->id)
		return BATON_OK;
	return contract_value_check(check, place, &field);
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
baton_err
contract_message_check(const struct contract_check *check,
		       const ProtobufCMessage *message,
		       const struct problem_place *place)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	const struct contract_message *known = contract_message_of(descriptor);
	baton_err err;

	assert(known != NULL);
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		err = contract_field_check(check, message,
					   &descriptor->fields[i],
					   &known->rules[i], place);
		if (err != BATON_OK)
			return err;
	}
	if (known->together == NULL)
		return BATON_OK;
	return known->together(check, message, place);
}

baton_err
contract_entries_differ(const struct contract_check *check,
			const struct problem_place *place, const char *field,
			const int *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (entries[i] == entries[j]) {
				return contract_refuse(
					check, BATON_ENTRY_REPEATED, place,
					field, i,
					"this entry is in the list already; "
					"send it once");
			}
		}
	}
	return BATON_OK;
}
