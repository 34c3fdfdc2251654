/* SPDX-License-Identifier: MIT */
/* batond: options, signals, nothing else. */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "baton/version.h"
#include "broker/agreement.h"
#include "broker/broker.h"
#include "broker/notify.h"
#include "broker/settings.h"
#include "client/log.h"

#define DEFAULT_FILE "/etc/baton/batond.yaml"

/* How long closing the sockets may take once all is answered and on disk. */
#define CLOSE_LIMIT_S 10

/* Documented in --help and batond(8). */
enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_FAILED = 1,
	EXIT_CODE_USAGE = 2,
	EXIT_CODE_CONFIG = 3,
	EXIT_CODE_HUNG = 4,
};

struct options {
	const char *file;
	bool check_only;
};

static const char usage_text[] =
	"usage: batond [-n] [-c FILE]\n"
	"       batond --help | --help-config | --version\n"
	"\n"
	"The broker of baton. Runs in the foreground and logs to standard "
	"error.\n"
	"\n"
	"  -c, --config FILE  settings; default " DEFAULT_FILE "\n"
	"  -n, --check        check settings and agreement, then exit\n"
	"  -h, --help         print this\n"
	"      --help-config  print every setting with its default\n"
	"      --version      print the version\n"
	"\n"
	"Signals: SIGHUP reads the agreement again; SIGTERM and SIGINT answer "
	"what is\n"
	"under way and stop.\n"
	"\n"
	"Exit codes: 0 stopped as asked, or files are valid; 1 failed; 2 wrong "
	"usage;\n"
	"3 settings, agreement or journal are not valid; 4 stopped as asked "
	"and "
	"the\n"
	"journal is closed, but the sockets could not be.\n";

enum long_option { OPTION_HELP_CONFIG = 256, OPTION_VERSION };

/* Returns -1 to go on, else the exit code. */
static int
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{"help-config", no_argument, NULL, OPTION_HELP_CONFIG},
		{"version", no_argument, NULL, OPTION_VERSION},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:nh", long_options, NULL)) !=
	       -1) {
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 'n':
			options->check_only = true;
			break;
		case 'h':
			(void)fputs(usage_text, stdout);
			return EXIT_CODE_OK;
		case OPTION_HELP_CONFIG:
			settings_print_help(stdout);
			return EXIT_CODE_OK;
		case OPTION_VERSION:
			(void)puts("batond " BATON_VERSION);
			return EXIT_CODE_OK;
		default:
			(void)fputs("batond: try batond --help\n", stderr);
			return EXIT_CODE_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	(void)fprintf(stderr, "batond: %s: no arguments are taken\n",
		      argv[optind]);
	return EXIT_CODE_USAGE;
}

/* Says what is wrong, and with which code to leave. */
static int
fail(const char *name, const struct baton_error *error)
{
	log_error(name, "error=%s text=\"%s\"", baton_err_name(error->code),
		  error->text);
	return error->code == BATON_CONFIG ? EXIT_CODE_CONFIG
					   : EXIT_CODE_FAILED;
}

/* Files hold data about children: nobody else reads what we write, and a
 * crash leaves no core with it. */
static void
harden(void)
{
	const struct rlimit none = {0, 0};

	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
/* The leak checker must be able to stop the process it looks at. */
#ifndef __SANITIZE_ADDRESS__
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* Blocked here, before any thread is made, so that every thread has them
 * blocked and only sigwait() takes them. */
static sigset_t
block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return set;
}

static void
serve(struct broker *broker, const sigset_t *signals)
{
	struct baton_error error;
	int number = 0;

	while (number != SIGTERM && number != SIGINT) {
		if (sigwait(signals, &number) != 0 || number != SIGHUP)
			continue;
		if (broker_reload(broker, &error) == BATON_OK) {
			log_info("batond.reloaded", "agreement=new");
		} else {
			log_error("batond.reload",
				  "agreement=old error=%s "
				  "text=\"%s\"",
				  baton_err_name(error.code), error.text);
		}
	}
	log_info("batond.stopping", "signal=%d", number);
}

static void *
watch_closing(void *argument)
{
	const struct timespec limit = {.tv_sec = CLOSE_LIMIT_S};

	(void)argument;
	(void)nanosleep(&limit, NULL);
	log_error("batond.hung",
		  "sockets=open journal=closed after_s=%d code=%d",
		  CLOSE_LIMIT_S, EXIT_CODE_HUNG);
	_exit(EXIT_CODE_HUNG);
}

/* nng has waited for ever before when something was closed under load. By now
 * everything is answered and the journal is closed, so leaving is safe; but it
 * is a fault and must be seen. */
static void
limit_closing(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watch_closing, NULL) == 0)
		(void)pthread_detach(thread);
}

static int
run(const struct settings *settings)
{
	sigset_t signals = block_signals();
	struct broker *broker;
	struct baton_error error;

	if (geteuid() == 0) {
		log_warn("batond.root", "running as root; a user of its own is "
					"enough");
	}
	if (broker_new(settings, &broker, &error) != BATON_OK)
		return fail("batond.start", &error);
	log_info("batond.ready", "version=%s", BATON_VERSION);
	notify_send("READY=1");
	serve(broker, &signals);
	notify_send("STOPPING=1");
	broker_stop(broker);
	limit_closing();
	broker_free(broker);
	log_info("batond.stopped", "clean=yes");
	return EXIT_CODE_OK;
}

/* Everything that can be checked without touching the journal or a socket. */
static int
check(const struct settings *settings)
{
	struct agreement *agreement;
	struct baton_error error;

	if (agreement_load(settings->agreement, &agreement, &error) != BATON_OK)
		return fail("batond.check", &error);
	(void)printf("valid: %zu partners, agreement version %s\n",
		     agreement_count(agreement), agreement_version(agreement));
	agreement_free(agreement);
	return EXIT_CODE_OK;
}

int
main(int argc, char **argv)
{
	struct options options = {.file = DEFAULT_FILE};
	struct settings *settings;
	struct baton_error error;
	int code = parse_options(argc, argv, &options);

	if (code >= 0)
		return code;
	harden();
	if (settings_load(options.file, &settings, &error) != BATON_OK)
		return fail("batond.settings", &error);
	log_set_level((enum log_level)settings->log_level);
	code = options.check_only ? check(settings) : run(settings);
	settings_free(settings);
	return code;
}
