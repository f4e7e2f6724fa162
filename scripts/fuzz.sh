#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, for the given time.
set -euo pipefail
time=${1:-20s}

# fuzz DIR TARGET. The fuzzer sometimes fails with nothing but the end of its
# own time; that is no find.
fuzz() {
	local out
	echo "== $1 $2"
	if out=$(go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" "$1" 2>&1); then
		tail -n 1 <<<"$out"
	elif grep -q 'context deadline exceeded' <<<"$out" && ! grep -q 'Failing input written' <<<"$out"; then
		echo "ended with its time"
	else
		printf '%s\n' "$out"
		return 1
	fi
}

grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
	grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go | awk '{print $2}' | sort -u | while read -r target; do
		fuzz "$dir" "$target"
	done
done
