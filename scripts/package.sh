#!/bin/bash
# Builds the Debian package, and checks it with lintian:
#
#   scripts/package.sh [--binary FILE] [--version VERSION] [--output DIR] [--lintian no]
#
# prints the package's path, in DIR (default: .build-package). The same program gives the same bytes: times come from
# SOURCE_DATE_EPOCH, or else from the last commit. FILE is a program that was built already.
# --lintian no skips that check.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
usage() {
    sed -n '2,8s/^# \{0,1\}//p' "scripts/package.sh" >&2
    exit 64
}
binary=
lintian=yes
output=.build-package
version=$(sed -n 's/.*number = "\(.*\)"$/\1/p' Sources/Daemon/Version.swift)-1
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || usage
    case $1 in
        --binary) binary=$2 ;;
        --version) version=$2 ;;
        --output) output=$2 ;;
        --lintian) lintian=$2 ;;
        *) usage ;;
    esac
    shift 2
done
missing=()
need dpkg-dev dpkg-shlibdeps
need binutils strip
[ "$lintian" = no ] || need lintian lintian
install_missing >&2
if [ -z "$binary" ]; then
    scripts/build-release.sh >&2
    binary=.build-package/twostepd
fi
# Outside a checkout there is no commit to ask.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
maintainer="twostepd maintainers <maintainers@twostepd.invalid>"
architecture=$(dpkg --print-architecture)
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree

DESTDIR=$tree scripts/install.sh --prefix /usr --binary "$binary"
# Debian 12 requires units here; on later releases the two folders are one.
mkdir -p "$tree/lib"
mv "$tree/usr/lib/systemd" "$tree/lib/systemd"
doc=$tree/usr/share/doc/twostepd
install -D -m 644 packaging/copyright "$doc/copyright"
install -D -m 644 packaging/lintian-overrides "$tree/usr/share/lintian/overrides/twostepd"
gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
printf 'twostepd (%s) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.Debian.gz"
find "$tree/usr/share/man" -type f -exec gzip -9n {} + 2>/dev/null || true

mkdir -p "$work/debian" "$tree/DEBIAN"
printf 'Source: twostepd\n\nPackage: twostepd\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O -T/dev/null --ignore-missing-info tree/usr/bin/twostepd 2>/dev/null |
    sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || {
    echo "what the program depends on cannot be found out" >&2
    exit 1
}
size=$(find "$tree" -path "$tree/DEBIAN" -prune -o -type f -printf '%s\n' | awk '{s += int(($1 + 1023) / 1024)} END {print s}')
sed "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|; s|@DEPENDS@|$depends|
    s|@SIZE@|$size|" packaging/control.in >"$tree/DEBIAN/control"
(cd "$tree" && find etc -type f -printf '/%p\n' | LC_ALL=C sort) >"$tree/DEBIAN/conffiles"
(cd "$tree" && find usr lib -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
install -m 755 packaging/postinst packaging/prerm packaging/postrm "$tree/DEBIAN"
find "$tree" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0r touch --no-dereference --date="@$SOURCE_DATE_EPOCH"

package=$output/twostepd_${version}_$architecture.deb
mkdir -p "$output"
dpkg-deb --root-owner-group --threads-max=1 -Zxz -z2 --build "$tree" "$package" >&2
[ "$lintian" = no ] || lintian --fail-on error,warning --allow-root --tag-display-limit 0 "$package" >&2
echo "$package"
