#!/bin/bash
# Tests that scripts/install.sh puts everything where docs/install.md says, and that packing a program twice gives equal
# packages:
#
#   scripts/test-install.sh
#
# Nothing is installed: all files go below a temporary folder. Builds the release unless it exists; needs no root.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
missing=()
need dpkg-dev dpkg-shlibdeps
install_missing
scripts/build-release.sh
binary=$PWD/.build-package/twostepd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. Tests/Service/ok.sh

tree=$work/tree
DESTDIR=$tree scripts/install.sh --prefix /opt/keeper --binary "$binary"
(cd "$tree" && find . -type f -printf '%m %P\n' | LC_ALL=C sort -k 2) >"$work/installed"
ok "the program runs from where it is installed" '"$tree/opt/keeper/bin/twostepd" --version | grep -q .'
ok "nothing is put outside of the prefix but the samples" \
    '! grep -vE "^[0-7]+ (opt/keeper|etc/twostepd)/" "$work/installed"'
ok "only the program can be executed" '[ "$(grep -v "^644 " "$work/installed")" = "755 opt/keeper/bin/twostepd" ]'
for page in docs/man/*.[1-8]; do
    ok "the manual page ${page##*/} is there" '[ -s "$tree/opt/keeper/share/man/man${page##*.}/${page##*/}" ]'
done
for file in bash-completion/completions/twostepd zsh/vendor-completions/_twostepd fish/vendor_completions.d/twostepd.fish; do
    ok "the completion $file is there" '[ -s "$tree/opt/keeper/share/$file" ]'
done
units=$tree/opt/keeper/lib/systemd/system
for unit in twostepd.service twostepd@.service; do
    ok "$unit names the program where it is, and nowhere else" \
        'grep -q "^ExecStart=/opt/keeper/bin/twostepd run$" "$units/$unit" && ! grep -q /usr/bin/twostepd "$units/$unit"'
done
echo "# the operator's" >>"$tree/etc/twostepd/twostepd.yaml"
DESTDIR=$tree scripts/install.sh --prefix=/opt/keeper --binary "$binary"
ok "installing again keeps what the operator wrote" 'grep -q "^# the operator" "$tree/etc/twostepd/twostepd.yaml"'
ok "a program that is not there is refused" '! scripts/install.sh --prefix "$work/none" --binary "$work/none" 2>/dev/null'
# The removal, with the document's command.
removal=$(sed -n '/^`rm -r PREFIX/,/`, and the three/p' docs/install.md | tr '\n' ' ' | sed 's/^`rm -r //; s/`, and .*//')
(
    cd "$tree/opt/keeper"
    # shellcheck disable=SC2086 # the words of the document
    rm -r ${removal//PREFIX/.}
    rm share/bash-completion/completions/twostepd share/zsh/vendor-completions/_twostepd \
        share/fish/vendor_completions.d/twostepd.fish
)
ok "the removal of docs/install.md leaves nothing of it behind" '! find "$tree/opt/keeper" -type f | grep .'

# package NAME: makes the same package once more, in the background, without lintian; scripts/package.sh checks one.
export SOURCE_DATE_EPOCH=1700000000
packing=()
package() {
    scripts/package.sh --binary "$binary" --lintian no --output "$work/$1" >/dev/null &
    packing+=($!)
}
package one
TZ=Asia/Tokyo package two
SOURCE_DATE_EPOCH=1700000001 package three
for process in "${packing[@]}"; do wait "$process"; done
first=$(ls "$work"/one/*.deb)
second=$(ls "$work"/two/*.deb)
later=$(ls "$work"/three/*.deb)
ok "packing the same program twice gives the same bytes" 'cmp "$first" "$second"'
ok "control: another time gives other bytes" '! cmp -s "$first" "$later"'
echo "install: $passed passed, $failed failed"
[ "$failed" = 0 ]
