#!/bin/bash
# make-base.sh DIR: a Debian root file system with a real systemd, for box.sh. 15-60 s, 170 MB. Needs root, mmdebstrap.
set -euo pipefail
mmdebstrap --variant=minbase --quiet \
    --include=systemd,systemd-sysv,dbus,libpam-systemd,libnss-systemd,procps,libstdc++6,libsqlite3-0,libyaml-0-2,zlib1g,tzdata \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -f "$1"/etc/machine-id; : >"$1"/etc/machine-id; echo box >"$1"/etc/hostname' \
    --customize-hook='for u in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer dpkg-db-backup.timer; do
        ln -sf /dev/null "$1/etc/systemd/system/$u"; done' \
    "${DEBIAN_RELEASE:-bookworm}" "$1.new"
rm -rf "$1"
mv "$1.new" "$1"
