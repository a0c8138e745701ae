#!/bin/bash
# Tests the service under a real systemd, in a throw-away machine: package, units, sandbox, credentials, hard times.
#
#   scripts/test-systemd.sh [PACKAGE]
#
# Installs what it needs, builds the package unless one is given, makes a root file system once, and boots it. It must
# run as root, where namespaces can be made; where that cannot be had it fails. TWOSTEPD_SKIP_SYSTEMD=1 skips it.
. "$(dirname "$0")/lib.sh"
if [ "${TWOSTEPD_SKIP_SYSTEMD:-}" = 1 ]; then
    echo "the service is NOT tested: TWOSTEPD_SKIP_SYSTEMD is set"
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! unshare --mount --pid --fork true 2>/dev/null; then
    echo "the service cannot be tested: run as root where namespaces can be made, or set TWOSTEPD_SKIP_SYSTEMD=1" >&2
    exit 1
fi
missing=()
need systemd-container systemd-nspawn
need mmdebstrap mmdebstrap
need procps pgrep
need util-linux nsenter
need jq jq
need gcc gcc
need libc6-dev /usr/include/stdlib.h
need dpkg-dev dpkg-shlibdeps
install_missing
package=${1:-$(scripts/package.sh)}
base=${TWOSTEPD_TEST_BASE:-$PWD/.build-systemd/base}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$(dirname "$base")"
recipe=$(sha256sum <Tests/Service/make-base.sh | cut -c 1-16)${DEBIAN_RELEASE:-}
if [ "$(cat "$base.recipe" 2>/dev/null)" != "$recipe" ]; then
    echo "== making the root file system"
    rm -rf "$base" "$base.new"
    Tests/Service/make-base.sh "$base"
    echo "$recipe" >"$base.recipe"
fi
gcc -Wall -Wextra -Werror -O1 -o "$work/probe" Tests/Service/probe.c
# The previous package: the same but for its version.
dpkg-deb -R "$package" "$work/previous"
sed -i 's/^Version: .*/Version: 0.0.9-1/' "$work/previous/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$work/previous" "$work/previous.deb" >/dev/null
PACKAGE=$(readlink -f "$package") PREVIOUS=$work/previous.deb PROBE=$work/probe \
    Tests/Service/box.sh "$base" Tests/Service/checks.sh
echo "the service test took $SECONDS s"
