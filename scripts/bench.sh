#!/bin/sh
# Runs the benchmarks of a unit of work: a transition, a commit group, a gateway
# exchange with the policies of examples/orders, an execution of five Tasks over
# the wire API. docs/benchmarks.md says how to read them.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
sh scripts/check-go.sh
dirs=$(grep -rl --include='*_test.go' '^func BenchmarkUnit' . | grep -v /testdata/ | xargs -n1 dirname | sort -u)
# The list of folders is meant to be split.
# shellcheck disable=SC2086
"$go" test -run '^$' -bench '^BenchmarkUnit' -benchmem -count "${COUNT:-3}" $dirs
# A server of its own, what an execution costs it, and what the bare wires do.
GO=$go sh scripts/build.sh bin/stile
exec "$go" run ./test/bench -stile bin/stile -only empty,five,many,signal,polled,express,latency,loop,disk
