#!/usr/bin/env bash
# Puts the table of a run into a document, between its lines <!-- run -->
# and <!-- end of run -->.
#
#     insert.sh TABLE DOCUMENT
set -euo pipefail

new=$(mktemp)
trap 'rm -f "$new"' EXIT
awk -v table="$1" '
	/^<!-- end of run -->$/ { inside = 0 }
	!inside { print }
	/^<!-- run -->$/ {
		inside = 1
		while ((getline line < table) > 0) print line
	}' "$2" >"$new"
cat "$new" >"$2"
