# shellcheck shell=bash
# Run inside the machine, after probe_sandbox: runs the probe once for each line of its unit that belongs to the
# sandbox, without that line, and prints "LINE: what is different then", or nothing after the colon.
set -u
unit=/etc/systemd/system/probe.service
state=/var/lib/probe/result
complete=$(mktemp)
original=$(mktemp)
sorted=$(mktemp)
cp "$unit" "$complete"
run() {
    rm -rf "$state" /dev/shm/probe-copy
    systemctl daemon-reload
    systemctl reset-failed probe.service 2>/dev/null
    systemctl start probe.service >/dev/null 2>&1
}
run
sort "$state" >"$original"
grep -nE '^[A-Za-z]+=' "$complete" | sed -n '/:UMask=/,$p' | while IFS=: read -r number line; do
    case $line in
        Environment=* | MemoryMax=* | MemorySwapMax=* | TasksMax=* | WantedBy=*) continue ;;
        # This line puts the probe at the program's path, so it is replaced rather than removed.
        BindReadOnlyPaths=*) sed "${number}s|.*|BindPaths=/opt/probe:/usr/bin/twostepd|" "$complete" >"$unit" ;;
        *) sed "${number}d" "$complete" >"$unit" ;;
    esac
    run
    [ -e "$state" ] && sort "$state" >"$sorted" || echo "the probe does not start" >"$sorted"
    grep -qx end "$sorted" || echo "the probe does not end" >"$sorted"
    echo "${line%%=*}: $(comm -13 "$original" "$sorted" | tr '\n' ';')"
done
mv "$complete" "$unit"
systemctl daemon-reload
