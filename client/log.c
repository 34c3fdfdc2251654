/* SPDX-License-Identifier: MIT */
#include "client/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/clock.h"

#define LOG_LINE_BYTES 1024

/* The one global of the project. */
static atomic_int log_level = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	atomic_store(&log_level, (int)level);
}

/* "<6>2026-11-22T03:30:00.123Z name "; returns its length. */
static size_t
log_prefix(char *line, size_t size, enum log_level level, const char *name)
{
	int64_t now_ms = clock_wall_ms();
	time_t seconds = (time_t)(now_ms / 1000);
	char stamp[32] = "";
	struct tm utc;
	int wrote;

	if (gmtime_r(&seconds, &utc) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	wrote = snprintf(line, size, "<%d>%s.%03dZ %s ", (int)level, stamp,
			 (int)(now_ms % 1000), name);
	return wrote < 0 ? 0 : (size_t)wrote;
}

BATON_PRINTF(3, 0)
static void
log_write(enum log_level level, const char *name, const char *format,
	  va_list args)
{
	char line[LOG_LINE_BYTES];
	size_t len;
	int wrote;

	if ((int)level > atomic_load(&log_level))
		return;
	len = log_prefix(line, sizeof(line) - 1, level, name);
	if (len >= sizeof(line) - 1)
		len = sizeof(line) - 2;
	wrote = vsnprintf(line + len, sizeof(line) - 1 - len, format, args);
	if (wrote > 0)
		len += (size_t)wrote;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	}
	line[len++] = '\n';
	/* One write(2), so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

#define LOG_DEFINE(function, level)                                            \
	void function(const char *name, const char *format, ...)               \
	{                                                                      \
		va_list args;                                                  \
                                                                               \
		va_start(args, format);                                        \
		log_write((level), name, format, args);                        \
		va_end(args);                                                  \
	}

LOG_DEFINE(log_error, LOG_LEVEL_ERROR)
LOG_DEFINE(log_warn, LOG_LEVEL_WARN)
LOG_DEFINE(log_info, LOG_LEVEL_INFO)
LOG_DEFINE(log_debug, LOG_LEVEL_DEBUG)
