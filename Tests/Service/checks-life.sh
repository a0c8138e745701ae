# shellcheck shell=bash
# Start, reload, the control socket, the watchdog, a crash, a stop.

checks_start() {
    local tokens=() index
    for index in $(seq 1000); do tokens+=(--token "large-$index"); done
    box systemd-run -q --unit=vendor /usr/bin/twostepd simulate --port 8080 \
        --token secret-1 --token secret-2=foreign:123456 --token secret-3 "${tokens[@]}"
    until_ 'truth >/dev/null 2>&1'
    put /etc/twostepd/secrets.yaml 600 <<<'tokens: { token-1: secret-1, token-2: secret-2, token-3: secret-3 }'
    put /etc/twostepd/twostepd.yaml <<'SETTINGS'
desired_state: desired-state.yaml
limits: { requests_per_minute: unlimited, writes_per_hour: unlimited, writes_per_hour_exposed: unlimited }
timing: { request_timeout: 2s, settle_delay: 2s, backoff_min: 100ms, backoff_max: 1s, backoff_max_exposed: 500ms }
SETTINGS
    desired_state "rotate_every: never" | put /etc/twostepd/desired-state.yaml
    mark
    ok "enabled and started, it is ready when systemctl returns" \
        'box systemctl enable -q --now twostepd && is_active && is Result success'
    ok "the status text names the revision" 'until_ "is StatusText \"revision 1 is in force\""'
    ok "the log has it as well" 'until_ "journal \"^Ready \""'
    ok "the fleet is as desired" 'until_ agrees'
    ok "the journal has each fact as a field" \
        'box journalctl -q -o json -u twostepd.service TWOSTEPD_REVISION=1 | jq -es "any(.[];
            (.MESSAGE | startswith(\"Desired state in force \")) and .SYSLOG_IDENTIFIER == \"twostepd\" and
            ._SYSTEMD_UNIT == \"twostepd.service\" and .TWOSTEPD_ADDED == \"3\")" >/dev/null &&
            [ -z "$(box journalctl -q -o cat -u twostepd.service TWOSTEPD_REVISION=99)" ]'
    ok "it runs as its own user" \
        '[ "$(box stat -c %U:%G /proc/$(prop MainPID))" = twostepd:twostepd ] &&
            [ "$(box stat -c %U:%G:%a /var/lib/twostepd)" = twostepd:twostepd:700 ]'
    ok "no token is in the environment, the arguments or the journal" \
        '! box cat /proc/$(prop MainPID)/environ /proc/$(prop MainPID)/cmdline | grep -aq "secret-[123]" &&
            ! journal "secret-[123]"'
}

checks_properties() {
    local line
    while read -r line; do
        ok "as the unit says: $line" 'is "${line%%=*}" "${line#*=}"'
    done <<'PROPERTIES'
Type=notify
NotifyAccess=main
Restart=on-failure
RestartUSec=5s
RestartPreventExitStatus=78 243
TimeoutStopUSec=45s
WatchdogUSec=1min
User=twostepd
Group=twostepd
StateDirectory=twostepd
StateDirectoryMode=0700
RuntimeDirectory=twostepd
RuntimeDirectoryMode=0750
PROPERTIES
    ok "it starts after network and time" \
        '[[ " $(prop After) " == *" network-online.target "* && " $(prop After) " == *" time-sync.target "* ]]'
    # From here on restarts and watchdog are fast, so that the checks are fast.
    drop_in fast <<<$'[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=200ms\nWatchdogSec=3s'
    box systemctl restart twostepd
}

checks_reload() {
    local pid
    pid=$(prop MainPID)
    desired_state "rotate_every: never" "reapply_every: 12h" | put /etc/twostepd/desired-state.yaml
    ok "an edit is taken up by a reload" \
        'box systemctl reload twostepd && until_ "is StatusText \"revision 2 is in force\"" && is_active'
    echo "numbers: [" | put /etc/twostepd/desired-state.yaml
    ok "a reload of an invalid file fails, and the service goes on" \
        '! box systemctl reload twostepd 2>/dev/null && is_active && [ "$(prop MainPID)" = "$pid" ]'
    ok "the status text tells" '[[ "$(prop StatusText)" == *"not valid; revision "*" stays in force"* ]]'
    ok "a restart on the invalid file goes on with the last good one" \
        'box systemctl restart twostepd && is_active && until_ agrees'
    desired_state "rotate_every: never" | put /etc/twostepd/desired-state.yaml
    ok "the mended file is taken up by itself" 'until_ "is StatusText \"revision 3 is in force\""'
}

checks_control_socket() {
    ok "the socket is for the group" \
        '[ "$(box stat -c %U:%G:%a /run/twostepd)" = twostepd:twostepd:750 ] &&
            [ "$(box stat -c %U:%G:%a /run/twostepd/control.sock)" = twostepd:twostepd:660 ]'
    box useradd -M -G twostepd ops
    box useradd -M stranger
    ok "a member of the group may reload" \
        'box setpriv --reuid ops --regid ops --init-groups twostepd reload 2>"$W"/reload || ! cat "$W"/reload'
    ok "a stranger may not" '! box setpriv --reuid stranger --regid stranger --init-groups twostepd reload 2>/dev/null'
    ok "an order is recorded under the kernel's name of its caller, and what it says of itself as its own claim" \
        'box setpriv --reuid ops --regid ops --init-groups env SUDO_USER=alice twostepd pause +15550100001 --reason check &&
            box setpriv --reuid ops --regid ops --init-groups twostepd resume +15550100001 &&
            box twostepd history --events --format json | jq -e "any(.events[];
                .actor | test(\"^ops \\\\(uid [0-9]+, pid [0-9]+\\\\), claimed: .*sudo from alice\"))" >/dev/null'
    ok "the daemon's user may look, plan and reveal, without the secrets that only root can read" \
        '[ "$(box setpriv --reuid twostepd --regid twostepd --clear-groups \
            twostepd pin show +15550100001 --reason check --stdout 2>/dev/null)" = "$(truth_pins | sed -n "s/^secret-1 //p")" ] &&
            box setpriv --reuid twostepd --regid twostepd --clear-groups twostepd plan >/dev/null 2>"$W"/plan &&
            grep -q "cannot be read by this user" "$W"/plan'
    ok "and so it can say that the clock is right" \
        'box systemctl stop twostepd && box setpriv --reuid twostepd --regid twostepd --clear-groups twostepd clock accept \
            2>"$W"/clock && box systemctl start twostepd && until_ is_active || ! cat "$W"/clock'
    ok "the group has no way to the store" \
        '! box setpriv --reuid ops --regid ops --init-groups cat /var/lib/twostepd/twostepd.sqlite 2>/dev/null'
}

checks_watchdog() {
    local before
    before=$(store_pins)
    mark
    box sleep 4
    ok "a daemon that works is not disturbed by the watchdog" 'is_active && ! journal "Watchdog timeout"'
    box bash -c "kill -STOP $(prop MainPID)"
    ok "a daemon that hangs is killed by the watchdog" 'until_ "journal \"Watchdog timeout\""'
    ok "and started again, with the same PINs" \
        'until_ "[ \"\$(prop NRestarts)\" -ge 1 ]" && until_ is_active && until_ agrees && [ "$(store_pins)" = "$before" ]'
    ok "no core was kept" '! box find / -xdev -regex ".*/core\(\.[0-9]+\)?" -type f | grep .'
}

checks_crash() {
    local before restarts
    before=$(store_pins)
    restarts=$(prop NRestarts)
    box bash -c "kill -KILL $(prop MainPID)"
    ok "a crash is followed by a restart" 'until_ "[ \"\$(prop NRestarts)\" -gt $restarts ]" && until_ is_active'
    ok "the same PINs after the crash" 'until_ agrees && [ "$(store_pins)" = "$before" ]'
}

checks_stop_in_mid_rotation() {
    local round caught=0
    # Every answer takes 300 ms, and a PIN lives for a second: at any moment some number is disabled.
    simulator PUT /_sim/faults '{"slow":1}' >/dev/null
    desired_state "rotate_every: 1s" | put /etc/twostepd/desired-state.yaml
    for round in 1 2 3; do
        box systemctl start twostepd
        until_ 'truth_pins | grep -q null' && caught=$((caught + 1))
        mark
        box systemctl stop twostepd
        ok "round $round: a stop in mid-rotation leaves nothing exposed" \
            'is Result success && is ExecMainStatus 0 && ! truth_pins | grep -q null'
    done
    ok "each stop came while a number was disabled" '[ $caught = 3 ]'
    simulator PUT /_sim/faults '{}' >/dev/null
    desired_state "rotate_every: never" | put /etc/twostepd/desired-state.yaml
    box systemctl start twostepd
    ok "started again, all is as desired" 'until_ agrees'
}
