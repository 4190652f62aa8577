#!/bin/sh
# Runs the full figures of the engine: kill -9 of the real binary, power loss, the
# simulation, races, faults of disks, backups and formats. It stops after an hour
# and goes on from there when it is called again; what it found so far stands in
# docs/soak/engine.md. A new commit begins anew.
# usage: soak-engine.sh [SECONDS_IN_ALL]
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
all=${1:-3500}
state=.soak/engine
page=docs/soak/engine.md

# One part a line: the package, the tests in it, the part's name. A part is one go
# test with STILE_SOAK=1, and what it counted are the lines that begin with "figure: ".
parts() {
	cat <<'END'
./test/kill                ^TestKill$                          kill -9 of the real binary
./test/kill                ^TestLossIsSeen$                    kill -9: the control that loses a part
./internal/engine          ^(TestPowerLoss|TestTornIsFound)$   power loss on Pebble's crashable file system
./internal/engine          ^TestPowerLossPlanted$              power loss: the planted bugs
./internal/engine          ^(TestCrash|TestPlantedBugs)        a crash at every store call
./internal/kv/pebblekv     ^TestCrash                          crashes of the store alone
./asl/history              ^Test                               the rules of histories, on those that AWS recorded
./internal/engine          ^TestSimulation                     simulation
./internal/engine          ^TestLinear                         races of tokens and of starts
./internal/engine          ^TestFault                          faults of the disk, in the engine
./test/faults              ^Test                               faults of the disk, the real binary
./internal/backup          ^Test                               backups
./test/formats             ^Test                               formats of the data folder, backups under load
END
}

commit=$(git rev-parse --short HEAD)
[ -z "$(git status --porcelain --untracked-files=no -- . ':!docs/soak')" ] || commit="$commit and changes"
if [ "$(cat "$state/commit" 2>/dev/null || :)" != "$commit" ]; then
	rm -rf "$state"
	mkdir -p "$state"
	echo "$commit" >"$state/commit"
	date -u '+%d %B %Y, %H:%M UTC' | sed 's/^0//' >"$state/begun"
	od -An -N3 -tu4 /dev/urandom | tr -d ' ' >"$state/seed"
fi
seed=$(cat "$state/seed")
end=$(($(date +%s) + all))

# one PACKAGE PATTERN NAME runs a part once and keeps its figures; it gives 1 where
# the time is up. A part whose tests are not there has no figures and is said to be absent.
one() {
	package=$1
	pattern=$2
	name=$3
	key=$(echo "$name" | tr -c 'a-zA-Z0-9\n' '_')
	[ -f "$state/$key.done" ] && return 0
	left=$((end - $(date +%s)))
	[ "$left" -gt 60 ] || return 1
	[ -d "$package" ] || {
		absent=$((absent + 1))
		return 0
	}
	echo "$name"
	began=$(date +%s)
	if ! STILE_SOAK=1 STILE_SEED=$seed "$go" test -count 1 -v -timeout 58m -run "$pattern" "$package" >"$state/$key.log" 2>&1; then
		cat "$state/$key.log"
		echo "failed: STILE_SOAK=1 STILE_SEED=$seed $go test -count 1 -v -run '$pattern' $package" >&2
		exit 1
	fi
	if grep -q 'no tests to run' "$state/$key.log"; then
		absent=$((absent + 1))
		return 0
	fi
	figures=$(sed -n 's/^.*figure: //p' "$state/$key.log" | sed 's/|/\\|/g' | awk 'NR > 1 { printf "<br>" } { printf "%s", $0 }')
	[ -n "$figures" ] || figures="$(grep -c '^--- PASS' "$state/$key.log") tests pass"
	echo "| $name | $(($(date +%s) - began)) s | $figures |" >"$state/$key.done"
}

report() {
	{
		echo '# Soak: the engine'
		echo
		echo "\`make soak-engine\`, begun $(cat "$state/begun"), commit $commit, seed $seed, $(nproc 2>/dev/null || echo '?') cores."
		echo
		if [ "$whole" = yes ]; then
			echo 'All parts ran; none failed.'
		else
			echo 'Not all parts ran yet: call it again to go on. None failed so far.'
		fi
		[ "$absent" = 0 ] || echo "$absent parts have no tests in this commit."
		echo
		echo '| part | time | figures |'
		echo '|---|---|---|'
		parts | while read -r _ _ name; do
			key=$(echo "$name" | tr -c 'a-zA-Z0-9\n' '_')
			cat "$state/$key.done" 2>/dev/null || :
		done
	} >"$page"
	echo "$page is written"
}

whole=no
absent=0
trap 'whole=no; report; exit 1' INT TERM
GO=$go sh scripts/build.sh bin/stile
STILE=$PWD/bin/stile
export STILE
list=$(mktemp)
parts >"$list"
whole=yes
while read -r package pattern name <&3; do
	one "$package" "$pattern" "$name" || whole=no
done 3<"$list"
rm -f "$list"
report
