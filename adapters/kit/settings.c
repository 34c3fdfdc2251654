/* SPDX-License-Identifier: MIT */
#include "adapters/kit/settings.h"

#include <string.h>

#include "adapters/kit/families.h"
#include "client/config.h"
#include "client/log.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define AT(member) offsetof(struct settings, member)
#define OUTBOX_AT(member) offsetof(struct settings_outbox, member)

static const struct config_word format_words[] = {
	{"json", SETTINGS_FORMAT_JSON},
	{"csv", SETTINGS_FORMAT_CSV},
	{"both", SETTINGS_FORMAT_BOTH},
	{NULL, 0},
};

static const struct config_word level_words[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warn", LOG_LEVEL_WARN},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
	{NULL, 0},
};

static const struct config_field outbox_fields[] = {
	{.name = "subscription",
	 .kind = CONFIG_STRING,
	 .offset = OUTBOX_AT(subscription),
	 .min = 1,
	 .max = 64,
	 .help = "Name of the durable subscription: a-z 0-9 . _ -"},
	{.name = "directory",
	 .kind = CONFIG_STRING,
	 .offset = OUTBOX_AT(folder),
	 .min = 1,
	 .max = 1024,
	 .help = "Folder that its events are written to; made when missing."},
	{.name = "types",
	 .kind = CONFIG_STRINGS,
	 .offset = OUTBOX_AT(types),
	 .count_offset = OUTBOX_AT(types_count),
	 .max = 100,
	 .optional = true,
	 .help = "Event types: referral, panel_decision, annual_review_due, "
		 "transition; absent: all."},
	{.name = "sources",
	 .kind = CONFIG_STRINGS,
	 .offset = OUTBOX_AT(sources),
	 .count_offset = OUTBOX_AT(sources_count),
	 .max = 100,
	 .optional = true,
	 .help = "Publishing organisations, /ods/RPG; absent: all."},
	{.name = "format",
	 .kind = CONFIG_ENUM,
	 .offset = OUTBOX_AT(format),
	 .fallback = "json",
	 .words = format_words,
	 .help = "json: one CloudEvents JSON file for each event; csv: one "
		 "file with header and row; both."},
};

static const struct config_table outbox_table = {
	.fields = outbox_fields,
	.fields_count = ARRAY_SIZE(outbox_fields),
	.size = sizeof(struct settings_outbox),
};

static const struct config_field kit_fields[] = {
	{.name = "broker",
	 .kind = CONFIG_STRING,
	 .offset = AT(broker),
	 .min = 1,
	 .max = 512,
	 .help = "The broker's address for this partner: "
		 "ipc:///run/baton/partners/ID.sock"},
	{.name = "source",
	 .kind = CONFIG_STRING,
	 .offset = AT(source),
	 .min = 5,
	 .max = 31,
	 .help = "Our organisation as the agreement names it: /ods/RPG, "
		 "/urn/123456 or /la/887."},
	{.name = "rejected",
	 .kind = CONFIG_STRING,
	 .offset = AT(rejected),
	 .min = 1,
	 .max = 1024,
	 .help = "Folder for what was refused, with reports; made when "
		 "missing. It holds personal data."},
	{.name = "inbox",
	 .kind = CONFIG_STRING,
	 .offset = AT(inbox),
	 .min = 1,
	 .max = 1024,
	 .optional = true,
	 .help = "Folder watched for CSV files; absent: none."},
	{.name = "scan_interval_s",
	 .kind = CONFIG_INT,
	 .offset = AT(scan_interval_s),
	 .min = 1,
	 .max = 3600,
	 .fallback = "5",
	 .help = "Seconds between looks into the inbox when nothing told us "
		 "of a change (network folders do not)."},
	{.name = "log_level",
	 .kind = CONFIG_ENUM,
	 .offset = AT(log_level),
	 .fallback = "info",
	 .words = level_words,
	 .help = "Least important lines that are logged."},
	{.name = "outbox",
	 .kind = CONFIG_LIST,
	 .offset = AT(outboxes),
	 .count_offset = AT(outboxes_count),
	 .max = 32,
	 .optional = true,
	 .table = &outbox_table,
	 .help = "Subscriptions and their folders."},
};

/* The kit's settings and the adapter's section in one table. */
struct settings_table {
	struct config_field fields[ARRAY_SIZE(kit_fields) + 1];
	struct config_table table;
};

static void
settings_table_init(struct settings_table *all,
		    const struct kit_adapter *adapter)
{
	memcpy(all->fields, kit_fields, sizeof(kit_fields));
	all->table = (struct config_table){
		.fields = all->fields,
		.fields_count = ARRAY_SIZE(kit_fields),
		.size = sizeof(struct settings),
	};
	if (adapter->settings_name == NULL)
		return;
	all->fields[all->table.fields_count++] = (struct config_field){
		.name = adapter->settings_name,
		.kind = CONFIG_SECTION,
		.offset = AT(own),
		.table = adapter->settings,
		.help = "What only this adapter has.",
	};
}

static bool
settings_name_valid(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] ==
	       '\0';
}

/* "/ods/RPG" by form; that the organisation exists the agreement says. */
static bool
settings_source_valid(const char *source)
{
	static const struct {
		const char *prefix;
		const char *alphabet;
		size_t min;
		size_t max;
	} forms[] = {
		{"/ods/", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 1, 9},
		{"/urn/", "0123456789", 6, 6},
		{"/la/", "0123456789", 3, 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t len = strlen(forms[i].prefix);
		const char *code = source + len;

		if (strncmp(source, forms[i].prefix, len) != 0)
			continue;
		len = strlen(code);
		return len >= forms[i].min && len <= forms[i].max &&
		       strspn(code, forms[i].alphabet) == len;
	}
	return false;
}

static baton_err
settings_check_outbox(const struct settings *settings, size_t at,
		      const char *path, struct baton_error *error)
{
	const struct settings_outbox *outbox = &settings->outboxes[at];

	if (!settings_name_valid(outbox->subscription)) {
		return baton_error_set(error, BATON_CONFIG,
				       "%s: outbox[%zu].subscription: only "
				       "a-z 0-9 . _ - are allowed",
				       path, at);
	}
	for (size_t i = 0; i < outbox->types_count; i++) {
		if (families_find(outbox->types[i]) == NULL) {
			return baton_error_set(
				error, BATON_CONFIG,
				"%s: outbox[%zu].types[%zu]: no such event "
				"type",
				path, at, i);
		}
	}
	for (size_t i = 0; i < outbox->sources_count; i++) {
		if (!settings_source_valid(outbox->sources[i])) {
			return baton_error_set(
				error, BATON_CONFIG,
				"%s: outbox[%zu].sources[%zu]: must be "
				"/ods/CODE, /urn/123456 or /la/887",
				path, at, i);
		}
	}
	for (size_t i = 0; i < at; i++) {
		if (strcmp(settings->outboxes[i].subscription,
			   outbox->subscription) == 0) {
			return baton_error_set(error, BATON_CONFIG,
					       "%s: outbox[%zu].subscription: "
					       "is there twice",
					       path, at);
		}
	}
	return BATON_OK;
}

static baton_err
settings_check(const struct kit_adapter *adapter,
	       const struct settings *settings, const char *path,
	       struct baton_error *error)
{
	baton_err err;

	if (!settings_source_valid(settings->source)) {
		return baton_error_set(error, BATON_CONFIG,
				       "%s: source: must be /ods/CODE, "
				       "/urn/123456 or /la/887",
				       path);
	}
	if (settings->inbox != NULL && adapter->tables_count == 0) {
		return baton_error_set(error, BATON_CONFIG,
				       "%s: inbox: %s takes no CSV files", path,
				       adapter->name);
	}
	for (size_t i = 0; i < settings->outboxes_count; i++) {
		err = settings_check_outbox(settings, i, path, error);
		if (err != BATON_OK)
			return err;
	}
	if (adapter->check != NULL)
		return adapter->check(settings->own, error);
	return BATON_OK;
}

baton_err
settings_load(const struct kit_adapter *adapter, const char *path,
	      struct settings **settings, struct baton_error *error)
{
	struct settings_table all;
	void *loaded;
	baton_err err;

	*settings = NULL;
	settings_table_init(&all, adapter);
	err = config_load(path, &all.table, &loaded, error);
	if (err != BATON_OK)
		return err;
	err = settings_check(adapter, loaded, path, error);
	if (err != BATON_OK) {
		config_free(&all.table, loaded);
		return err;
	}
	*settings = loaded;
	return BATON_OK;
}

void
settings_free(const struct kit_adapter *adapter, struct settings *settings)
{
	struct settings_table all;

	settings_table_init(&all, adapter);
	config_free(&all.table, settings);
}

void
settings_print_help(const struct kit_adapter *adapter, FILE *out)
{
	struct settings_table all;

	settings_table_init(&all, adapter);
	config_print_help(&all.table, out);
}
