/* SPDX-License-Identifier: MIT */
#ifndef BATON_LOG_H
#define BATON_LOG_H

#include "baton/error.h"

/**
 * The log line: one line to standard error for each event of the program's
 * life, as journald likes it:
 *
 *   <4>2026-11-22T03:30:00.123Z delivery.parked id=... subscription=...
 * attempt=8
 *
 * The name comes first ("room.what"), then keys. Never a payload, a name, an
 * NHS number, a UPN or a date of birth: ids and sizes only. Control characters
 * in the text are written as '?', so a line cannot be forged.
 *
 * All functions may be called from any thread; a line is written whole.
 */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARN = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/** Lines above this level are dropped; at first LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

void log_error(const char *name, const char *format, ...) BATON_PRINTF(2, 3);
void log_warn(const char *name, const char *format, ...) BATON_PRINTF(2, 3);
void log_info(const char *name, const char *format, ...) BATON_PRINTF(2, 3);
void log_debug(const char *name, const char *format, ...) BATON_PRINTF(2, 3);

#endif /* BATON_LOG_H */
