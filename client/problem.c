/* SPDX-License-Identifier: MIT */
#include "client/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Written from the innermost name outwards, towards the buffer's start. */
static void
problem_path(const struct problem_place *place,
	     char path[BATON_FIELD_PATH_BYTES])
{
	char reversed[BATON_FIELD_PATH_BYTES];
	char part[BATON_FIELD_PATH_BYTES];
	size_t at = sizeof(reversed) - 1;

	reversed[at] = '\0';
	for (; place != NULL; place = place->parent) {
		const char *dot = place->parent == NULL ? "" : ".";
		size_t len;

		if (place->index == PROBLEM_NO_INDEX) {
			(void)snprintf(part, sizeof(part), "%s%s", dot,
				       place->name);
		} else {
			(void)snprintf(part, sizeof(part), "%s%s[%zu]", dot,
				       place->name, place->index);
		}
		len = strlen(part);
		if (len > at)
			break;
		at -= len;
		memcpy(reversed + at, part, len);
	}
	memcpy(path, reversed + at, sizeof(reversed) - at);
}

baton_err
problem_set(struct baton_problem *problem, baton_err code,
	    const struct problem_place *place, const char *format, ...)
{
	va_list args;

	if (problem == NULL)
		return code;
	problem->code = code;
	problem_path(place, problem->path);
	va_start(args, format);
	(void)vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
	return code;
}
