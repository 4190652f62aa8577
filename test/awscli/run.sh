#!/bin/sh
# Runs smoke.sh against a server of its own: the binary named by STILE, on the
# project of the SDK tests, in a temporary folder and on free ports.
# needs: aws python3
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${STILE:-}" ] || { echo 'run.sh: set STILE to the binary' >&2; exit 2; }
work=$(mktemp -d)
server=
finish() {
	status=$?
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	[ "$status" = 0 ] || { echo 'log of the server:'; cat "$work/log" 2>/dev/null; } >&2
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

cp -R "$here/../awssdk/testdata/project" "$work/project"
ports=$(python3 -c '
import socket
held = [socket.socket() for _ in range(3)]
for s in held: s.bind(("127.0.0.1", 0))
print(*("127.0.0.1:%d" % s.getsockname()[1] for s in held))')
# The three addresses are meant to be split.
# shellcheck disable=SC2086
set -- $ports
"$STILE" dev "$work/project" --ephemeral --control "$1" --control-tls "$2" --gateway "$3" --ready-file "$work/ready" >"$work/log" 2>&1 &
server=$!
tries=0
until [ -e "$work/ready" ]; do
	kill -0 "$server" 2>/dev/null || { echo 'run.sh: the server ended before it was ready' >&2; exit 1; }
	[ "$tries" -lt 150 ] || { echo 'run.sh: the server is not ready' >&2; exit 1; }
	tries=$((tries + 1))
	sleep 0.2
done
sh "$here/smoke.sh" "http://$1" desk.execute-api.us-east-1.amazonaws.com/desk/ask
