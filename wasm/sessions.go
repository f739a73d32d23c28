//go:build js && wasm

package main

import "github.com/matter-session/matter-session/wasm/abi"

// Sessions and handshakes without a controller, and primitives by themselves:
// see README.md, "Sessions without the controller".

//go:wasmexport sessionDerive
func exportSessionDerive(flags, secret, salt int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionDerive(flags, secret, salt, hostRand{})
}

//go:wasmexport sessionFromKeys
func exportSessionFromKeys() (result int32) {
	defer abi.Catch(&result)
	return abi.SessionFromKeys(hostRand{})
}

//go:wasmexport sessionSeal
func exportSessionSeal(h, header, n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionSeal(h, header, n)
}

//go:wasmexport sessionOpen
func exportSessionOpen(h, header, n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionOpen(h, header, n)
}

//go:wasmexport sessionCheck
func exportSessionCheck(h, counter int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionCheck(h, counter)
}

// sessionNext answers in a double: a counter has all of 32 bits. After a panic it
// is what the error for that is.
//
//go:wasmexport sessionNext
func exportSessionNext(h int32) (result float64) {
	var failed int32
	result = -1
	defer abi.Catch(&failed)
	return abi.SessionNext(h)
}

//go:wasmexport sessionSetCounter
func exportSessionSetCounter(h, counter int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionSetCounter(h, counter)
}

//go:wasmexport sessionSetLocalNode
func exportSessionSetLocalNode(h, low, high int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionSetLocalNode(h, low, high)
}

//go:wasmexport sessionChallenge
func exportSessionChallenge(h int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionChallenge(h)
}

//go:wasmexport sessionClose
func exportSessionClose(h int32) (result int32) {
	defer abi.Catch(&result)
	return abi.SessionClose(h)
}

//go:wasmexport sessionCount
func exportSessionCount() (result int32) {
	defer abi.Catch(&result)
	return abi.SessionCount()
}

//go:wasmexport reception
func exportReception(rule, max, seen, counter int32) (result int32) {
	defer abi.Catch(&result)
	return abi.Reception(rule, max, seen, counter)
}

//go:wasmexport paseInitiator
func exportPASEInitiator(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.PASEInitiator(n, hostRand{})
}

//go:wasmexport paseResponder
func exportPASEResponder(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.PASEResponder(n, hostRand{})
}

//go:wasmexport paseVerifier
func exportPASEVerifier() (result int32) {
	defer abi.Catch(&result)
	return abi.PASEVerifier()
}

//go:wasmexport caseInitiator
func exportCASEInitiator(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CASEInitiator(n, hostRand{})
}

//go:wasmexport caseResponder
func exportCASEResponder(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CASEResponder(n, hostRand{})
}

//go:wasmexport sigma1
func exportSigma1(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.Sigma1(n)
}

//go:wasmexport handshakeStart
func exportHandshakeStart(h int32) (result int32) {
	defer abi.Catch(&result)
	return abi.HandshakeStart(h)
}

//go:wasmexport handshakeReceive
func exportHandshakeReceive(h, opcode, n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.HandshakeReceive(h, opcode, n)
}

//go:wasmexport handshakeAnswer
func exportHandshakeAnswer(h, n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.HandshakeAnswer(h, n)
}

//go:wasmexport handshakeClose
func exportHandshakeClose(h int32) (result int32) {
	defer abi.Catch(&result)
	return abi.HandshakeClose(h)
}

//go:wasmexport cryptoSeal
func exportCryptoSeal(aad, text int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoSeal(aad, text)
}

//go:wasmexport cryptoOpen
func exportCryptoOpen(aad, text int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoOpen(aad, text)
}

//go:wasmexport cryptoForget
func exportCryptoForget() (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoForget()
}

//go:wasmexport cryptoSHA256
func exportCryptoSHA256(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoSHA256(n)
}

//go:wasmexport cryptoHMAC
func exportCryptoHMAC(key, n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoHMAC(key, n)
}

//go:wasmexport cryptoHKDF
func exportCryptoHKDF(secret, salt, info, want int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoHKDF(secret, salt, info, want)
}

//go:wasmexport cryptoPBKDF2
func exportCryptoPBKDF2(password, salt, iterations, want int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoPBKDF2(password, salt, iterations, want)
}

//go:wasmexport cryptoKeyPair
func exportCryptoKeyPair() (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoKeyPair(hostRand{})
}

//go:wasmexport cryptoPublicKey
func exportCryptoPublicKey() (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoPublicKey()
}

//go:wasmexport cryptoECDH
func exportCryptoECDH() (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoECDH()
}

//go:wasmexport cryptoSign
func exportCryptoSign(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoSign(n, hostRand{})
}

//go:wasmexport cryptoVerify
func exportCryptoVerify(n int32) (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoVerify(n)
}

//go:wasmexport cryptoMultiply
func exportCryptoMultiply() (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoMultiply()
}

//go:wasmexport cryptoAdd
func exportCryptoAdd() (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoAdd()
}

//go:wasmexport cryptoNegate
func exportCryptoNegate() (result int32) {
	defer abi.Catch(&result)
	return abi.CryptoNegate()
}
