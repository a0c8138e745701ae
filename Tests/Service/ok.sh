# shellcheck shell=bash
# Shared by tests in shell: `ok NAME CONDITION` runs and counts one check. Sourced, not run.
passed=0
failed=0
ok() {
    if eval "$2"; then
        passed=$((passed + 1))
        echo "ok - $1"
    else
        failed=$((failed + 1))
        echo "not ok - $1"
        echo "    $2"
    fi
}
