#!/bin/bash
# SPDX-License-Identifier: MIT
# The example configurations are valid and fit together:
#
#   examples.sh EXAMPLES BATOND BATON ADAPTER...
set -uo pipefail
[ $# -ge 4 ] || {
	echo "usage: $0 EXAMPLES BATOND BATON ADAPTER..." >&2
	exit 2
}
examples=$1 batond=$2 baton=$3
shift 3
. "$(dirname "$0")/adapter_lib.sh"

for file in "$examples"/*.yaml; do
	sed -e "s|/var/lib/|$home/lib/|; s|/run/baton|$home/run|" \
		-e "s|/etc/baton/|$home/|" "$file" >"$home/${file##*/}"
done

# partner_is ID ORGANISATION: the agreement has both, together.
partner_is() {
	awk -v id="$1" -v organisation="$2" '
		$1 == "-" && $2 == "id:" { current = $3 }
		$1 == "organisation:" && current == id && $2 == organisation {
			found = 1
		}
		END { exit !found }' "$examples/agreement.yaml"
}

fits() { # fits FILE: its socket is a partner of the same organisation
	local id source
	id=$(sed -n 's|^broker:.*/\([^/]*\)\.sock$|\1|p' "$1")
	source=$(sed -n 's|^source: *||p' "$1")
	partner_is "$id" "$source"
}

claim batond_example_is_valid "$batond" -n -c "$home/batond.yaml"
for adapter in "$@"; do
	name=${adapter##*/baton-}
	name=${name//-/_}
	claim "${name}_example_is_valid" "$adapter" -n -c "$home/$name.yaml"
	claim "${name}_example_fits_the_agreement" fits "$examples/$name.yaml"
done
claim example_events_are_valid "$baton" check "$examples/events.ndjson"
claim example_events_are_of_a_partner eval '
	[ -s "$examples/events.ndjson" ] || exit 1
	for source in $(jq -r .source "$examples/events.ndjson" | sort -u); do
		partner_is community-health "$source" || exit 1
	done'
summary
