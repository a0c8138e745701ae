#!/bin/bash
# Coverage-guided fuzzing: scripts/fuzz.sh MINUTES [files|answers|http]... runs each target that long, all by default.
#
# The seeds are Tests/FuzzTests/Corpus (TARGET.learned: an input a line, in base64) and the fixtures of the file reader;
# inputs that libFuzzer learns stay in .build-fuzz/corpus. An input that breaks a rule is written to
# Tests/FuzzTests/Corpus/TARGET: commit it, and the test suite replays it.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_build
install_missing
minutes=${1:?usage: scripts/fuzz.sh MINUTES [files|answers|http]...}
shift
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(files answers http)
export TWOSTEPD_FUZZ=1
scratch=.build-fuzz
for target in "${targets[@]}"; do
    swift build -c release --sanitize fuzzer -Xswiftc -enable-testing --scratch-path "$scratch" --product "fuzz-$target"
done
result=0
for target in "${targets[@]}"; do
    kept=Tests/FuzzTests/Corpus/$target
    learned=.build-fuzz/corpus/$target
    mkdir -p "$learned"
    number=0
    while read -r line; do
        number=$((number + 1))
        base64 -d <<<"$line" >"$learned/kept-$number"
    done <"$kept.learned"
    if [ "$target" = files ]; then
        for file in Tests/ConfigFileTests/Fixtures/*.yaml; do
            name=$(basename "$file" .yaml)
            { printf '\0' && cat "$file"; } >"$learned/seed-$name-0"
            { printf '\1' && cat "$file"; } >"$learned/seed-$name-1"
        done
    fi
    echo "== $target, $minutes min"
    "$scratch/release/fuzz-$target" -max_total_time=$((minutes * 60)) -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
        -print_final_stats=1 -artifact_prefix="$kept/finding-" "$learned" "$kept" || result=1
done
exit "$result"
