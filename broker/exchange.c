/* SPDX-License-Identifier: MIT */
#include "broker/exchange.h"

#include <stdarg.h>
#include <stdio.h>

void
exchange_answer(struct exchange *exchange, Baton__V1__Response *response)
{
	Baton__V1__Status ok;

	baton__v1__status__init(&ok);
	if (response->status == NULL) {
		response->status = &ok;
		exchange->answer(exchange, response);
		response->status = NULL;
		return;
	}
	exchange->answer(exchange, response);
}

void
exchange_refuse(struct exchange *exchange, baton_err code,
		uint32_t retry_after_ms, const char *format, ...)
{
	Baton__V1__Response response = BATON__V1__RESPONSE__INIT;
	Baton__V1__Status status;
	char text[BATON_ERROR_TEXT_BYTES];
	va_list args;

	baton__v1__status__init(&status);
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	status.code = (uint32_t)code;
	status.text = text;
	status.retry_after_ms = retry_after_ms;
	response.status = &status;
	exchange->answer(exchange, &response);
}
