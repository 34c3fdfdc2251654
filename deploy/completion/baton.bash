# SPDX-License-Identifier: MIT
# bash completion for baton.

# Names of the caller's subscriptions, one a line; nothing when the broker
# does not answer at once. Takes the --url of the command line, if any.
_baton_subscriptions()
{
	local -a address=()
	local line name

	[[ -n $1 ]] && address=(--url "$1")
	baton subscriptions --json --timeout 1 "${address[@]}" 2>/dev/null |
		while IFS= read -r line; do
			name=${line#*\"name\":\"}
			# Names are a-z 0-9 . _ -: no escapes to undo.
			[[ $name != "$line" ]] && printf '%s\n' "${name%%\"*}"
		done
}

# Completes the last entry of a list with commas.
_baton_list()
{
	local current=$1 words=$2 before=
	local entry

	[[ $current == *,* ]] && before=${current%,*},
	for entry in $(compgen -W "$words" -- "${current##*,}"); do
		COMPREPLY+=("$before$entry")
	done
	compopt -o nospace
}

_baton()
{
	local commands='publish check subscribe unsubscribe subscriptions status
		parked journey replay version help'
	local global='--json --url --timeout --help --version'
	local types='referral panel_decision annual_review_due transition'
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' url='' options='' i
	local -a operands=()

	COMPREPLY=()
	# bash makes a word of the = in --option=value.
	if [[ $current == '=' ]]; then
		current=
	elif [[ $previous == '=' ]]; then
		previous=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--url)
			[[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
			((i++))
			url=${COMP_WORDS[i]}
			# A colon makes words too.
			while [[ ${COMP_WORDS[i + 1]} == ':' ]]; do
				url+=:${COMP_WORDS[i + 2]}
				((i += 2))
			done
			;;
		--timeout | --types | --sources | --child | --from | --max | \
			--partner | --reason)
			[[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
			((i++))
			;;
		-*) ;;
		*)
			if [[ -z $command ]]; then
				command=${COMP_WORDS[i]}
			else
				operands+=("${COMP_WORDS[i]}")
			fi
			;;
		esac
	done

	case $previous in
	--types)
		_baton_list "$current" "$types"
		return
		;;
	--from)
		mapfile -t COMPREPLY < <(compgen -W 'beginning now' -- "$current")
		return
		;;
	--url | --timeout | --sources | --child | --max | --partner | --reason)
		return
		;;
	esac

	if [[ $current == -* ]]; then
		case $command in
		publish) options='--fill-id' ;;
		check) options='--fill-id --accept-flagged' ;;
		subscribe)
			options='--types --sources --child --from --follow --max'
			;;
		parked) options='--partner --reason' ;;
		replay) options='--from --child --partner' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$global $options" -- "$current")
		return
	fi

	case $command in
	'') options=$commands ;;
	help) ((${#operands[@]} == 0)) && options=$commands ;;
	publish | check)
		((${#operands[@]} == 0)) || return
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	subscribe | unsubscribe | replay)
		((${#operands[@]} == 0)) && options=$(_baton_subscriptions "$url")
		;;
	parked)
		case ${#operands[@]} in
		0) options='list show retry discard' ;;
		1) options=$(_baton_subscriptions "$url") ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
}

complete -F _baton baton
