#!/bin/bash
# Installs what is needed, builds, and runs every test. Arguments go to `swift test`, such as --filter Planner.
. "$(dirname "$0")/lib.sh"
need_tests
swift build --build-tests
[ $# = 0 ] || exec swift test --skip-build "$@"
# Exploration and simulation keep every processor busy: tests of the real binary, which have deadlines, come after them.
result=0
# part WHAT COMMAND...: says what it does and how long it took; one that fails, or hangs, does not keep the next from running.
part() {
    local what=$1 began=$SECONDS
    shift
    echo "== $what"
    within 2700 "$@" || result=$?
    echo "== $what: $((SECONDS - began)) s"
}
part "the parts" swift test --skip-build --skip TwostepdTests
part "the real binary" swift test --skip-build --filter TwostepdTests
part "broken on purpose, a few ways; scripts/mutate.sh has them all" scripts/mutate.sh --gate
exit "$result"
