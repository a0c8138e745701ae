#!/bin/bash
# box.sh BASE CHECKS: boots BASE (see make-base.sh) as a throw-away machine with a real systemd as process 1, sources
# CHECKS, and fails when one of its checks does. Needs root and systemd-nspawn; network is loopback only.
#
# CHECKS may define prepare, which gets $ROOT before the boot, and diagnose, which prints details after a failure; it
# must define checks. In it, `box COMMAND…` runs a command inside, `ok NAME CONDITION` counts one check, and `until_
# CONDITION` waits for one, 15 s at most. Everything is in private mount and process namespaces over an overlay: ending
# this script ends the machine and removes it completely; BASE is never written.
# all of it; BASE is never written.
set -eu
BASE=$(readlink -f "$1")
CHECKS=$(readlink -f "$2")
if [ -z "${BOX:-}" ]; then
    name=twostepd-box$$
    groups=()
    # With both hierarchies present, each needs a group that the script may delegate.
    for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
        [ -e "$hierarchy/cgroup.procs" ] && mkdir -p "$hierarchy/$name" && groups+=("$hierarchy/$name")
        [ "$hierarchy" != /sys/fs/cgroup/systemd ] || [ ${#groups[@]} = 0 ] || break
    done
    result=0
    (
        for group in "${groups[@]}"; do echo $BASHPID >"$group/cgroup.procs"; done
        BOX=$name exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private "$0" "$@"
    ) || result=$?
    for _ in $(seq 50); do
        for group in "${groups[@]}"; do find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || :; done
        [ -e "${groups[0]}" ] || break
        sleep .1
    done
    exit $result
fi
W=$(mktemp -d)
mount -t tmpfs -o size=3g,mode=755 box "$W"
mkdir "$W"/{u,w,r}
mkdir -p /run/systemd
mount -t tmpfs -o mode=755 run /run/systemd
mount -t overlay overlay -o lowerdir="$BASE",upperdir="$W"/u,workdir="$W"/w "$W"/r
ROOT=$W/r
prepare() { :; }
diagnose() { :; }
# shellcheck source=/dev/null
. "$CHECKS"
prepare
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q -b -D "$ROOT" -M "$BOX" --register=no --keep-unit \
    --private-network --link-journal=no --resolv-conf=off --timezone=off --console=pipe \
    --system-call-filter="bpf @keyring" </dev/null >"$W"/console 2>&1 &
NSPAWN=$!
LEADER=
for _ in $(seq 400); do
    LEADER=$(pgrep -P $NSPAWN -x systemd || :)
    [ -n "$LEADER" ] && nsenter -t "$LEADER" -a -- test -S /run/systemd/private 2>/dev/null && break
    kill -0 $NSPAWN 2>/dev/null || break
    sleep .05
done
[ -n "$LEADER" ] || {
    echo "the machine does not boot here: systemd-nspawn said:" >&2
    tail -20 "$W"/console >&2
    exit 1
}
box() {
    nsenter -t "$LEADER" -a -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root "$@"
}
until_() {
    local deadline=$((SECONDS + 15))
    while [ $SECONDS -lt $deadline ]; do
        eval "$1" && return 0
        sleep .1
    done
    return 1
}
# shellcheck source=/dev/null
. "$(dirname "$0")/ok.sh"
echo "# $(box systemctl --version | head -1), $(box systemctl is-system-running --wait)"
ended=
trap '[ -n "$ended" ] || { echo "not ok - the checks stopped at $BASH_COMMAND"; diagnose; }' EXIT
checks
ended=yes
[ $failed = 0 ] || diagnose
nsenter -t "$LEADER" -a -- systemctl exit 0 || :
wait $NSPAWN || :
echo "service: $passed passed, $failed failed"
[ $failed = 0 ]
