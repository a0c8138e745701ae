#!/bin/bash
# Measures speed and scale, beside other tools, in one run, and prints the table of docs/performance.md:
#
#   scripts/bench.sh                   everything: about an hour and a half, on a machine that does nothing else
#   scripts/bench.sh wire files        some parts: wire, files, stores, year
#   scripts/bench.sh --year 100000 --idle 60 --changes 1000000    smaller, to check that it works
#
# Needs a few GB in TMPDIR, which must lie on the disk under measurement. Installs its own requirements; traffic stays
# on loopback.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_build
need wrk wrk
need ansible-core ansible-playbook
need python3-aiohttp /usr/lib/python3/dist-packages/aiohttp
need python3-yaml /usr/lib/python3/dist-packages/yaml
need python3-cryptography /usr/lib/python3/dist-packages/cryptography
install_missing >&2
unpacked nginx nginx sbin >&2
scripts/build-release.sh >&2
build_release simulation
# A package of its own, so that a build of the program does not build its measurements.
swift build -c release --package-path Benchmarks --scratch-path .build-benchmarks --product ComposeBaseline >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The system's Python, for which the packages are installed.
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 Benchmarks/bench.py --binary "$PWD/.build-package/twostepd" \
    --simulation "$PWD/.build-package/release/simulation" --compose "$PWD/.build-benchmarks/release/ComposeBaseline" \
    --folder "$folder/bench" "$@"
