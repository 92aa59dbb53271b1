#!/bin/sh
# deps.sh PACKAGE...: installs the Debian packages of the list that are missing. Says what it does; when all are
# there it does and says nothing.
set -eu

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "deps: this is no Debian system; please see that you have what these packages bring: $*"
    exit 0
fi

missing=
for p in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "deps: these packages are missing:$missing" >&2
        echo "deps: please run as root: apt-get update && apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    sudo=sudo
fi

echo "deps: installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt() {
    # The lock waits: another apt may be at work on a machine that has just started.
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" </dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { apt update && apt install --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "deps: apt-get failed; the lines above say why" >&2
    exit 1
fi
echo "deps: done"
