#!/bin/bash
# jsbridge/assets.sh DIR   puts beside the compiled bridge what it needs besides the blob: the lists of authorities, and the
# notices of those whose code is in the blob, which their licences ask to be shipped with it.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
mkdir -p "$1"
cp session/commission/trust/paa.tlv session/commission/trust/paa-test.tlv "$1/"

notice() { # NAME FILE
	printf '%s\n\n' "== $1"
	cat "$2"
	printf '\n'
}
licence() { # MODULE
	notice "$1" "$("$go" list -m -f '{{.Dir}}' "$1")/LICENSE"
}
"$go" mod download filippo.io/nistec filippo.io/bigmod golang.org/x/sys
{
	echo "matter-session.wasm contains code of the following projects."
	echo
	notice "the Go runtime and standard library" "$("$go" env GOROOT)/LICENSE"
	licence filippo.io/nistec
	licence filippo.io/bigmod
	licence golang.org/x/sys
} >"$1/NOTICES.txt"
