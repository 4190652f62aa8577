#!/bin/sh
# Fuzzes every target for a short while, one after the other, until the time is
# up; the day decides which target begins, so that all get their turn.
# usage: fuzz.sh SECONDS
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
budget=${1:-90}
turn=4

list=$(mktemp)
log=$(mktemp)
trap 'rm -f "$list" "$log"' EXIT
grep -rn --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*(' . | grep -v /testdata/ |
	sed 's|^\./\(.*\)/[^/]*_test\.go:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\)(.*|\1 \2|' |
	sort >"$list"
count=$(wc -l <"$list")
if [ "$count" -eq 0 ]; then
	echo "no fuzz targets"
	exit 0
fi

end=$(($(date +%s) + budget))
at=$(($(date +%s) / 86400 * (budget / (turn * 2) + 1) % count))
done=0
# A target is built before its turn begins: the last one must fit too.
while [ "$done" -lt "$count" ] && [ "$(($(date +%s) + turn + 4))" -lt "$end" ]; do
	line=$(sed -n "$((at % count + 1))p" "$list")
	dir=${line% *}
	target=${line#* }
	left=$((end - $(date +%s)))
	[ "$left" -gt "$turn" ] && left=$turn
	echo "fuzz $dir $target (${left}s)"
	if ! "$go" test -run '^$' -fuzz "^$target\$" -fuzztime "${left}s" "./$dir" >"$log" 2>&1; then
		# The go command calls it a failure where the time is up in the middle of an input.
		if ! grep -q '^ *context deadline exceeded$' "$log" || grep -q 'Failing input' "$log"; then
			cat "$log"
			exit 1
		fi
	fi
	grep '^fuzz: elapsed' "$log" | tail -n 1
	at=$((at + 1))
	done=$((done + 1))
done
echo "$done of $count targets had their turn"
