#!/usr/bin/env bash
# Runs govulncheck. Where its database cannot be reached, says so and passes:
# that says nothing about the code. Anything else that fails, fails.
set -uo pipefail
out=$(go run "$1" ./... 2>&1)
status=$?
if [ $status -ne 0 ] && grep -qE 'fetching vulnerabilities|vuln\.go\.dev' <<<"$out"; then
	echo "govulncheck: its database cannot be reached from here; not checked"
	exit 0
fi
printf '%s\n' "$out"
exit $status
