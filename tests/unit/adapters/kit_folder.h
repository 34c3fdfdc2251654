/* SPDX-License-Identifier: MIT */
#ifndef BATON_TESTS_KIT_FOLDER_H
#define BATON_TESTS_KIT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/** A temporary folder for a test, removed with all it holds. Errors end the
 *  process. */
struct kit_folder {
	char path[128];
	int fd;
};

void kit_folder_make(struct kit_folder *folder);
void kit_folder_remove(struct kit_folder *folder);

/** Makes a folder within; *fd is open. */
void kit_folder_make_sub(const struct kit_folder *folder, const char *name,
			 int *fd);

/** Writes a file, changed long enough ago to be whole. */
void kit_folder_write(int fd, const char *name, const void *bytes, size_t len);

/** A file's content with a NUL behind it, free(3) it; NULL when there is no
 *  such file. */
char *kit_folder_read(int fd, const char *name, size_t *len);

/** Number of entries but "." and ".."; *name: the last one's, if there is
 *  any, may be NULL. Hidden files count. */
size_t kit_folder_list(int fd, char name[256]);

/** The content of the one file whose name ends in suffix; NULL when there is
 *  none. free(3) it. */
char *kit_folder_read_suffix(int fd, const char *suffix);

#endif /* BATON_TESTS_KIT_FOLDER_H */
