#!/bin/sh
# Everything that CI runs. A suite that fails does not stop the others; one that
# lacks a program of the system is counted and named at the end.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
export GO
sh scripts/check-go.sh

if [ "$(id -u)" = 0 ] || [ -n "${CI:-}" ]; then
	sh scripts/deps.sh || echo "system packages were not installed" >&2
fi
sh scripts/npm.sh || echo "packages of npm were not installed" >&2

report=$(mktemp)
trap 'rm -f "$report"' EXIT
failed=0
skipped=0

# suite NAME COMMAND… runs a command and notes how it ended.
suite() {
	name=$1
	shift
	echo "== $name"
	begin=$(date +%s)
	if "$@"; then word=ok; else
		word=FAILED
		failed=$((failed + 1))
	fi
	printf '%-8s %4ss  %s\n' "$word" "$(($(date +%s) - begin))" "$name" >>"$report"
}

# needs NAME PROGRAM… is true where all programs are there.
needs() {
	name=$1
	shift
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 && continue
		skipped=$((skipped + 1))
		printf '%-8s %5s  %s (no %s)\n' 'not run' '' "$name" "$program" >>"$report"
		return 1
	done
}

formatted() {
	files=$(gofmt -l .) || return 1
	[ -z "$files" ] || {
		echo "not formatted:" $files
		return 1
	}
}

cross() {
	for target in darwin/arm64 linux/arm64; do
		CGO_ENABLED=0 GOOS=${target%/*} GOARCH=${target#*/} "$GO" build ./... || return 1
	done
}

go_tests() {
	if [ "$("$GO" env CGO_ENABLED)" = 1 ] && command -v "$("$GO" env CC)" >/dev/null 2>&1; then
		"$GO" test -race -timeout 15m ./...
	else
		"$GO" test -timeout 15m ./...
	fi
}

# crashes says how many points the crash tests hit, which a passing test alone does not.
crashes() {
	out=$(mktemp)
	status=0
	"$GO" test -count=1 -v -run '^(TestCrash|TestPlantedBugs)' ./internal/engine >"$out" 2>&1 || status=$?
	if [ "$status" = 0 ]; then grep -E 'points hit|seeds,|caught' "$out"; else cat "$out"; fi
	rm -f "$out"
	return "$status"
}

# module DIR tests a module of its own under test/. What it drives is a binary that Go's test
# cache does not see, so a result is never taken from there. What a passing test has to
# tell, which go test does not show, it writes into STILE_FIGURES.
module() {
	STILE_FIGURES=$(mktemp)
	export STILE_FIGURES
	status=0
	(cd "$1" && "$GO" vet ./... && "$GO" test -count=1 -timeout 10m ./...) || status=$?
	cat "$STILE_FIGURES"
	rm -f "$STILE_FIGURES"
	return "$status"
}

# test/story and the other suites use this binary rather than building their own.
STILE=$PWD/bin/stile
export STILE
suite 'build' sh scripts/build.sh "$STILE"
suite 'gofmt' formatted
suite 'vet' "$GO" vet ./...
suite 'build for darwin and arm64' cross
suite 'Go tests' go_tests
suite 'crashes' crashes
for mod in test/*/go.mod; do
	[ -f "$mod" ] || continue
	dir=$(dirname "$mod")
	suite "module $dir" module "$dir"
done
for script in test/*/run.sh; do
	[ -f "$script" ] || continue
	name=$(dirname "$script")
	# A suite of scripts names the programs it needs on a line "# needs: aws jq".
	# The list is meant to be split.
	# shellcheck disable=SC2046
	if needs "$name" $(sed -n 's/^# needs: //p' "$script"); then
		suite "$name" sh "$script"
	fi
done
if [ -f ../shared/tools/aslcheck.py ]; then
	if needs 'recorded cases' python3; then
		suite 'recorded cases' sh scripts/conformance.sh "$STILE" floor
	fi
fi
suite 'fuzz' sh scripts/fuzz.sh 90

echo
cat "$report"
if [ "$skipped" -gt 0 ]; then
	echo "$skipped suites not run: sudo make deps"
	[ -z "${CI:-}" ] || exit 1
fi
[ "$failed" = 0 ]
