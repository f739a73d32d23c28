// Package hash has the hash functions of the session layer and what is built on
// them: SHA-256, a running transcript, HMAC, HKDF and PBKDF2, and the SHA-1 that
// certificates' key identifiers are made with.
//
// They are written here because the standard library's bring the random source,
// and with it half of package os, into a WebAssembly binary, and because a
// PBKDF2 that keeps HMAC's inner states is more than twice as fast there. None
// of them branches on data or indexes memory with it.
package hash
