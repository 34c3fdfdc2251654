/* SPDX-License-Identifier: MIT */
#ifndef BATON_GENERATE_H
#define BATON_GENERATE_H

#include "client/arena.h"
#include "client/contract_rules.h"

/** What the files of the event generator share. */
struct generate {
	uint64_t state;
	struct arena *arena;
};

struct arena *generate_arena(void);

/** Never NULL (aborts). */
void *generate_alloc(struct generate *generate, size_t size);

/** A number from 0 to bound - 1. */
uint64_t generate_below(struct generate *generate, uint64_t bound);

bool generate_coin(struct generate *generate);

/** Text of a form, 1 to max bytes; "" for CONTRACT_PLAIN. */
char *generate_text(struct generate *generate, enum contract_form form,
		    size_t max);

/** A message by its rule table, then tied. */
ProtobufCMessage *
generate_message(struct generate *generate,
		 const ProtobufCMessageDescriptor *descriptor);

/** Makes a message's fields agree with each other. */
void generate_tie(struct generate *generate, ProtobufCMessage *message);

#endif /* BATON_GENERATE_H */
