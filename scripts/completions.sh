#!/bin/bash
# Writes the completions for bash, zsh and fish below DIR, where packages install them.
# Usage: scripts/completions.sh DIR [PROGRAM]      (for instance scripts/completions.sh debian/twostepd/usr/share)
set -euo pipefail
usage() {
    echo "usage: scripts/completions.sh DIR [PROGRAM]" >&2
    exit 64
}
[ $# = 1 ] || [ $# = 2 ] || usage
[ -n "$1" ] || usage
root=$1
program=${2:-twostepd}
command -v "$program" >/dev/null || {
    echo "there is no program $program: build it and name it" >&2
    exit 1
}
# write SHELL FILE: writes the file completely under its name, or not at all.
write() {
    mkdir -p "$(dirname "$root/$2")"
    "$program" --generate-completion-script "$1" >"$root/$2.part"
    mv "$root/$2.part" "$root/$2"
    echo "$root/$2" >&2
}
write bash bash-completion/completions/twostepd
write zsh zsh/vendor-completions/_twostepd
write fish fish/vendor_completions.d/twostepd.fish
