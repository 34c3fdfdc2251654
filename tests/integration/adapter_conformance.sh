#!/bin/bash
# SPDX-License-Identifier: MIT
# What every adapter must do, tried on a real one with a real broker:
#
#   adapter_conformance.sh ADAPTER BATOND BATON [SECTION]
#
# SECTION is a YAML file with the adapter's own settings; @DIR@ and @PORT@ in
# it are replaced by a folder and by a port that is free (0).
set -uo pipefail
[ $# -ge 3 ] || {
	echo "usage: $0 ADAPTER BATOND BATON [SECTION]" >&2
	exit 2
}
adapter=$1 batond=$2 baton=$3 section=${4:-}
. "$(dirname "$0")/adapter_lib.sh"

# Invented data that must never be in a log or a file name.
number=9990000018
born=2011-11-11
team=MarkedTeam
marks="$number|$born|$team|MarkedName"

out=$home/out
config=$home/adapter.yaml
takes_csv=no
grep -q '^Table ' <<<"$("$adapter" --help-tables)" && takes_csv=yes

write_config() {
	cat >"$config" <<-YAML
		broker: $url
		source: /la/887
		rejected: $home/rejected
		log_level: debug
		outbox:
		  - {subscription: conformance, directory: $out, format: both}
	YAML
	if [ "$takes_csv" = yes ]; then
		printf 'inbox: %s\nscan_interval_s: 1\n' "$home/inbox" >>"$config"
	fi
	if [ -n "$section" ]; then
		sed -e "s|@DIR@|$home|g" -e 's|@PORT@|0|g' "$section" >>"$config"
	fi
}

# bad_config WHAT EDIT: the edited configuration is refused, with its name.
bad_config() {
	sed "$2" "$config" >"$home/bad.yaml"
	exits_with 2 "$adapter" -n -c "$home/bad.yaml" 2>"$home/said" || return
	grep -q "$home/bad.yaml" "$home/said"
}

event() { # event N: a CloudEvents line
	cat <<-JSON | jq -c .
		{"specversion": "1.0", "id": "conformance-$1", "source": "/ods/RPG",
		 "type": "uk.send.transition.v1", "time": "2026-03-01T09:30:00Z",
		 "action": "new", "data": {
		  "child": {"dateOfBirth": "$born", "identifiers": [
		   {"scheme": "IDENTIFIER_SCHEME_NHS_NUMBER", "value": "$number",
		    "nhsNumberStatus": "NHS_NUMBER_STATUS_VERIFIED"}]},
		  "contactTeam": {"name": "$team", "organisation":
		   {"scheme": "ORGANISATION_SCHEME_ODS", "code": "RPG"}},
		  "purpose": "PURPOSE_TRANSITION_PLANNING",
		  "lawfulBasis": "LAWFUL_BASIS_PUBLIC_TASK",
		  "transition": {"transitionId": "T-$1", "agePoint": "AGE_POINT_14",
		   "reachedOn": "2025-11-11", "planInPlace": "PLAN_IN_PLACE_YES",
		   "changes": ["TRANSITION_CHANGE_PREPARING_FOR_ADULTHOOD_STARTS"]}}}
	JSON
}

publish() { # publish FROM TO
	for n in $(seq "$1" "$2"); do event "$n"; done |
		"$baton" --timeout 20 --url "$feeder" publish -
}

ids() { jq -r .id "$out"/*.json | sort -V | tr '\n' ' '; }
has_ids() { # has_ids TO: events 1 to TO, each in one file of each kind
	local want
	want=$(for n in $(seq 1 "$1"); do printf 'conformance-%s ' "$n"; done)
	[ "$(ids)" = "$want" ] && has_count "$1" "$out/*.csv"
}
in_order() { # the sequence in the name follows the order of publication
	[ "$(jq -r .id "$out"/*.json | tr '\n' ' ')" = "$(ids)" ]
}
running() { kill -0 "$adapter_pid"; }
started() { [ "$(grep -c kit.started "$home/adapter.log")" -ge "$1" ]; }

broker_files '{id: under-test, organisation: /la/887, sector: send}'
write_config

claim help_names_the_options \
	eval 'grep -q -- --config <<<"$("$adapter" --help)"'
claim version_is_printed eval 'grep -q "^baton-" <<<"$("$adapter" --version)"'
claim help_config_lists_the_settings \
	eval 'grep -q "^broker:" <<<"$("$adapter" --help-config)"'
claim help_tables_is_printed eval '[ -n "$("$adapter" --help-tables)" ]'
claim unknown_option_is_usage exits_with 1 "$adapter" --no-such-option
claim no_configuration_is_usage exits_with 1 "$adapter"
claim good_configuration_is_valid exits_with 0 "$adapter" -n -c "$config"
claim missing_file_is_refused exits_with 2 "$adapter" -n -c "$home/none.yaml"
claim unknown_setting_is_refused bad_config unknown '1i no_such_setting: 1'
claim wrong_source_is_refused bad_config source 's|^source:.*|source: /la/x|'
claim missing_broker_is_refused bad_config broker '/^broker:/d'
claim wrong_level_is_refused bad_config level 's|^log_level:.*|log_level: loud|'
claim check_makes_no_folders eval '[ ! -e "$out" ] && [ ! -e "$home/rejected" ]'

adapter_start "$adapter" "$config"
claim starts_while_the_broker_is_away await 20 started 1
kill -HUP "$adapter_pid"
broker_start
claim sighup_does_not_end_it running
publish 1 3 >"$home/published"
claim delivers_once_the_broker_is_there await 30 has_ids 3
broker_kill
broker_start
publish 4 5 >"$home/published"
claim delivers_after_the_broker_was_killed await 30 has_ids 5
adapter_kill
publish 6 7 >"$home/published"
adapter_start "$adapter" "$config"
claim delivers_after_it_was_killed_itself await 30 has_ids 7
claim events_of_one_child_are_in_order in_order
claim outbox_csv_has_header_and_row \
	eval 'for f in "$out"/*.csv; do [ "$(wc -l <"$f")" -eq 2 ] || exit 1; done'
claim outbox_leaves_no_temporary_file \
	eval '[ "$(find "$out" -type f | wc -l)" -eq 14 ]'
claim outbox_files_are_for_the_owner_only \
	eval '[ -z "$(find "$out" -type f ! -perm 600)" ]'
if [ "$takes_csv" = yes ]; then
	printf 'new,%s,%s\n' "$number" "$born" >"$home/inbox/MarkedName.csv"
	claim file_without_header_is_refused_with_a_report \
		await 20 has_count 1 "$home/rejected/*.report.txt"
	claim refused_file_leaves_the_inbox \
		await 20 eval '[ ! -e "$home/inbox/MarkedName.csv" ]'
fi
claim sigterm_with_broker_ends_it_with_0 adapter_stop
broker_kill
adapter_start "$adapter" "$config"
await 20 started 3
claim sigterm_without_broker_ends_it_with_0 adapter_stop
claim log_holds_no_personal_data eval '! grep -E "$marks" "$home/adapter.log"'
claim file_names_hold_no_personal_data \
	eval '! find "$out" "$home/rejected" "$home/inbox" 2>/dev/null |
		grep -E "$marks"'
claim files_do_hold_the_data eval 'grep -q "$number" "$out"/*.json'
summary
