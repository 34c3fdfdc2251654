#!/bin/bash
# SPDX-License-Identifier: MIT
# Files from the council's case system to social care and back, with every
# process killed on the way:
#
#   adapters_relay.sh EDUCATION SOCIAL-CARE BATOND BATON
set -uo pipefail
[ $# -eq 4 ] || {
	echo "usage: $0 EDUCATION SOCIAL-CARE BATOND BATON" >&2
	exit 2
}
education=$1 social_care=$2 batond=$3 baton=$4
. "$(dirname "$0")/adapter_lib.sh"

# Invented children of the 999 range; records for each.
numbers=(9990000018 9990000026 9990000034 9990000042)
records=${BATON_TEST_RECORDS:-2000}
refused=4
social_pid=

broker_files '{id: council, organisation: /la/887, sector: send}' \
	'{id: social-care, organisation: /la/887, sector: social_care}'
cat >"$home/education.yaml" <<-YAML
	broker: ipc://$home/run/partners/council.sock
	source: /la/887
	inbox: $home/inbox
	scan_interval_s: 1
	rejected: $home/rejected
	outbox:
	  - {subscription: ehc, directory: $home/ehc, types: [transition]}
YAML
cat >"$home/social_care.yaml" <<-YAML
	broker: ipc://$home/run/partners/social-care.sock
	source: /la/887
	inbox: $home/social-inbox
	scan_interval_s: 1
	rejected: $home/social-rejected
	outbox:
	  - {subscription: mosaic, directory: $home/mosaic,
	     types: [panel_decision]}
YAML

social_start() {
	"$social_care" -c "$home/social_care.yaml" >>"$home/social.log" 2>&1 &
	social_pid=$!
}
social_kill() {
	kill -9 "$social_pid"
	wait "$social_pid" 2>/dev/null || true
}

# The file of decisions: records good ones, and four with a wrong number.
decisions() {
	echo "action,occurred_at,case_reference,nhs_number,nhs_number_status,contact_team_name,purpose,lawful_basis,panel,held_on,decision,request_received_on"
	for n in $(seq 1 "$((records + refused))"); do
		number=${numbers[n % 4]}
		[ "$n" -le "$records" ] || number=9990000019
		echo "new,2026-03-01T09:30:00Z,EHC-$n,$number,verified,SEND team,send_statutory_duty,public_task,stage_1,2026-02-27,assess,2026-01-20"
	done
}

drop() { # drop FILE FOLDER: as a careful sender does
	cp "$1" "$2/drop.tmp" && mv "$2/drop.tmp" "$2/drop.csv"
}

received() { ls "$home/mosaic" 2>/dev/null | grep -c '^0.*json$'; }
received_at_least() { [ "$(received)" -ge "$1" ]; }
events() { "$baton" --timeout 5 --url "$operator" --json status | jq .events; }
has_events() { [ "$(events)" -ge "$1" ]; }
references() { jq -r .subject "$home"/mosaic/0*.json; }
each_once() {
	[ "$(references | sort | uniq -d | wc -l)" -eq 0 ] &&
		[ "$(references | sort -u | wc -l)" -eq "$records" ]
}
in_order_for_each_child() {
	for number in "${numbers[@]}"; do
		jq -r --arg number "$number" 'select(.data.child.identifiers[0]
			.value == $number) | .subject' "$home"/mosaic/0*.json |
			sort -c -V || return
	done
}
journal_is_exact() { [ "$(events)" -eq "$records" ]; }

mkdir -p "$home/inbox" "$home/social-inbox"
decisions >"$home/decisions"
broker_start
adapter_start "$education" "$home/education.yaml"
social_start
drop "$home/decisions" "$home/inbox"

await 60 has_events $((records / 10))
broker_kill
broker_start
await 60 has_events $((records / 4))
adapter_kill
adapter_start "$education" "$home/education.yaml"
await 60 received_at_least $((records / 4))
social_kill
social_start
await 60 received_at_least $((records / 2))
broker_kill
broker_start

claim every_decision_arrives await 120 received_at_least "$records"
claim every_decision_arrives_once each_once
claim decisions_of_a_child_arrive_in_order in_order_for_each_child
claim journal_holds_each_record_once journal_is_exact
claim file_is_processed await 60 has_count 1 "$home/inbox/processed/*.csv"
claim refused_records_are_kept \
	eval '[ "$(cat "$home"/rejected/*.csv | wc -l)" -eq $((refused + 1)) ]'
claim report_names_each_refused_record \
	eval '[ "$(grep -c "^line .*, column nhs_number:" \
		"$home"/rejected/*.report.txt)" -eq "$refused" ]'

cat >"$home/acknowledgement" <<-CSV
	action,occurred_at,nhs_number,nhs_number_status,date_of_birth,contact_team_name,purpose,lawful_basis,transition_id,age_point,reached_on,changes,plan_in_place,receiving_team_name,receiving_team_organisation,acknowledged_team_name,acknowledged_team_organisation,acknowledged_on
	update,2026-03-02T10:00:00Z,9990000018,verified,2008-03-01,Adults team,transition_planning,public_task,T-1,18,2026-03-01,social_care_to_adults,yes,Adults team,/la/887,Adults team,/la/887,2026-02-20
CSV
drop "$home/acknowledgement" "$home/social-inbox"
claim acknowledgement_reaches_the_council \
	await 30 has_count 1 "$home/ehc/*-transition.json"
claim acknowledgement_names_the_team_that_takes_over \
	eval '[ "$(jq -r .data.transition.acknowledged.team.name \
		"$home"/ehc/*-transition.json)" = "Adults team" ]'
claim logs_hold_no_personal_data \
	eval '! grep -E "99900000|2008-03-01|EHC-[0-9]" "$home"/*.log'
claim education_stops_with_0 adapter_stop
adapter_pid=$social_pid
claim social_care_stops_with_0 adapter_stop
summary
