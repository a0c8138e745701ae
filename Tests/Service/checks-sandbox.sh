# shellcheck shell=bash
# The sandbox: the service manager's properties, the kernel's view of the running process, and a probe that tries.

checks_sandbox() {
    sandbox_properties
    sandbox_of_process
    probe_sandbox twostepd.service probe.service
    checks_sandbox_lines
    probe_sandbox twostepd@.service probe-tenant@one.service
}

sandbox_properties() {
    local line wrong=()
    while read -r line; do
        echo "$line" >>"$W"/properties
        is "${line%%=*}" "${line#*=}" || wrong+=("$line is $(prop "${line%%=*}")")
    done <<'PROPERTIES'
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
PrivateUsers=no
ProtectSystem=strict
ProtectHome=yes
PrivateMounts=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateIPC=yes
RemoveIPC=yes
KeyringMode=private
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallErrorNumber=1
UMask=0077
LimitCORE=0
MemorySwapMax=0
LimitNOFILE=4096
MemoryMax=1073741824
TasksMax=128
NoExecPaths=/ /run /tmp /var/tmp -/dev/shm /var/lib/twostepd /run/twostepd
ReadOnlyPaths=/run
BindReadOnlyPaths=/usr/bin/twostepd:/usr/bin/twostepd:rbind -/usr/lib:/usr/lib:rbind -/usr/lib64:/usr/lib64:rbind -/lib:/lib:rbind -/lib64:/lib64:rbind
ExecPaths=/usr/bin/twostepd -/usr/lib -/usr/lib64 -/lib -/lib64
PROPERTIES
    ok "the service manager has each line of the sandbox${wrong[*]:+: ${wrong[*]}}" '[ ${#wrong[@]} = 0 ]'
    local key unlisted=()
    for key in $(box sed -n '/^UMask=/,/^\[Install/{/^#/d;s/=.*//p}' /lib/systemd/system/twostepd.service | sort -u); do
        grep -q "^$key=" "$W"/properties || [[ " LoadCredential Environment SystemCallFilter " == *" $key "* ]] ||
            unlisted+=("$key")
    done
    ok "no line of the sandbox goes unchecked${unlisted[*]:+: ${unlisted[*]}}" '[ ${#unlisted[@]} = 0 ]'
    ok "the system call filter lets nothing privileged through" \
        '[[ " $(prop SystemCallFilter) " != *" setpriority "* && " $(prop SystemCallFilter) " != *" chroot "* &&
            " $(prop SystemCallFilter) " != *" mount "* && " $(prop SystemCallFilter) " == *" fdatasync "* ]]'
}

sandbox_of_process() {
    local pid
    pid=$(prop MainPID)
    box cat "/proc/$pid/status" >"$W"/status
    ok "the running process has no privileges to gain and a filter" \
        'grep -q "^NoNewPrivs:.1$" "$W"/status && grep -q "^Seccomp:.2$" "$W"/status'
    ok "it has no capability in any set" '[ "$(grep -Ec "^Cap(Inh|Prm|Eff|Bnd|Amb):.0{16}$" "$W"/status)" = 5 ]'
    box cat "/proc/$pid/mountinfo" >"$W"/mounts
    ok "its root is read-only and not executable" '[[ "$(mount_options /)" == ro,*noexec* ]]'
    ok "its program is read-only" '[[ "$(mount_options /usr/bin/twostepd)" == ro,* ]]'
    ok "its state directory is writable and not executable" '[[ "$(mount_options /var/lib/twostepd)" == rw,*noexec* ]]'
    ok "its users are the machine's, so that the kernel can name callers" \
        '[ "$(box cat /proc/$pid/uid_map | wc -l)" = 1 ]'
    ok "its core size is limited to nothing" 'box grep -Eq "^Max core file size +0 +0 " "/proc/$pid/limits"'
    # The kernel makes root the owner of the files of a process that hides its memory.
    box systemd-run -q --unit=open -p User=twostepd sleep 600
    ok "control: what hides nothing is its user's" \
        '[ "$(box stat -c %U "/proc/$(prop MainPID open.service)/environ")" = twostepd ]'
    ok "it hides its memory, in spite of the filter" '[ "$(box stat -c %U "/proc/$pid/environ")" = root ]'
    box systemctl stop open.service
}

mount_options() { awk -v path="$1" '$5 == path {options = $6} END {print options}' "$W"/mounts; }

# Denied to the control as well, because the machine itself runs in a container: only the properties prove these.
UNPROVABLE="ProtectKernelLogs ProtectClock"

# probe_sandbox UNIT PROBE: runs the probe in place of the daemon of UNIT, under all its other lines.
probe_sandbox() {
    local probe=$2 file=/etc/systemd/system/${2/@*./@.}
    box bash -c 'mkdir -p /var/lib/probe-open /run/probe-open && chmod 777 /var/lib/probe-open /run/probe-open
        for f in /home/canary /tmp/canary /var/tmp/canary /dev/canary /usr/lib/modules/canary; do
            echo >"$f" && chmod 644 "$f"; done
        for n in mnt user ipc uts; do readlink /proc/1/ns/$n >/run/probe-$n; done'
    box sed -e 's|^ExecStart=.*|ExecStart=/usr/bin/twostepd|' \
        -e 's|^BindReadOnlyPaths=/usr/bin/twostepd |BindReadOnlyPaths=/opt/probe:/usr/bin/twostepd |' \
        -e '/^ExecReload=/d; /^Restart/d; /^WatchdogSec=/d; /^LoadCredential=/d' -e 's/^Type=.*/Type=oneshot/' \
        -e 's/^StateDirectory=.*/StateDirectory=probe/; s/^RuntimeDirectory=.*/RuntimeDirectory=probe/' \
        -e 's,%S/twostepd[^ ]*,%S/probe,; s,%t/twostepd[^ ]*,%t/probe,' \
        "/lib/systemd/system/$1" | put "$file"
    box systemctl daemon-reload
    box rm -rf /var/lib/probe /var/lib/private/probe /dev/shm/probe-copy
    ok "the probe runs in the place of $1" 'box systemctl start "$probe"'
    box systemd-run -q --wait -p StateDirectory=probe-control /opt/probe || :
    box cat /var/lib/probe/result >"$W"/sandboxed
    box cat /var/lib/probe-control/result >"$W"/control
    local unit=$1
    ok "$1: the probe came to its end, with and without the sandbox" \
        '[ "$(tail -1 "$W"/sandboxed)" = end ] && [ "$(tail -1 "$W"/control)" = end ]'
    ok "$1: all that the daemon needs is allowed" '! grep "^need:.* denied$" "$W"/sandboxed'
    local name verdict control proven=0 unproven=()
    while read -r name verdict; do
        case $name in need:* | end) continue ;; esac
        control=$(sed -n "s|^$name ||p" "$W"/control)
        if [ "$verdict" = allowed ]; then
            ok "$1: $name is denied" false
        elif [ "$control" = allowed ]; then
            proven=$((proven + 1))
        elif [[ " $UNPROVABLE " == *" $name "* ]]; then
            unproven+=("$name")
        else
            ok "$1: $name is allowed without the sandbox, so that the denial proves something" false
        fi
    done <"$W"/sandboxed
    ok "$1: $proven things are denied that are allowed without the sandbox" '[ $proven -ge 29 ]'
    [ ${#unproven[@]} = 0 ] || echo "# denied in any case here, so only asserted as properties: ${unproven[*]}"
}

# Lines without which the probe still finds nothing that it may do. Only the properties prove these. Other lines imply
# them: NoNewPrivileges and PrivateMounts (the filter, the mounts), AmbientCapabilities (empty anyhow), DevicePolicy
# (PrivateDevices), ProtectKernelTunables (ProcSubset), RestrictRealtime (SystemCallFilter), ExecPaths
# (BindReadOnlyPaths makes mounts of its own). A container denies what these forbid, with and without them:
# ProtectClock, ProtectKernelLogs, KeyringMode. RemoveIPC concerns objects that the service leaves behind.
BACKED_UP="NoNewPrivileges PrivateMounts AmbientCapabilities DevicePolicy ProtectKernelTunables RestrictRealtime ExecPaths
ProtectClock ProtectKernelLogs KeyringMode RemoveIPC"

# Removes each line of the unit in turn, which the probe must notice.
checks_sandbox_lines() {
    local key difference noticed=0 backed=0 unnoticed=()
    box bash -s <"$HERE/take-out-lines.sh" >"$W"/lines
    while IFS=: read -r key difference; do
        if [ -n "${difference# }" ]; then
            noticed=$((noticed + 1))
        elif [[ " ${BACKED_UP//$'\n'/ } " == *" $key "* ]]; then
            backed=$((backed + 1))
        else
            unnoticed+=("$key")
        fi
    done <"$W"/lines
    ok "the probe notices each line that is taken out of the unit${unnoticed[*]:+: not ${unnoticed[*]}}" \
        '[ ${#unnoticed[@]} = 0 ] && [ $noticed -ge 25 ]'
    echo "# $noticed lines of the sandbox are noticed when they are taken out; $backed are backed up by others, or cannot be tried here"
}
