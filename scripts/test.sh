#!/bin/bash
# Installs what is needed, builds, and runs every test. Arguments go to `swift test`, such as --filter Planner.
. "$(dirname "$0")/lib.sh"
need_build
need sqlite3 sqlite3
need procps pgrep
install_missing
swift build --build-tests
exec swift test --skip-build "$@"
