/* SPDX-License-Identifier: MIT */
#ifndef BATON_BATON_H
#define BATON_BATON_H

/** All of libbaton. */
#include "baton/client.h"
#include "baton/error.h"
#include "baton/event.h"
#include "baton/version.h"

#endif /* BATON_BATON_H */
