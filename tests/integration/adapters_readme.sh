#!/bin/bash
# SPDX-License-Identifier: MIT
# adapters/README.md has each column as the programs print it:
#
#   adapters_readme.sh README ADAPTER...
set -uo pipefail
readme=$1
shift
missing=0
for adapter in "$@"; do
	while read -r column; do
		grep -q "^| \`$column\` |" "$readme" || {
			echo "$adapter: column $column is not in the README"
			missing=1
		}
	done <<<"$("$adapter" --help-tables | sed -n 's/^  \([a-z_]*\) .*/\1/p')"
done
exit "$missing"
