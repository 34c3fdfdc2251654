/* SPDX-License-Identifier: MIT */
#include "adapters/kit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILES_BLOCK_BYTES 65536

/* The one place where errno becomes an error of ours. */
static baton_err
files_fail(struct baton_error *error, const char *what)
{
	return baton_error_set(error, BATON_IO, "%s: %s", what,
			       strerror(errno));
}

static bool
files_name_valid(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strlen(name) < FILES_NAME_BYTES;
}

static baton_err
files_check_name(const char *name, struct baton_error *error)
{
	if (files_name_valid(name))
		return BATON_OK;
	return baton_error_set(error, BATON_INVALID, "not a file name");
}

/* Makes what is missing of a path; whether the last folder could be made. */
static bool
files_make_folders(const char *path)
{
	char part[PATH_MAX];
	char *slash = part;

	if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return false;
	}
	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return mkdir(part, 0700) == 0 || errno == EEXIST;
}

baton_err
files_open_folder(const char *path, int *fd, struct baton_error *error)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	*fd = open(path, flags);
	if (*fd < 0 && path[0] != '\0' && errno == ENOENT &&
	    files_make_folders(path))
		*fd = open(path, flags);
	if (*fd < 0) {
		return baton_error_set(error, BATON_IO,
				       "cannot open folder %s: %s", path,
				       strerror(errno));
	}
	return BATON_OK;
}

baton_err
files_open_subfolder(int folder, const char *name, int *fd,
		     struct baton_error *error)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	*fd = openat(folder, name, flags);
	if (*fd < 0 && errno == ENOENT && mkdirat(folder, name, 0700) == 0)
		*fd = openat(folder, name, flags);
	if (*fd < 0) {
		return baton_error_set(error, BATON_IO,
				       "cannot open folder %s: %s", name,
				       strerror(errno));
	}
	return BATON_OK;
}

baton_err
files_open_regular(int folder, const char *name, int *fd, struct stat *status,
		   struct baton_error *error)
{
	baton_err err;

	*fd = -1;
	err = files_check_name(name, error);
	if (err != BATON_OK)
		return err;
	/* O_NONBLOCK: opening a pipe must not wait for its writer. */
	*fd = openat(folder, name,
		     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0) {
		if (errno == ELOOP || errno == ENXIO)
			goto not_regular;
		if (errno == ENOENT) {
			return baton_error_set(error, BATON_NOT_FOUND,
					       "file is gone");
		}
		return files_fail(error, "cannot open file");
	}
	if (fstat(*fd, status) != 0) {
		err = files_fail(error, "cannot examine file");
		goto err0;
	}
	if (S_ISREG(status->st_mode))
		return BATON_OK;
not_regular:
	err = baton_error_set(error, BATON_INVALID, "not a regular file");
err0:
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	return err;
}

baton_err
files_write(int folder, const char *name, struct baton_span bytes,
	    struct baton_error *error)
{
	struct files_draft draft;
	baton_err err;

	err = files_draft_open(&draft, folder, name, error);
	if (err != BATON_OK)
		return err;
	err = files_draft_append(&draft, bytes, error);
	if (err != BATON_OK) {
		files_draft_discard(&draft);
		return err;
	}
	return files_draft_commit(&draft, error);
}

baton_err
files_move(int from, const char *name, int to, const char *new_name,
	   struct baton_error *error)
{
	baton_err err = files_check_name(name, error);

	if (err == BATON_OK)
		err = files_check_name(new_name, error);
	if (err != BATON_OK)
		return err;
	if (renameat(from, name, to, new_name) != 0)
		return files_fail(error, "cannot rename file");
	/* The new name first: between the two the file may have both. */
	if (fsync(to) != 0 || fsync(from) != 0)
		return files_fail(error, "cannot sync folder");
	return BATON_OK;
}

baton_err
files_remove(int folder, const char *name, struct baton_error *error)
{
	baton_err err = files_check_name(name, error);

	if (err != BATON_OK)
		return err;
	if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
		return files_fail(error, "cannot remove file");
	if (fsync(folder) != 0)
		return files_fail(error, "cannot sync folder");
	return BATON_OK;
}

static void
files_digest_text(const uint8_t bytes[crypto_generichash_BYTES_MIN],
		  char digest[FILES_DIGEST_BYTES])
{
	_Static_assert(FILES_DIGEST_BYTES ==
			       2 * crypto_generichash_BYTES_MIN + 1,
		       "two digits for each byte");
	(void)sodium_bin2hex(digest, FILES_DIGEST_BYTES, bytes,
			     crypto_generichash_BYTES_MIN);
}

void
files_digest(struct baton_span bytes, char digest[FILES_DIGEST_BYTES])
{
	uint8_t hash[crypto_generichash_BYTES_MIN];

	(void)crypto_generichash(hash, sizeof(hash), bytes.data, bytes.len,
				 NULL, 0);
	files_digest_text(hash, digest);
}

baton_err
files_digest_file(int fd, char digest[FILES_DIGEST_BYTES],
		  struct baton_error *error)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint8_t block[FILES_BLOCK_BYTES];
	crypto_generichash_state state;
	off_t offset = 0;
	ssize_t got;

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	while ((got = pread(fd, block, sizeof(block), offset)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return files_fail(error, "cannot read file");
		(void)crypto_generichash_update(&state, block, (size_t)got);
		offset += got;
	}
	(void)crypto_generichash_final(&state, hash, sizeof(hash));
	files_digest_text(hash, digest);
	return BATON_OK;
}

baton_err
files_draft_open(struct files_draft *draft, int folder, const char *name,
		 struct baton_error *error)
{
	draft->fd = -1;
	draft->folder = folder;
	if (!files_name_valid(name) || strlen(name) + 5 >= FILES_NAME_BYTES)
		return baton_error_set(error, BATON_INVALID, "not a file name");
	(void)snprintf(draft->name, sizeof(draft->name), "%s", name);
	/* A leading dot and ".tmp": either alone tells readers to wait. */
	(void)snprintf(draft->temporary, sizeof(draft->temporary), ".%s.tmp",
		       name);
	draft->fd = openat(
		folder, draft->temporary,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (draft->fd < 0)
		return files_fail(error, "cannot make file");
	return BATON_OK;
}

baton_err
files_draft_append(struct files_draft *draft, struct baton_span bytes,
		   struct baton_error *error)
{
	while (bytes.len > 0) {
		ssize_t wrote = write(draft->fd, bytes.data, bytes.len);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return files_fail(error, "cannot write file");
		bytes.data += wrote;
		bytes.len -= (size_t)wrote;
	}
	return BATON_OK;
}

baton_err
files_draft_copy(struct files_draft *draft, int fd, int64_t offset,
		 uint64_t len, struct baton_error *error)
{
	uint8_t block[FILES_BLOCK_BYTES];
	baton_err err;

	while (len > 0) {
		size_t want = len < sizeof(block) ? (size_t)len : sizeof(block);
		ssize_t got = pread(fd, block, want, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return files_fail(error, "cannot read file");
		if (got == 0) {
			return baton_error_set(error, BATON_IO,
					       "file became shorter");
		}
		err = files_draft_append(
			draft, (struct baton_span){block, (size_t)got}, error);
		if (err != BATON_OK)
			return err;
		offset += got;
		len -= (uint64_t)got;
	}
	return BATON_OK;
}

baton_err
files_draft_commit(struct files_draft *draft, struct baton_error *error)
{
	if (fsync(draft->fd) != 0) {
		(void)files_fail(error, "cannot sync file");
		goto err0;
	}
	if (renameat(draft->folder, draft->temporary, draft->folder,
		     draft->name) != 0) {
		(void)files_fail(error, "cannot rename file");
		goto err0;
	}
	(void)close(draft->fd);
	draft->fd = -1;
	if (fsync(draft->folder) != 0)
		return files_fail(error, "cannot sync folder");
	return BATON_OK;
err0:
	files_draft_discard(draft);
	return BATON_IO;
}

void
files_draft_discard(struct files_draft *draft)
{
	if (draft->fd < 0)
		return;
	(void)close(draft->fd);
	draft->fd = -1;
	(void)unlinkat(draft->folder, draft->temporary, 0);
}
