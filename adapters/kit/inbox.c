/* SPDX-License-Identifier: MIT */
#include "adapters/kit/inbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "client/log.h"

/* Files of one scan; the rest wait for the next. */
#define INBOX_MAX_FILES 4096

/* A clock this far behind a file's is a clock that was set back. */
#define INBOX_MAX_SKEW_MS 60000

struct inbox_entry {
	char name[FILES_NAME_BYTES];
	int64_t modified_ns;
};

/* ---- one look ---- */

static int64_t
inbox_ns(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static bool
inbox_name_ready(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' &&
	       (len < 4 || strcmp(name + len - 4, ".tmp") != 0);
}

/* The kernel's time of the last change: others cannot set it. */
static bool
inbox_whole(const struct stat *status, int64_t now_ms)
{
	int64_t age_ms = now_ms - inbox_ns(status->st_ctim) / 1000000;

	return age_ms >= INBOX_MIN_AGE_MS || age_ms < -INBOX_MAX_SKEW_MS;
}

static int
inbox_compare(const void *left, const void *right)
{
	const struct inbox_entry *a = left;
	const struct inbox_entry *b = right;

	if (a->modified_ns != b->modified_ns)
		return a->modified_ns < b->modified_ns ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Lists files that are ready; returns how many. */
static size_t
inbox_list(DIR *folder, int64_t now_ms, struct inbox_entry *entries,
	   struct inbox_scan *scan)
{
	struct dirent *found;
	struct stat status;
	size_t count = 0;

	while ((found = readdir(folder)) != NULL && count < INBOX_MAX_FILES) {
		struct inbox_entry *entry = &entries[count];

		if (!inbox_name_ready(found->d_name) ||
		    fstatat(dirfd(folder), found->d_name, &status,
			    AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (!S_ISREG(status.st_mode)) {
			if (strcmp(found->d_name, "processed") != 0 &&
			    strcmp(found->d_name, "rejected") != 0)
				scan->refused++;
			continue;
		}
		if (!inbox_whole(&status, now_ms)) {
			scan->waiting++;
			continue;
		}
		memcpy(entry->name, found->d_name, strlen(found->d_name) + 1);
		entry->modified_ns = inbox_ns(status.st_mtim);
		count++;
	}
	qsort(entries, count, sizeof(*entries), inbox_compare);
	return count;
}

static void
inbox_take(const struct intake *intake, const char *name,
	   struct inbox_scan *scan)
{
	struct intake_result result;
	struct baton_error error = {.code = BATON_OK};
	baton_err err = intake_file(intake, name, &result, &error);

	if (err != BATON_OK) {
		scan->failed++;
		log_warn("inbox.left", "digest=%s reason=\"%s\"", result.digest,
			 error.text);
		return;
	}
	scan->taken++;
	if (result.refused_whole) {
		log_warn("inbox.refused", "digest=%s", result.digest);
		return;
	}
	log_info("inbox.taken",
		 "digest=%s accepted=%llu duplicates=%llu refused=%llu",
		 result.digest, (unsigned long long)result.accepted,
		 (unsigned long long)result.duplicates,
		 (unsigned long long)result.refused);
}

static baton_err
inbox_open(const char *path, struct intake *intake, struct baton_error *error)
{
	baton_err err = files_open_folder(path, &intake->inbox, error);

	if (err != BATON_OK)
		return err;
	err = files_open_subfolder(intake->inbox, "processed",
				   &intake->processed, error);
	if (err != BATON_OK)
		(void)close(intake->inbox);
	return err;
}

static void
inbox_close(struct intake *intake)
{
	(void)close(intake->processed);
	(void)close(intake->inbox);
}

baton_err
inbox_scan(const struct inbox_options *options, bool (*stop)(void *context),
	   void *context, struct inbox_scan *scan, struct baton_error *error)
{
	struct intake intake = options->intake;
	struct inbox_entry *entries;
	DIR *folder = NULL;
	size_t count;
	baton_err err;

	*scan = (struct inbox_scan){.taken = 0};
	/* Opened anew each time: the folder may have been replaced. */
	err = inbox_open(options->path, &intake, error);
	if (err != BATON_OK)
		return err;
	entries = calloc(INBOX_MAX_FILES, sizeof(*entries));
	if (entries != NULL)
		folder = opendir(options->path);
	if (folder == NULL) {
		err = baton_error_set(error, BATON_IO, "cannot read folder: %s",
				      strerror(errno));
		goto err0;
	}
	count = inbox_list(folder,
			   options->clock.wall_ms(options->clock.context),
			   entries, scan);
	for (size_t i = 0; i < count; i++) {
		if (stop != NULL && stop(context))
			break;
		inbox_take(&intake, entries[i].name, scan);
	}
	(void)closedir(folder);
err0:
	free(entries);
	inbox_close(&intake);
	return err;
}

/* ---- watching ---- */

struct inbox {
	struct inbox_options options;
	pthread_t thread;
	atomic_bool stopping;
	int wake;
	/* -1: the kernel tells us nothing, only the interval does. */
	int notify;
	/* Of the last scan, so that only changes are logged. */
	size_t refused;
	bool failing;
};

static bool
inbox_stopping(void *context)
{
	struct inbox *inbox = context;

	return atomic_load(&inbox->stopping);
}

/* Logs what changed since the last scan; returns how long to wait. */
static int
inbox_after_scan(struct inbox *inbox, baton_err err,
		 const struct inbox_scan *scan, const struct baton_error *error)
{
	if (err != BATON_OK) {
		if (!inbox->failing)
			log_error("inbox.failed", "reason=\"%s\"", error->text);
		inbox->failing = true;
		return (int)inbox->options.scan_interval_ms;
	}
	if (inbox->failing)
		log_info("inbox.recovered", "folder is readable again");
	inbox->failing = false;
	if (scan->refused != inbox->refused && scan->refused > 0) {
		log_warn("inbox.not_files",
			 "count=%zu links, folders and devices are never "
			 "taken; remove them",
			 scan->refused);
	}
	inbox->refused = scan->refused;
	if (scan->waiting > 0)
		return INBOX_MIN_AGE_MS;
	return (int)inbox->options.scan_interval_ms;
}

static void
inbox_wait(struct inbox *inbox, int wait_ms)
{
	struct pollfd ready[2] = {
		{.fd = inbox->wake, .events = POLLIN},
		{.fd = inbox->notify, .events = POLLIN},
	};
	char events[4096];

	if (poll(ready, 2, wait_ms) <= 0 || inbox->notify < 0)
		return;
	while (read(inbox->notify, events, sizeof(events)) > 0)
		continue;
}

static void
inbox_watch(const struct inbox *inbox)
{
	const uint32_t events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR;

	if (inbox->notify >= 0 &&
	    inotify_add_watch(inbox->notify, inbox->options.path, events) < 0) {
		log_debug("inbox.not_watched",
			  "changes are seen by the interval only");
	}
}

static void *
inbox_main(void *context)
{
	struct inbox *inbox = context;
	struct baton_error error;
	struct inbox_scan scan;
	baton_err err;

	while (!atomic_load(&inbox->stopping)) {
		/* Before the scan, so that nothing falls between. Adding the
		 * same folder again changes nothing. */
		inbox_watch(inbox);
		err = inbox_scan(&inbox->options, inbox_stopping, inbox, &scan,
				 &error);
		if (atomic_load(&inbox->stopping))
			break;
		inbox_wait(inbox, inbox_after_scan(inbox, err, &scan, &error));
	}
	return NULL;
}

static void
inbox_free(struct inbox *inbox)
{
	if (inbox->notify >= 0)
		(void)close(inbox->notify);
	if (inbox->wake >= 0)
		(void)close(inbox->wake);
	free(inbox);
}

baton_err
inbox_start(const struct inbox_options *options, struct inbox **inbox,
	    struct baton_error *error)
{
	struct inbox *made = calloc(1, sizeof(*made));
	struct intake folders;
	baton_err err;

	*inbox = NULL;
	if (made == NULL)
		return baton_error_set(error, BATON_NO_MEMORY, "out of memory");
	made->options = *options;
	made->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	made->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (made->wake < 0) {
		err = baton_error_set(error, BATON_INTERNAL, "eventfd: %s",
				      strerror(errno));
		goto err0;
	}
	/* A folder that is wrong from the start is told at the start. */
	err = inbox_open(options->path, &folders, error);
	if (err != BATON_OK)
		goto err0;
	inbox_close(&folders);
	if (pthread_create(&made->thread, NULL, inbox_main, made) != 0) {
		err = baton_error_set(error, BATON_INTERNAL,
				      "cannot start a thread");
		goto err0;
	}
	*inbox = made;
	return BATON_OK;
err0:
	inbox_free(made);
	return err;
}

void
inbox_stop(struct inbox *inbox)
{
	uint64_t one = 1;
	ssize_t wrote;

	if (inbox == NULL)
		return;
	atomic_store(&inbox->stopping, true);
	wrote = write(inbox->wake, &one, sizeof(one));
	(void)wrote; /* Can only fail when the event is there already. */
	(void)pthread_join(inbox->thread, NULL);
	inbox_free(inbox);
}
