#!/bin/bash
# Installs twostepd from source, for any distribution with systemd:
#
#   scripts/install.sh [--prefix DIR] [--binary FILE]
#
# DIR is /usr/local unless given. FILE is a program that was built already; without it a release is built (6-9 minutes
# the first time). With DESTDIR set, everything goes below that folder. Files in /etc/twostepd that exist are kept.
# docs/install.md describes the next steps, and the removal.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
usage() {
    sed -n '2,8s/^# \{0,1\}//p' "scripts/install.sh" >&2
    exit 64
}
prefix=/usr/local
binary=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:-} ;;
        --prefix=*) prefix=${1#*=} ;;
        --binary) binary=${2:-} ;;
        --binary=*) binary=${1#*=} ;;
        *) usage ;;
    esac
    case $1 in *=*) shift ;; *) shift $(($# < 2 ? 1 : 2)) ;; esac
done
case $prefix in /*) ;; *) usage ;; esac
prefix=${prefix%/}
root=${DESTDIR:-}
umask 022

if [ -z "$binary" ]; then
    need_build
    install_missing
    scripts/build-release.sh
    binary=.build-package/twostepd
fi
[ -x "$binary" ] || {
    echo "$binary is no program: build it with scripts/build-release.sh" >&2
    exit 1
}

put() { install -D -m "$1" "$2" "$root$3"; }
# Files in /etc belong to the operator once they exist.
put_once() { [ -e "$root$2" ] || put 644 "$1" "$2"; }
# The units contain the program's path twice.
put_unit() {
    sed "s|/usr/bin/twostepd|$prefix/bin/twostepd|g; s|/usr/share/doc|$prefix/share/doc|g" "$1" |
        install -D -m 644 /dev/stdin "$root$prefix/lib/systemd/system/${1##*/}"
}

put 755 "$binary" "$prefix/bin/twostepd"
put_unit systemd/twostepd.service
put_unit systemd/twostepd@.service
put 644 systemd/twostepd.sysusers.conf "$prefix/lib/sysusers.d/twostepd.conf"
put_once config/twostepd.yaml /etc/twostepd/twostepd.yaml
put_once config/desired-state.yaml /etc/twostepd/desired-state.example.yaml
put_once config/desired-state.schema.json /etc/twostepd/desired-state.schema.json
put_once config/secrets.example.yaml /etc/twostepd/secrets.example.yaml
for document in README.md docs/*.md; do
    put 644 "$document" "$prefix/share/doc/twostepd/${document##*/}"
done
for page in docs/man/*.[1-8]; do
    [ -e "$page" ] || continue
    put 644 "$page" "$prefix/share/man/man${page##*.}/${page##*/}"
done
# These files are sourced, never run, so they get no interpreter line.
complete() { "$binary" --generate-completion-script "$1" | sed '1{/^#!/d}' | install -D -m 644 /dev/stdin "$root$prefix/share/$2"; }
complete bash bash-completion/completions/twostepd
complete zsh zsh/vendor-completions/_twostepd
complete fish fish/vendor_completions.d/twostepd.fish

[ -z "$root" ] || exit 0
cat <<TEXT
twostepd is in $prefix/bin. To go on:

  systemd-sysusers && systemctl daemon-reload
  cd /etc/twostepd                                    # secrets.yaml (mode 600) and desired-state.yaml, from the examples
  twostepd check
  systemctl enable --now twostepd

TEXT
