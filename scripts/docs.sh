#!/bin/bash
# Builds the documentation of each library target with DocC, below .build-docs, and fails on every warning: a link to a
# missing name, a parameter that the function does not have.
#
#   scripts/docs.sh [TARGET]...    all by default
#
# It uses the toolchain's own docc and symbol graphs, so that the package depends on no plugin.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_build
install_missing
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(Files Planning ConfigFile Vendors Storage Reconciler SimulatedVendor Daemon)
out=.build-docs
rm -rf "$out"
mkdir -p "$out/graphs"
echo "== symbol graphs"
swift package "${debug_flags[@]}" dump-symbol-graph --minimum-access-level public --skip-synthesized-members >"$out/graphs.log" 2>&1 || {
    tail -n 40 "$out/graphs.log" >&2
    exit 1
}
graphs=$(swift build "${debug_flags[@]}" --show-bin-path | sed 's|/[^/]*$||')
result=0
for target in "${targets[@]}"; do
    mkdir -p "$out/graphs/$target"
    find -L "$graphs" -path '*symbolgraph*' \( -name "$target.symbols.json" -o -name "$target@*.symbols.json" \) \
        -exec cp {} "$out/graphs/$target" \;
    [ -n "$(ls "$out/graphs/$target")" ] || {
        echo "there is no symbol graph of $target: see $out/graphs.log" >&2
        exit 1
    }
    if docc convert --additional-symbol-graph-dir "$out/graphs/$target" --output-path "$out/$target.doccarchive" \
        --fallback-display-name "$target" --fallback-bundle-identifier "twostepd.$target" \
        --warnings-as-errors >"$out/$target.log" 2>&1; then
        echo "$target: documented without a warning, in $out/$target.doccarchive"
    else
        echo "$target: not without warnings" >&2
        grep -E 'warning|error' -A 3 "$out/$target.log" | head -n 60 >&2
        result=1
    fi
done
exit "$result"
