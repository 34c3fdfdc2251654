/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/store_sqlite.h"

#define FILE_DATABASE "journal.db"
#define FILE_LOG "journal.db-wal"
#define FILE_LOCK "lock"

static baton_err
err_from_errno(const char *operation, const char *path,
	       struct baton_error *error)
{
	int number = errno;
	baton_err err = number == ENOSPC || number == EDQUOT ? BATON_UNAVAILABLE
							     : BATON_IO;

	return baton_error_set(error, err, "journal: %s %s: %s", operation,
			       path, strerror(number));
}

static bool
path_join(char path[PATH_MAX], const char *directory, const char *name)
{
	int len = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	return len > 0 && len < PATH_MAX;
}

static baton_err
open_paths(const char *directory, struct store_sqlite_files *files,
	   struct baton_error *error)
{
	if (!path_join(files->directory, directory, "") ||
	    !path_join(files->database, directory, FILE_DATABASE) ||
	    !path_join(files->log, directory, FILE_LOG) ||
	    !path_join(files->lock, directory, FILE_LOCK)) {
		return baton_error_set(error, BATON_CONFIG,
				       "journal: directory name is too long");
	}
	return BATON_OK;
}

/* Makes the names in a directory survive a power cut. */
static baton_err
sync_directory(const char *path, struct baton_error *error)
{
	baton_err err = BATON_OK;
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_from_errno("open", path, error);
	if (fsync(fd) != 0)
		err = err_from_errno("sync", path, error);
	(void)close(fd);
	return err;
}

static baton_err
sync_parent(const char *directory, struct baton_error *error)
{
	char parent[PATH_MAX + 4];

	(void)snprintf(parent, sizeof(parent), "%s/..", directory);
	return sync_directory(parent, error);
}

static baton_err
open_directory(const char *directory, struct baton_error *error)
{
	struct stat status;

	if (mkdir(directory, 0700) == 0) {
		/* The umask may have taken the owner's rights too. */
		if (chmod(directory, 0700) != 0)
			return err_from_errno("chmod", directory, error);
		return sync_parent(directory, error);
	}
	if (errno != EEXIST)
		return err_from_errno("create directory", directory, error);
	if (stat(directory, &status) != 0)
		return err_from_errno("look at", directory, error);
	if (!S_ISDIR(status.st_mode)) {
		return baton_error_set(error, BATON_CONFIG,
				       "journal: %s is not a directory",
				       directory);
	}
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		return baton_error_set(error, BATON_CONFIG,
				       "journal: others may write to %s: "
				       "chmod 700 it",
				       directory);
	}
	return BATON_OK;
}

/* Opens a file of ours, readable by nobody else whatever the umask was. */
static baton_err
open_private(const char *path, int *fd, struct baton_error *error)
{
	baton_err err;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return err_from_errno("open", path, error);
	if (fchmod(*fd, 0600) != 0) {
		err = err_from_errno("chmod", path, error);
		(void)close(*fd);
		*fd = -1;
		return err;
	}
	return BATON_OK;
}

static baton_err
open_lock(const char *path, int *lock_fd, struct baton_error *error)
{
	baton_err err;

	err = open_private(path, lock_fd, error);
	if (err != BATON_OK)
		return err;
	if (flock(*lock_fd, LOCK_EX | LOCK_NB) == 0)
		return BATON_OK;
	if (errno == EWOULDBLOCK) {
		err = baton_error_set(error, BATON_CONFIG,
				      "journal: another broker holds %s: stop "
				      "it, or use another directory",
				      path);
	} else {
		err = err_from_errno("lock", path, error);
	}
	(void)close(*lock_fd);
	*lock_fd = -1;
	return err;
}

baton_err
store_sqlite_files_open(const char *directory, struct store_sqlite_files *files,
			int *lock_fd, struct baton_error *error)
{
	baton_err err;
	int fd;

	*lock_fd = -1;
	err = open_paths(directory, files, error);
	if (err != BATON_OK)
		return err;
	err = open_directory(directory, error);
	if (err != BATON_OK)
		return err;
	err = open_lock(files->lock, lock_fd, error);
	if (err != BATON_OK)
		return err;
	/* SQLite gives its other files the mode of this one. */
	err = open_private(files->database, &fd, error);
	if (err != BATON_OK)
		goto err0;
	(void)close(fd);
	err = sync_directory(files->directory, error);
	if (err != BATON_OK)
		goto err0;
	return BATON_OK;
err0:
	(void)close(*lock_fd);
	*lock_fd = -1;
	return err;
}

static uint64_t
file_bytes(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

uint64_t
store_sqlite_files_bytes(const struct store_sqlite_files *files)
{
	return file_bytes(files->database) + file_bytes(files->log);
}
