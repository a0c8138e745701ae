# shellcheck shell=bash
# Installation, upgrade, removal.

checks_first_installation() {
    box dpkg -i /opt/packages/old.deb >"$W"/dpkg 2>&1
    ok "installs, and says what to do" 'grep -q "systemctl enable --now twostepd" "$W"/dpkg'
    ok "is neither enabled nor started before it is configured" \
        '[ "$(prop UnitFileState)" = disabled ] && is ActiveState inactive && is NRestarts 0'
    ok "nothing has failed" '[ -z "$(box systemctl list-units --failed --no-legend)" ]'
    ok "the user is there, without a shell" 'box getent passwd twostepd | grep -q ":/var/lib/twostepd:/usr/sbin/nologin"'
    ok "samples are configuration files" \
        '[ "$(box dpkg-query -W -f "\${Conffiles}\n" twostepd | grep -c " /etc/twostepd/")" = 4 ]'
    ok "systemd-analyze verify has nothing to say" \
        '[ -z "$(box systemd-analyze verify twostepd.service twostepd@tenant.service 2>&1)" ]'
    ok "the unit of a tenant differs from the other by its names only" \
        'diff <(unit_lines twostepd.service) <(unit_lines twostepd@.service)'
    for unit in twostepd.service twostepd@tenant.service; do
        ok "$unit has an exposure of at most 1.2" \
            'box systemd-analyze security --offline=true --threshold=12 $unit >"$W"/security'
        echo "# $(tail -1 "$W"/security)"
    done
    box systemctl start twostepd >"$W"/start 2>&1 || :
    ok "started without secrets it fails once, for its credential, and is not restarted" \
        'is ActiveState failed && is ExecMainStatus 243 && is NRestarts 0'
}

# Prints the lines of a unit, without those in which a tenant's unit must differ.
unit_lines() {
    box sed -e '/^#/d; /^Description=/d; /^Environment=TWOSTEPD_CONFIG=/d; /^DynamicUser=/d' \
        -e 's,twostepd-%i,twostepd,g; s,/%i/,/,g' "/lib/systemd/system/$1"
}

checks_upgrade() {
    local before_pid before_pins
    before_pid=$(prop MainPID)
    before_pins=$(store_pins)
    echo "# the operator's" | box tee -a /etc/twostepd/twostepd.yaml >/dev/null
    box dpkg -i /opt/packages/new.deb >"$W"/dpkg 2>&1
    ok "the upgrade restarts what ran" 'until_ is_active && [ "$(prop MainPID)" != "$before_pid" ]'
    ok "the upgrade keeps the settings" 'box grep -q "^# the operator" /etc/twostepd/twostepd.yaml'
    ok "the same PINs after the upgrade" 'until_ has_converged && [ "$(store_pins)" = "$before_pins" ] && agrees'
    box systemctl stop twostepd
    box dpkg -i /opt/packages/new.deb >"$W"/dpkg 2>&1
    ok "an upgrade does not start what was stopped" 'is ActiveState inactive'
    box systemctl start twostepd
}

checks_rollback() {
    local before_pins
    before_pins=$(store_pins)
    box dpkg -i /opt/packages/old.deb >"$W"/dpkg 2>&1
    ok "a rollback restarts what ran" 'until_ is_active && [ "$(box dpkg-query -W -f "\${Version}" twostepd)" = 0.0.9-1 ]'
    ok "the same PINs after the rollback" 'until_ has_converged && [ "$(store_pins)" = "$before_pins" ] && agrees'
    # A store that a later version has migrated.
    box systemctl stop twostepd
    box cp -a /var/lib/twostepd /root/state
    sqlite3 "$ROOT"/var/lib/twostepd/twostepd.sqlite "INSERT INTO grdb_migrations VALUES ('9999-later')"
    mark
    box systemctl start twostepd 2>/dev/null || :
    ok "a store of a later version is refused, once, and says so" \
        'is ActiveState failed && is ExecMainStatus 78 && is NRestarts 0 && journal "9999-later"'
    box rm -rf /var/lib/twostepd
    box mv /root/state /var/lib/twostepd
    box systemctl reset-failed twostepd
    box dpkg -i /opt/packages/new.deb >"$W"/dpkg 2>&1
    box systemctl start twostepd
    ok "forward again" 'until_ is_active && until_ agrees && [ "$(store_pins)" = "$before_pins" ]'
}

checks_removal() {
    box systemctl stop twostepd@large
    box dpkg -r twostepd >"$W"/dpkg 2>&1
    ok "removal stops the service and keeps the store, and says so" \
        '! box systemctl -q is-active twostepd && box test -s /var/lib/twostepd/twostepd.sqlite &&
            grep -q "stay in /var/lib/twostepd;" "$W"/dpkg'
    box dpkg -i /opt/packages/new.deb >"$W"/dpkg 2>&1
    box systemctl start twostepd
    ok "installed again, it goes on with the same PINs" 'until_ is_active && until_ agrees'
    box dpkg -P twostepd >"$W"/dpkg 2>&1
    ok "purge removes the stores after saying so" \
        'grep -q "removing /var/lib/twostepd, " "$W"/dpkg && grep -q "removing /var/lib/private/twostepd-large, " "$W"/dpkg &&
            ! box ls -d /var/lib/twostepd /var/lib/twostepd-large /var/lib/private/twostepd-large 2>/dev/null | grep .'
    ok "purge keeps what the operator wrote" 'box test -f /etc/twostepd/desired-state.yaml && ! box test -e /usr/bin/twostepd'
    ok "nothing of the unit is left behind" '! box find /etc/systemd/system -name "twostepd*.service" | grep .'
}
