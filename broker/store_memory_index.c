/* SPDX-License-Identifier: MIT */
#include "broker/store_memory_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Marks the end of a bucket's chain. */
#define NONE SIZE_MAX

struct entry {
	char text[STORE_MEMORY_TEXT_BYTES];
	int64_t value;
	/** The entry before this one in its bucket. */
	size_t older;
};

struct store_memory_index {
	struct entry *entries;
	size_t count;
	/** Also the number of buckets. */
	size_t room;
	/** The newest entry of each. */
	size_t *buckets;
};

/* FNV-1a: short, and good enough for tests. */
static size_t
hash_text(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++) {
		hash ^= (unsigned char)*text;
		hash *= UINT64_C(1099511628211);
	}
	return (size_t)hash;
}

static void
chain(struct store_memory_index *index, size_t number)
{
	struct entry *entry = &index->entries[number];
	size_t *bucket = &index->buckets[hash_text(entry->text) % index->room];

	entry->older = *bucket;
	*bucket = number;
}

static baton_err
grow(struct store_memory_index *index)
{
	size_t room = index->room == 0 ? 64 : 2 * index->room;
	struct entry *entries;
	size_t *buckets;
	size_t i;

	buckets = calloc(room, sizeof(*buckets));
	if (buckets == NULL)
		return BATON_NO_MEMORY;
	entries = reallocarray(index->entries, room, sizeof(*entries));
	if (entries == NULL) {
		free(buckets);
		return BATON_NO_MEMORY;
	}
	for (i = 0; i < room; i++)
		buckets[i] = NONE;
	free(index->buckets);
	index->buckets = buckets;
	index->entries = entries;
	index->room = room;
	for (i = 0; i < index->count; i++)
		chain(index, i);
	return BATON_OK;
}

baton_err
store_memory_index_new(struct store_memory_index **index)
{
	*index = calloc(1, sizeof(**index));
	if (*index == NULL)
		return BATON_NO_MEMORY;
	if (grow(*index) != BATON_OK) {
		free(*index);
		*index = NULL;
		return BATON_NO_MEMORY;
	}
	return BATON_OK;
}

void
store_memory_index_free(struct store_memory_index *index)
{
	if (index == NULL)
		return;
	free(index->entries);
	free(index->buckets);
	free(index);
}

baton_err
store_memory_index_add(struct store_memory_index *index, const char *text,
		       int64_t value)
{
	struct entry *entry;

	if (index->count == index->room && grow(index) != BATON_OK)
		return BATON_NO_MEMORY;
	entry = &index->entries[index->count];
	(void)snprintf(entry->text, sizeof(entry->text), "%s", text);
	entry->value = value;
	chain(index, index->count++);
	return BATON_OK;
}

int64_t
store_memory_index_find(const struct store_memory_index *index, size_t count,
			const char *text)
{
	size_t i;

	for (i = index->buckets[hash_text(text) % index->room]; i != NONE;
	     i = index->entries[i].older) {
		if (i < count && strcmp(index->entries[i].text, text) == 0)
			return index->entries[i].value;
	}
	return 0;
}

size_t
store_memory_index_count(const struct store_memory_index *index)
{
	return index->count;
}

/* The newest entry is always the first of its bucket, so taking entries off
 * in reverse order restores each chain exactly. */
void
store_memory_index_cut(struct store_memory_index *index, size_t count)
{
	struct entry *entry;

	while (index->count > count) {
		entry = &index->entries[--index->count];
		index->buckets[hash_text(entry->text) % index->room] =
			entry->older;
	}
}
