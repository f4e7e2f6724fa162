#!/usr/bin/env bash
# Counts what a running server syncs to the disk for each operation.
#
#     durability.sh LABEL DIR MAILBENCH
#
# Prints lines of an operation and its syncs, as strace saw them. All is done
# one at a time on one connection, so nothing can share a sync: less than one
# would be a promise without a disk behind it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/settings.sh"
label=$1 dir=$2 mailbench=$3
count=50
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT

# tree: the server's processes, with all their descendants.
tree() {
	local pids children
	pids=$(cat $(pid_files "$label" "$dir" | tr , ' ') | tr -d ' ')
	while [ -n "$pids" ]; do
		echo "$pids"
		children=$(for pid in $pids; do ps -o pid= --ppid "$pid" || true; done)
		pids=$children
	done
}

bench() {
	local command=$1
	shift
	"$mailbench" "$command" $(addresses "$label" "$dir") -c 1 -size 4KB -max-time 60s "$@" >/dev/null 2>&1
}

# syncs OPERATION COMMAND FLAG...: runs mailbench while strace counts.
syncs() {
	local operation=$1 tracer
	shift
	strace -f -qq -e trace=fsync,fdatasync,sync_file_range,msync -e signal=none \
		-o "$trace" $(tree | sed 's/^/-p /') &
	tracer=$!
	sleep 1 # until strace has all processes
	bench "$@"
	kill -TERM "$tracer"
	wait "$tracer" || true
	awk -v operation="$operation" -v count="$count" '
		/(fsync|fdatasync|sync_file_range|msync)\(/ { n++ }
		END { printf "%s\t%.1f\n", operation, n / count }' "$trace"
}

bench imap-fetch -n "$count" -random 1 -repeat 1 # fills the mailbox
syncs "a message by SMTP" smtp-in -n "$count"
syncs "a message by LMTP" lmtp -n "$count"
syncs "APPEND" imap-append -n "$count"
FSYNC=always "$here/server.sh" restart "$label" "$dir"
syncs "UID STORE" imap-store -n "$count" -single "$count" -repeat 0
