# shellcheck shell=bash
# Shared by the tests of the service: the root file system that they boot, and the probe. Sourced after lib.sh, not run.
missing=()
need mmdebstrap mmdebstrap
need gcc gcc
need libc6-dev /usr/include/stdlib.h
install_missing
base=${TWOSTEPD_TEST_BASE:-$PWD/.build-systemd/base}

# Makes the root file system at $base, unless one of the same recipe exists.
make_base() {
    mkdir -p "$(dirname "$base")"
    local recipe
    recipe=$(sha256sum <Tests/Service/make-base.sh | cut -c 1-16)${DEBIAN_RELEASE:-}
    [ "$(cat "$base.recipe" 2>/dev/null)" != "$recipe" ] || return 0
    echo "== making the root file system"
    rm -rf "$base" "$base.new"
    Tests/Service/make-base.sh "$base" || {
        echo "NOT tested: no root file system can be made here; is there a way to a Debian mirror?" >&2
        exit 69
    }
    echo "$recipe" >"$base.recipe"
}

# make_probe FILE: builds the program that probes the sandbox. Static, so that it needs no library path.
make_probe() { gcc -Wall -Wextra -Werror -O1 -static -o "$1" Tests/Service/probe.c; }
