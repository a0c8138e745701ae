#!/bin/bash
# Installs the requirements, builds, and runs every test. Arguments go to `swift test`, such as --filter Planner.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_tests
swift build "${debug_flags[@]}" --build-tests
[ $# = 0 ] || exec swift test "${debug_flags[@]}" --skip-build "$@"
# Tests of the real binary have deadlines: they follow those that keep every processor busy.
result=0
# part WHAT COMMAND...: reports its work and its duration; a part that fails or hangs does not keep the next from
# running.
part() {
    local what=$1 began=$SECONDS
    shift
    echo "== $what"
    within 2700 "$@" || result=$?
    echo "== $what: $((SECONDS - began)) s"
}
part "the parts" swift test "${debug_flags[@]}" --skip-build --skip TwostepdTests
part "the real binary" swift test "${debug_flags[@]}" --skip-build --filter TwostepdTests
exit "$result"
