#!/bin/bash
# Runs the deterministic simulation over many seeds, on all cores:
#
#   scripts/simulate.sh SEEDS [FIRST]      SEEDS seeds from FIRST (1) on; exit 1 at the first failure
#   scripts/simulate.sh --replay SEED      one seed again, with every event in it
#
# SIMULATE_OPTIONS holds more options for each run: --surprising-jumps, --skip-sync, --observers strangers.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 64
}
[ $# -ge 1 ] && [ $# -le 2 ] || usage
need_build
install_missing
parts=$(mktemp -d)
workers=()
end_workers() { for worker in "${workers[@]}"; do kill "$worker" 2>/dev/null || true; done; }
trap 'end_workers; rm -rf "$parts"' EXIT
build_release simulation
simulation=.build-package/release/simulation
read -r -a options <<<"${SIMULATE_OPTIONS:-}"
if [ "$1" = --replay ]; then
    [ $# = 2 ] || usage
    "$simulation" --replay "$2" --lines 1000000 "${options[@]}"
    exit
fi
seeds=$1
first=${2:-1}
[[ "$seeds" =~ ^[1-9][0-9]{0,8}$ && "$first" =~ ^[0-9]{1,17}$ ]] || usage

cores=$(nproc)
[ "$cores" -le "$seeds" ] || cores=$seeds
began=$SECONDS
for ((core = 0; core < cores; core++)); do
    "$simulation" --first $((first + core)) --stride "$cores" --count $(((seeds - core + cores - 1) / cores)) \
        "${options[@]}" >"$parts/run.$core" 2>"$parts/errors.$core" &
    workers+=($!)
done
shown=0
while true; do
    running=0
    for worker in "${workers[@]}"; do kill -0 "$worker" 2>/dev/null && running=$((running + 1)); done
    done_seeds=$(cat "$parts"/run.* | grep -c '^done ' || true)
    if [ -t 2 ]; then
        printf '\r%d of %d seeds, %d s ' "$done_seeds" "$seeds" $((SECONDS - began)) >&2
    elif [ $((done_seeds / 1000)) -gt "$shown" ]; then
        shown=$((done_seeds / 1000))
        echo "$done_seeds of $seeds seeds, $((SECONDS - began)) s" >&2
    fi
    [ "$running" = "$cores" ] || break
    sleep 1
done
# A run that ended early found a failure; without one, all runs end by themselves.
failed=0
for core in "${!workers[@]}"; do
    grep -q '^failed ' "$parts/run.$core" && failed=1
    kill -0 "${workers[$core]}" 2>/dev/null && continue
    wait "${workers[$core]}" || failed=1
done
if [ "$failed" = 0 ]; then
    for worker in "${workers[@]}"; do wait "$worker" || failed=1; done
fi
end_workers
[ ! -t 2 ] || printf '\n' >&2

awk -v wall=$((SECONDS - began)) '
    /^done / {
        seeds++
        for (i = 3; i <= NF; i++) { split($i, pair, "="); 
            if (pair[1] ~ /^longest_/) { if (pair[2] + 0 > sum[pair[1]]) sum[pair[1]] = pair[2] + 0 }
            else if (pair[1] != "fingerprint") sum[pair[1]] += pair[2]
        }
    }
    END {
        printf "seeds               %d\n", seeds
        printf "virtual years       %.1f\n", sum["virtual_seconds"] / 31557600
        names = "events requests accepted_enables crashes clean_stops edits invalid_files held_states orders outages clock_jumps store_failures late_landings observations strangers healthy_stops off_times slow_off_times longest_off_ms urgent_requests longest_urgent_wait_ms corrected_clocks longest_clock_delay_ms"
        count = split(names, name, " ")
        for (i = 1; i <= count; i++) { shown = name[i]; gsub("_", " ", shown); printf "%-23s %d\n", shown, sum[name[i]] }
        print "requests by what befell them"
        for (key in sum) if (key ~ /^fault:/) {
            shown = substr(key, 7); gsub("_", " ", shown); printf "  %-17s %d\n", shown, sum[key] | "sort"
        }
        close("sort")
        printf "wall time           %d s\n", wall
    }' "$parts"/run.*
[ "$failed" = 1 ] || exit 0

for core in "${!workers[@]}"; do
    if ! grep -q '^failed ' "$parts/run.$core"; then
        # Without a verdict, this script ended it in the middle of a seed, unless its error output explains a trap.
        [ -s "$parts/errors.$core" ] || continue
        head -n 20 "$parts/errors.$core"
        seed=$(awk '/^begin /{seed = $2} END {print seed}' "$parts/run.$core")
        echo "FAILED: seed $seed trapped"
    else
        sed -n 's/^trace //p' "$parts/run.$core"
        seed=$(awk '/^failed /{print $2}' "$parts/run.$core")
        echo "FAILED: $(sed -n 's/^failed [0-9]* //p' "$parts/run.$core")"
    fi
    echo "again: scripts/simulate.sh --replay $seed${SIMULATE_OPTIONS:+   (with SIMULATE_OPTIONS=\"$SIMULATE_OPTIONS\")}"
done
exit 1
