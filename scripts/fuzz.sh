#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time, as many at once as
# there are processors. A package is compiled once for all its targets.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-20s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build DIR makes the test binary of a package, with what guides the fuzzer.
build() {
	go test -c -fuzz=. -o "$work/$(tr / _ <<<"$1").test" "$1"
}

# fuzz DIR TARGET. The fuzzer sometimes fails with nothing but the end of its
# own time; that is no find.
fuzz() {
	local out found
	cd "$1"
	if out=$("$work/$(tr / _ <<<"$1").test" -test.run='^$' -test.fuzz="^$2\$" -test.fuzztime="$time" \
		-test.parallel=1 -test.fuzzcachedir="$cache/${1#./}" 2>&1); then
		found=$(grep -oE 'execs: [0-9]+' <<<"$out" | tail -n 1)
		echo "ok   $1 $2 ${found:-}"
	elif grep -q 'context deadline exceeded' <<<"$out" && ! grep -q 'Failing input written' <<<"$out"; then
		echo "ok   $1 $2 ended with its time"
	else
		printf 'FAIL %s %s\n%s\n' "$1" "$2" "$out"
		return 1
	fi
}

cache=$(go env GOCACHE)/fuzz/$(go list -m)
export work time cache
export -f fuzz

targets=$work/targets
grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed -E 's#/[^/]+:func # #' | sort -u >"$targets"
cut -d' ' -f1 "$targets" | sort -u | while read -r dir; do build "$dir"; done
echo "$(wc -l <"$targets") targets, $time each"
# shellcheck disable=SC2016 # bash -c expands them
xargs -P "$(nproc)" -L 1 bash -c 'fuzz "$0" "$1"' <"$targets"
