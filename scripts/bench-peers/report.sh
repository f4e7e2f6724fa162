#!/usr/bin/env bash
# Makes the tables of a run, in Markdown, from its results.
#
#     report.sh RESULTS
#
# run.sh calls it, with MODE, SCALE, REPEATS, BEGAN and MAILBENCH_BIN set.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
results=$1
labels=mailstead,maildir,mdbox

compare() { "$MAILBENCH_BIN" compare -labels "$1" -metric "$2" "${@:3}" "$results"/*.json; }

# ratios: the table of medians and targets.
ratios() {
	local metric
	for metric in $(grep -v '^#' "$here/targets.tsv" | cut -f 2 | sort -u); do
		compare "$labels,machine" "$metric" | sed "1,2d; s/^/$metric\t/"
	done | awk -f "$here/ratios.awk" "$here/targets.tsv" -
}

# syncs: the table of durability.sh.
syncs() {
	echo "| operation | Mailstead | Maildir | mdbox |"
	echo "|---|---:|---:|---:|"
	paste "$results"/durability-{mailstead,maildir,mdbox} |
		awk -F '\t' '{ printf "| %s | %s | %s | %s |\n", $1, $2, $4, $6 }'
}

# errors: the phases in which anything failed in any repeat.
errors() {
	grep -H '"errors": [1-9]' "$results"/*.json | sed "s|^$results/||" || true
	cat "$results/failed"
}

# longer METRIC: of the phases that last long enough for the kernel's clock of
# CPU time.
longer() {
	compare "$labels" "$1" -workload smtp-in,submission,lmtp,relay,imap-append,pop3,imap-login,imap-sync \
		-phase visible,relayed,single,multi-25,retr,login,sync
	compare "$labels" "$1" -workload mixed -phase all | tail -n +3
}

# measured: the workloads, without the machine's. (imap-idle 1000 measures
# memory only, and delivers nothing.)
measured() { sed -n 's/^\t\t\([a-z0-9-]*\) .*/\1/p' "$here/workloads.sh" | sort -u | paste -sd,; }

version() { dpkg-query -W -f '${Version}' "$1"; }

cat <<-END
	Run of $BEGAN, $MODE (SCALE=$SCALE, REPEATS=$REPEATS), on $(nproc) processors
	($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), $(awk '/MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo) GB of memory, Linux $(uname -r | cut -d. -f1,2).
	$("$MAILSTEAD" version | head -n 1); Postfix $(version postfix); Dovecot $(version dovecot-core).

	### Beside the targets

	$(ratios)

	### Syncs per operation, as strace saw them

	$(syncs)

	### Errors

	$(errors | sed 's/^/    /' | grep . || echo None.)

	### The machine

	$(compare machine ops -workload machine)

	### Operations per second: median (lowest–highest)

	$(compare "$labels" ops -spread -workload "$(measured)" | grep -v "imap-idle 1000: notify")

	### CPU seconds of the server per 1000 operations

	$(longer cpu)

	### Processors taken by anything else, while a phase ran

	Above 0.2 or so, something else was running, and the figure is worth little.

	$(longer othercpu)
END
