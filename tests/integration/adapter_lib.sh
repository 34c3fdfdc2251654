# SPDX-License-Identifier: MIT
# What the tests of adapters share: a broker, waiting, counting. Sourced by
# bash with the variables batond and baton set; makes $home.

home=$(mktemp -d "${TMPDIR:-/tmp}/baton-adapter.XXXXXX")
operator=ipc://$home/run/partners/operator.sock
feeder=ipc://$home/run/partners/feeder.sock
url=ipc://$home/run/partners/under-test.sock
broker_pid=
adapter_pid=
passed=0
failed=0

cleanup() {
	status=$?
	trap - EXIT INT TERM
	for pid in $adapter_pid $broker_pid ${social_pid:-}; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$home"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# claim NAME COMMAND...: a test; it passes when the command succeeds.
claim() {
	local name=$1
	shift
	if "$@" >"$home/claim" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		sed 's/^/     /' "$home/claim" | tail -n 20
		tail -n 10 "$home"/*.log 2>/dev/null | sed 's/^/     /'
	fi
}

summary() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

# await SECONDS COMMAND...: until the command succeeds.
await() {
	local tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			echo "gave up waiting for: $*"
			return 1
		}
		sleep 0.05
	done
}

# exits_with CODE COMMAND...
exits_with() {
	local code=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" -eq "$code" ] || {
		echo "exit code $got, not $code: $*"
		return 1
	}
}

# count PATTERN: files of that shape.
count() { compgen -G "$1" | wc -l; }
has_count() { [ "$(count "$2")" -eq "$1" ]; }

broker_files() { # broker_files PARTNER-LINE...: agreement and settings
	{
		echo "version: test-1"
		echo "partners:"
		echo "  - {id: operator, organisation: /la/887, sector: operator}"
		echo "  - {id: feeder, organisation: /ods/RPG, sector: health}"
		printf '  - %s\n' "$@"
	} >"$home/agreement.yaml"
	cat >"$home/batond.yaml" <<-YAML
		data_directory: $home/journal
		run_directory: $home/run
		agreement: $home/agreement.yaml
		web: {port: 0}
	YAML
}

broker_answers() { "$baton" --timeout 1 --url "$operator" status; }

broker_start() {
	"$batond" -c "$home/batond.yaml" >>"$home/batond.log" 2>&1 &
	broker_pid=$!
	await 20 broker_answers
}

broker_kill() {
	kill -9 "$broker_pid"
	wait "$broker_pid" 2>/dev/null || true
	broker_pid=
}

adapter_start() { # adapter_start PROGRAM CONFIGURATION
	"$1" -c "$2" >>"$home/adapter.log" 2>&1 &
	adapter_pid=$!
}

adapter_kill() {
	kill -9 "$adapter_pid"
	wait "$adapter_pid" 2>/dev/null || true
	adapter_pid=
}

# Asks the adapter to stop; its exit code within 15 seconds, else 99.
adapter_stop() {
	local tries=300 code=0
	kill -TERM "$adapter_pid"
	while kill -0 "$adapter_pid" 2>/dev/null &&
		[ "$(cut -d' ' -f3 "/proc/$adapter_pid/stat" 2>/dev/null)" != Z ]; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 99
		sleep 0.05
	done
	wait "$adapter_pid" || code=$?
	adapter_pid=
	return "$code"
}
