#!/bin/bash
# wasm/build.sh FILE [FLAG…]   builds the blob, with more flags of go build
# wasm/build.sh --list         prints the packages that it is made of
#
# PACKAGE names another main package than the blob's.
#
# filippo.io/nistec asks one constant of golang.org/x/sys/cpu, IsBigEndian. The rest of that package imports os, and with
# os come file descriptors, timers and syscall/js: 70 kB more after brotli, and imports that every host would have to
# provide. So the build sees a module golang.org/x/sys of the one file with the constant.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
package=${PACKAGE:-./wasm}
export GOOS=js GOARCH=wasm

# The name of the folder is in the blob's build information, so it is the same everywhere.
cache=.cache/blob
mkdir -p "$cache/sys/cpu"
install -m 644 "$("$go" list -f '{{.Dir}}' golang.org/x/sys/cpu)/endian_little.go" "$cache/sys/cpu/"
printf 'module golang.org/x/sys\n\ngo 1.24\n' >"$cache/sys/go.mod"
cp go.mod "$cache/blob.mod"
cp go.sum "$cache/blob.sum"
"$go" mod edit -replace="golang.org/x/sys=./$cache/sys" "$cache/blob.mod"

if [ "$1" = --list ]; then
	"$go" list -modfile="$cache/blob.mod" -deps "$package"
else
	output=$1
	shift
	mkdir -p "$(dirname "$output")"
	"$go" build -modfile="$cache/blob.mod" -trimpath -buildvcs=false "$@" -o "$output" "$package"
fi
