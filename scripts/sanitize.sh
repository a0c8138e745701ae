#!/bin/bash
# Runs tests under the compiler's sanitizers:
#
#   scripts/sanitize.sh [thread|address]...    both by default, one after the other, in .build-thread and .build-address
#
# TWOSTEPD_SANITIZE_FILTER (a regular expression) selects other suites than those with threads, files and C code.
# docs/reliability.md lists what runs under which sanitizer, what is left out, and why.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
kinds=("$@")
[ "${#kinds[@]}" -gt 0 ] || kinds=(thread address)
for kind in "${kinds[@]}"; do
    [[ "$kind" =~ ^(thread|address)$ ]] || {
        sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
        exit 64
    }
done
need_build
need sqlite3 sqlite3
install_missing
filter=${TWOSTEPD_SANITIZE_FILTER:-FilesTests|StorageTests|VendorsTests|SimulatedVendorTests|ConfigFileTests|FuzzTests}
# The runtime keeps some memory until the end on purpose, and leak detection needs to trace, which containers forbid.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0
# A race is reported and the run goes on, so that one run shows all races.
export TSAN_OPTIONS="halt_on_error=0 suppressions=$PWD/scripts/thread.suppressions"
result=0
for kind in "${kinds[@]}"; do
    scratch=.build-$kind
    mkdir -p "$scratch"
    log=$scratch/test.log
    echo "== $kind: build"
    swift build --build-tests --sanitize "$kind" --scratch-path "$scratch" >"$scratch/build.log" 2>&1 || {
        grep -E 'error' "$scratch/build.log" | head -n 40 >&2
        result=1
        continue
    }
    echo "== $kind: $filter"
    swift test --skip-build --sanitize "$kind" --scratch-path "$scratch" --filter "$filter" >"$log" 2>&1 || result=1
    # A finding does not always end the process.
    if grep -E '^(WARNING: ThreadSanitizer|SUMMARY: |==[0-9]+==ERROR: AddressSanitizer)' "$log" | sort | uniq -c | head -n 40; then
        result=1
    fi
    grep -E 'Test run with|recorded an issue' "$log" | cut -c 1-400 | tail -n 20
done
[ "$result" = 0 ] && echo "no finding"
exit "$result"
