/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#define PROGRESS_FIRST_MS 1000
#define PROGRESS_EVERY_MS 200

void
progress_init(struct progress *progress, FILE *out, int64_t now_ms)
{
	progress->out = out;
	progress->started_ms = now_ms;
	progress->drawn_ms = now_ms + PROGRESS_FIRST_MS - PROGRESS_EVERY_MS;
	progress->shown = false;
}

/* 12500 as "12,500". */
static void
progress_group(uint64_t number, char text[32])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu",
				      (unsigned long long)number);
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
}

void
progress_update(struct progress *progress, uint64_t events, int64_t now_ms)
{
	int64_t elapsed_ms = now_ms - progress->started_ms;
	char count[32];
	char rate[32];

	if (progress->out == NULL || elapsed_ms <= 0 ||
	    now_ms - progress->drawn_ms < PROGRESS_EVERY_MS)
		return;
	progress->drawn_ms = now_ms;
	progress->shown = true;
	progress_group(events, count);
	progress_group(events * 1000 / (uint64_t)elapsed_ms, rate);
	(void)fprintf(progress->out, "\r\033[K%s events, %s a second", count,
		      rate);
	(void)fflush(progress->out);
}

void
progress_fini(struct progress *progress)
{
	if (progress->out == NULL || !progress->shown)
		return;
	(void)fputs("\r\033[K", progress->out);
	(void)fflush(progress->out);
	progress->shown = false;
}
