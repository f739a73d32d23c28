module github.com/matter-session/matter-session

go 1.26

require (
	filippo.io/bigmod v0.1.0 // indirect
	filippo.io/nistec v0.0.4 // indirect
	golang.org/x/sys v0.36.0 // indirect
)
