#!/bin/sh
# Installs what tests take from npm, at the versions and hashes of their lock
# files: jsonata.js for test/jsonata, AWS's SDK for test/awsjs. Nothing of it is kept in the repository.
set -eu
cd "$(dirname "$0")/.."

for lock in test/*/package-lock.json; do
	[ -f "$lock" ] || continue
	dir=$(dirname "$lock")
	# npm keeps a copy of the lock file beside what it installed.
	[ "$dir/node_modules/.package-lock.json" -nt "$lock" ] && continue
	if ! command -v npm >/dev/null 2>&1; then
		echo "$dir: what it takes from npm was not installed (no npm)" >&2
		exit 1
	fi
	(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
done
