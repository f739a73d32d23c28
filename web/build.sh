#!/bin/bash
# web/build.sh FILE [FLAG…]   builds the page's program, with more flags of go build, and prints its size
# web/build.sh --list         prints the packages that it is made of
set -euo pipefail
cd "$(dirname "$0")/.."
export PACKAGE=./web/app
if [ "$1" = --list ]; then
	exec wasm/build.sh --list
fi
output=$1
shift
wasm/build.sh "$output" -ldflags="-s -w -buildid=" "$@"

# A page that starts late loses people. Octets; what is shipped compressed is what counts, but all of it is compiled.
limit=5100000
size=$(stat -c %s "$output")
echo "$output: $size octets, $(gzip -9 -c "$output" | wc -c) by gzip"
if [ "$size" -gt "$limit" ]; then
	echo "$output is larger than $limit octets: see what web/build.sh --list has more than before" >&2
	exit 1
fi
