#!/bin/sh
# Runs the recorded cases of Step Functions against a fresh server and the corpora of
# the languages, writes docs/conformance.md, and fails where fewer pass than it said.
# With "floor" it only checks the rows of recorded cases and writes nothing.
# usage: conformance.sh STILE [floor]
set -eu
cd "$(dirname "$0")/.."
stile=${1:-bin/stile}
floor=${2:-}
go=${GO:-go}
cases=../shared/conformance/asl
check=../shared/tools/aslcheck.py
if [ ! -f "$check" ] || [ ! -d "$cases" ]; then
	echo "recorded cases: not at $check and $cases"
	exit 0
fi

work=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

mkdir "$work/empty"
# Three free ports.
# shellcheck disable=SC2046
set -- $(python3 -c '
import socket
held = [socket.socket() for _ in range(3)]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])')
"$stile" dev "$work/empty" --ephemeral --control "127.0.0.1:$1" --control-tls "127.0.0.1:$2" \
	--gateway "127.0.0.1:$3" --ready-file "$work/ready" >"$work/log" 2>&1 &
pid=$!
tries=0
while [ ! -f "$work/ready" ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then
		echo "the server did not start:"
		cat "$work/log"
		exit 1
	fi
	sleep 0.1
done

# The check's own exit status says whether every case passes; the page's rows decide
# here. These areas need no other service; activities have a worker in the check.
# The cases of the API come first and one by one, since some list all that there is.
python3 scripts/recorded_api.py "$check" "http://127.0.0.1:$1" "$cases" >"$work/out" 2>&1 || {
	cat "$work/out"
	exit 1
}
python3 "$check" --endpoint "http://127.0.0.1:$1" --show "${SHOW:-0}" --needs none \
	--kind execution --kind test_state --kind validate "$cases" >>"$work/out" 2>&1 || :
cat "$work/out"
grep -q '[0-9] passed, ' "$work/out" || exit 1

if [ -n "$floor" ]; then
	python3 scripts/conformance.py "$work/out"
	exit
fi

# The other corpora are tests; "make test" runs them with floors, and the differential
# as a sample.
figures() {
	(cd "$1" && "$go" test -count 1 -v -timeout 50m -run "$2" . -args $3) >>"$work/figures" 2>&1 || {
		cat "$work/figures"
		exit 1
	}
}
figures jsonata '^TestSuite$' ''
figures jsonpath RFC9535 ''
figures asl '^TestValidatorCorpus$' ''
figures asl/interp '^TestRecorded$' ''
figures internal/teststate Recorded ''
figures policy '^TestCorpusParse$' ''
figures internal/policies '^TestCorpusCompile$' ''
[ ! -d test/jsonata/node_modules ] || figures test/jsonata '^TestDifferential$' "-n=${N:-50000} -seed=2006"
# Expressions against the C# compiler; what differs is written to .conformance.
if command -v mcs >/dev/null 2>&1 && command -v mono >/dev/null 2>&1; then
	CSHARP_DIR=$PWD/.conformance/csharp
	export CSHARP_DIR
	rm -rf "$CSHARP_DIR"
	figures test/csharp '^Test' "-mutants=${MUTANTS:-10000} -seed=6"
else
	echo 'C#: not run (apt: mono-mcs mono-runtime libnewtonsoft-json5.0-cil)'
fi
grep 'figure: ' "$work/figures" | sed 's/.*figure: //'
python3 scripts/conformance.py "$work/out" "$work/figures"
