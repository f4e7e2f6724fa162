#!/usr/bin/env bash
# Measures SEARCH, SORT, THREAD and FETCH on a mailbox with very many messages,
# in Mailstead and in Dovecot, and makes tables of it.
#
#     large.sh        about ten minutes
#
# Environment: COUNT (messages), ROUNDS (how often the servers take turns),
# REPEATS (how often a command is repeated in a turn), LABELS (the servers),
# MAILSTEAD (the binary), BENCH_DIR (where data goes), RESULTS (where the JSON
# files and table.md go), DOC (a file that takes the tables between its lines
# <!-- large --> and <!-- end of large -->).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
source "$here/settings.sh"
: "${COUNT:=100000}" "${ROUNDS:=2}" "${REPEATS:=2}" "${BENCH_DIR:=/var/tmp}"
: "${LABELS:=mailstead maildir mdbox}"
MAILSTEAD=$(realpath "$MAILSTEAD")
export MAILSTEAD FSYNC=optimized

[ "$(id -u)" -eq 0 ] || {
	echo "large.sh: Dovecot can only be started by root" >&2
	exit 1
}
work=$(mktemp -d "$BENCH_DIR/bench-large.XXXXXX")
RESULTS=${RESULTS:-$(mktemp -d /var/tmp/bench-large-results.XXXXXX)}
running=

start() {
	running=$1
	"$here/server.sh" start "$1" "$work/$1"
}

stop() {
	[ -z "$running" ] || "$here/server.sh" stop "$running" "$work/$running"
	running=
}

cleanup() {
	local status=$?
	[ $status -eq 0 ] || echo "large.sh: stopped with status $status" >&2
	stop || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { echo "$(date +%T) $*" >&2; }

# large COMMAND FLAG...: the program, with what all its commands need.
large() {
	local command=$1
	shift
	"$work/large" "$command" -imap "127.0.0.1:$IMAP" -n "$COUNT" "$@"
}

# name LABEL: as the tables call it.
name() {
	case $1 in
	mailstead) echo Mailstead ;;
	*) echo "Dovecot, $1" ;;
	esac
}

head_line() {
	cat <<-END
		Run of $began, $COUNT messages of $size MB in all, on $(nproc) processors
		($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), $(awk '/MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo) GB of memory, Linux $(uname -r | cut -d. -f1,2).
		$("$MAILSTEAD" version | head -n 1); Dovecot $(dpkg-query -W -f '${Version}' dovecot-core).

	END
}

began=$(date -u '+%F %H:%M UTC')
chmod 711 "$work"
mkdir -p "$RESULTS"
rm -f "$RESULTS"/*.json
go build -o "$work/large" ./scripts/bench-peers/large
for label in $LABELS; do
	say "$label: storing $COUNT messages"
	mkdir "$work/$label"
	start "$label"
	size=$(large fill)
	stop
done
sync

# The servers take turns, so that a slower minute of the machine hits all.
for ((round = 1; round <= ROUNDS; round++)); do
	for label in $LABELS; do
		say "$label: turn $round of $ROUNDS"
		start "$label"
		large measure -label "$(name "$label")" -repeats "$REPEATS" \
			-pidfiles "$(pid_files "$label" "$work/$label")" >"$RESULTS/$round-$label.json"
		stop
	done
done
files=()
for ((round = 1; round <= ROUNDS; round++)); do
	for label in $LABELS; do files+=("$RESULTS/$round-$label.json"); done
done
{ head_line && "$work/large" table "${files[@]}"; } >"$RESULTS/table.md"
[ -z "${DOC:-}" ] || "$here/insert.sh" "$RESULTS/table.md" "$DOC" large
cat "$RESULTS/table.md"
say "results: $RESULTS"
