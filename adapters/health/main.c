/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "adapters/health/mllp_server.h"
#include "adapters/health/reception.h"
#include "adapters/kit/kit.h"
#include "client/log.h"

struct health {
	struct reception *reception;
	struct mllp_server *server;
};

static enum kit_verdict
health_publish(void *context, struct baton_span event,
	       struct baton_publish_result *result, int64_t deadline_ms)
{
	return kit_publish(context, &event, 1, result, deadline_ms);
}

static bool
health_keep(void *context, struct baton_span message, const char *report)
{
	struct baton_error error = {.code = BATON_OK};

	if (kit_keep_rejected(context, "hl7v2", message, report, &error) ==
	    BATON_OK)
		return true;
	log_error("health.not_kept", "reason=\"%s\"", error.text);
	return false;
}

static void
health_handle(void *context, struct baton_span message, bool cut, FILE *answers)
{
	const struct health *health = context;

	reception_handle(health->reception, message, cut, answers);
}

static void
health_stop(void *state)
{
	struct health *health = state;

	mllp_server_stop(health->server);
	reception_free(health->reception);
	free(health);
}

static baton_err
health_start(struct kit *kit, const void *own, void **state,
	     struct baton_error *error)
{
	const struct health_settings *settings = own;
	const struct reception_ops ops = {
		.publish = health_publish,
		.keep = health_keep,
		.context = kit,
		.clock = clock_system(),
	};
	struct health *health = calloc(1, sizeof(*health));
	struct mllp_server_options options = {
		.host = settings->listen_host,
		.port = (uint16_t)settings->listen_port,
		.max_connections = (size_t)settings->max_connections,
		.max_message_bytes = (size_t)settings->max_message_bytes,
		.idle_timeout_ms = settings->idle_timeout_s * 1000,
		.frame_timeout_ms = settings->frame_timeout_s * 1000,
		.workers = (size_t)settings->workers,
		.handle = health_handle,
		.context = health,
	};
	baton_err err;

	*state = NULL;
	if (health == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	health->reception = reception_new(settings, kit_source(kit), &ops);
	if (health->reception == NULL) {
		err = baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	} else {
		err = mllp_server_start(&options, &health->server, error);
	}
	if (err != BATON_OK) {
		health_stop(health);
		return err;
	}
	log_info("health.listening", "host=%s port=%u", settings->listen_host,
		 mllp_server_port(health->server));
	*state = health;
	return BATON_OK;
}

static baton_err
health_check(const void *own, struct baton_error *error)
{
	return profile_check(own, error);
}

static const struct kit_adapter health_adapter = {
	.name = "baton-health",
	.summary = "Takes HL7 v2 referrals over MLLP and publishes them.",
	.settings_name = "health",
	.settings = &health_settings_table,
	.start = health_start,
	.stop = health_stop,
	.check = health_check,
};

int
main(int argc, char **argv)
{
	return kit_main(&health_adapter, argc, argv);
}
