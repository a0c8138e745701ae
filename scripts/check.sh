#!/bin/bash
# The gate before each commit: format, warnings as errors, import directions, tests.
. "$(dirname "$0")/lib.sh"
need_build
need sqlite3 sqlite3
need procps pgrep
need curl curl
need chromium chromium
install_missing
unpacked prometheus promtool
echo "== format"
swift format lint --strict --recursive --parallel Package.swift Sources Tests
echo "== build: warnings are errors, imports only where they are declared"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build --build-tests --explicit-target-dependency-import-check error 2>&1 | tee "$log" | grep -E '^(Build|error)|: error:' || true
grep -q '^Build complete' "$log"
# Only our own files: what dependencies warn of is theirs.
if grep -E "^$PWD/(Sources|Tests)/.*: warning:" "$log"; then
    echo "warnings are errors here" >&2
    exit 1
fi
echo "== test"
[ $# = 0 ] || exec swift test --skip-build "$@"
swift test --skip-build --skip TwostepdTests
swift test --skip-build --filter TwostepdTests
