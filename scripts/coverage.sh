#!/bin/bash
# Line coverage of each target, as a table; exit 1 when a target is below its minimum.
#
#   scripts/coverage.sh            runs every test, the real binary's runs counted (about 10 minutes)
#   scripts/coverage.sh --parts    without the tests of the real binary: a few minutes, for work on one target
#   scripts/coverage.sh --missed FILE...   after a run: the lines of these files that nothing has run
#
# Builds in .build-coverage, the first time for some minutes. A process that is killed leaves no record of its run.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
scratch=.build-coverage
missed=()
suites=all
case "${1:-}" in
"") ;;
--parts) suites=parts ;;
--missed)
    shift
    missed=("$@")
    [ "${#missed[@]}" -gt 0 ] || {
        echo "usage: scripts/coverage.sh --missed FILE..." >&2
        exit 64
    }
    ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac

# The toolchain's own tools: those of another version cannot read its profiles.
tools=$(dirname "$(readlink -f "$(command -v swift)")")
profile=$scratch/all.profdata

if [ "${#missed[@]}" -gt 0 ]; then
    [ -f "$profile" ] || {
        echo "there is no run to look into: scripts/coverage.sh first" >&2
        exit 1
    }
else
    need_tests
    mkdir -p "$scratch"
    rm -f "$profile"
    # The gate reports the build's warnings.
    swift build --build-tests --enable-code-coverage --scratch-path "$scratch" >"$scratch/build.log" 2>&1 || {
        grep -E 'error' "$scratch/build.log" | head -n 40 >&2
        exit 1
    }
    profiles=()
    # Each run empties the folder of profiles, so the profiles of every run are saved elsewhere.
    run() {
        local name=$1
        shift
        swift test --skip-build --enable-code-coverage --scratch-path "$scratch" "$@" >"$scratch/$name.log" 2>&1 || {
            grep -E 'recorded an issue|failed after|error:' "$scratch/$name.log" | cut -c 1-600 | head -n 40 >&2
            echo "tests failed: what they did not reach counts as not covered; see $scratch/$name.log" >&2
            result=1
        }
        # SwiftPM merges nothing when a test failed. A profile cut off by the end of its process is skipped.
        find "$scratch/debug/codecov" -name '*.profraw' -size +0 >"$scratch/$name.list"
        [ -s "$scratch/$name.list" ] || {
            echo "no test has run: see $scratch/$name.log" >&2
            exit 1
        }
        "$tools/llvm-profdata" merge -sparse --failure-mode=all --input-files="$scratch/$name.list" \
            -o "$scratch/$name.profdata"
        profiles+=("$scratch/$name.profdata")
    }
    result=0
    run parts --skip TwostepdTests
    [ "$suites" = parts ] || run binary --filter TwostepdTests
    "$tools/llvm-profdata" merge -sparse "${profiles[@]}" -o "$profile"
fi

bundle=$(ls -d "$scratch"/debug/*PackageTests.xctest | head -n 1)
objects=("$bundle" -object "$scratch/debug/twostepd")
if [ "${#missed[@]}" -gt 0 ]; then
    exec "$tools/llvm-cov" show -instr-profile "$profile" "${objects[@]}" "${missed[@]}" -use-color=false |
        grep -E '^ +[0-9]+\| +0\||^/'
fi

# Columns of the report: file, regions (3), functions (3), lines, missed lines, …
# shellcheck disable=SC2046 # one argument a file
"$tools/llvm-cov" report -instr-profile "$profile" "${objects[@]}" -use-color=false \
    $(find Sources -name '*.swift' | sort) | tee "$scratch/report.txt" |
    awk -v suites="$suites" '
        # The minimum of each, in per cent.
        BEGIN {
            asked["Files"] = 95; asked["Planning"] = 95; asked["ConfigFile"] = 95; asked["Storage"] = 95
            asked["Vendors, judging"] = 95; asked["all"] = 85
            judging = "/(ResponseClassifier|JSONObject|PickyAssistAPI|WhatsAppAPI|RetryAfter|Redaction|SecretIndex|ExchangeEnd|FailureReason)[.]swift"
        }
        function add(name) { lines[name] += $8; missing[name] += $9 }
        $1 ~ /[.]swift$/ {
            count = split($1, part, "/")
            target = ""
            for (i = 1; i < count; i++) if (part[i] == "Sources") target = part[i + 1]
            # The report omits the folder that all its files share.
            if (target == "") target = part[1]
            add(target); add("all")
            if (target == "Vendors" && ("/" part[count]) ~ judging) add("Vendors, judging")
        }
        END {
            for (name in lines) {
                share = 100 * (lines[name] - missing[name]) / lines[name]
                low = (name in asked) && share < asked[name] && (suites == "all" || name != "all")
                printf "%-20s %7d lines %6d missed %6.1f %% %s\n", name, lines[name], missing[name], share, \
                    (name in asked) ? (low ? "BELOW " : "of ") asked[name] " %" : "" | "sort"
                if (low) bad = 1
            }
            close("sort")
            exit bad
        }' || result=1
exit "${result:-0}"
