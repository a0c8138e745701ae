# shellcheck shell=bash
# Hooks from inside the sandbox: a webhook, and a program that is refused until a drop-in permits it.

checks_hooks() {
    local told=/var/lib/twostepd/told program=/usr/local/lib/twostepd/tell
    box cp /etc/twostepd/twostepd.yaml /root/settings.away
    box mkdir -p "${program%/*}"
    # A script, so that it needs its interpreter as well; it uses only shell builtins.
    put "$program" 755 <<'PROGRAM'
#!/bin/sh
read -r word
printf '%s\n' "$word" >/var/lib/twostepd/told
PROGRAM
    put /root/hooks.yaml <<HOOKS
hooks:
  - { name: post, on: [rotated], url: "http://127.0.0.1:8099/told?here" }
  - { name: program, on: [rotated], command: [$program], include_pin: true }
HOOKS
    box bash -c 'cat /root/hooks.yaml >>/etc/twostepd/twostepd.yaml'
    box systemd-run -q --unit=receiver /opt/probe receive 8099 /run/received
    mark
    box systemctl restart twostepd
    box twostepd rotate +15550100001 >/dev/null 2>&1
    ok "a webhook arrives from inside the sandbox" 'until_ "box test -s /run/received" &&
        box grep -q "^POST /told?here HTTP/1.1" /run/received && box grep -q "+15550100001" /run/received'
    ok "without a PIN" '! box grep -qF "$(truth_pins | sed -n "s/^secret-1 //p")" /run/received'
    ok "a program that nobody has permitted is not run, and the log says why and what to do" \
        'until_ "journal \"Hook failed .*cannot be started: Permission denied.*ExecPaths=.* hook=program\"" &&
            ! box test -e $told && is_active'
    drop_in hooks <<DROP_IN
[Service]
ExecPaths=$program /bin/sh
BindReadOnlyPaths=$program /bin/sh
DROP_IN
    mark
    box systemctl restart twostepd
    ok "permitted by the drop-in of install.md it gets the word, with the PIN" \
        'until_ "box test -s $told" &&
            [ "$(box cat $told | jq -r ".number + .pin")" = "+15550100001$(truth_pins | sed -n "s/^secret-1 //p")" ]'
    ok "and nothing failed" '! journal "Hook failed"'
    box cat "/proc/$(prop MainPID)/mountinfo" >"$W"/mounts
    ok "program and interpreter can be executed and not written" \
        '[[ "$(mount_options $program)" == ro,* && "$(mount_options $program)" != *noexec* ]] &&
            [[ "$(mount_options "$(box readlink -f /bin/sh)")" == ro,* ]]'
    ok "nothing else became executable" '[[ "$(mount_options /)" == ro,*noexec* ]]'
    box rm -rf "${program%/*}" /etc/systemd/system/twostepd.service.d/hooks.conf "$told"
    box mv /root/settings.away /etc/twostepd/twostepd.yaml
    box systemctl daemon-reload
    box systemctl restart twostepd
    ok "without the hooks it goes on" 'until_ is_active && until_ agrees'
}
