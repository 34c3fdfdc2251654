/* SPDX-License-Identifier: MIT */
#include "tests/unit/adapters/kit_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
kit_folder_require(bool held, const char *what)
{
	if (held)
		return;
	perror(what);
	abort();
}

void
kit_folder_make(struct kit_folder *folder)
{
	(void)snprintf(folder->path, sizeof(folder->path), "%s",
		       "/tmp/baton-kit-XXXXXX");
	kit_folder_require(mkdtemp(folder->path) != NULL, "mkdtemp");
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kit_folder_require(folder->fd >= 0, "open");
}

static int
kit_folder_unlink(const char *path, const struct stat *status, int flag,
		  struct FTW *walk)
{
	(void)status;
	(void)flag;
	(void)walk;
	return remove(path);
}

void
kit_folder_remove(struct kit_folder *folder)
{
	(void)close(folder->fd);
	(void)nftw(folder->path, kit_folder_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

void
kit_folder_make_sub(const struct kit_folder *folder, const char *name, int *fd)
{
	(void)mkdirat(folder->fd, name, 0700);
	*fd = openat(folder->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kit_folder_require(*fd >= 0, name);
}

void
kit_folder_write(int fd, const char *name, const void *bytes, size_t len)
{
	const struct timespec long_ago[2] = {{.tv_sec = 1772355600},
					     {.tv_sec = 1772355600}};
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	kit_folder_require(file >= 0, name);
	kit_folder_require(write(file, bytes, len) == (ssize_t)len, "write");
	kit_folder_require(futimens(file, long_ago) == 0, "futimens");
	(void)close(file);
}

char *
kit_folder_read(int fd, const char *name, size_t *len)
{
	int file = openat(fd, name, O_RDONLY | O_NOFOLLOW);
	struct stat status;
	char *bytes;

	if (file < 0)
		return NULL;
	kit_folder_require(fstat(file, &status) == 0, "fstat");
	bytes = calloc(1, (size_t)status.st_size + 1);
	kit_folder_require(bytes != NULL, "calloc");
	kit_folder_require(read(file, bytes, (size_t)status.st_size) ==
				   status.st_size,
			   "read");
	(void)close(file);
	if (len != NULL)
		*len = (size_t)status.st_size;
	return bytes;
}

static DIR *
kit_folder_open(int fd)
{
	DIR *folder =
		fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	kit_folder_require(folder != NULL, "fdopendir");
	return folder;
}

size_t
kit_folder_list(int fd, char name[256])
{
	DIR *folder = kit_folder_open(fd);
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(folder)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (name != NULL)
			(void)snprintf(name, 256, "%s", entry->d_name);
		count++;
	}
	(void)closedir(folder);
	return count;
}

char *
kit_folder_read_suffix(int fd, const char *suffix)
{
	DIR *folder = kit_folder_open(fd);
	struct dirent *entry;
	char *bytes = NULL;

	while (bytes == NULL && (entry = readdir(folder)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len > strlen(suffix) &&
		    strcmp(entry->d_name + len - strlen(suffix), suffix) == 0)
			bytes = kit_folder_read(fd, entry->d_name, NULL);
	}
	(void)closedir(folder);
	return bytes;
}
