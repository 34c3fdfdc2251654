/* SPDX-License-Identifier: MIT */
#include "broker/web.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define WEB_CONNECTIONS 16
#define WEB_TIMEOUT_S 10
#define WEB_MEMORY_BYTES 16384

struct web {
	struct MHD_Daemon *daemon;
	struct metrics *metrics;
	struct web_options options;
};

/* Answers with text; takes it (malloc). */
static enum MHD_Result
web_answer(struct MHD_Connection *connection, unsigned status, char *text,
	   size_t len)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(len, text,
						   MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      "text/plain; version=0.0.4; "
				      "charset=utf-8");
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
				      "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
					      "GET");
	}
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Answers with one line. */
static enum MHD_Result
web_say(struct MHD_Connection *connection, unsigned status, const char *line)
{
	size_t len = strlen(line);
	char *text = malloc(len + 2);

	if (text == NULL)
		return MHD_NO;
	memcpy(text, line, len);
	text[len] = '\n';
	text[len + 1] = '\0';
	return web_answer(connection, status, text, len + 1);
}

static enum MHD_Result
web_serve_health(struct web *web, struct MHD_Connection *connection)
{
	(void)web;
	return web_say(connection, MHD_HTTP_OK, "alive");
}

static enum MHD_Result
web_serve_readiness(struct web *web, struct MHD_Connection *connection)
{
	char text[BATON_ERROR_TEXT_BYTES] = "";

	web->options.readiness(web->options.context, text);
	if (text[0] != '\0')
		return web_say(connection, MHD_HTTP_SERVICE_UNAVAILABLE, text);
	return web_say(connection, MHD_HTTP_OK, "ready");
}

static enum MHD_Result
web_serve_metrics(struct web *web, struct MHD_Connection *connection)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return MHD_NO;
	metrics_print(web->metrics, out);
	if (fclose(out) != 0) {
		free(text);
		return MHD_NO;
	}
	return web_answer(connection, MHD_HTTP_OK, text, len);
}

static const struct {
	const char *path;
	enum MHD_Result (*serve)(struct web *web,
				 struct MHD_Connection *connection);
} web_pages[] = {
	{"/healthz", web_serve_health},
	{"/readyz", web_serve_readiness},
	{"/metrics", web_serve_metrics},
};

/* Answers on the first call, before any body: libmicrohttpd then reads no
 * body and closes the connection. */
static enum MHD_Result
web_on_request(void *context, struct MHD_Connection *connection,
	       const char *url, const char *method, const char *version,
	       const char *upload, size_t *upload_len, void **request)
{
	(void)version;
	(void)upload;
	(void)upload_len;
	(void)request;
	for (size_t i = 0; i < sizeof(web_pages) / sizeof(web_pages[0]); i++) {
		if (strcmp(url, web_pages[i].path) != 0)
			continue;
		if (strcmp(method, MHD_HTTP_METHOD_GET) != 0) {
			return web_say(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				       "GET only");
		}
		return web_pages[i].serve(context, connection);
	}
	return web_say(connection, MHD_HTTP_NOT_FOUND,
		       "/healthz, /readyz and /metrics are here");
}

/* Errors of a peer's making are no news, and could carry what it sent. */
static void
web_on_log(void *context, const char *format, va_list args)
{
	(void)context;
	(void)format;
	(void)args;
}

/* Fills an IPv4 or IPv6 socket address; false when it is neither. */
static bool
web_address(const struct web_options *options, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, options->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(options->port);
		return true;
	}
	memset(address, 0, sizeof(*address));
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(options->port);
	return inet_pton(AF_INET6, options->address, &v6->sin6_addr) == 1;
}

baton_err
web_new(const struct web_options *options, struct metrics *metrics,
	struct web **web, struct baton_error *error)
{
	struct sockaddr_storage address;
	struct web *made;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD |
			 MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ERROR_LOG;

	*web = NULL;
	if (!web_address(options, &address)) {
		return baton_error_set(error, BATON_INVALID,
				       "web: %s is not an address",
				       options->address);
	}
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	made->metrics = metrics;
	made->options = *options;
	made->daemon = MHD_start_daemon(
		flags, options->port, NULL, NULL, web_on_request, made,
		MHD_OPTION_EXTERNAL_LOGGER, web_on_log, NULL,
		MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)WEB_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)WEB_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)WEB_MEMORY_BYTES,
		MHD_OPTION_END);
	if (made->daemon == NULL) {
		free(made);
		return baton_error_set(
			error, BATON_IO, "web: cannot listen at %s port %u",
			options->address, (unsigned)options->port);
	}
	*web = made;
	return BATON_OK;
}

uint16_t
web_port(const struct web *web)
{
	return MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_BIND_PORT)
		->port;
}

void
web_free(struct web *web)
{
	if (web == NULL)
		return;
	MHD_stop_daemon(web->daemon);
	free(web);
}
