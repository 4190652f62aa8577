#!/bin/sh
# Runs the recorded cases of Step Functions against a fresh server, prints the
# passes of each area, and fails where an area passes fewer than
# docs/conformance.md says.
# usage: conformance.sh STILE
set -eu
cd "$(dirname "$0")/.."
stile=${1:-bin/stile}
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

# The check's own exit status says whether every case passes; the floor decides here.
python3 "$check" --endpoint "http://127.0.0.1:$1" --area base --area choice --area intrinsic --area scenarios --area api --area api-aliasing \
	--area api-logs --area api-tagging --area api-variable-references --area api-versioning --area test-state --area validate \
	--show "${SHOW:-0}" "$cases" >"$work/out" 2>&1 || :
cat "$work/out"
grep -q ' passed ' "$work/out" || exit 1

# A row "| kind | area | passed | …" of the document is a floor.
awk '
	NR == FNR { if ($3 + 0 == $3 && $4 == "passed") got[$1 "/" $2] = $3; next }
	/^\|/ {
		n = split($0, cell, "|")
		for (i = 1; i <= n; i++) gsub(/^ +| +$/, "", cell[i])
		if (cell[4] !~ /^[0-9]+$/) next
		name = cell[2] "/" cell[3]
		if (got[name] + 0 < cell[4] + 0) {
			print name ": " got[name] + 0 " passed, docs/conformance.md says " cell[4]
			worse = 1
		}
	}
	END { exit worse }
' "$work/out" docs/conformance.md
