#!/bin/sh
# Runs the full figures of the language of steps: every fuzz target of its
# packages for 10 minutes, the recorded corpora, and the differential against
# jsonata.js. It stops after an hour and goes on from there when it is called again;
# what it found so far stands in docs/soak/language.md. A new commit begins anew.
# usage: soak-language.sh [SECONDS_A_TARGET [SECONDS_IN_ALL]]
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
each=${1:-600}
all=${2:-3500}
state=.soak/language
page=docs/soak/language.md

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

targets=$(grep -rn --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*(' asl jsonata jsonpath jsonval rx internal/mock |
	grep -v /testdata/ |
	sed 's|^\(.*\)/[^/]*_test\.go:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\)(.*|\1:\2|' | sort)

# one NAME COMMAND… runs a part once and keeps its last telling line.
one() {
	name=$1
	pick=$2
	shift 2
	key=$(echo "$name" | tr '/: ' '___')
	[ -f "$state/$key.done" ] && return 0
	left=$((end - $(date +%s)))
	[ "$left" -gt 30 ] || return 1
	echo "$name"
	began=$(date +%s)
	if ! "$@" >"$state/$key.log" 2>&1; then
		# The go command calls it a failure where the time is up in the middle of an input.
		if ! grep -q '^ *context deadline exceeded$' "$state/$key.log" || grep -q 'Failing input' "$state/$key.log"; then
			cat "$state/$key.log"
			exit 1
		fi
	fi
	echo "| $name | $(($(date +%s) - began)) s | $(grep -E "$pick" "$state/$key.log" | tail -n 1 | sed 's/^[^:]*go:[0-9]*: //; s/^ *//; s/|/\\|/g') |" >"$state/$key.done"
}

report() {
	{
		echo '# Soak: the language of steps'
		echo
		echo "\`make soak-language\`, begun $(cat "$state/begun"), commit $commit, seed $seed, $each s for each fuzz target."
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

trap 'report no' INT TERM
whole=yes
one 'corpora' 'figure: ' "$go" test -count 1 -v -run 'TestSuite|RFC9535|TestValidatorCorpus|TestRecorded' ./jsonata ./jsonpath ./asl ./asl/interp ./internal/teststate || whole=no
one 'differential with jsonata.js' 'figure: ' sh -c "cd test/jsonata && '$go' test -count 1 -v -timeout 50m -run Differential -args -n=50000 -seed=$seed" || whole=no
for target in $targets; do
	dir=${target%:*}
	one "fuzz $dir ${target#*:}" '^fuzz: elapsed' "$go" test -run '^$' -fuzz "^${target#*:}\$" -fuzztime "${each}s" "./$dir" || whole=no
done
report "$whole"
