/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over the files it is given, so that every input that
 * ever broke something is a test under each compiler and sanitizer.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *data;
	size_t size;
	long end;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	end = ftell(file);
	rewind(file);
	/* One byte more than needed, so that an empty file is no NULL. */
	data = malloc((size_t)end + 1);
	if (data == NULL)
		exit(1);
	size = fread(data, 1, (size_t)end, file);
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

int
main(int argc, char **argv)
{
	DIR *corpus = argc == 2 ? opendir(argv[1]) : NULL;
	int files = 0;

	if (corpus == NULL) {
		(void)fprintf(stderr, "usage: replay CORPUS-DIRECTORY\n");
		return 2;
	}
	for (struct dirent *entry = readdir(corpus); entry != NULL;
	     entry = readdir(corpus)) {
		char path[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", argv[1],
			       entry->d_name);
		files += replay_file(path);
	}
	(void)closedir(corpus);
	(void)printf("%d inputs\n", files);
	return files > 0 ? 0 : 1;
}
