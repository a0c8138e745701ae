#!/bin/bash
# Run inside the virtual machine: limits and filters that a container does not enforce. Each with a control.
# shellcheck source=/dev/null
. "$(dirname "$0")/ok.sh"
until_() {
    local deadline=$((SECONDS + 60))
    while [ $SECONDS -lt $deadline ]; do
        eval "$1" && return 0
        sleep .5
    done
    return 1
}
prop() { systemctl show --value -p "$1" "${2:-twostepd.service}"; }
has_converged() { [ "$(twostepd status --format json | grep -o '"condition" *: *"converged"' | wc -l)" = 3 ]; }

# limited NAME ARGUMENTS… -- LINES…: runs the probe in the daemon's place, under its unit's lines and these.
limited() {
    local name=$1 arguments=() file
    shift
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    shift
    file=/etc/systemd/system/$name.service
    sed -e "s|^ExecStart=.*|ExecStart=/usr/bin/twostepd ${arguments[*]}|" -e 's/^Type=.*/Type=oneshot/' \
        -e 's|^BindReadOnlyPaths=/usr/bin/twostepd |BindReadOnlyPaths=/opt/probe:/usr/bin/twostepd |' \
        -e '/^ExecReload=/d; /^Restart/d; /^WatchdogSec=/d; /^LoadCredential=/d' \
        -e 's/^StateDirectory=.*/StateDirectory=probe/; s/^RuntimeDirectory=.*/RuntimeDirectory=probe/' \
        -e 's,%S/twostepd,%S/probe,; s,%t/twostepd,%t/probe,' -e '/^\[Install\]/,$d' \
        /lib/systemd/system/twostepd.service >"$file"
    printf '%s\n' "$@" >>"$file"
    systemctl daemon-reload
    systemctl start "$name" 2>/dev/null
}

echo "# $(systemctl --version | head -1), kernel $(uname -r)"
systemd-run -q --unit=vendor /usr/bin/twostepd simulate --port 8080 --token secret-1 --token secret-2 --token secret-3
install -m 600 /dev/stdin /etc/twostepd/secrets.yaml <<<'tokens: { token-1: secret-1, token-2: secret-2, token-3: secret-3 }'
{
    printf 'version: 1\ndefaults:\n  endpoint: http://127.0.0.1:8080/api/v2/two-step-verification\nnumbers:\n'
    for index in 1 2 3; do printf '  - { number: "+1555010000%d", token: token-%d }\n' $index $index; done
} >/etc/twostepd/desired-state.yaml
ok "it starts" 'systemctl start twostepd'
ok "the fleet is as desired" 'until_ has_converged'
group=/sys/fs/cgroup/system.slice/twostepd.service
ok "the kernel has the unit's limits" \
    '[ "$(cat $group/memory.max)" = 1073741824 ] && [ "$(cat $group/pids.max)" = 128 ]'
echo "# MemoryCurrent $(prop MemoryCurrent), TasksCurrent $(prop TasksCurrent)"
ok "idle, it is below 40 MB beside its program's pages" \
    '[ "$(awk "/^anon /{print \$2}" $group/memory.stat)" -lt 41943040 ]'

ok "control: 100 processes are within TasksMax" 'limited tasks-control tasks 100 --'
ok "TasksMax: 140 are not" '! limited tasks tasks 140 --'
ok "control: 32 MB are within a MemoryMax of 64 MB" 'limited memory-control memory 32 -- MemoryMax=64M'
ok "MemoryMax: 128 MB are not" \
    '! limited memory memory 128 -- MemoryMax=64M && [ "$(prop Result memory)" = oom-kill ]'
ok "control: any address is reached without a filter" 'limited reach-control reach 127.0.0.2 --'
ok "IPAddressDeny: one that is not allowed is not" \
    '! limited reach reach 127.0.0.2 -- IPAddressDeny=any IPAddressAllow=127.0.0.1'
ok "IPAddressAllow: one that is allowed is" \
    'limited reach-allowed reach 127.0.0.1 -- IPAddressDeny=any IPAddressAllow=127.0.0.1'

mkdir -p /etc/systemd/system/twostepd.service.d
printf '[Service]\nIPAddressDeny=any\nIPAddressAllow=127.0.0.1\n' >/etc/systemd/system/twostepd.service.d/network.conf
systemctl daemon-reload
ok "the daemon works behind the filter" 'systemctl restart twostepd && until_ has_converged'
ok "and its exposure is 1.1 then" \
    'systemd-analyze security --threshold=11 twostepd.service >/run/security 2>&1; tail -1 /run/security | grep -q " 1.1 "'
echo "# $(tail -1 /run/security)"
ok "the machine is well" '[ -z "$(systemctl list-units --failed --no-legend | grep -vE "tasks|memory|reach")" ]'
echo "service: $passed passed, $failed failed"
