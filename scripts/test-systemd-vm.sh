#!/bin/bash
# Tests what a container cannot: cgroup limits and IP filtering, in a whole Debian under QEMU.
#
#   scripts/test-systemd-vm.sh [PACKAGE]
#
# Optional, because it is slow where the processor is emulated (a minute or two). Installs its requirements, and builds
# the package unless one is given. Must run as root on Debian on x86-64, whose kernel it uses; elsewhere it exits with
# 69.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ] || [ "$(uname -m)" != x86_64 ] || ! apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1; then
    echo "NOT tested in a virtual machine: that needs root, x86-64 and Debian's package sources" >&2
    exit 69
fi
missing=()
need qemu-system-x86 qemu-system-x86_64
need cpio cpio
need gcc gcc
need libc6-dev /usr/include/stdlib.h
install_missing
# shellcheck source=scripts/lib-systemd.sh
. scripts/lib-systemd.sh
package=$(readlink -f "${1:-$(scripts/package.sh)}")
make_base
kernels=$PWD/.build-systemd/kernel
if ! compgen -G "$kernels/boot/vmlinuz-*" >/dev/null; then
    echo "== fetching a kernel"
    rm -rf "$kernels" && mkdir -p "$kernels"
    image=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -1)
    (cd "$kernels" && apt-get download -q "$image" >/dev/null && dpkg-deb -x ./*.deb . && rm -rf ./*.deb lib usr)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

root=$work/root
cp -a "$base" "$root"
cp "$package" "$root/package.deb"
chroot "$root" dpkg -i /package.deb >"$work/dpkg" 2>&1 || {
    cat "$work/dpkg" >&2
    exit 1
}
rm "$root/package.deb"
make_probe "$root/opt/probe"
install -m 755 Tests/Service/vm-checks.sh "$root/opt/checks"
install -m 644 Tests/Service/ok.sh "$root/opt/ok.sh"
cat >"$root/etc/systemd/system/checks.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/opt/checks
ExecStopPost=/usr/bin/systemctl --force poweroff
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TimeoutStartSec=10min
UNIT
mkdir -p "$root/etc/systemd/system/default.target.wants"
ln -s ../checks.service "$root/etc/systemd/system/default.target.wants/checks.service"
ln -sf /dev/null "$root/etc/systemd/system/serial-getty@ttyS0.service"
ln -sf /lib/systemd/systemd "$root/init"
(cd "$root" && find . -print0 | cpio --null --quiet -o -H newc) >"$work/initrd"
rm -rf "$root"

# A /dev/kvm may exist without working, such as inside a virtual machine: starting a halted machine shows it.
acceleration=tcg,thread=multi
if [ -w /dev/kvm ] && echo quit | timeout 20 qemu-system-x86_64 -machine q35 -accel kvm -cpu max,la57=off -S \
    -display none -monitor stdio -net none >/dev/null 2>&1; then
    acceleration=kvm
fi
timeout "${TWOSTEPD_VM_TIMEOUT:-600}" qemu-system-x86_64 -machine q35 -accel "$acceleration" -cpu max,la57=off -smp 2 -m 1600 \
    -display none -monitor none -no-reboot -net none -serial "file:$work/console" \
    -kernel "$kernels"/boot/vmlinuz-* -initrd "$work/initrd" \
    -append "console=ttyS0 panic=-1 quiet mitigations=off systemd.show_status=false" || :
tr -d '\r' <"$work/console" | grep -aE '^(ok|not ok|#|  |service:)' || :
grep -aqE '^service: [0-9]+ passed, 0 failed' <(tr -d '\r' <"$work/console") || {
    echo "the virtual machine did not pass; its last words:" >&2
    tail -n 40 "$work/console" >&2
    exit 1
}
echo "the test in a virtual machine took $SECONDS s"
