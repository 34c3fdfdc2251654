/* SPDX-License-Identifier: MIT */
#ifndef BATON_WIRE_SCAN_H
#define BATON_WIRE_SCAN_H

#include <stdbool.h>

#include "client/wire.h"

/** How deep messages may be nested (ours: five levels) and how many fields one
 *  may have (ours: 18). A test holds every descriptor to this. */
enum { WIRE_DEPTH_MAX = 8, WIRE_FIELDS_MAX = 32 };

/**
 * Reads bytes against a descriptor without building anything: every tag,
 * number and length is whole and of the field's type, nothing is nested too
 * deeply or there twice, text may travel (utf8.h), and no more fields than the
 * limits allow. What passes, protobuf-c unpacks without surprises.
 *
 * bytes: data is not NULL. *unknown_seen: whether fields were tolerated that
 * the descriptor does not have. Any thread.
 * Errors: MALFORMED, FIELD_UNKNOWN, TEXT_INVALID, TOO_LARGE; with path.
 */
BATON_MUST_CHECK baton_err
wire_scan(const ProtobufCMessageDescriptor *descriptor, struct baton_span bytes,
	  const struct wire_limits *limits, bool *unknown_seen,
	  struct baton_problem *problem);

#endif /* BATON_WIRE_SCAN_H */
