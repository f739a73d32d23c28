# make demo     commission a real device with this project's sessions, from a fresh clone, in one command
# make test     everything that is tested: Go natively with the race detector, Go under wasm, TypeScript in Node,
#               headless Chromium, live peers
# make build    dist/, the content of the npm package
# make cover    statement coverage of session/..., at least MIN_COVER per cent
# make size     the blob's weight, and what weighs most in it
# make bench    our commissioning and handshakes beside matter.js's own, in the same run
# make parity   the same calls into matter.js 0.9.4 and into ours, compared and counted
# make fuzz     every fuzz target for FUZZTIME
# make interop  only the tests against live peers
# make agent    the page on http://127.0.0.1:5570, with the agent that reaches devices for it; AGENT_FLAGS="-…" for more
# make demo-web a page, an agent and a real device to try it on; AUTO=1: Chromium does it and leaves a screenshot
# make bench-page
#               commissioning by the page beside matter.js's own controller, and how fast the page opens, in the same run
# make runtimes the programs other than this Node that run the package in make interop: 400 MB in .cache
# make setup    as root on Debian: the system packages that make test needs; otherwise names what is missing

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-builtin-rules
.ONESHELL:

GO        ?= go
NODE      ?= node
NPM       ?= npm
# A test file that never ends would hold up everything after it.
NODE_TEST := $(if $(shell command -v timeout),timeout --kill-after=10 1800) $(NODE) --test --test-timeout=900000
FUZZTIME  ?= 10s
MIN_COVER ?= 90.0

# node_modules lies inside the module: ./... would walk it.
GO_PACKAGES := ./session/... ./wasm/... ./web/...
GO_IN_WASM  := ./session/... ./wasm/... ./web/flow ./web/app ./web/app/codec ./web/transport/...
GO_INTEROP  := ./jsbridge/...
BLOB        := dist/matter-session.wasm
PAGE_BLOB   := dist/assets/matter-page.wasm
WASM        := GOOS=js GOARCH=wasm
GO_SOURCES  := go.mod go.sum $(shell find session wasm -type f -name '*.go' ! -name '*_test.go' 2>/dev/null)
PAGE_SOURCES := $(GO_SOURCES) $(shell find web -type f -name '*.go' ! -name '*_test.go' 2>/dev/null)
TS_SOURCES  := $(shell find jsbridge/src web/static -type f 2>/dev/null) $(wildcard jsbridge/tsconfig*.json) $(wildcard jsbridge/*.mjs jsbridge/*.sh) go.mod \
	$(wildcard session/commission/trust/*.tlv web/messages/*.json) web/view/style.css

.PHONY: build runtimes setup test test-go test-wasm test-ts test-browser interop demo demo-web agent cover size bench bench-page fuzz clean

build: dist/index.js

# npm writes its own lockfile into node_modules last: older than ours, it is stale.
node_modules/.package-lock.json: package.json package-lock.json
	$(NPM) ci --no-audit --no-fund
	touch $@

$(BLOB): $(GO_SOURCES) wasm/build.sh
	GO="$(GO)" wasm/build.sh $@ -ldflags="-s -w -buildid="

$(PAGE_BLOB): $(PAGE_SOURCES) wasm/build.sh web/build.sh
	GO="$(GO)" web/build.sh $@

dist/index.js: $(TS_SOURCES) $(BLOB) $(PAGE_BLOB) node_modules/.package-lock.json
	$(NPM) run --silent build:ts

runtimes: .cache/runtimes/node_modules/.package-lock.json

.cache/runtimes/node_modules/.package-lock.json: jsbridge/interop/runtimes/package.json jsbridge/interop/runtimes/package-lock.json
	mkdir -p .cache/runtimes
	cp $^ .npmrc .cache/runtimes/
	$(NPM) ci --prefix .cache/runtimes --ignore-scripts --no-audit --no-fund
	touch $@

# What needs root: a browser for the page's tests, a C compiler for the race detector, network namespaces.
# The test files name these programs; the packages are Debian's.
setup:
	@missing=()
	command -v chromium >/dev/null || missing+=(chromium)
	command -v gcc >/dev/null || missing+=(gcc libc6-dev)
	command -v ip >/dev/null || missing+=(iproute2)
	command -v firefox-esr >/dev/null || missing+=(firefox-esr)
	if [ $${#missing[@]} -eq 0 ]; then exit 0; fi
	if [ "$$(id -u)" -ne 0 ]; then
		echo "missing: $${missing[*]}. As root on Debian: apt-get install --no-install-recommends $${missing[*]}" >&2
		exit 1
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null

# All of it, also when a part fails.
test: setup build
	$(MAKE) --no-print-directory --keep-going test-go test-wasm test-ts parity test-browser interop

test-go:
	$(GO) vet $(GO_PACKAGES)
	$(GO) test -race $(GO_PACKAGES)

# The tests that are native by nature say so with a build tag; all others run under wasm too. The emptied environment is
# for Go's wasm start-up, which has 12 kB for it.
test-wasm:
	$(WASM) $(GO) vet $(GO_IN_WASM) ./web/view/...
	runner="$$($(GO) env GOROOT)/lib/wasm/go_js_wasm_exec"
	$(WASM) $(GO) test -exec="env -i PATH=$$PATH HOME=$$HOME $$runner" $(GO_IN_WASM)

test-ts-build: build
	node_modules/.bin/tsc -p jsbridge/test

# By the sources' names: build/ may hold what a source became that is gone.
test-ts: test-ts-build
	$(NODE_TEST) $(patsubst jsbridge/test/%.ts,jsbridge/test/build/%.js,$(wildcard jsbridge/test/*.test.ts))

# Every difference that it finds must have its row in README.
parity: test-ts-build
	$(NODE) jsbridge/test/build/parity.js

test-browser: build
	$(NODE_TEST) jsbridge/test/browser/*.test.mjs

interop: build runtimes
	$(GO) vet $(GO_INTEROP)
	$(GO) test -race -count=1 $(GO_INTEROP)
	$(NODE_TEST) jsbridge/interop/*.test.mjs
	ROUNDS=2 $(NODE) jsbridge/bench/page.mjs

demo: build
	$(NODE) jsbridge/interop/demo.mjs

agent: build
	$(GO) run ./web/agent $(AGENT_FLAGS)

demo-web: build
	$(NODE) jsbridge/interop/demo-web.mjs $(if $(AUTO),--auto)

cover:
	@mkdir -p coverage
	$(GO) test -coverpkg=./session/... -coverprofile=coverage/session.out ./session/...
	$(GO) tool cover -func=coverage/session.out > coverage/session.txt
	total=$$(awk '/^total:/ { sub("%", "", $$NF); print $$NF }' coverage/session.txt)
	echo "coverage of session/...: $$total % of statements (at least $(MIN_COVER))"
	awk -v t="$$total" 'BEGIN { exit !(t >= $(MIN_COVER)) }'

size: $(BLOB)
	GO="$(GO)" wasm/build.sh coverage/names.wasm
	$(NODE) jsbridge/bench/size.mjs $(BLOB) coverage/names.wasm

bench: build
	$(NODE) jsbridge/bench/commission.mjs
	$(NODE) jsbridge/bench/handshakes.mjs
	$(NODE) jsbridge/bench/crypto.mjs

# Two rounds of it close make interop.
bench-page: build
	$(NODE) jsbridge/bench/page.mjs

# Go's fuzzer now and then reports its own time limit as a failure ("context deadline exceeded", and no input written): such
# a target is run again.
fuzz:
	@hunt() {
		local output
		for attempt in 1 2 3; do
			if output=$$($(GO) test -run '^$$' -fuzz "^$$2\$$" -fuzztime $(FUZZTIME) "$$1" 2>&1); then
				tail -n 1 <<<"$$output"
				return 0
			fi
			if grep -q 'Failing input' <<<"$$output" || ! grep -q 'context deadline exceeded' <<<"$$output"; then break; fi
		done
		echo "$$output"
		return 1
	}
	failed=0
	for package in $$($(GO) list $(GO_PACKAGES)); do
		for target in $$($(GO) test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do
			echo "$$package $$target"
			hunt "$$package" "$$target" || failed=1
		done
	done
	exit $$failed

clean:
	rm -rf dist coverage .cache node_modules jsbridge/test/build
