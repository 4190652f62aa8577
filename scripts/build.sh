#!/bin/sh
# Builds the binary and shows that something is going on: the first build from
# empty caches compiles some hundred packages.
# usage: build.sh OUTPUT
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
out=${1:-bin/stile}
sh scripts/check-go.sh
mkdir -p "$(dirname "$out")"

# Without a usable git the commit is left out of `stile version`.
vcs=auto
git rev-parse HEAD >/dev/null 2>&1 || vcs=false

status=$(mktemp)
trap 'rm -f "$status"' EXIT
echo 1 >"$status"
{
	CGO_ENABLED=0 "$go" build -v -buildvcs=$vcs -o "$out" ./cmd/stile 2>&1
	echo $? >"$status"
} | awk '
	/^go: downloading / { loads++; if (loads % 10 == 1) print "  downloading modules (" loads ")"; fflush(); next }
	/^[A-Za-z0-9_.\/-]+$/ { built++; if (built % 50 == 0) print "  compiled " built " packages"; fflush(); next }
	{ print; fflush() }
' >&2
exit "$(cat "$status")"
