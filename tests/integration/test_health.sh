#!/bin/bash
# SPDX-License-Identifier: MIT
# baton-health with a real broker: messages over MLLP, answers, the broker away
# and back, a clean stop. Senders are bash's own /dev/tcp.
#
#   tests/integration/test_health.sh BATON-HEALTH BATOND BATON
set -u
cd "$(dirname "$0")" || exit 1
health=$1
batond=$2
baton=$3
. ./adapter_lib.sh

# Marked data: none of it may reach a log or an answer.
nhs=9990000018 birth=20190405 name=Zzyzx

message() { # message CONTROL-ID [EVENT [NHS-NUMBER]]
	printf '%s\r' \
		"MSH|^~\\&|PARIS|RPG|BATON|RPG|20260203141500||REF^${2:-I12}^REF_I12|$1|P|2.5.1|||||GBR|UNICODE UTF-8" \
		"RF1|A|R|652|||REF-$1^PARIS|20260202" \
		"PRD|RP||||||RPG^^ODS" \
		"PRD|RT||||||RPG^^ODS" \
		"PID|1||${3:-$nhs}^^^NHS^NH||$name^Child||$birth|2"
}

frame() { printf '\013%s\034\r' "$1"; }

# Sends frames to the adapter and prints the answers to as many, a line each.
converse() { # converse FRAMES ANSWERS
	local answers=$2 answer
	exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
	printf '%s' "$1" >&3
	while [ "$answers" -gt 0 ]; do
		IFS= read -r -t 20 -d $'\034' answer <&3 || break
		tr -d '\013' <<<"$answer" | tr '\r' ' ' | tr -s '\n'
		answers=$((answers - 1))
	done
	exec 3>&- 3<&-
	[ "$answers" -eq 0 ]
}

answers_with() { # answers_with PATTERN FRAMES [COUNT]
	converse "$2" "${3:-1}" >"$home/answer" || {
		echo "too few answers"
		return 1
	}
	grep -q "$1" "$home/answer" || {
		echo "no $1 in:"
		cat "$home/answer"
		return 1
	}
}

stored() { # stored COUNT: events of the child in the journal
	local got
	got=$("$baton" --url "$operator" --json journey "nhs_number:$nhs" |
		jq -s 'if length == 1 and (.[0] | type) == "array"
			then .[0] | length else length end')
	[ "$got" = "$1" ] || {
		echo "$got events, not $1"
		return 1
	}
}

listening() {
	port=$(sed -n 's/.*health\.listening.* port=\([0-9]*\).*/\1/p' \
		"$home/adapter.log" | tail -n 1)
	[ -n "$port" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port")
}

broker_files "{id: under-test, organisation: /ods/RPG, sector: health}"
sed -i '/id: feeder/d' "$home/agreement.yaml"
cat >"$home/health.yaml" <<YAML
broker: $url
source: /ods/RPG
rejected: $home/rejected
health:
  listen_port: 0
  publish_timeout_ms: 1000
  profiles:
    - name: paris
      sending_application: PARIS
      sending_facility: RPG
      contact_team: {name: Therapies}
      purpose: direct_care
      lawful_basis: public_task
YAML

claim "health checks its configuration" \
	exits_with 0 "$health" -n -c "$home/health.yaml"
sed "s/name: Therapies/name: Therapies, organisation: RPG/" \
	"$home/health.yaml" >"$home/bad.yaml"
claim "health refuses an organisation without its scheme" \
	exits_with 2 "$health" -n -c "$home/bad.yaml"

broker_start || exit 1
adapter_start "$health" "$home/health.yaml"
await 10 listening || exit 1
listening

one=$(frame "$(message M1)")
claim "health accepts a referral" answers_with 'MSA|AA|M1' "$one"
claim "health puts it in the journal" stored 1
claim "health gives a repeat the same answer" answers_with 'MSA|AA|M1' "$one"
claim "health stores a repeat once" stored 1
many=$(for i in 2 3 4 5; do frame "$(message "M$i" I13)"; done)
claim "health answers messages sent ahead in order" \
	answers_with 'MSA|AA|M5' "$many" 4
claim "health takes an update as an event of its own" stored 5
cancel=$(frame "$(message M6 I14)")
claim "health takes a cancellation" answers_with 'MSA|AA|M6' "$cancel"

changed=$(frame "$(message M1 I12 9990000026)")
claim "health refuses another message under a control id that was used" \
	answers_with 'MSA|AE|M1.*205' "$changed"
wrong=$(frame "$(message M7 I12 9990000019)")
claim "health refuses a wrong NHS number with its field" \
	answers_with 'MSA|AE|M7.*PID^1^3' "$wrong"
claim "health keeps what it refused" has_count 2 "$home/rejected/*.hl7v2"
claim "health reports why" \
	grep -rq "line 5, field PID-3" "$home/rejected"

broker_kill
late=$(frame "$(message M8)")
claim "health says AR while the broker is away" \
	answers_with 'MSA|AR|M8' "$late"
broker_start || exit 1
claim "health accepts again when the broker is back" \
	answers_with 'MSA|AA|M8' "$late"
claim "health lost and doubled nothing" stored 7

adapter_kill
adapter_start "$health" "$home/health.yaml"
await 10 listening || exit 1
listening
claim "health gives a repeat the same answer after a crash" \
	answers_with 'MSA|AA|M8' "$late"
claim "health stops cleanly" adapter_stop

no_marked_data() {
	! grep -rE "$nhs|9990000019|$birth|$name" "$home"/*.log
}
claim "health logs no personal data" no_marked_data
summary
