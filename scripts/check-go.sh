#!/bin/sh
# Checks that Go is there and new enough, before anything else is tried.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
want=$(sed -n 's/^go \([0-9][0-9.]*\)$/\1/p' go.mod)

get() {
	echo "stile needs Go $want or newer ($1): unpack it from https://go.dev/dl/ and put its bin folder first in PATH" >&2
	exit 1
}

command -v "$go" >/dev/null 2>&1 || get "none found"
have=$(GOTOOLCHAIN=local "$go" env GOVERSION 2>/dev/null) || get "$go does not work"
have=${have#go}
# Compare the first two numbers, then the third; a suffix such as rc1 counts as 0.
older=$(printf '%s %s\n' "$have" "$want" | awk '{
	gsub(/[a-z].*/, "", $1)
	split($1, h, "."); split($2, w, ".")
	for (i = 1; i <= 3; i++) if (h[i] + 0 != w[i] + 0) { print (h[i] + 0 < w[i] + 0); exit }
	print 0
}')
[ "$older" = 0 ] || get "found $have"
