module github.com/matter-session/matter-session

go 1.26

require (
	filippo.io/bigmod v0.1.0
	filippo.io/nistec v0.0.4
	github.com/coder/websocket v1.8.15
	github.com/tom-code/gomat v0.0.0-20231210134906-5413b3e13054
	golang.org/x/net v0.58.0
	honnef.co/go/js/dom/v2 v2.0.0-20250304181735-b5e52f05e89d
	rsc.io/qr v0.2.0
)

require (
	golang.org/x/crypto v0.55.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
