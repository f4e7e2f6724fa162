#!/usr/bin/env bash
# Measures how cost grows with mailboxes and accounts, and makes a table and a
# picture of it.
#
#     run.sh        about ten minutes, and 6 GB of disk
#
# Environment: SIZES and ACCOUNTS (as bench-growth takes them), MAILSTEAD (the
# binary), BENCH_DIR (where data goes), DOC (a file that takes the table between
# its lines <!-- growth --> and <!-- end of growth -->; the picture goes beside
# it, as growth.svg).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${SIZES:=1000,10000,100000,1000000}" "${ACCOUNTS:=10,1000,100000}"
: "${MAILSTEAD:=bin/mailstead}" "${BENCH_DIR:=/var/tmp}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
plot=$work/growth.svg
[ -z "${DOC:-}" ] || plot=$(dirname "$DOC")/growth.svg
{
	cat <<-END
		Run of $(date -u '+%F %H:%M UTC') on $(nproc) processors
		($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), $(awk '/MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo) GB of memory, Linux $(uname -r | cut -d. -f1,2).
		$("$MAILSTEAD" version | head -n 1). Medians.

	END
	go run ./scripts/bench-growth -mailstead "$MAILSTEAD" -dir "$BENCH_DIR" -sizes "$SIZES" -accounts "$ACCOUNTS" -plot "$plot"
} >"$work/table.md"
[ -z "${DOC:-}" ] || ./scripts/bench-peers/insert.sh "$work/table.md" "$DOC" growth
cat "$work/table.md"
