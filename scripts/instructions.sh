#!/bin/bash
# Counts the instructions of some work on fixed input, and fails when one count exceeds the stored one beyond a
# tolerance: this detects a slowdown without a clock.
#
#   scripts/instructions.sh             compares with Benchmarks/instructions.txt
#   scripts/instructions.sh --note      stores the counts there, after a change that is worth it
#   scripts/instructions.sh --show      prints the counts beside the stored ones, and never fails because of them
#
# Runs the release build under valgrind's callgrind. The kernel's work is not counted.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
noted=Benchmarks/instructions.txt
tolerance=15 # Per cent: another compiler, another libc, another processor.
case "${1:-}" in
"" | --note | --show) ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
need_build
need valgrind valgrind
need libc6-dbg /usr/lib/debug/.build-id
need binutils strip
install_missing
build_release instructions
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# valgrind cannot read the rest of the debug information that the linker leaves.
program=$folder/instructions
strip --strip-debug -o "$program" .build-package/release/instructions
# The same hash seed in each run, so that tables behave the same.
export SWIFT_DETERMINISTIC_HASHING=1

# count WORK ROUNDS: the instructions of the whole run.
count() {
    local own=$folder/$1.$2
    mkdir "$own"
    valgrind --tool=callgrind --callgrind-out-file="$own/out" "$program" "$1" "$2" "$own/store" >"$own/log" 2>&1 || {
        cat "$own/log" >&2
        return 1
    }
    sed -n 's/^totals: //p' "$own/out" >"$own/count"
}

result=0
counts=()
# measure WORK FEW MANY: instructions a round. The program's start costs the same in both runs, and cancels out. Both
# run at once: a count does not depend on the machine's load.
measure() {
    local few many each was other
    count "$1" "$2" &
    other=$!
    count "$1" "$3"
    wait "$other"
    few=$(cat "$folder/$1.$2/count")
    many=$(cat "$folder/$1.$3/count")
    each=$(((many - few) / ($3 - $2)))
    counts+=("$1 $each")
    was=$(awk -v work="$1" '$1 == work {print $2}' "$noted")
    [ "$mode" != show ] || echo "$1 takes $each instructions, ${was:-none} are noted"
    [ "$mode" = compare ] || return 0
    if [ -z "$was" ]; then
        echo "not ok - $1 takes $each instructions; nothing is noted of it: scripts/instructions.sh --note"
        result=1
    elif [ $((each * 100)) -gt $((was * (100 + tolerance))) ]; then
        echo "not ok - $1 takes $each instructions, $((each * 100 / was - 100)) % more than the $was that are noted"
        result=1
    else
        echo "ok - $1 takes $each instructions, $was are noted"
        [ $((each * 100)) -ge $((was * (100 - tolerance))) ] || echo "# $1 got cheaper: note it, so that it stays"
    fi
}
mode=compare
case "${1:-}" in
--note) mode=note ;;
--show) mode=show ;;
esac
measure planner 100 1100
measure classifier 100 1100
measure reader 5 55
measure number 5 25
if [ "$mode" = note ]; then
    {
        echo "# Instructions a round, as scripts/instructions.sh --note has counted them."
        printf '%s\n' "${counts[@]}"
    } >"$noted"
    cat "$noted"
fi
exit "$result"
