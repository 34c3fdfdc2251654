#!/bin/bash
# SPDX-License-Identifier: MIT
# HL7 v2 files by people who never saw this project, over MLLP, on one
# connection: each gets a well-formed answer, the referrals are accepted or
# refused with a reason, and the connection stays open. Skips when the files
# are not there; none of them is ours to keep.
#
#   tests/integration/hl7v2_samples.sh BATON-HEALTH BATOND BATON SAMPLES
set -u
cd "$(dirname "$0")" || exit 1
health=$1
batond=$2
baton=$3
samples=$4
[ -d "$samples" ] || {
	echo "skipped: no sample files at $samples"
	exit 77
}
. ./adapter_lib.sh

broker_files "{id: under-test, organisation: /ods/RPG, sector: health}"
sed -i "/id: feeder/d" "$home/agreement.yaml"
cat >"$home/health.yaml" <<YAML
broker: $url
source: /ods/RPG
rejected: $home/rejected
health:
  listen_port: 0
  processing_ids: [P, T]
  profiles:
    - name: anybody
      msh_organisations: false
      from_organisation: /ods/RPG
      to_organisation: /la/887
      default_service: {treatment_function: 290}
      contact_team: {name: Community paediatrics}
      purpose: direct_care
      lawful_basis: public_task
YAML

listening() {
	port=$(sed -n 's/.*health\.listening.* port=\([0-9]*\).*/\1/p' \
		"$home/adapter.log" | tail -n 1)
	[ -n "$port" ]
}

send() { # send FILE: on the open connection; the answer's segments as lines
	if grep -q $'\r' "$1"; then
		printf '\013%s\034\r' "$(cat "$1")" >&3
	else # git stored the terminators as LF
		printf '\013%s\034\r' "$(tr '\n' '\r' <"$1")" >&3
	fi
	IFS= read -r -t 20 -d $'\034' answer <&3 || return 1
	tr -d '\013\n' <<<"$answer" | tr '\r' '\n' | grep '.'
}

answered() { # answered FILE [CODE]: MSH, then MSA with that code
	send "$1" >"$home/answer" || {
		echo "no answer, or the connection is closed"
		return 1
	}
	cat "$home/answer"
	head -n 1 "$home/answer" | grep -q '^MSH|' &&
		grep -qE "^MSA\|${2:-(A|C)[AER]}\|" "$home/answer"
}

broker_start || exit 1
adapter_start "$health" "$home/health.yaml"
await 10 listening || exit 1
listening
exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1

for file in "$samples"/*.hl7 "$samples"/*.txt; do
	name=$(basename "$file")
	case "$name" in
	ms_REF*) expected=AA ;;
	*REF*) expected=AE ;; # no control id
	ms_ADT* | *lfh* | mirth* | pythonhl7*) expected='(AR|AE|CR|CE)' ;;
	*) expected= ;;
	esac
	claim "$name is answered ${expected:-somehow}" \
		answered "$file" "$expected"
	sed -n 's/^\(MSA|.*\)/     \1/p; s/^\(ERR|.*\)/     \1/p' "$home/answer"
done
claim "a referral is accepted on the same connection after them all" \
	answered "$samples/ms_REF-I12-01.hl7" AA
exec 3>&-

if command -v mllp_send >/dev/null 2>&1; then
	claim "python3-hl7's mllp_send is a client" sh -c \
		"mllp_send --loose --file '$samples/ms_REF-I12-01.hl7' \
			-p $port 127.0.0.1 | tr '\r' '\n' | grep 'MSA|AA|'"
fi
summary
