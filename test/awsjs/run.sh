#!/bin/sh
# Drives a server with AWS's SDK for JavaScript: calls.mjs one that takes any
# credentials, signed.mjs one that wants signatures.
# needs: node python3
set -eu
here=$(cd "$(dirname "$0")" && pwd)
with=$here/../../scripts/with-server.sh
if [ ! -d "$here/node_modules/@aws-sdk/client-sfn" ]; then
	echo "the SDK is not in $here/node_modules: make deps" >&2
	exit 1
fi
sh "$with" dev "$here/../awssdk/testdata/project" node "$here/calls.mjs"
STILE_SDK_KEY='wJalr/+secret of the SDK='
export STILE_SDK_KEY
sh "$with" serve "$here/../awssdk/testdata/served" node "$here/signed.mjs"
