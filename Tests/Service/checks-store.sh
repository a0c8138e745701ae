# shellcheck shell=bash
# Files with the wrong permissions, and a full disk.

checks_permissions() {
    local before
    before=$(store_pins)
    mark
    box chmod 600 /etc/twostepd/desired-state.yaml
    ok "a desired state that the service may not read: it says so, and goes on" \
        '! box systemctl reload twostepd 2>/dev/null && is_active && until_ "journal desired-state.yaml" &&
            [[ "$(prop StatusText)" == *"stays in force"* ]]'
    box chmod 644 /etc/twostepd/desired-state.yaml
    ok "mended, it reloads" 'box systemctl reload twostepd && is_active'
    box systemctl stop twostepd
    box chown root: /var/lib/twostepd/twostepd.sqlite
    mark
    box systemctl start twostepd 2>/dev/null || :
    ok "a store that is not the service's: it says so" \
        'until_ "journal \"/var/lib/twostepd/twostepd.sqlite\"" && ! is_active'
    ok "and it is not restarted in a loop" 'is ActiveState failed && is ExecMainStatus 78 && is NRestarts 0'
    box chown twostepd: /var/lib/twostepd/twostepd.sqlite
    box systemctl reset-failed twostepd
    box systemctl start twostepd
    box chmod 777 /var/lib/twostepd
    box systemctl restart twostepd
    ok "systemd keeps the state directory private" '[ "$(box stat -c %a /var/lib/twostepd)" = 700 ] && is_active'
    ok "the same PINs after all that" 'until_ agrees && [ "$(store_pins)" = "$before" ]'
}

checks_full_disk() {
    local restarts
    box systemctl stop twostepd
    box mv /var/lib/twostepd /root/state
    box mkdir /var/lib/twostepd
    box mount -t tmpfs -o size=8m,mode=700 state /var/lib/twostepd
    box cp -a /root/state/. /var/lib/twostepd
    box chown -R twostepd: /var/lib/twostepd
    box systemctl start twostepd
    until_ agrees
    mark
    fill_disk
    restarts=$(prop NRestarts)
    # New values are written until the pages that SQLite has in reserve are used up.
    desired_state "rotate_every: 1s" | put /etc/twostepd/desired-state.yaml
    ok "a full state directory: the status text tells" 'until_ "[[ \"\$(prop StatusText)\" == *\"the store is failing\"* ]]"'
    box sleep 4
    ok "it stays, and waits: a restart would not help" 'is_active && [ "$(prop NRestarts)" = "$restarts" ]'
    box rm -f /var/lib/twostepd/fill
    ok "with space again it goes on by itself" 'until_ "journal \"Store works again\"" && is_active'
    desired_state "rotate_every: never" | put /etc/twostepd/desired-state.yaml
    ok "nothing was lost" 'until_ agrees'
    box systemctl stop twostepd
    fill_disk
    box systemctl start --no-block twostepd
    ok "started on a full disk it tries again until there is space" 'until_ "[ \"\$(prop NRestarts)\" -ge 1 ]" && ! is_active'
    box rm -f /var/lib/twostepd/fill
    ok "and starts when there is" 'until_ is_active && until_ agrees'
    box systemctl stop twostepd
    box rm -rf /root/state
    box cp -a /var/lib/twostepd /root/state
    box umount /var/lib/twostepd
    box cp -a /root/state/. /var/lib/twostepd
    box systemctl start twostepd
    until_ agrees
}

fill_disk() { box bash -c 'cat /dev/zero >/var/lib/twostepd/fill 2>/dev/null; test -s /var/lib/twostepd/fill'; }
