#!/usr/bin/env bash
# Puts the tables of a run into a document, between its lines <!-- NAME -->
# and <!-- end of NAME -->, where NAME is "run" if it is not given.
#
#     insert.sh TABLE DOCUMENT [NAME]
set -euo pipefail

new=$(mktemp)
trap 'rm -f "$new"' EXIT
awk -v table="$1" -v name="${3:-run}" '
	$0 == "<!-- end of " name " -->" { inside = 0 }
	!inside { print }
	$0 == "<!-- " name " -->" {
		inside = 1
		while ((getline line < table) > 0) print line
	}' "$2" >"$new"
cat "$new" >"$2"
