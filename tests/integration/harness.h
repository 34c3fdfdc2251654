/* SPDX-License-Identifier: MIT */
#ifndef BATON_HARNESS_H
#define BATON_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * The real batond as a process of its own, in a temporary directory. Every
 * wait has a deadline. What fails says so on standard error and returns
 * false; nothing here asserts. One thread.
 */
struct harness;

struct harness_options {
	/** Partners, as they stand in agreement.yaml below "partners:"; NULL:
	 *  harness_partners. */
	const char *partners;
	/** More lines of batond.yaml; NULL: none. */
	const char *settings;
};

/** Partners "community" (/ods/RPG), "council" (/la/887, SEND) and
 *  "operator". */
extern const char harness_partners[];

/** Makes the directory with its files; starts nothing. NULL on failure. */
struct harness *harness_new(const struct harness_options *options);

/** Kills a batond that runs and removes the directory. NULL is allowed. */
void harness_free(struct harness *harness);

/** Starts batond and waits until it says that it is ready. */
bool harness_start(struct harness *harness);

/** Runs batond with these arguments to its end; its exit code, -1 when it did
 *  not end or was killed. */
int harness_run(struct harness *harness, const char *const *arguments);

/** Sends a signal. */
bool harness_signal(struct harness *harness, int number);

/** Waits up to 15 s for the end; the exit code, or -1. */
int harness_wait(struct harness *harness);

/** SIGTERM and wait; true when the exit code is 0. */
bool harness_stop(struct harness *harness);

/** SIGKILL and wait. */
void harness_kill(struct harness *harness);

/** Writes another agreement: partners as in harness_options. */
bool harness_write_agreement(struct harness *harness, const char *partners);

/** Replaces batond.yaml by text. */
bool harness_write_settings(struct harness *harness, const char *text);

/** URL of a partner's socket; borrowed until the next call. */
const char *harness_url(struct harness *harness, const char *partner);

/** Path of a file in the directory; borrowed until the next call. */
const char *harness_path(struct harness *harness, const char *name);

/** All that every batond of this harness has said; borrowed until the next
 *  call. */
const char *harness_log(struct harness *harness);

/** Waits up to 10 s until the log holds text that often. */
bool harness_wait_log(struct harness *harness, const char *text, size_t times);

/** GET from batond's web server, head and body; borrowed until the next call;
 *  "" on failure. */
const char *harness_get(struct harness *harness, const char *path);

/** Figure in /metrics by its name with labels; -1 when it is not there. */
int64_t harness_figure(struct harness *harness, const char *name);

/** Waits up to 10 s until a figure is at least this. */
bool harness_wait_figure(struct harness *harness, const char *name,
			 int64_t least);

pid_t harness_pid(const struct harness *harness);

#endif /* BATON_HARNESS_H */
