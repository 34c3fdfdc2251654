/* SPDX-License-Identifier: MIT */
#include "broker/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const uint64_t metrics_commit_bounds_us[METRICS_COMMIT_BUCKETS] = {
	250,   500,   1000,   2500,   5000,    10000,
	25000, 50000, 100000, 250000, 1000000, 5000000,
};

/* The current list of subscriptions and what guards it. */
struct metrics_subscriptions {
	pthread_mutex_t lock;
	struct metrics_subscription *list;
	size_t count;
};

/* A figure that is one number of struct metrics. */
struct metrics_figure {
	const char *name;
	const char *type;
	const char *help;
	size_t offset;
};

#define FIGURE(name, type, field, help)                                        \
	{                                                                      \
		(name), (type), (help), offsetof(struct metrics, field)        \
	}

static const struct metrics_figure metrics_figures[] = {
	FIGURE("baton_published_total", "counter", published,
	       "Events accepted and on disk."),
	FIGURE("baton_duplicates_total", "counter", duplicates,
	       "Events that were there already."),
	FIGURE("baton_delivered_total", "counter", delivered,
	       "Events handed to subscribers, redeliveries included."),
	FIGURE("baton_redelivered_total", "counter", redelivered,
	       "Events handed to a subscriber again."),
	FIGURE("baton_settled_total", "counter", settled,
	       "Events settled by subscribers."),
	FIGURE("baton_parked_total", "counter", parked,
	       "Events parked for an operator."),
	FIGURE("baton_leases_expired_total", "counter", leases_expired,
	       "Leases that ended without a settlement."),
	FIGURE("baton_commands_total", "counter", commands,
	       "Commands the writer has finished."),
	FIGURE("baton_queue_commands", "gauge", queued_commands,
	       "Commands waiting for the writer."),
	FIGURE("baton_queue_bytes", "gauge", queued_bytes,
	       "Bytes waiting for the writer."),
	FIGURE("baton_journal_bytes", "gauge", journal_bytes,
	       "Size of the journal on disk, its log included."),
	FIGURE("baton_last_sequence", "gauge", last_sequence,
	       "Sequence of the newest event."),
	FIGURE("baton_pipes_created_total", "counter", pipes_created,
	       "Client connections accepted."),
	FIGURE("baton_pipes_removed_total", "counter", pipes_removed,
	       "Client connections that ended."),
	FIGURE("baton_pipes_refused_total", "counter", pipes_refused,
	       "Connections refused: no such partner, or a foreign user."),
	FIGURE("baton_contexts", "gauge", contexts,
	       "Request contexts of the listener."),
	FIGURE("baton_contexts_parked", "gauge", contexts_parked,
	       "Request contexts that hold a fetch."),
	FIGURE("baton_peers_cut_off_total", "counter", peers_cut_off,
	       "Connections closed because the peer did not read its answers."),
};

/* A figure of one subscription. */
static const struct metrics_figure metrics_subscription_figures[] = {
	{"baton_subscription_position", "gauge",
	 "Everything up to this sequence is settled, but for held lanes.",
	 offsetof(struct metrics_subscription, position)},
	{"baton_subscription_lag", "gauge",
	 "Matching events that are not settled.",
	 offsetof(struct metrics_subscription, lag)},
	{"baton_subscription_leased", "gauge", "Events leased to fetches.",
	 offsetof(struct metrics_subscription, leased)},
	{"baton_subscription_lanes_backing_off", "gauge",
	 "Children whose next event waits for a retry.",
	 offsetof(struct metrics_subscription, lanes_backing_off)},
	{"baton_subscription_lanes_parked", "gauge",
	 "Children whose next event is parked.",
	 offsetof(struct metrics_subscription, lanes_parked)},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const baton_err metrics_codes[] = {
#define METRICS_CODE(name, number, text) BATON_##name,
	BATON_ERR_LIST(METRICS_CODE)
#undef METRICS_CODE
};

baton_err
metrics_new(struct metrics **metrics)
{
	struct metrics *made;

	*metrics = NULL;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return BATON_NO_MEMORY;
	made->subscriptions = calloc(1, sizeof(*made->subscriptions));
	if (made->subscriptions == NULL) {
		free(made);
		return BATON_NO_MEMORY;
	}
	(void)pthread_mutex_init(&made->subscriptions->lock, NULL);
	*metrics = made;
	return BATON_OK;
}

void
metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	(void)pthread_mutex_destroy(&metrics->subscriptions->lock);
	free(metrics->subscriptions->list);
	free(metrics->subscriptions);
	free(metrics);
}

void
metrics_count_code(atomic_uint_fast64_t counts[METRICS_CODE_MAX],
		   baton_err code)
{
	size_t index = (size_t)code;

	if (index >= METRICS_CODE_MAX)
		index = BATON_INTERNAL;
	atomic_fetch_add(&counts[index], 1);
}

void
metrics_observe_commit(struct metrics *metrics, uint64_t took_us)
{
	size_t bucket = 0;

	while (bucket < METRICS_COMMIT_BUCKETS &&
	       took_us > metrics_commit_bounds_us[bucket])
		bucket++;
	atomic_fetch_add(&metrics->commit_bucket[bucket], 1);
	atomic_fetch_add(&metrics->commit_sum_us, took_us);
	atomic_fetch_add(&metrics->commits, 1);
}

baton_err
metrics_set_subscriptions(struct metrics *metrics,
			  const struct metrics_subscription *list, size_t count)
{
	struct metrics_subscriptions *current = metrics->subscriptions;
	struct metrics_subscription *copy = NULL;
	struct metrics_subscription *old;

	if (count > 0) {
		copy = calloc(count, sizeof(*copy));
		if (copy == NULL)
			return BATON_NO_MEMORY;
		memcpy(copy, list, count * sizeof(*copy));
	}
	(void)pthread_mutex_lock(&current->lock);
	old = current->list;
	current->list = copy;
	current->count = count;
	(void)pthread_mutex_unlock(&current->lock);
	free(old);
	return BATON_OK;
}

static void
metrics_print_head(FILE *out, const char *name, const char *type,
		   const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		      type);
}

/* Label values: backslash, quote and newline are escaped. */
static void
metrics_print_label(FILE *out, const char *value)
{
	for (; *value != '\0'; value++) {
		switch (*value) {
		case '\\':
			(void)fputs("\\\\", out);
			break;
		case '"':
			(void)fputs("\\\"", out);
			break;
		case '\n':
			(void)fputs("\\n", out);
			break;
		default:
			(void)fputc(*value, out);
		}
	}
}

static void
metrics_print_figures(struct metrics *metrics, FILE *out)
{
	for (size_t i = 0; i < COUNT_OF(metrics_figures); i++) {
		const struct metrics_figure *figure = &metrics_figures[i];
		atomic_uint_fast64_t *value =
			(void *)((char *)metrics + figure->offset);

		metrics_print_head(out, figure->name, figure->type,
				   figure->help);
		(void)fprintf(out, "%s %" PRIuFAST64 "\n", figure->name,
			      atomic_load(value));
	}
}

/* Every code is printed, zeroes too, so that a rate() has its start. */
static void
metrics_print_codes(FILE *out, const char *name, const char *help,
		    atomic_uint_fast64_t counts[METRICS_CODE_MAX])
{
	metrics_print_head(out, name, "counter", help);
	for (size_t i = 0; i < COUNT_OF(metrics_codes); i++) {
		if (metrics_codes[i] == BATON_OK)
			continue;
		(void)fprintf(out, "%s{code=\"%s\"} %" PRIuFAST64 "\n", name,
			      baton_err_name(metrics_codes[i]),
			      atomic_load(&counts[metrics_codes[i]]));
	}
}

/* The total is taken from the buckets, so that the sums agree with each other
 * even while the writer is adding. */
static void
metrics_print_commits(struct metrics *metrics, FILE *out)
{
	static const char *const name = "baton_commit_seconds";
	uint_fast64_t total = 0;

	metrics_print_head(out, name, "histogram",
			   "How long a transaction took to reach the disk.");
	for (size_t i = 0; i < METRICS_COMMIT_BUCKETS; i++) {
		total += atomic_load(&metrics->commit_bucket[i]);
		(void)fprintf(out, "%s_bucket{le=\"%g\"} %" PRIuFAST64 "\n",
			      name, (double)metrics_commit_bounds_us[i] / 1e6,
			      total);
	}
	total += atomic_load(&metrics->commit_bucket[METRICS_COMMIT_BUCKETS]);
	(void)fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIuFAST64 "\n", name,
		      total);
	(void)fprintf(out, "%s_sum %.6f\n%s_count %" PRIuFAST64 "\n", name,
		      (double)atomic_load(&metrics->commit_sum_us) / 1e6, name,
		      total);
}

static void
metrics_print_subscriptions(struct metrics *metrics, FILE *out)
{
	struct metrics_subscriptions *current = metrics->subscriptions;

	(void)pthread_mutex_lock(&current->lock);
	for (size_t i = 0; i < COUNT_OF(metrics_subscription_figures); i++) {
		const struct metrics_figure *figure =
			&metrics_subscription_figures[i];

		metrics_print_head(out, figure->name, figure->type,
				   figure->help);
		for (size_t j = 0; j < current->count; j++) {
			const struct metrics_subscription *at =
				&current->list[j];
			uint64_t value;

			memcpy(&value, (const char *)at + figure->offset,
			       sizeof(value));
			(void)fprintf(out, "%s{partner=\"", figure->name);
			metrics_print_label(out, at->partner);
			(void)fputs("\",subscription=\"", out);
			metrics_print_label(out, at->name);
			(void)fprintf(out, "\"} %" PRIu64 "\n", value);
		}
	}
	(void)pthread_mutex_unlock(&current->lock);
}

/* Open descriptors, without the one that reads the folder; 0 when the folder
 * cannot be read. */
static uint64_t
metrics_open_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t count = 0;

	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.')
			count++;
	}
	(void)closedir(folder);
	return count - 1;
}

static uint64_t
metrics_resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128] = "";
	char *second;
	uint64_t pages;

	if (file == NULL)
		return 0;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	(void)fclose(file);
	second = strchr(line, ' ');
	if (second == NULL)
		return 0;
	pages = strtoull(second, NULL, 10);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
metrics_print_process(FILE *out)
{
	metrics_print_head(out, "process_open_fds", "gauge",
			   "Open file descriptors.");
	(void)fprintf(out, "process_open_fds %" PRIu64 "\n",
		      metrics_open_fds());
	metrics_print_head(out, "process_resident_memory_bytes", "gauge",
			   "Resident memory.");
	(void)fprintf(out, "process_resident_memory_bytes %" PRIu64 "\n",
		      metrics_resident_bytes());
}

void
metrics_print(struct metrics *metrics, FILE *out)
{
	metrics_print_figures(metrics, out);
	metrics_print_codes(out, "baton_rejected_total",
			    "Events rejected, by reason.", metrics->rejected);
	metrics_print_codes(out, "baton_refused_total",
			    "Requests answered with an error, by code.",
			    metrics->refused);
	metrics_print_commits(metrics, out);
	metrics_print_subscriptions(metrics, out);
	metrics_print_process(out);
}
