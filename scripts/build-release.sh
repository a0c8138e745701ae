#!/bin/bash
# Builds the program that is installed and packaged: .build-package/twostepd, optimized, stripped, with Swift's own
# libraries inside. 6-9 minutes the first time, seconds when nothing changed. The same source gives the same bytes.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_build
need binutils strip
install_missing
scratch=.build-package
build_release twostepd
strip --strip-all -o "$scratch/twostepd.new" "$scratch/release/twostepd"
cmp -s "$scratch/twostepd.new" "$scratch/twostepd" || mv "$scratch/twostepd.new" "$scratch/twostepd"
rm -f "$scratch/twostepd.new"
