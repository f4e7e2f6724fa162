#!/usr/bin/env bash
# Measures Mailstead and its peers with mailbench, and makes a table of them.
#
#     run.sh          about an hour: counts times 10, three repeats
#     run.sh quick    about seven minutes, to see that all works; noisy
#
# Environment: SCALE (how many times the counts of workloads.sh), REPEATS,
# MAILBENCH (folder of mailbench's sources), MAILSTEAD (the binary), BENCH_DIR
# (where data goes; the disk that is measured), RESULTS (where the JSON files
# and table.md go), DOC (a file that takes the table between its markers), ONLY
# (a pattern of the lines of workloads.sh, such as 'imap-fetch|pop3').
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
MODE=${1:-full}
case $MODE in
full) : "${SCALE:=10}" "${REPEATS:=3}" && longest=600 ;;
quick) : "${SCALE:=1}" "${REPEATS:=1}" && longest=60 ;;
*) sed -n '2,11s/^# \?//p' "$0" >&2 && exit 2 ;;
esac
source "$here/settings.sh"
source "$here/workloads.sh"
: "${MAILBENCH:=$root/../shared/mailbench}" "${BENCH_DIR:=/var/tmp}"
MAILSTEAD=$(realpath "$MAILSTEAD")
export MAILSTEAD

# work is a folder for all data, gone at the end. Whatever still runs is
# stopped first.
work=$(mktemp -d "$BENCH_DIR/bench-peers.XXXXXX")
RESULTS=${RESULTS:-$(mktemp -d /var/tmp/bench-peers-results.XXXXXX)}
running=
cleanup() {
	local status=$?
	[ $status -eq 0 ] || echo "run.sh: stopped with status $status; see $RESULTS/log" >&2
	[ -z "$running" ] || "$here/server.sh" stop "$running" "$work/data" || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

check() {
	[ "$(id -u)" -eq 0 ] || {
		echo "run.sh: Postfix can only be started by root" >&2
		exit 1
	}
	[[ $(stat -f -c %T "$work") != tmpfs ]] || {
		echo "run.sh: $BENCH_DIR is in memory, where fsync costs nothing; set BENCH_DIR" >&2
		exit 1
	}
	chmod 711 "$work"
	mkdir -p "$RESULTS"
	(cd "$MAILBENCH" && go build -o "$work/mailbench" .)
	go build -o "$work/loopback" ./scripts/bench-peers/loopback
}

# say WHAT: progress, to the terminal and into the log.
say() {
	echo "== $(date +%T) $*" >>"$RESULTS/log"
	echo "$(date +%T) $*" >&3
}

# start LABEL: a server with an empty folder, once the disk is at rest.
start() {
	mkdir "$work/data"
	sync
	running=$1
	export FSYNC=optimized
	"$here/server.sh" start "$1" "$work/data"
}

stop() {
	"$here/server.sh" stop "$running" "$work/data"
	running=
	rm -rf "$work/data"
}

# bench LABEL COMMAND VARIANT JSON FLAG...: one run of mailbench.
bench() {
	local label=$1 command=$2 variant=$3 json=$4
	shift 4
	local flags=(-label "$label" -users 50 -max-time "${longest}s"
		-pidfile "$(pid_files "$label" "$work/data")" -json "$json")
	case $command in
	relay) flags+=(-sink-listen "127.0.0.1:$SINK") ;;
	esac
	read -ra where <<<"$(addresses "$label" "$work/data")"
	timeout $((longest + 60)) "$work/mailbench" "$command" "${where[@]}" \
		"${flags[@]}" -variant "$variant" "$@"
}

# prepare LABEL HOW: the server as workloads.sh wants it. All servers are
# started again, though the setting matters to Dovecot only.
prepare() {
	local label=$1 how=$2 fsync=optimized
	[ "$how" != always ] || fsync=always
	[ "$how" = fresh ] || [ "$fsync" != "$FSYNC" ] || return 0
	FSYNC=$fsync
	"$here/server.sh" restart "$label" "$work/data"
	[ "$how" != fresh ] || bench "$label" lmtp warm-up /dev/null -c 1 -n 50 -visible=false
}

# arguments FLAGS: the flags of a workload, with counts scaled.
arguments() {
	local flag
	args=()
	for flag in $1; do
		case $flag in
		N[0-9]*) args+=($((${flag#N} * SCALE))) ;;
		RESTART) args+=("'$here/server.sh' restart $label '$work/data'") ;;
		*) args+=("$flag") ;;
		esac
	done
}

# measure LABEL REPEAT: all workloads on one server, from an empty folder.
measure() {
	local label=$1 repeat=$2 number=0 command variant how flags args json
	start "$label"
	# The first mail makes processes, files and mailboxes: not measured.
	bench "$label" smtp-in warm-up /dev/null -c 16 -n 200
	while read -r command variant how flags; do
		number=$((number + 1))
		say "repeat $repeat, $label: $command $variant $flags"
		prepare "$label" "$how"
		arguments "$flags"
		json=$RESULTS/$(printf '%02d' $number)-$command-$label-$repeat.json
		bench "$label" "$command" "$variant" "$json" "${args[@]}" </dev/null ||
			echo "$label: $command $variant $flags failed" >>"$RESULTS/failed"
	done < <(workloads | grep -E "${ONLY:-.}")
	stop
}

# machine: the limits of this machine, before and after the servers.
machine() {
	say "machine"
	"$work/mailbench" machine -dir "$work" -time "$1" -json "$RESULTS/00-machine-$2.json" >>"$RESULTS/log"
	taskset -c 0 "$work/loopback" "$1" >"$RESULTS/00-loopback-$2.json"
}

check
exec 3>&1
: >"$RESULTS/log" && : >"$RESULTS/failed"
began=$(date -u '+%F %H:%M UTC')
machine 1s before
for label in mailstead maildir mdbox; do
	start "$label"
	say "durability, $label"
	"$here/durability.sh" "$label" "$work/data" "$work/mailbench" >"$RESULTS/durability-$label"
	stop
done
# The servers take turns, so that a slower minute of the machine hits all.
for ((repeat = 1; repeat <= REPEATS; repeat++)); do
	for label in mailstead maildir mdbox; do measure "$label" "$repeat" >>"$RESULTS/log" 2>&1; done
done
machine 1s after
MODE=$MODE SCALE=$SCALE REPEATS=$REPEATS BEGAN=$began MAILBENCH_BIN=$work/mailbench \
	"$here/report.sh" "$RESULTS" >"$RESULTS/table.md"
[ -z "${DOC:-}" ] || "$here/insert.sh" "$RESULTS/table.md" "$DOC"
cat "$RESULTS/table.md"
echo "results: $RESULTS"
