#!/bin/bash
# Breaks the code on purpose, one way at a time, and requires that the exploration or the simulation detects it:
#
#   scripts/mutate.sh              every mutation of Tests/Mutations
#   scripts/mutate.sh NAME...      only these
#   scripts/mutate.sh --gate       the bounded part that is a stage of the gate: those of Tests/Mutations/gate.txt
#   scripts/mutate.sh --list       the names, and what each breaks
#
# TWOSTEPD_MUTATION_SEEDS (400; 200 with --gate) is the number of seeds after which an undetected mutation is missed.
# Mutations are made in a copy of the tree, in .build-mutations, which is made anew at each start: the tree itself and
# its build products are never touched.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
mutations=Tests/Mutations
work=.build-mutations
tree=$work/tree
built=.build-package/release
seeds=${TWOSTEPD_MUTATION_SEEDS:-400}
runs=$work/runs
# One run of the proof takes a minute or two; a run of this length hangs.
longest=1800
cores=$(nproc)
workers=()

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 64
}

# The purpose of a mutation in words: the first line of its file.
purpose() { head -n 1 "$mutations/$1.patch"; }

all_names() {
    # Mutations of one file come one after the other: fewer modules are rebuilt.
    grep -m 1 -H '^--- a/' "$mutations"/*.patch | sed -E "s|^$mutations/(.*)\.patch:--- a/(.*)|\2 \1|" | sort | cut -d ' ' -f 2
}

list() {
    local name
    for name in $(all_names | sort); do printf '%-32s %s\n' "$name" "$(purpose "$name")"; done
}

# Makes the copy equal to the tree, times included; equal files stay untouched, so that little is rebuilt.
refresh_copy() {
    local file
    mkdir -p "$tree"
    while IFS= read -r file; do
        cmp -s "$file" "$tree/$file" && continue
        mkdir -p "$tree/$(dirname "$file")"
        cp -p "$file" "$tree/$file"
    done < <(copied_files .)
    [ ! -f Package.resolved ] || cp -p Package.resolved "$tree/"
    comm -13 <(copied_files .) <(copied_files "$tree") | while IFS= read -r file; do rm "$tree/$file"; done
}

copied_files() { (cd "$1" && find Sources Tests Package.swift -type f ! -name '*.patch' | LC_ALL=C sort); }

apply_mutation() {
    # Only line numbers may differ: a mutation that applies elsewhere would prove something else.
    patch --directory "$tree" --strip 1 --fuzz 0 --forward --batch --no-backup-if-mismatch --reject-file - \
        <"$mutations/$1.patch" >"$work/patch.log" 2>&1
}

# in_place COMMAND...: runs the command in a private mount namespace, where the copy is mounted over the tree.
in_place() {
    "${private[@]}" bash -c 'mount --bind "$0" "$1" && cd "$1" && shift && exec "$@"' "$PWD/$tree" "$PWD" "$@"
}

# Starts from the tree's build products where mounts can be private: SwiftPM identifies all of them by path, so with the
# copy in the tree's place only the files that a mutation changes are rebuilt. Elsewhere the copy is built from scratch.
prepare_copy() {
    local way
    rm -rf "$tree"
    refresh_copy
    for way in "unshare --mount" "unshare --user --map-root-user --mount"; do
        read -r -a private <<<"$way"
        if in_place true 2>/dev/null; then
            cp -a .build-package "$tree/"
            return
        fi
    done
    private=()
}

build_tree() { build_optimized "$1" >"$work/build.log" 2>&1; }

build_copy() {
    if [ "${#private[@]}" -gt 0 ]; then
        in_place bash -c 'build_optimized "$0"' "$1" >"$work/build.log" 2>&1
    else
        build_optimized "$1" --package-path "$tree" --scratch-path "$tree/.build-package" >"$work/build.log" 2>&1
    fi
}
export -f build_optimized

end_workers() {
    local worker
    for worker in "${workers[@]}"; do kill "$worker" 2>/dev/null || true; done
    for worker in "${workers[@]}"; do wait "$worker" 2>/dev/null || true; done
    workers=()
}
trap end_workers EXIT

# start OUTPUT COMMAND...: runs the command in the background.
start() {
    local output=$1
    shift
    "$@" >"$runs/$output" 2>&1 &
    workers+=($!)
}

# Waits until fewer than $1 workers run. Ends all of them with 1 when one has failed, with 2 when none ends in time.
await_workers() {
    local worker began=$SECONDS running result=0
    while true; do
        running=()
        for worker in "${workers[@]}"; do
            if kill -0 "$worker" 2>/dev/null; then
                running+=("$worker")
            else
                wait "$worker" || result=1
            fi
        done
        workers=("${running[@]}")
        [ "$result" = 0 ] && [ "${#workers[@]}" -ge "$1" ] || break
        if [ $((SECONDS - began)) -gt "$longest" ]; then
            result=2
            break
        fi
        sleep 0.1
    done
    [ "$result" = 0 ] || end_workers
    return "$result"
}

# Runs the walks of the exploration, on all processors, until one detects a fault.
explore() {
    local walk walks
    walks=$("$built/exploration" --count) && [ "$walks" -gt 0 ] || return 1
    for ((walk = 0; walk < walks; walk++)); do
        await_workers "$cores" || return
        start "exploration.$walk" "$built/exploration" "$walk"
    done
    await_workers 1
}

# Runs the seeds of the simulation, distributed over all processors.
simulate() {
    local core workers_wanted=$((cores < seeds ? cores : seeds))
    for ((core = 0; core < workers_wanted; core++)); do
        start "simulation.$core" "$built/simulation" --first $((1 + core)) --stride "$workers_wanted" \
            --count $(((seeds - core + workers_wanted - 1) / workers_wanted))
    done
    await_workers 1
}

# prove BUILD EXPLORES: builds with BUILD, below $built, and has exploration and simulation prove the result. Sets
# $caught_by to the detected fault. Returns 0 when they detect none, 3 when it does not build.
#
# The exploration covers the planning alone: EXPLORES (yes, no) states whether to run it.
prove() {
    local result=0
    caught_by=
    rm -rf "$runs"
    mkdir -p "$runs"
    if [ "$2" = yes ]; then
        "$1" exploration || return 3
        explore || result=$?
        if [ "$result" != 0 ]; then
            caught_by="exploration$(sed -nE 's/^failed ([^ ]+) .*/ (\1)/p' "$runs"/exploration.* | head -n 1)"
            grep -q '^failed ' "$runs"/exploration.* || caught_by="exploration (it traps)"
            return "$result"
        fi
    fi
    "$1" simulation || return 3
    simulate || result=$?
    [ "$result" != 0 ] || return 0
    caught_by=$(sed -nE 's/^failed ([0-9]+) ([^ ]+).*/\2, seed \1/p' "$runs"/simulation.* | sort -t ' ' -k 3 -n | head -n 1)
    # Without a verdict, a precondition of the program ended it.
    [ -n "$caught_by" ] || caught_by=$(awk '/Fatal error|Illegal|trapped/ {found = 1} /^begin /{seed = $2}
        END {print "a precondition, seed " seed}' "$(grep -L -E '^failed ' "$runs"/simulation.* | head -n 1)")
    return "$result"
}

fail_with_log() {
    echo "$1" >&2
    tail -n 20 "$2" >&2
    exit 1
}

names=()
case "${1:-}" in
--list)
    list
    exit 0
    ;;
--gate)
    [ $# = 1 ] || usage
    seeds=${TWOSTEPD_MUTATION_SEEDS:-200}
    while IFS= read -r name; do names+=("$name"); done < <(all_names | grep -x -F -f "$mutations/gate.txt")
    [ "${#names[@]}" = "$(grep -c . "$mutations/gate.txt")" ] || {
        echo "$mutations/gate.txt names a mutation that is not there" >&2
        exit 1
    }
    ;;
-*) usage ;;
"") while IFS= read -r name; do names+=("$name"); done < <(all_names) ;;
*) names=("$@") ;;
esac
for name in "${names[@]}"; do
    [ -f "$mutations/$name.patch" ] || {
        echo "there is no mutation $name; scripts/mutate.sh --list names them" >&2
        exit 64
    }
done
[[ "$seeds" =~ ^[1-9][0-9]{0,8}$ ]] || {
    echo "TWOSTEPD_MUTATION_SEEDS is a number of seeds, and is $seeds" >&2
    exit 64
}

need_build
need patch patch
need diffutils cmp
install_missing
mkdir -p "$work"
exec 9>"$work/lock"
flock --nonblock 9 || {
    echo "another scripts/mutate.sh is at work in $work" >&2
    exit 1
}

began=$SECONDS
echo "== mutations: first the code as it is has to pass"
result=0
prove build_tree yes || result=$?
[ "$result" != 3 ] || fail_with_log "the code does not build:" "$work/build.log"
[ "$result" = 0 ] || fail_with_log "the proof fails without any mutation: $caught_by" "$work/build.log"
echo "passed  the code as it is, $seeds seeds, $((SECONDS - began)) s"
prepare_copy
built=$tree/$built

caught=0
missed=()
unfit=()
for name in "${names[@]}"; do
    began=$SECONDS
    refresh_copy
    if ! apply_mutation "$name"; then
        unfit+=("$name")
        echo "UNFIT   $name: the code has changed there; make the same change again: see the head of $mutations/README.md"
        sed 's/^/    /' "$work/patch.log"
        continue
    fi
    explores=no
    grep -q '^+++ b/Sources/Planning/' "$mutations/$name.patch" && explores=yes
    result=0
    prove build_copy "$explores" || result=$?
    case $result in
    3)
        unfit+=("$name")
        echo "UNFIT   $name: it applies, but does not build; make the same change again"
        grep -m 3 'error:' "$work/build.log" | sed 's/^/    /'
        ;;
    1)
        caught=$((caught + 1))
        echo "caught  $name by $caught_by, $((SECONDS - began)) s"
        ;;
    *)
        missed+=("$name")
        echo "MISSED  $name ($([ "$result" = 0 ] && echo "$seeds seeds" || echo "no end"), $((SECONDS - began)) s): $(purpose "$name")"
        ;;
    esac
done
refresh_copy
echo "$caught of ${#names[@]} mutations were caught, ${#missed[@]} missed, ${#unfit[@]} do not fit the code"
[ "$caught" = "${#names[@]}" ]
