#!/bin/sh
# Drives a server with the AWS CLI: calls.py makes a call of each action, smoke.sh is a
# walk from a state machine to a task token, connections.sh one through a connection.
# needs: aws python3
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${STILE_ENDPOINT:-}" ]; then
	exec sh "$here/../../scripts/with-server.sh" dev "$here/../awssdk/testdata/project" sh "$here/run.sh"
fi
mkdir -p "$STILE_WORK/home"
python3 "$here/calls.py" "$STILE_ENDPOINT" "$STILE_WORK/home" \
	"$here/../../../shared/conformance/models/stepfunctions-2016-11-23.service-2.json"
sh "$here/smoke.sh" "$STILE_ENDPOINT" desk.execute-api.us-east-1.amazonaws.com/desk/ask
sh "$here/connections.sh" "$STILE_ENDPOINT"
