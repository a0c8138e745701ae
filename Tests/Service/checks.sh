# shellcheck shell=bash
# The checks of the service in a booted machine; sourced by box.sh. PACKAGE, PREVIOUS and PROBE are paths outside of it.
HERE=$(dirname "${BASH_SOURCE[0]}")
for part in package life credentials store sandbox hooks footprint; do
    # shellcheck source=/dev/null
    . "$HERE/checks-$part.sh"
done

prepare() {
    mkdir -p "$ROOT"/opt/packages "$ROOT"/dev "$ROOT"/usr/lib/modules
    cp "$PACKAGE" "$ROOT"/opt/packages/new.deb
    cp "$PREVIOUS" "$ROOT"/opt/packages/old.deb
    install -m 755 "$PROBE" "$ROOT"/opt/probe
}

checks() {
    checks_first_installation
    checks_start
    start_large_fleet
    checks_properties
    checks_reload
    checks_control_socket
    checks_watchdog
    checks_crash
    checks_upgrade
    checks_rollback
    checks_sandbox
    checks_credentials
    checks_permissions
    checks_full_disk
    checks_hooks
    checks_stop_in_mid_rotation
    checks_footprint
    checks_removal
}

# The last log lines of the services, after a failure.
diagnose() {
    box systemctl list-units --all --no-legend 'twostepd*' | cut -c 1-160 || :
    box journalctl -q -o short-precise -n 60 || :
}

# prop NAME [UNIT]: a property of the unit, from the service manager.
prop() { box systemctl show --value -p "$1" "${2:-twostepd.service}"; }

# is NAME VALUE: true when the unit's property has that value.
is() { [ "$(prop "$1")" = "$2" ]; }

is_active() { is ActiveState active && is SubState running; }

# simulator METHOD PATH [BODY]: one request to the simulated vendor.
simulator() {
    box bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080
        printf "%s %s HTTP/1.1\r\nHost: box\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" "$1" "$2" "${#3}" "$3" >&3
        sed "1,/^\r*$/d" <&3' - "$1" "$2" "${3:-}"
}

truth() { simulator GET /_sim/truth; }

# The vendor's truth and the store's belief, in the same form: "secret-1 123456" a line.
truth_pins() { truth | jq -r '.tokens[] | select(.token | startswith("secret-")) | "\(.token) \(.pin)"'; }
store_pins() {
    local index
    for index in 1 2 3; do
        # Standard error carries the certainty; an error message must appear in place of the PIN.
        echo "secret-$index $(box "$@" twostepd pin show "+1555010000$index" --reason check --stdout 2>"$W"/errors ||
            cat "$W"/errors)"
    done
}

has_converged() {
    box twostepd status --format json | jq -e '(.numbers | length) == 3 and all(.numbers[]; .condition == "converged")' \
        >/dev/null
}

agrees() { has_converged && [ "$(truth_pins)" = "$(store_pins "$@")" ]; }

# journal PATTERN: true when the service's journal since the last `mark` matches.
journal() { box journalctl -q -o cat --after-cursor="$(cat "$W"/mark)" -u twostepd.service | grep -Eq -- "$1"; }
mark() {
    box journalctl -q -n 1 --show-cursor | sed -n 's/^-- cursor: //p' >"$W"/mark
    # Without a cursor nothing would ever be found after it.
    [ -s "$W"/mark ]
}

# put PATH [MODE]: replaces a file in the machine with standard input, at once.
put() {
    box bash -c 'cat >"$1.new" && chmod "$2" "$1.new" && mv -T "$1.new" "$1"' - "$1" "${2:-644}"
}

# drop_in NAME: standard input becomes a drop-in of the unit.
drop_in() {
    box mkdir -p /etc/systemd/system/twostepd.service.d
    put "/etc/systemd/system/twostepd.service.d/$1.conf"
    box systemctl daemon-reload
}

# desired_state [DEFAULTS…]: the file for the three numbers.
desired_state() {
    printf 'version: 1\ndefaults:\n  endpoint: http://127.0.0.1:8080/api/v2/two-step-verification\n'
    printf '  %s\n' "$@"
    printf 'numbers:\n'
    local index
    for index in 1 2 3; do printf '  - { number: "+1555010000%d", token: token-%d }\n' "$index" "$index"; done
}
