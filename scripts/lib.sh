# shellcheck shell=bash
# Shared by the scripts: the path of the tree, and the packages that a fresh Debian or Ubuntu machine needs. Sourced,
# not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# need PACKAGE FILE: installs a Debian package when FILE (a path, or a command's name) is missing.
need() {
    [ -e "$2" ] || command -v "$2" >/dev/null 2>&1 && return 0
    missing+=("$1")
}

install_missing() {
    [ "${#missing[@]}" -gt 0 ] || return 0
    local sudo=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || {
            echo "these packages are needed: ${missing[*]}. Run as root: apt-get install ${missing[*]}" >&2
            exit 1
        }
        sudo=sudo
    fi
    echo "== installing ${missing[*]}"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null
}

# unpacked PACKAGE COMMAND [sbin]: makes COMMAND available in PATH. If necessary it unpacks the Debian package PACKAGE
# below .build-tools without installing it: some packages start a service at installation.
unpacked() {
    command -v "$2" >/dev/null 2>&1 && return 0
    local folder=$PWD/.build-tools/$1 commands=${3:-bin}
    if [ ! -x "$folder/usr/$commands/$2" ]; then
        echo "== unpacking $1"
        mkdir -p "$folder"
        apt-cache show "$1" >/dev/null 2>&1 || as_root apt-get update -q >/dev/null
        (cd "$folder" && apt-get download -q "$1" >/dev/null && dpkg-deb -x "$1"_*.deb . && rm "$1"_*.deb)
    fi
    PATH=$folder/usr/$commands:$PATH
    export PATH
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# The requirements of a build. SQLite and libyaml are the system's.
need_build() {
    command -v swift >/dev/null 2>&1 || {
        echo "a Swift 6.2 or later toolchain is needed in PATH: see https://www.swift.org/install/linux/" >&2
        exit 1
    }
    missing=()
    need libsqlite3-dev /usr/include/sqlite3.h
    need libyaml-dev /usr/include/yaml.h
    need g++ g++
}

# The further requirements of the tests.
need_tests() {
    need_build
    need sqlite3 sqlite3
    need procps pgrep
    need curl curl
    # Tests that need these shells are silently skipped where they are not installed.
    need fish fish
    need zsh zsh
    need openssl openssl
    need chromium chromium
    need patch patch
    need groff groff
    need tzdata /usr/share/zoneinfo/Europe/Rome
    need libc-bin zdump
    need shellcheck shellcheck
    install_missing
    unpacked prometheus promtool
}

# within SECONDS COMMAND...: runs the command and returns its result. At the timeout it reports the command and the
# processes that it waits for, and ends them from the innermost outwards, so that the outer ones can still report.
within() {
    local limit=$1 result=0 root=$BASHPID watcher
    shift
    end_after "$limit" "$root" "$*" &
    watcher=$!
    "$@" || result=$?
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    return "$result"
}

end_after() {
    local end=$((SECONDS + $1)) root=$2 watcher=$BASHPID process round
    while [ "$SECONDS" -lt "$end" ]; do sleep 1; done
    echo "not ok - has not ended within $1 s: $3"
    below "$root" | xargs -r ps -o pid,ppid,stat,etimes,args -p | cut -c 1-300
    for process in $(below "$root" | tac); do
        kill "$process" 2>/dev/null || continue
        for round in 1 2 3 4 5 6 7 8 9 10; do
            kill -0 "$process" 2>/dev/null || continue 2
            sleep 1
        done
        kill -KILL "$process" 2>/dev/null || true
    done
}

# Lists every process below one, parents before their children, except $watcher and its children.
below() {
    local child
    for child in $(pgrep -P "$1"); do
        [ "$child" != "$watcher" ] || continue
        echo "$child"
        below "$child"
    done
}

# Sets the commit for `twostepd --version`, when this tree is a git checkout and the caller has not set one.
name_commit() {
    [ -z "${TWOSTEPD_COMMIT:-}" ] || return 0
    [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ] || return 0
    TWOSTEPD_COMMIT=$(git describe --always --exclude='*' --abbrev=12 --dirty)
    export TWOSTEPD_COMMIT
}

# Flags of every build that is not optimized. The gate leaves out debug information; the index stays, because SwiftPM finds
# tests in it. For work on one target the flags stay as plain `swift build` has them: each set builds everything again.
read -r -a debug_flags <<<"${TWOSTEPD_DEBUG_FLAGS:-}"

# build_optimized PRODUCT [FLAG...]: builds it optimized, with Swift's own libraries inside, in .build-package. It
# contains no path of this machine. All optimized builds use that folder and the same flags, so the libraries are
# compiled once.
build_optimized() {
    swift build -c release --static-swift-stdlib --scratch-path .build-package --product "$1" -debug-info-format none \
        -Xlinker --gc-sections -Xswiftc -file-prefix-map -Xswiftc "$PWD=." -Xcc "-ffile-prefix-map=$PWD=." "${@:2}"
}

# build_release PRODUCT: the same; a failed build prints its log and ends the script.
build_release() {
    local log
    log=$(mktemp)
    build_optimized "$1" >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        exit 1
    }
    rm -f "$log"
}
