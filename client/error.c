/* SPDX-License-Identifier: MIT */
#include "baton/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
baton_err_name(baton_err code)
{
	switch (code) {
#define BATON_ERR_NAME(name, number, text)                                     \
	case BATON_##name:                                                     \
		return #name;
		BATON_ERR_LIST(BATON_ERR_NAME)
#undef BATON_ERR_NAME
	}
	return "UNKNOWN";
}

const char *
baton_err_text(baton_err code)
{
	switch (code) {
#define BATON_ERR_TEXT(name, number, text)                                     \
	case BATON_##name:                                                     \
		return text;
		BATON_ERR_LIST(BATON_ERR_TEXT)
#undef BATON_ERR_TEXT
	}
	return "an error this version does not know";
}

baton_err
baton_error_set(struct baton_error *error, baton_err code, const char *format,
		...)
{
	va_list args;

	if (error == NULL)
		return code;
	error->code = code;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

baton_err
baton_error_wrap(struct baton_error *error, const char *format, ...)
{
	char inner[BATON_ERROR_TEXT_BYTES];
	size_t used;
	va_list args;
	int wrote;

	if (error == NULL)
		return BATON_INTERNAL;
	memcpy(inner, error->text, sizeof(inner));
	va_start(args, format);
	wrote = vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	used = wrote < 0 ? 0 : (size_t)wrote;
	if (used + 2 < sizeof(error->text)) {
		(void)snprintf(error->text + used, sizeof(error->text) - used,
			       ": %.*s", (int)(sizeof(error->text) - used - 3),
			       inner);
	}
	return error->code;
}
