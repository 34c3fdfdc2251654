/* SPDX-License-Identifier: MIT */
#ifndef BATON_CLI_WORDS_H
#define BATON_CLI_WORDS_H

#include <stddef.h>

#include "send/v1/event.pb-c.h"

/**
 * Events in the words of the people who work with them. Texts may hold what
 * the publisher wrote: print them through cli/print.h. Longer ones are cut.
 */

/** Room that every text here fits without being cut. */
#define WORDS_BYTES 512

/** What happened: "Referral requested: Speech and language therapy",
 *  "Panel stage 1 decided: assess". */
void words_event(const Send__V1__Event *event, char text[WORDS_BYTES]);

/** Name of an organisation, or "/ods/RPG" when it has none; "" for NULL. */
void words_organisation(const Send__V1__Organisation *organisation,
			char text[WORDS_BYTES]);

/** Name of a team with its telephone number if there is one; "" for NULL. */
void words_team(const Send__V1__Team *team, char text[WORDS_BYTES]);

#endif /* BATON_CLI_WORDS_H */
