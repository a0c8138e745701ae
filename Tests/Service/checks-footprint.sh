# shellcheck shell=bash
# A tenant with 1,000 numbers: isolation, size in memory, and its wake-ups while nothing is due.

start_large_fleet() {
    box mkdir -p /etc/twostepd/large
    {
        echo "tokens:"
        seq 1 1000 | awk '{printf "  t-%04d: large-%d\n", $1, $1}'
    } | put /etc/twostepd/large/secrets.yaml 600
    {
        printf 'version: 1\ndefaults:\n  endpoint: http://127.0.0.1:8080/api/v2/two-step-verification\nnumbers:\n'
        seq 1 1000 | awk '{printf "  - { number: \"+1555020%04d\", token: t-%04d }\n", $1, $1}'
    } | put /etc/twostepd/large/desired-state.yaml
    put /etc/twostepd/large/twostepd.yaml <<'SETTINGS'
desired_state: desired-state.yaml
state_directory: /var/lib/twostepd-large
runtime_directory: /run/twostepd-large
listen: 127.0.0.1:9478
limits: { requests_per_minute: unlimited, writes_per_hour: unlimited, max_exposed: unlimited, concurrency: 32 }
timing: { settle_delay: 2s }
SETTINGS
    ok "a second tenant starts" 'box systemctl start twostepd@large'
    ok "a tenant has a user of its own, and the shared group for its socket" \
        'user=$(box stat -c %U:%G "/proc/$(prop MainPID twostepd@large)"); [ "$user" = twostepd-large:twostepd ] &&
            [ "$(box stat -c %G:%a /run/twostepd-large/control.sock)" = twostepd:660 ]'
    ok "its store is new, so that its fleet is held until somebody accepts it" \
        'box twostepd status --config /etc/twostepd/large/twostepd.yaml | grep -q "this store is new" &&
            box twostepd accept "$(box sha256sum /etc/twostepd/large/desired-state.yaml | cut -c 1-12)" \
                --config /etc/twostepd/large/twostepd.yaml 2>"$W"/accept || ! cat "$W"/accept'
    ok "the group may reload it" \
        'box setpriv --reuid 0 --regid twostepd --clear-groups twostepd reload --config /etc/twostepd/large/twostepd.yaml \
            >"$W"/reload 2>&1 && box systemctl reload twostepd@large >>"$W"/reload 2>&1 || ! cat "$W"/reload'
    ok "no tenant sees the store of another" \
        '! box setpriv --reuid "$(box stat -c %u "/proc/$(prop MainPID twostepd@large)")" --regid twostepd --clear-groups \
            ls /var/lib/twostepd 2>/dev/null && [ "$(box stat -c %a /var/lib/private/twostepd-large)" = 700 ]'
}

large_is_done() {
    box twostepd status --config /etc/twostepd/large/twostepd.yaml --format json |
        jq -e '(.numbers | length) == 1000 and all(.numbers[]; .condition == "converged")' >/dev/null
}

# Counts how often each thread of a process gave up the processor to wait; a wake-up follows each time. Prints "THREAD
# COUNT" lines.
waits() {
    box bash -c 'cat /proc/'"$1"'/task/*/status' | awk '/^Pid:/ {thread = $2} /^voluntary_ctxt_switches/ {print thread, $2}'
}

# The increase between two such counts: new threads count from 0, and those that have ended do not count.
more_waits() { awk 'NR == FNR {before[$1] = $2; next} {sum += $2 - before[$1]} END {print sum + 0}' <(echo "$1") <(echo "$2"); }

checks_footprint() {
    local pid began more seconds=${FOOTPRINT_SECONDS:-20} rss anonymous memory rate
    ok "1,000 numbers are as desired" 'until_ large_is_done || until_ large_is_done || until_ large_is_done'
    ok "a tenant with 1,000 numbers never crashed" '[ "$(prop NRestarts twostepd@large)" = 0 ]'
    pid=$(prop MainPID twostepd@large)
    began=$(waits "$pid")
    sleep "$seconds"
    more=$(more_waits "$began" "$(waits "$pid")")
    rate=$((more * 60 / seconds))
    rss=$(box awk '/^VmRSS/ {print $2}' "/proc/$pid/status")
    anonymous=$(box awk '/^RssAnon/ {print $2}' "/proc/$pid/status")
    memory=$(prop MemoryCurrent twostepd@large)
    echo "# binary: $(($(box stat -c %s /usr/bin/twostepd) / 1000000)) MB; package: $(($(stat -c %s "$PACKAGE") / 1000000)) MB"
    echo "# idle with 1,000 numbers: $((rss / 1024)) MB resident, $((anonymous / 1024)) MB of it its own;" \
        "MemoryCurrent $memory; $(box ls "/proc/$pid/task" | wc -l) threads"
    echo "# wake-ups with nothing due: $more of all threads in $seconds s, $rate a minute"
    ok "less than 40 MB is its own with 1,000 numbers" '[ "$anonymous" -lt 40960 ]'
    # Expected wake-ups: libdispatch's monitor of the shared queues, once a second, and the watchdog's probe, twice a
    # minute, which five threads pass on. So 70 a minute, and five more when another probe falls into the time; another
    # timer of a second would be 60 more.
    ok "nothing but libdispatch's monitor and the watchdog wakes it" '[ "$more" -le $((seconds * 5 / 4 + 5)) ]'
}
