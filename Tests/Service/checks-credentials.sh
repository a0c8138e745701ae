# shellcheck shell=bash
# Credentials: plain, missing, encrypted, tampered with.

checks_credentials() {
    local before
    before=$(store_pins)
    ok "the plain credential is the service's alone" \
        'box ls /run/credentials/twostepd.service | grep -qx secrets.yaml &&
            ! box setpriv --reuid ops --regid ops --init-groups cat /run/credentials/twostepd.service/secrets.yaml 2>/dev/null'
    box mv /etc/twostepd/secrets.yaml /etc/twostepd/secrets.away
    box systemctl restart twostepd 2>/dev/null || :
    ok "a missing credential: failed with 243, and not restarted" \
        'is ActiveState failed && is ExecMainStatus 243 && is NRestarts 0'

    # From plain to encrypted, including the key that the first start made.
    box mkdir -p -m 700 /etc/credstore.encrypted
    box systemd-creds --with-key=host --name=secrets.yaml encrypt /etc/twostepd/secrets.away \
        /etc/credstore.encrypted/twostepd.secrets 2>/dev/null
    box systemd-creds --with-key=host --name=twostepd-key encrypt /var/lib/twostepd/twostepd.key \
        /etc/credstore.encrypted/twostepd.key 2>/dev/null
    box mv /var/lib/twostepd/twostepd.key /root/key.away
    drop_in credentials <<'DROP_IN'
[Service]
LoadCredential=
LoadCredentialEncrypted=secrets.yaml:/etc/credstore.encrypted/twostepd.secrets
LoadCredentialEncrypted=twostepd-key:/etc/credstore.encrypted/twostepd.key
DROP_IN
    box systemctl reset-failed twostepd
    ok "encrypted credentials: it starts" 'box systemctl start twostepd && is_active'
    ok "no plain secret is left on the disk" \
        '! box grep -rqs secret-1 /etc/twostepd/secrets.yaml /etc/credstore.encrypted /var/lib/twostepd &&
            ! box test -e /var/lib/twostepd/twostepd.key'
    local credentials=(env CREDENTIALS_DIRECTORY=/run/credentials/twostepd.service)
    ok "the same PINs with the encrypted key" \
        'until_ has_converged && [ "$(store_pins "${credentials[@]}")" = "$before" ] && agrees "${credentials[@]}"'
    ok "without the key nobody reads a PIN" '! box twostepd pin show +15550100001 --reason check --stdout >/dev/null 2>&1'
    box cp -a /etc/credstore.encrypted/twostepd.key /root/encrypted.away
    box bash -c 'tr A-Ma-m N-Zn-z </root/encrypted.away >/etc/credstore.encrypted/twostepd.key'
    box systemctl restart twostepd 2>/dev/null || :
    ok "a credential that was tampered with: failed with 243, and not restarted" \
        'is ActiveState failed && is ExecMainStatus 243 && is NRestarts 0'

    # Back to the plain credential.
    box rm -rf /etc/systemd/system/twostepd.service.d/credentials.conf /etc/credstore.encrypted
    box mv /root/key.away /var/lib/twostepd/twostepd.key
    box mv /etc/twostepd/secrets.away /etc/twostepd/secrets.yaml
    box systemctl daemon-reload
    box systemctl reset-failed twostepd
    box systemctl start twostepd
    ok "back on the plain credential" 'until_ is_active && until_ agrees && [ "$(store_pins)" = "$before" ]'
}
