#!/bin/sh
# Runs the full figures of the gate: every fuzz target of its packages for 10 minutes, the
# property tests of limits and of loading with many more cases, swaps under load under the
# race detector, and the bombs. It stops after an hour and goes on from there when it is
# called again; what it found so far stands in docs/soak/gate.md. A new commit begins anew.
# usage: soak-gate.sh [SECONDS_A_TARGET [SECONDS_IN_ALL]]
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
each=${1:-${FUZZ_SECONDS:-600}}
all=${2:-3500}
state=.soak/gate
page=docs/soak/gate.md

commit=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain --untracked-files=no -- . ':!docs/soak')" ] || commit="$commit and changes"
if [ "$(cat "$state/commit" 2>/dev/null || :)" != "$commit $each" ]; then
	rm -rf "$state"
	mkdir -p "$state"
	echo "$commit $each" >"$state/commit"
	date -u '+%d %B %Y, %H:%M UTC' | sed 's/^0//' >"$state/begun"
	od -An -N4 -tu4 /dev/urandom | tr -d ' ' >"$state/seed"
fi
seed=$(cat "$state/seed")
end=$(($(date +%s) + all))

targets=$(grep -rn --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*(' policy internal/gateway internal/identity internal/odata internal/openapi internal/policies |
	grep -v /testdata/ |
	sed 's|^\(.*\)/[^/]*_test\.go:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\)(.*|\1:\2|' | sort)

# one NAME PATTERN SECONDS COMMAND… runs a part once, where that many seconds are left,
# and keeps its last telling line; it gives 1 where the time is up.
one() {
	name=$1
	pick=$2
	need=$3
	shift 3
	key=$(echo "$name" | tr '/: ' '___')
	[ -f "$state/$key.done" ] && return 0
	left=$((end - $(date +%s)))
	[ "$left" -gt "$need" ] || return 1
	echo "$name"
	began=$(date +%s)
	if ! "$@" >"$state/$key.log" 2>&1; then
		# The go command calls it a failure where the time is up in the middle of an input.
		if ! grep -q '^ *context deadline exceeded$' "$state/$key.log" || grep -q 'Failing input' "$state/$key.log"; then
			cat "$state/$key.log"
			exit 1
		fi
	fi
	line=$(grep -E "$pick" "$state/$key.log" | tail -n 1 | sed 's/^[^:]*go:[0-9]*: //; s/^ *//; s/|/\\|/g')
	echo "| $name | $(($(date +%s) - began)) s | $line |" >"$state/$key.done"
}

report() {
	{
		echo '# Soak: the gate'
		echo
		echo "\`make soak-gate\`, begun $(cat "$state/begun"), commit $commit, seed $seed, $each s for each fuzz target, $(nproc 2>/dev/null || echo '?') cores."
		echo
		if [ "$1" = yes ]; then
			echo 'All parts ran; none failed.'
		else
			echo 'Not all parts ran yet: call it again to go on. None failed so far.'
		fi
		echo
		echo '| part | time | last line |'
		echo '|---|---|---|'
		cat "$state"/*.done 2>/dev/null || :
	} >"$page"
	echo "$page is written"
}

trap 'report no; exit 1' INT TERM
whole=yes
one 'a load of what changed equals a fresh one' '^ok' 300 "$go" test -count 1 -timeout 30m -run TestCacheIsAFreshLoad ./internal/files -rapid.checks=5000 -rapid.seed="$seed" || whole=no
one 'limits at every position of the window' '^ok' 300 "$go" test -count 1 -timeout 30m -run 'TestWindowProperty|TestMeterAgainstModel' ./internal/ratelimit -rapid.checks=20000 -rapid.seed="$seed" || whole=no
one 'swaps under load, race detector' '^ok' 300 "$go" test -count 20 -race -timeout 30m -run 'TestReloadUnderLoad|TestMixedRevisionsAreSeen' ./internal/gateway || whole=no
one 'bombs' '^ok' 300 "$go" test -count 1 -timeout 30m -run 'TestBombs' ./internal/app || whole=no
for target in $targets; do
	dir=${target%:*}
	one "fuzz $dir ${target#*:}" '^fuzz: elapsed' "$each" "$go" test -run '^$' -fuzz "^${target#*:}\$" -fuzztime "${each}s" "./$dir" || whole=no
done
report "$whole"
