/* SPDX-License-Identifier: MIT */
#ifndef BATON_VERSION_H
#define BATON_VERSION_H

/** Semantic version of libbaton and of all programs; CMake reads it here. */
#define BATON_VERSION_MAJOR 0
#define BATON_VERSION_MINOR 1
#define BATON_VERSION_PATCH 0
#define BATON_VERSION "0.1.0"

/** Version of the wire contract, proto/baton/v1. */
#define BATON_PROTOCOL_VERSION 1

#endif /* BATON_VERSION_H */
