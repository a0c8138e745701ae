#!/bin/bash
# Installs what is needed, builds, and runs every test. Arguments go to `swift test`, such as --filter Planner.
. "$(dirname "$0")/lib.sh"
need_build
need sqlite3 sqlite3
need procps pgrep
need curl curl
install_missing
unpacked prometheus promtool
swift build --build-tests
exec swift test --skip-build "$@"
