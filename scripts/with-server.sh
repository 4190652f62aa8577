#!/bin/sh
# Runs a command with a server of its own: a copy of a project, in a temporary folder
# and on free ports. The command finds the server at STILE_ENDPOINT, and a folder that
# is removed at the end at STILE_WORK.
# usage: with-server.sh dev|serve PROJECT COMMAND…   with STILE, the binary
set -eu
[ -n "${STILE:-}" ] || { echo 'set STILE to the binary' >&2; exit 2; }
mode=$1
project=$2
shift 2
STILE_WORK=$(mktemp -d)
server=
finish() {
	status=$?
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	[ "$status" = 0 ] || { echo 'log of the server:'; cat "$STILE_WORK/log" 2>/dev/null; } >&2
	rm -rf "$STILE_WORK"
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

cp -R "$project" "$STILE_WORK/project"
ports=$(python3 -c '
import socket
held = [socket.socket() for _ in range(3)]
for s in held: s.bind(("127.0.0.1", 0))
print(*("127.0.0.1:%d" % s.getsockname()[1] for s in held))')
control=${ports%% *}
gateway=${ports##* }
tls=${ports#* }
tls=${tls% *}
"$STILE" "$mode" "$STILE_WORK/project" --ephemeral --control "$control" --control-tls "$tls" --gateway "$gateway" \
	--ready-file "$STILE_WORK/ready" >"$STILE_WORK/log" 2>&1 &
server=$!
tries=0
until [ -e "$STILE_WORK/ready" ]; do
	kill -0 "$server" 2>/dev/null || { echo 'the server ended before it was ready' >&2; exit 1; }
	[ "$tries" -lt 150 ] || { echo 'the server is not ready' >&2; exit 1; }
	tries=$((tries + 1))
	sleep 0.2
done
STILE_ENDPOINT=http://$control
export STILE_ENDPOINT STILE_WORK
"$@"
