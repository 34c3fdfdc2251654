/* SPDX-License-Identifier: MIT */
/*
 * The checks against test vectors of other projects, where they lie beside
 * the source tree; they are not ours to copy. Skips (77) where they do not.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "client/identifier.h"

#define SKIPPED 77

/* What a folder's files say of one identifier. */
struct vector {
	const char *file;
	const char *value;
	bool (*valid)(const char *);
	bool expected;
};

/* rule_1510 lists X845212818005 among those that fail, yet expects it not to;
 * its check letter is right by the file's own algorithm. */
static const struct vector vectors[] = {
	{"upn_rule_1510_vectors.txt", "A950000178301", identifier_upn_valid,
	 true},
	{"upn_rule_1510_vectors.txt", "H243278544154", identifier_upn_valid,
	 true},
	{"upn_rule_1510_vectors.txt", "R247962919251", identifier_upn_valid,
	 false},
	{"upn_rule_1510_vectors.txt", "X428558133462", identifier_upn_valid,
	 false},
	{"upn_rule_1510_vectors.txt", "X845212818005", identifier_upn_valid,
	 true},
	{"upn_rule_1510_vectors.txt", "ASFFAGSVSV123", identifier_upn_valid,
	 false},
	{"upn_rule_1530-1560_vectors.txt", "X0000y0000000",
	 identifier_upn_valid, false},
	{"upn_rule_1530-1560_vectors.txt", "x0000000er00e0",
	 identifier_upn_valid, false},
	{"giap_upn_format_vectors.txt", "I12345678901X", identifier_upn_valid,
	 false},
	{"giap_upn_format_vectors.txt", "A1234567890123", identifier_upn_valid,
	 false},
	{"giap_upn_format_vectors.txt", "A12345678901!", identifier_upn_valid,
	 false},
	{"giap_uln_vectors.txt", "9999375358", identifier_uln_valid, true},
	{"giap_uln_vectors.txt", "0123456789", identifier_uln_valid, false},
};

/* Whether the file holds the value, so that a renamed sample is noticed. */
static int
file_holds(const char *folder, const struct vector *vector)
{
	char path[512];
	char line[1024];
	FILE *file;
	int found = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, vector->file);
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	while (found == 0 && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, vector->value) != NULL;
	(void)fclose(file);
	return found;
}

int
main(int argc, char **argv)
{
	int failures = 0;

	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const struct vector *vector = &vectors[i];
		int held = file_holds(argv[1], vector);

		if (held < 0) {
			(void)printf("skipped: no %s in %s\n", vector->file,
				     argv[1]);
			return SKIPPED;
		}
		if (held == 0 ||
		    vector->valid(vector->value) != vector->expected) {
			(void)printf("%s: %s\n", vector->file, vector->value);
			failures++;
		}
	}
	(void)printf("%zu vectors, %d failures\n",
		     sizeof(vectors) / sizeof(*vectors), failures);
	return failures == 0 ? 0 : 1;
}
