/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "adapters/kit/kit.h"
#include "adapters/kit/run.h"
#include "adapters/kit/table.h"
#include "client/log.h"

enum main_exit {
	MAIN_EXIT_OK = 0,
	MAIN_EXIT_USAGE = 1,
	MAIN_EXIT_CONFIG = 2,
	MAIN_EXIT_START = 3,
};

enum main_option {
	MAIN_OPTION_CONFIG = 'c',
	MAIN_OPTION_CHECK = 'n',
	MAIN_OPTION_HELP = 'h',
	MAIN_OPTION_VERSION = 'V',
	MAIN_OPTION_HELP_CONFIG = 256,
	MAIN_OPTION_HELP_TABLES,
};

static const struct option main_options[] = {
	{"config", required_argument, NULL, MAIN_OPTION_CONFIG},
	{"check", no_argument, NULL, MAIN_OPTION_CHECK},
	{"help", no_argument, NULL, MAIN_OPTION_HELP},
	{"version", no_argument, NULL, MAIN_OPTION_VERSION},
	{"help-config", no_argument, NULL, MAIN_OPTION_HELP_CONFIG},
	{"help-tables", no_argument, NULL, MAIN_OPTION_HELP_TABLES},
	{NULL, 0, NULL, 0},
};

static void
main_print_help(const struct kit_adapter *adapter)
{
	(void)printf("Usage: %s -c FILE [-n]\n%s\n\n"
		     "  -c, --config FILE  read the configuration from FILE\n"
		     "  -n, --check        check the configuration and exit\n"
		     "      --help-config  print every setting as YAML\n"
		     "      --help-tables  print the columns of CSV files\n"
		     "  -h, --help         print this\n"
		     "  -V, --version      print the version\n\n"
		     "Exit codes: 0 stopped as asked, 1 usage, 2 "
		     "configuration, 3 could not start,\n4 failed while "
		     "running.\n",
		     adapter->name, adapter->summary);
}

/* Prints what was asked for; false when option is not one of these. */
static bool
main_print(const struct kit_adapter *adapter, int option)
{
	switch (option) {
	case MAIN_OPTION_HELP:
		main_print_help(adapter);
		return true;
	case MAIN_OPTION_VERSION:
		(void)printf("%s %s\n", adapter->name, BATON_VERSION);
		return true;
	case MAIN_OPTION_HELP_CONFIG:
		settings_print_help(adapter, stdout);
		return true;
	case MAIN_OPTION_HELP_TABLES:
		table_print_help(adapter->tables, adapter->tables_count,
				 stdout);
		return true;
	default:
		return false;
	}
}

/* Files hold data about children: nobody else reads what we write, and a
 * crash leaves no core with it. */
static void
main_harden(void)
{
	const struct rlimit none = {0, 0};

	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
}

static int
main_load_and_run(const struct kit_adapter *adapter, const char *path,
		  bool check)
{
	struct baton_error error = {.code = BATON_OK};
	struct settings *settings;
	int code = MAIN_EXIT_OK;

	if (settings_load(adapter, path, &settings, &error) != BATON_OK) {
		(void)fprintf(stderr, "%s: %s\n", adapter->name, error.text);
		return MAIN_EXIT_CONFIG;
	}
	log_set_level((enum log_level)settings->log_level);
	if (check) {
		(void)printf("%s: configuration is valid\n", path);
	} else {
		main_harden();
		code = run_adapter(adapter, settings);
	}
	settings_free(adapter, settings);
	return code;
}

int
kit_main(const struct kit_adapter *adapter, int argc, char **argv)
{
	const char *path = NULL;
	bool check = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:nhV", main_options,
				     NULL)) != -1) {
		if (option == MAIN_OPTION_CONFIG) {
			path = optarg;
		} else if (option == MAIN_OPTION_CHECK) {
			check = true;
		} else {
			return main_print(adapter, option) ? MAIN_EXIT_OK
							   : MAIN_EXIT_USAGE;
		}
	}
	if (path == NULL || optind != argc) {
		(void)fprintf(stderr,
			      "%s: -c FILE is required; see %s --help\n",
			      adapter->name, adapter->name);
		return MAIN_EXIT_USAGE;
	}
	if (sodium_init() < 0) {
		(void)fprintf(stderr, "%s: no randomness from the system\n",
			      adapter->name);
		return MAIN_EXIT_START;
	}
	return main_load_and_run(adapter, path, check);
}
