#!/bin/bash
# Validates the unchanged Kubernetes manifests of docs/scale.md against the schemas of several versions. Not part of the
# gate, which needs no network.
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
missing=()
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
install_missing
tools=.build-tools/kubernetes
if [ ! -x "$tools/bin/kubernetes-validate" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" --quiet install 'kubernetes-validate>=1.37,<2'
fi
manifests=$(mktemp --suffix .yaml)
trap 'rm -f "$manifests"' EXIT
awk '/^```yaml$/ { block = ""; inside = 1; next }
    /^```$/ { if (inside && block ~ /(^|\n)apiVersion: /) printf "%s", block; inside = 0; next }
    inside { block = block $0 "\n" }' docs/scale.md >"$manifests"
grep -q '^kind: StatefulSet$' "$manifests" || {
    echo "docs/scale.md has no StatefulSet" >&2
    exit 1
}
for version in 1.29 1.31 1.33 1.35 1.37; do
    "$tools/bin/kubernetes-validate" --strict --kubernetes-version "$version" "$manifests" || exit 1
done
