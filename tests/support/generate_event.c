/* SPDX-License-Identifier: MIT */
#include "generate_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/arena.h"
#include "client/civil.h"
#include "client/identifier.h"
#include "client/problem.h"
#include "generate.h"

struct arena *
generate_arena(void)
{
	struct arena *arena =
		arena_new((size_t)64 * 1024, (size_t)4 * 1024 * 1024);

	if (arena == NULL)
		abort();
	return arena;
}

void *
generate_alloc(struct generate *generate, size_t size)
{
	void *memory = arena_alloc(generate->arena, size);

	if (memory == NULL)
		abort();
	return memory;
}

/* splitmix64: small, and good enough for choosing. */
uint64_t
generate_below(struct generate *generate, uint64_t bound)
{
	uint64_t z = (generate->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % bound;
}

bool
generate_coin(struct generate *generate)
{
	return generate_below(generate, 2) == 0;
}

/* A descriptor's enum value other than 0. */
static int
generate_enum(struct generate *generate, const ProtobufCEnumDescriptor *list)
{
	unsigned at =
		1 + (unsigned)generate_below(generate, list->n_values - 1);

	return list->values[at].value;
}

static void
generate_enum_list(struct generate *generate,
		   const ProtobufCFieldDescriptor *field, size_t max,
		   int **entries, size_t *count)
{
	const ProtobufCEnumDescriptor *list = field->descriptor;
	size_t known = list->n_values - 1;
	size_t first = generate_below(generate, known);

	if (*count > known)
		*count = known;
	if (*count > max)
		*count = max;
	*entries = generate_alloc(generate, *count * sizeof(int));
	for (size_t i = 0; i < *count; i++)
		(*entries)[i] = list->values[1 + (first + i) % known].value;
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
generate_message_list(struct generate *generate,
		      const ProtobufCFieldDescriptor *field,
		      ProtobufCMessage ***entries, size_t count)
{
	*entries = generate_alloc(generate, count * sizeof(ProtobufCMessage *));
	for (size_t i = 0; i < count; i++)
		(*entries)[i] = generate_message(generate, field->descriptor);
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
generate_list(struct generate *generate, const ProtobufCFieldDescriptor *field,
	      const struct contract_rule *rule, ProtobufCMessage *message)
{
	unsigned char *base = (unsigned char *)message;
	size_t *count = (void *)(base + field->quantifier_offset);
	void *entries = base + field->offset;

	*count = 1 + generate_below(generate, rule->max);
	if (field->type == PROTOBUF_C_TYPE_ENUM) {
		generate_enum_list(generate, field, rule->max, entries, count);
	} else {
		generate_message_list(generate, field, entries, *count);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
generate_value(struct generate *generate, const ProtobufCFieldDescriptor *field,
	       const struct contract_rule *rule, void *value)
{
	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_STRING:
		*(char **)value =
			generate_text(generate, rule->form, rule->max);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		*(int *)value = generate_enum(generate, field->descriptor);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)value = 1;
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)value =
			generate_message(generate, field->descriptor);
		break;
	default:
		/* Numbers are all tied to other fields: generate_tie(). */
		break;
	}
}

/* One member of a message's oneof; 0 when it has none. */
static uint32_t
generate_member(struct generate *generate,
		const ProtobufCMessageDescriptor *descriptor)
{
	uint32_t chosen = 0;
	uint64_t members = 0;

	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
		    generate_below(generate, ++members) == 0)
			chosen = field->id;
	}
	return chosen;
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
static void
generate_fields(struct generate *generate, ProtobufCMessage *message,
		uint32_t member)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	const struct contract_rule *rules =
		contract_message_of(descriptor)->rules;
	unsigned char *base = (unsigned char *)message;

	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		void *quantifier = base + field->quantifier_offset;

		if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
			if (field->id != member)
				continue;
			*(uint32_t *)quantifier = member;
		} else if (rules[i].need == CONTRACT_OPTIONAL &&
			   generate_coin(generate)) {
			continue;
		}
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			generate_list(generate, field, &rules[i], message);
		} else {
			generate_value(generate, field, &rules[i],
				       base + field->offset);
		}
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): the contract has no recursive message */
ProtobufCMessage *
generate_message(struct generate *generate,
		 const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *message =
		generate_alloc(generate, descriptor->sizeof_message);

	protobuf_c_message_init(descriptor, message);
	generate_fields(generate, message,
			generate_member(generate, descriptor));
	generate_tie(generate, message);
	return message;
}

Send__V1__Event *
generate_event(uint64_t seed, int family)
{
	struct generate generate = {
		.state = seed * 1000 + (uint64_t)family,
		.arena = generate_arena(),
	};
	Send__V1__Event *event = generate_alloc(&generate, sizeof(*event));

	send__v1__event__init(event);
	generate_fields(&generate, &event->base, (uint32_t)family);
	generate_tie(&generate, &event->base);
	return event;
}
