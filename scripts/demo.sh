#!/bin/bash
# Installs what is needed, builds, and runs the demonstration: two simulated vendors, a fleet of 12, about 30 s.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_build
install_missing
swift build --product twostepd
exec "$(swift build --show-bin-path)/twostepd" demo "$@"
