#!/usr/bin/env bash
# The long forms of the tests: soak.sh [name...], all of them without a name.
# What each logs is kept in docs/soak/NAME.txt. See docs/reliability.md.
set -euo pipefail
cd "$(dirname "$0")/.."

# soaks lists them: a name, and what is given to go test, or a script.
soaks() {
	cat <<-'END'
		store-crash     -run TestPowerCut ./internal/platform/storage/embedded/
		server-crash    -run TestPowerCut ./internal/crashtest/
		pack-rot        -run TestPackRot ./internal/platform/storage/embedded/
		index-rot       -run TestIndexRot ./internal/platform/storage/embedded/
		backup-repair   -run (BackupUnderLoad|IndexLost) ./internal/flow/integrity/
		faulty-disk     -run (OperationsFail|FaultsUnderLoad|SlowDisk) ./internal/crashtest/
		kill            -tags clients -run (KillUnderLoad|DiskFullUnderLoad) ./internal/clienttest/
		load-files      -tags clients -run TestFilesRunOut ./internal/clienttest/
		network         -run TestBadNetwork ./internal/server/
		load-slow       -tags clients -run TestSlowClients ./internal/clienttest/
		load-deliver    -tags clients -run TestCrowdDelivers ./internal/clienttest/
		load-large      -tags clients -run TestLargeMailbox ./internal/clienttest/
		load-flood      -tags clients -run TestFlood$ ./internal/clienttest/
		load-hostile    -tags clients -run TestMemoryAndNeighbours ./internal/clienttest/
		load-stranger   -tags clients -run TestCostBeforeLogin ./internal/clienttest/
		load-crowd      -tags clients -run TestCrowdConnects ./internal/clienttest/
		concurrency     -cpu 1,2,16 -run TestAllAtOnce ./internal/server/
		concurrency-race  -race -cpu 16 -run TestAllAtOnce/^[0-5]$ ./internal/server/
		mime            -tags clients -run TestBeside ./message/ ./internal/clienttest/
		testssl         -tags clients -run TestTLSSettings ./internal/clienttest/
		fuzz            ./scripts/fuzz.sh 20s
	END
}

# What is measured, before the first output changes a file.
version=$(git describe --tags --always --dirty)

# soak runs one of them and keeps its output, without what differs by machine.
soak() {
	local name=$1 out=docs/soak/$1.txt status=0
	shift
	local run=(go test -v -count=1 -timeout 3h "$@")
	[[ $1 != ./scripts/* ]] || run=("$@")
	printf '%s: %s\n' "$name" "${run[*]}"
	{
		printf '$ MAILSTEAD_SOAK=1 %s\n' "${run[*]}"
		printf '%s, %s, %s processors\n\n' "$version" "$(date -u +'%F %R UTC')" "$(nproc)"
	} >"$out"
	case " $* " in *' -race '*) local -x CGO_ENABLED=1 ;; esac
	# shellcheck disable=SC2086 # the arguments are words
	MAILSTEAD_SOAK=1 MAILSTEAD_BIN=$PWD/bin/mailstead "${run[@]}" 2>&1 |
		sed -e "s#$PWD#.#g" | grep -v -e '^=== ' >>"$out" || status=1
	tail -n 1 "$out"
	return $status
}

failed=0
while read -r name args; do
	if [ $# -eq 0 ] || printf '%s\n' "$@" | grep -qx "$name"; then
		# shellcheck disable=SC2086
		soak "$name" $args </dev/null || failed=1
	fi
done < <(soaks)
exit $failed
