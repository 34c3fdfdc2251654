/* SPDX-License-Identifier: MIT */
#include "adapters/health/settings.h"

#include "adapters/health/profile.h"

#define FIELD(member) offsetof(struct health_settings, member)

static const struct config_word settings_silences[] = {
	{"answered", HL7V2_SILENCE_ANSWERED},
	{"honoured", HL7V2_SILENCE_HONOURED},
	{NULL, 0},
};

static const struct config_field settings_fields[] = {
	{.name = "listen_host",
	 .kind = CONFIG_STRING,
	 .offset = FIELD(listen_host),
	 .min = 1,
	 .max = 253,
	 .fallback = "127.0.0.1",
	 .help = "Address to listen on. MLLP has no encryption and no log-in: "
		 "keep it on loopback or on the trust's own network."},
	{.name = "listen_port",
	 .kind = CONFIG_INT,
	 .offset = FIELD(listen_port),
	 .min = 0,
	 .max = 65535,
	 .fallback = "2575",
	 .help = "Port to listen on; 0 takes a free one and logs it."},
	{.name = "max_connections",
	 .kind = CONFIG_INT,
	 .offset = FIELD(max_connections),
	 .min = 1,
	 .max = 4096,
	 .fallback = "64",
	 .help = "Connections at the same time; one more is closed at once."},
	{.name = "max_message_bytes",
	 .kind = CONFIG_INT,
	 .offset = FIELD(max_message_bytes),
	 .min = 1024,
	 .max = 16777216,
	 .fallback = "1048576",
	 .help = "Largest message in bytes; a larger one is answered with AR. "
		 "Memory is bounded by this times max_connections."},
	{.name = "idle_timeout_s",
	 .kind = CONFIG_INT,
	 .offset = FIELD(idle_timeout_s),
	 .min = 1,
	 .max = 604800,
	 .fallback = "3600",
	 .help = "Seconds without a message after which a connection is "
		 "closed."},
	{.name = "frame_timeout_s",
	 .kind = CONFIG_INT,
	 .offset = FIELD(frame_timeout_s),
	 .min = 1,
	 .max = 3600,
	 .fallback = "30",
	 .help = "Seconds a message may take to arrive from its first byte, "
		 "and an answer to be read, before the connection is closed."},
	{.name = "publish_timeout_ms",
	 .kind = CONFIG_INT,
	 .offset = FIELD(publish_timeout_ms),
	 .min = 100,
	 .max = 600000,
	 .fallback = "10000",
	 .help = "Milliseconds to wait for the broker's acknowledgement before "
		 "the sender is told to send again (AR)."},
	{.name = "workers",
	 .kind = CONFIG_INT,
	 .offset = FIELD(workers),
	 .min = 1,
	 .max = 64,
	 .fallback = "8",
	 .help = "Messages handled at the same time, one for each "
		 "connection."},
	{.name = "processing_ids",
	 .kind = CONFIG_STRINGS,
	 .offset = FIELD(processing_ids),
	 .count_offset = FIELD(processing_ids_count),
	 .min = 0,
	 .max = 3,
	 .optional = true,
	 .help = "Processing ids (MSH-11) that are taken: P production, T "
		 "training, D debugging. Without this setting P alone."},
	{.name = "silence",
	 .kind = CONFIG_ENUM,
	 .offset = FIELD(silence),
	 .fallback = "answered",
	 .words = settings_silences,
	 .help = "What a sender gets that asks for no answer at all (MSH-15 "
		 "and MSH-16): answered as in original mode, since most wait "
		 "for one for ever, or honoured with none."},
	{.name = "profiles",
	 .kind = CONFIG_LIST,
	 .offset = FIELD(profiles),
	 .count_offset = FIELD(profiles_count),
	 .min = 1,
	 .max = 100,
	 .table = &profile_table,
	 .help = "Senders, the first that matches is used; a message of no "
		 "profile is answered with AR."},
};

const struct config_table health_settings_table = {
	.fields = settings_fields,
	.fields_count = sizeof(settings_fields) / sizeof(settings_fields[0]),
	.size = sizeof(struct health_settings),
};
