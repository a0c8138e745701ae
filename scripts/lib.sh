# Shared by the scripts: where the tree is, and what a fresh Debian or Ubuntu machine needs.
# Sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# need PACKAGE FILE: installs a Debian package when FILE (a path, or a command's name) is not there.
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

# unpacked PACKAGE COMMAND [sbin]: has COMMAND in PATH, if need be from the Debian package PACKAGE that is unpacked below
# .build-tools and not installed: some packages start a service when they are.
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

# What building needs. Foundation's time zones come with the toolchain; SQLite is the system's.
need_build() {
    command -v swift >/dev/null 2>&1 || {
        echo "a Swift 6.1 or later toolchain is needed in PATH: see https://www.swift.org/install/linux/" >&2
        exit 1
    }
    missing=()
    need libsqlite3-dev /usr/include/sqlite3.h
    need g++ g++
    need zlib1g-dev /usr/include/zlib.h
}

# Names the commit for `twostepd --version`, when this tree is a git checkout and nobody has named one.
name_commit() {
    [ -z "${TWOSTEPD_COMMIT:-}" ] || return 0
    [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ] || return 0
    TWOSTEPD_COMMIT=$(git describe --always --exclude='*' --abbrev=12 --dirty)
    export TWOSTEPD_COMMIT
}

# build_release PRODUCT [FLAG...]: builds it optimized, with Swift's own libraries inside, in .build-package. No path of this
# machine goes into it.
build_release() {
    local log product=$1
    shift
    log=$(mktemp)
    swift build -c release --static-swift-stdlib --product "$product" --scratch-path .build-package -Xlinker --gc-sections \
        -Xswiftc -file-prefix-map -Xswiftc "$PWD=." -Xcc "-ffile-prefix-map=$PWD=." "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        exit 1
    }
    rm -f "$log"
}
