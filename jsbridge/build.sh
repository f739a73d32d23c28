#!/bin/bash
# jsbridge/build.sh DIR   builds all of DIR but the two programs in WebAssembly, and removes what an earlier build
# left there; the pictures that tests leave stay
set -euo pipefail
cd "$(dirname "$0")/.."
began=$(mktemp)
trap 'rm -f "$began"' EXIT
mkdir -p "$1"
node_modules/.bin/tsc -p jsbridge --outDir "$1"
node jsbridge/bundle.mjs "$1"
bash jsbridge/assets.sh "$1"
node jsbridge/element.mjs "$1"
find "$1" -type f ! -newer "$began" ! -path "$1/matter-session.wasm" ! -path "$1/assets/matter-page.wasm" ! -path "$1/screens/*" -delete
find "$1" -type d -empty -delete
