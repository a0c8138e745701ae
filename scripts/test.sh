#!/bin/bash
# Installs what is needed, builds, and runs every test. Arguments go to `swift test`, such as --filter Planner.
. "$(dirname "$0")/lib.sh"
need_build
need sqlite3 sqlite3
need procps pgrep
need curl curl
need chromium chromium
need patch patch
need groff groff
install_missing
unpacked prometheus promtool
swift build --build-tests
[ $# = 0 ] || exec swift test --skip-build "$@"
# Exploration and simulation keep every processor busy: tests of the real binary, which have deadlines, come after them.
result=0
echo "== the parts"
swift test --skip-build --skip TwostepdTests || result=$?
echo "== the real binary"
swift test --skip-build --filter TwostepdTests || result=$?
echo "== broken on purpose, a few ways; scripts/mutate.sh has them all"
scripts/mutate.sh --gate || result=$?
exit "$result"
