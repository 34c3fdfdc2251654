/* SPDX-License-Identifier: MIT */
#ifndef BATON_KIT_FILES_H
#define BATON_KIT_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "baton/error.h"
#include "baton/event.h"

/**
 * File operations that are safe against a power cut (written under a
 * temporary name, fsync, rename, fsync of the folder) and against what others
 * put into a shared folder (links and devices are never followed or opened).
 *
 * A folder is an open descriptor; a name is one component of a path: one with
 * a '/' in it, ".", ".." and the empty name are refused. Error texts hold no
 * file names, because others may put personal data there. Any thread.
 */

/** Room for a file name with its NUL. */
#define FILES_NAME_BYTES 256

/** Room for a digest in hexadecimal with its NUL. */
#define FILES_DIGEST_BYTES 33

/**
 * Opens a folder, making it and its parents (mode 0700) when missing.
 *
 * *fd: given, close(2) it; -1 on failure. Errors: IO.
 */
BATON_MUST_CHECK baton_err files_open_folder(const char *path, int *fd,
					     struct baton_error *error);

/** As files_open_folder(), for a folder inside another; never a link. */
BATON_MUST_CHECK baton_err files_open_subfolder(int folder, const char *name,
						int *fd,
						struct baton_error *error);

/**
 * Opens a regular file for reading; a link, a folder, a pipe or a device is
 * refused without waiting on it.
 *
 * *fd: given, close(2) it; -1 on failure. *status: of the opened file.
 * Errors: NOT_FOUND, INVALID (not a regular file, not a name), IO.
 */
BATON_MUST_CHECK baton_err files_open_regular(int folder, const char *name,
					      int *fd, struct stat *status,
					      struct baton_error *error);

/** Writes a file whole, mode 0600, replacing one of that name. Errors:
 *  INVALID (name), IO. */
BATON_MUST_CHECK baton_err files_write(int folder, const char *name,
				       struct baton_span bytes,
				       struct baton_error *error);

/**
 * Renames a file, replacing one of the new name, and makes that durable in
 * both folders. Errors: INVALID (name), IO.
 */
BATON_MUST_CHECK baton_err files_move(int from, const char *name, int to,
				      const char *new_name,
				      struct baton_error *error);

/** Removes a file durably; one that is not there is no error. Errors: INVALID
 *  (name), IO. */
BATON_MUST_CHECK baton_err files_remove(int folder, const char *name,
					struct baton_error *error);

/** Digest (BLAKE2b, 128 bits) of bytes as lower-case hexadecimal. */
void files_digest(struct baton_span bytes, char digest[FILES_DIGEST_BYTES]);

/** Digest of a whole open file, from its beginning. Errors: IO. */
BATON_MUST_CHECK baton_err files_digest_file(int fd,
					     char digest[FILES_DIGEST_BYTES],
					     struct baton_error *error);

/**
 * A file that grows under a temporary name until it is committed. In place;
 * one thread.
 */
struct files_draft {
	int folder;
	/** -1 when not open. */
	int fd;
	char name[FILES_NAME_BYTES];
	char temporary[FILES_NAME_BYTES];
};

/** Opens a draft, replacing one that a crash left. folder: borrowed until
 *  commit or discard. Errors: INVALID (name), IO. */
BATON_MUST_CHECK baton_err files_draft_open(struct files_draft *draft,
					    int folder, const char *name,
					    struct baton_error *error);

/** Appends bytes. Errors: IO. */
BATON_MUST_CHECK baton_err files_draft_append(struct files_draft *draft,
					      struct baton_span bytes,
					      struct baton_error *error);

/** Appends len bytes of another file from offset. Errors: IO. */
BATON_MUST_CHECK baton_err files_draft_copy(struct files_draft *draft, int fd,
					    int64_t offset, uint64_t len,
					    struct baton_error *error);

/** Makes the file durable under its name and closes the draft; on failure
 *  the draft is discarded. Errors: IO. */
BATON_MUST_CHECK baton_err files_draft_commit(struct files_draft *draft,
					      struct baton_error *error);

/** Closes the draft and removes what was written; one that is not open is
 *  left alone. */
void files_draft_discard(struct files_draft *draft);

#endif /* BATON_KIT_FILES_H */
