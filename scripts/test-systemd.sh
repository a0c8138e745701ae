#!/bin/bash
# Tests the service under a real systemd, in a throw-away machine: package, units, sandbox, credentials, hard times.
#
#   scripts/test-systemd.sh [PACKAGE]
#
# Installs its requirements, builds the package unless one is given, makes a root file system once, and boots it. Must
# run as root where namespaces can be made and a Debian mirror is in reach; elsewhere it prints that and exits with 69.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ] || ! unshare --mount --pid --fork true 2>/dev/null; then
    echo "NOT tested: the service's test must run as root where namespaces can be made" >&2
    exit 69
fi
missing=()
need systemd-container systemd-nspawn
need procps pgrep
need util-linux nsenter
need jq jq
need sqlite3 sqlite3
need dpkg-dev dpkg-shlibdeps
install_missing
# shellcheck source=scripts/lib-systemd.sh
. scripts/lib-systemd.sh
package=${1:-$(scripts/package.sh)}
make_base
began=$SECONDS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make_probe "$work/probe"
# The previous package: the same but for its version.
dpkg-deb -R "$package" "$work/previous"
sed -i 's/^Version: .*/Version: 0.0.9-1/' "$work/previous/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$work/previous" "$work/previous.deb" >/dev/null
rm -rf "$work/previous"
PACKAGE=$(readlink -f "$package") PREVIOUS=$work/previous.deb PROBE=$work/probe \
    Tests/Service/box.sh "$base" Tests/Service/checks.sh
echo "the service test took $((SECONDS - began)) s"
