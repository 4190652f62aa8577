#!/bin/sh
# Installs the system packages that some suites of `make test` need, those that
# are missing alone.
set -eu

# command:package
needs='aws:awscli curl:curl jq:jq python3:python3 git:git chromium:chromium npm:npm strace:strace redis-server:redis-server'

missing=
for need in $needs; do
	command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need#*:}"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "install by hand:$missing" >&2
	exit 1
fi
as=
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "root is needed to install$missing: sudo make deps" >&2
		exit 1
	fi
	as=sudo
fi
$as apt-get update -qq
# The list of packages is meant to be split.
# shellcheck disable=SC2086
$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
