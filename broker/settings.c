/* SPDX-License-Identifier: MIT */
#include "broker/settings.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "broker/locate.h"
#include "client/config.h"
#include "client/log.h"

#define TABLE(fields, type)                                                    \
	{                                                                      \
		(fields), sizeof(fields) / sizeof((fields)[0]), sizeof(type)   \
	}

#define INT_FIELD(type, member, low, high, preset, text)                       \
	{                                                                      \
		.name = #member, .kind = CONFIG_INT,                           \
		.offset = offsetof(struct type, member), .min = (low),         \
		.max = (high), .fallback = (preset), .help = (text)            \
	}

#define SECTION_FIELD(member, of, text)                                        \
	{                                                                      \
		.name = #member, .kind = CONFIG_SECTION,                       \
		.offset = offsetof(struct settings, member), .table = &(of),   \
		.help = (text)                                                 \
	}

#define MIB INT64_C(1048576)

static const struct config_field settings_limits_fields[] = {
	INT_FIELD(settings_limits, max_message_bytes, 65536, 16 * MIB,
		  "4194304", "Largest request and answer, in bytes."),
	INT_FIELD(settings_limits, max_event_bytes, 1024, 65536, "65536",
		  "Largest event, in bytes."),
	INT_FIELD(settings_limits, max_batch_events, 1, 1000, "1000",
		  "Most events in one publish."),
};

static const struct config_table settings_limits_table =
	TABLE(settings_limits_fields, struct settings_limits);

static const struct config_field settings_connections_fields[] = {
	INT_FIELD(settings_connections, contexts_min, 2, 4096, "16",
		  "Requests that can be held from the start."),
	INT_FIELD(settings_connections, contexts_max, 16, 65536, "1024",
		  "Requests that can be held at most, waiting fetches "
		  "included; an eighth is kept for requests that do not wait."),
	INT_FIELD(settings_connections, per_connection, 1, 4096, "32",
		  "Requests one connection may have waiting; more are answered "
		  "BUSY."),
	INT_FIELD(settings_connections, reply_timeout_ms, 100, 60000, "5000",
		  "How long a peer may take to accept an answer, in "
		  "milliseconds, before it is cut off."),
};

static const struct config_table settings_connections_table =
	TABLE(settings_connections_fields, struct settings_connections);

static const struct config_field settings_queue_fields[] = {
	INT_FIELD(settings_queue, max_commands, 16, 1000000, "4096",
		  "Commands waiting for the disk; more are answered BUSY."),
	INT_FIELD(settings_queue, max_bytes, 65536, 1024 * MIB, "67108864",
		  "Bytes waiting for the disk; more are answered BUSY."),
	INT_FIELD(settings_queue, batch_commands, 1, 100000, "512",
		  "Most commands in one transaction."),
	INT_FIELD(settings_queue, batch_bytes, 65536, 256 * MIB, "8388608",
		  "Most bytes in one transaction."),
};

static const struct config_table settings_queue_table =
	TABLE(settings_queue_fields, struct settings_queue);

static const struct config_field settings_delivery_fields[] = {
	INT_FIELD(settings_delivery, max_attempts, 1, 1000, "8",
		  "Deliveries of one event before it is parked."),
	INT_FIELD(settings_delivery, backoff_min_ms, 10, 3600000, "1000",
		  "Wait before the second attempt, in milliseconds; it "
		  "doubles with each."),
	INT_FIELD(settings_delivery, backoff_max_ms, 10, 86400000, "3600000",
		  "Longest wait between attempts, in milliseconds."),
	INT_FIELD(settings_delivery, lease_ms, 1000, 3600000, "60000",
		  "How long a subscriber may work on events before they are "
		  "delivered again, in milliseconds."),
	INT_FIELD(settings_delivery, max_fetch_events, 1, 1000, "500",
		  "Most events in one fetch."),
	INT_FIELD(settings_delivery, max_fetch_bytes, 65536, 8 * MIB, "2097152",
		  "Most event bytes in one fetch."),
	INT_FIELD(settings_delivery, max_wait_ms, 100, 30000, "30000",
		  "Longest wait of a fetch, in milliseconds."),
	INT_FIELD(settings_delivery, window_events, 100, 10000000, "100000",
		  "Unsettled events of one subscription held in memory."),
	INT_FIELD(settings_delivery, max_subscriptions, 1, 10000, "100",
		  "Most subscriptions of one partner."),
	INT_FIELD(settings_delivery, tail_bytes, 65536, 4096 * MIB, "33554432",
		  "Newest events kept in memory, in bytes."),
};

static const struct config_table settings_delivery_table =
	TABLE(settings_delivery_fields, struct settings_delivery);

static const struct config_field settings_web_fields[] = {
	{.name = "address",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct settings_web, address),
	 .min = 1,
	 .max = 45,
	 .fallback = "127.0.0.1",
	 .help = "Address of /healthz, /readyz and /metrics."},
	INT_FIELD(settings_web, port, 0, 65535, "0", "Port; 0 means off."),
	{.name = "insecure",
	 .kind = CONFIG_BOOL,
	 .offset = offsetof(struct settings_web, insecure),
	 .fallback = "false",
	 .help = "Allow an address that is not loopback; there is no "
		 "password."},
};

static const struct config_table settings_web_table =
	TABLE(settings_web_fields, struct settings_web);

static const struct config_field settings_tcp_fields[] = {
	{.name = "partner",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct settings_tcp, partner),
	 .min = 1,
	 .max = 64,
	 .help = "Who everybody that connects is taken for."},
	{.name = "url",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct settings_tcp, url),
	 .min = 1,
	 .max = 64,
	 .help = "tcp://127.0.0.1:PORT or tcp://[::1]:PORT."},
};

static const struct config_table settings_tcp_table =
	TABLE(settings_tcp_fields, struct settings_tcp);

static const struct config_word settings_levels[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warn", LOG_LEVEL_WARN},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
	{NULL, 0},
};

static const struct config_field settings_fields[] = {
	{.name = "data_directory",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct settings, data_directory),
	 .min = 1,
	 .max = PATH_MAX,
	 .fallback = "/var/lib/baton",
	 .help = "Directory of the journal; one broker owns it."},
	{.name = "run_directory",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct settings, run_directory),
	 .min = 1,
	 .max = 64,
	 .fallback = "/run/baton",
	 .help = "Directory of the sockets, partners/ID.sock."},
	{.name = "agreement",
	 .kind = CONFIG_STRING,
	 .offset = offsetof(struct settings, agreement),
	 .min = 1,
	 .max = PATH_MAX,
	 .fallback = "/etc/baton/agreement.yaml",
	 .help = "The data-sharing agreement; read again on SIGHUP."},
	{.name = "log_level",
	 .kind = CONFIG_ENUM,
	 .offset = offsetof(struct settings, log_level),
	 .fallback = "info",
	 .words = settings_levels,
	 .help = "Lines of this level and above are logged."},
	SECTION_FIELD(limits, settings_limits_table,
		      "Bounds of one request; clients learn them."),
	SECTION_FIELD(connections, settings_connections_table,
		      "How many requests are held at once."),
	SECTION_FIELD(queue, settings_queue_table, "What waits for the disk."),
	SECTION_FIELD(delivery, settings_delivery_table,
		      "Fetching, retrying and parking."),
	SECTION_FIELD(web, settings_web_table, "Health and metrics by HTTP."),
	{.name = "insecure_tcp",
	 .kind = CONFIG_SECTION,
	 .offset = offsetof(struct settings, insecure_tcp),
	 .optional = true,
	 .table = &settings_tcp_table,
	 .help = "For development only: one partner without any check of who "
		 "connects, on loopback."},
};

static const struct config_table settings_table =
	TABLE(settings_fields, struct settings);

/* One setting must not be over another. */
static baton_err
settings_order(const char *path, const char *setting, int64_t low,
	       const char *bound, int64_t high, struct baton_error *error)
{
	if (low <= high)
		return BATON_OK;
	return locate_error(path, &settings_table, setting, error,
			    "must not be over %s, which is %lld", bound,
			    (long long)high);
}

/* Room that an answer's envelope and the fields beside each event's bytes
 * take at most. */
#define ANSWER_BYTES 1024
#define ANSWER_EVENT_BYTES 256

static baton_err
settings_check_sizes(const char *path, const struct settings *settings,
		     struct baton_error *error)
{
	const struct settings_delivery *delivery = settings->delivery;
	const struct settings_connections *held = settings->connections;
	int64_t room = settings->limits->max_message_bytes - ANSWER_BYTES;
	int64_t fetch_room =
		room - delivery->max_fetch_events * ANSWER_EVENT_BYTES;
	baton_err err;

	err = settings_order(path, "limits.max_event_bytes",
			     settings->limits->max_event_bytes,
			     "what limits.max_message_bytes leaves",
			     room - ANSWER_EVENT_BYTES, error);
	if (err != BATON_OK)
		return err;
	err = settings_order(path, "delivery.max_fetch_bytes",
			     delivery->max_fetch_bytes,
			     "what limits.max_message_bytes leaves for "
			     "delivery.max_fetch_events",
			     fetch_room, error);
	if (err != BATON_OK)
		return err;
	err = settings_order(
		path, "delivery.backoff_min_ms", delivery->backoff_min_ms,
		"delivery.backoff_max_ms", delivery->backoff_max_ms, error);
	if (err != BATON_OK)
		return err;
	err = settings_order(path, "connections.contexts_min",
			     held->contexts_min, "connections.contexts_max",
			     held->contexts_max, error);
	if (err != BATON_OK)
		return err;
	return settings_order(path, "connections.per_connection",
			      held->per_connection,
			      "half of connections.contexts_max",
			      held->contexts_max / 2, error);
}

static bool
settings_is_loopback(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, address, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, address, &v6) == 1 &&
	       IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool
settings_is_address(const char *address)
{
	struct in6_addr any;

	return inet_pton(AF_INET, address, &any) == 1 ||
	       inet_pton(AF_INET6, address, &any) == 1;
}

/* "tcp://127.0.0.1:PORT" or "tcp://[::1]:PORT", PORT 1 to 65535. */
static bool
settings_is_local_url(const char *url)
{
	static const char *const heads[] = {"tcp://127.0.0.1:", "tcp://[::1]:"};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t len = strlen(heads[i]);
		const char *port = url + len;
		size_t digits;

		if (strncmp(url, heads[i], len) != 0)
			continue;
		digits = strspn(port, "0123456789");
		if (digits < 1 || digits > 5 || port[digits] != '\0')
			return false;
		return strtol(port, NULL, 10) >= 1 &&
		       strtol(port, NULL, 10) <= 65535;
	}
	return false;
}

static baton_err
settings_check_addresses(const char *path, const struct settings *settings,
			 struct baton_error *error)
{
	const struct settings_web *web = settings->web;

	if (!settings_is_address(web->address)) {
		return locate_error(path, &settings_table, "web.address", error,
				    "must be an IPv4 or IPv6 address");
	}
	if (!web->insecure && !settings_is_loopback(web->address)) {
		return locate_error(path, &settings_table, "web.address", error,
				    "must be loopback, or say insecure: true");
	}
	if (settings->insecure_tcp != NULL &&
	    !settings_is_local_url(settings->insecure_tcp->url)) {
		return locate_error(path, &settings_table, "insecure_tcp.url",
				    error,
				    "must be tcp://127.0.0.1:PORT or "
				    "tcp://[::1]:PORT");
	}
	return BATON_OK;
}

baton_err
settings_load(const char *path, struct settings **settings,
	      struct baton_error *error)
{
	void *loaded;
	baton_err err;

	*settings = NULL;
	err = config_load(path, &settings_table, &loaded, error);
	if (err != BATON_OK)
		return err;
	err = settings_check_sizes(path, loaded, error);
	if (err == BATON_OK)
		err = settings_check_addresses(path, loaded, error);
	if (err != BATON_OK) {
		config_free(&settings_table, loaded);
		return err;
	}
	*settings = loaded;
	return BATON_OK;
}

void
settings_free(struct settings *settings)
{
	config_free(&settings_table, settings);
}

void
settings_print_help(FILE *out)
{
	config_print_help(&settings_table, out);
}
