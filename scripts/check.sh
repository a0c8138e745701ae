#!/bin/bash
# The gate before each commit: format, warnings as errors, import directions, tests.
#
#   scripts/check.sh               all of it
#   scripts/check.sh --format      the format alone; nothing is changed
#   scripts/check.sh --build       the build alone
#   scripts/check.sh ARGUMENTS     all of it, with these for `swift test`, such as --filter Planner
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

check_format() {
    echo "== format"
    swift format lint --strict --recursive --parallel Package.swift Sources Tests
    shellcheck -S warning scripts/*.sh .ci/run packaging/postinst packaging/prerm packaging/postrm Tests/Service/*.sh
}

check_build() {
    echo "== build: warnings are errors, imports only where they are declared"
    local log
    log=$(mktemp)
    # shellcheck disable=SC2064 # the path as it is now
    trap "rm -f '$log'" EXIT
    swift build "${debug_flags[@]}" --build-tests --explicit-target-dependency-import-check error 2>&1 | tee "$log" |
        grep -E '^(Build|error)|: error:' || true
    grep -q '^Build complete' "$log" || return 1
    # Only the project's own files: warnings of dependencies are not ours to fix.
    if grep -E "^$PWD/(Sources|Tests)/.*: warning:" "$log"; then
        echo "warnings are errors here" >&2
        return 1
    fi
}

need_build
need shellcheck shellcheck
case "${1:-}" in
--format)
    install_missing
    check_format
    exit
    ;;
--build)
    install_missing
    check_build
    exit
    ;;
esac
need_tests
check_format
check_build
echo "== test"
[ $# = 0 ] || exec swift test "${debug_flags[@]}" --skip-build "$@"
swift test "${debug_flags[@]}" --skip-build --skip TwostepdTests
swift test "${debug_flags[@]}" --skip-build --filter TwostepdTests
