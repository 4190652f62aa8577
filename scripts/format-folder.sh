#!/bin/sh
# Writes the data folder of a binary's format, with executions that wait in every
# kind, to test/formats/testdata. Do it with the last binary of a format, before the
# next format begins, and keep what it wrote.
# usage: format-folder.sh [BINARY [FORMAT]]
# Without BINARY the present tree is built. FORMAT leaves out kinds of executions
# that the binary of an older format does not have.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
kinds=${2:-1000}
binary=${1:-}
if [ -z "$binary" ]; then
	binary=$(mktemp -d)/stile
	trap 'rm -rf "$(dirname "$binary")"' EXIT
	CGO_ENABLED=0 "$go" build -o "$binary" ./cmd/stile
fi
case $binary in /*) ;; *) binary=$PWD/$binary ;; esac
"$go" test ./test/formats -count=1 -v -run '^TestWriteFolder$' -args \
	-binary "$binary" -kinds "$kinds" -out "$PWD/test/formats/testdata/format-FORMAT.tar.gz"
