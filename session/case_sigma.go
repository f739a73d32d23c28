package session

import (
	"github.com/matter-session/matter-session/session/internal/ccm"
	"github.com/matter-session/matter-session/session/internal/hash"
)

// The key schedule of CASE. Matter Core §4.14.2.6. Everything hangs on the
// shared secret of the two ephemeral keys; the salts bind it to the fabric's
// identity protection key and to the octets that were sent.

// A sharedSecret is what ECDH gave. A resumption record keeps it. It prints as
// [redacted].
type sharedSecret [32]byte

func (sharedSecret) String() string   { return "[redacted]" }
func (sharedSecret) GoString() string { return "[redacted]" }

// Nonces of the encrypted parts and of the resumption MICs. Every key is used
// with one of them, once.
var (
	nonceSigma2  = [ccm.NonceSize]byte([]byte("NCASE_Sigma2N"))
	nonceSigma3  = [ccm.NonceSize]byte([]byte("NCASE_Sigma3N"))
	nonceResume1 = [ccm.NonceSize]byte([]byte("NCASE_SigmaS1"))
	nonceResume2 = [ccm.NonceSize]byte([]byte("NCASE_SigmaS2"))
)

// sigma2Key derives S2K. sigma1 is the digest of Sigma1.
func (s *sharedSecret) sigma2Key(ipk *key, random *[randomSize]byte, publicKey *[publicKeySize]byte, sigma1 *[digestSize]byte) (out key) {
	salt := make([]byte, 0, len(ipk)+len(random)+len(publicKey)+len(sigma1))
	salt = append(salt, ipk[:]...)
	salt = append(salt, random[:]...)
	salt = append(salt, publicKey[:]...)
	salt = append(salt, sigma1[:]...)
	hash.HKDF(out[:], s[:], salt, "Sigma2")
	clear(salt)
	return out
}

// sigma3Key derives S3K. sigma12 is the digest of Sigma1 and Sigma2.
func (s *sharedSecret) sigma3Key(ipk *key, sigma12 *[digestSize]byte) (out key) {
	salt := ipkSalt(ipk, sigma12)
	hash.HKDF(out[:], s[:], salt[:], "Sigma3")
	clear(salt[:])
	return out
}

// sessionKeys derives the keys of a session that was set up in full. sigma123
// is the digest of Sigma1, Sigma2 and Sigma3.
func (s *sharedSecret) sessionKeys(ipk *key, sigma123 *[digestSize]byte) sessionKeys {
	salt := ipkSalt(ipk, sigma123)
	defer clear(salt[:])
	return deriveSessionKeys(s[:], salt[:], false)
}

func ipkSalt(ipk *key, digest *[digestSize]byte) (salt [len(key{}) + digestSize]byte) {
	copy(salt[copy(salt[:], ipk[:]):], digest[:])
	return salt
}

// resumedKeys derives the keys of a resumed session. id is the resumption ID
// that Sigma1 asked with: the same random and ID give the same keys, which is
// why a responder must let an ID serve only once.
func (s *sharedSecret) resumedKeys(random *[randomSize]byte, id *[resumptionIDSize]byte) sessionKeys {
	salt := resumptionSalt(random, id)
	return deriveSessionKeys(s[:], salt[:], true)
}

// resume1MIC shows in Sigma1 that the initiator knows the secret of id.
func (s *sharedSecret) resume1MIC(random *[randomSize]byte, id *[resumptionIDSize]byte) [micSize]byte {
	return s.resumptionCipher(random, id, "Sigma1_Resume").mic(&nonceResume1)
}

func (s *sharedSecret) checkResume1MIC(random *[randomSize]byte, id *[resumptionIDSize]byte, mic *[micSize]byte) bool {
	return s.resumptionCipher(random, id, "Sigma1_Resume").holds(&nonceResume1, mic)
}

// resume2MIC shows in Sigma2Resume that the responder knows the secret. id is
// the new resumption ID.
func (s *sharedSecret) resume2MIC(random *[randomSize]byte, id *[resumptionIDSize]byte) [micSize]byte {
	return s.resumptionCipher(random, id, "Sigma2_Resume").mic(&nonceResume2)
}

func (s *sharedSecret) checkResume2MIC(random *[randomSize]byte, id *[resumptionIDSize]byte, mic *[micSize]byte) bool {
	return s.resumptionCipher(random, id, "Sigma2_Resume").holds(&nonceResume2, mic)
}

func (s *sharedSecret) resumptionCipher(random *[randomSize]byte, id *[resumptionIDSize]byte, info string) *micKey {
	var k micKey
	salt := resumptionSalt(random, id)
	hash.HKDF(k[:], s[:], salt[:], info)
	return &k
}

func resumptionSalt(random *[randomSize]byte, id *[resumptionIDSize]byte) (salt [randomSize + resumptionIDSize]byte) {
	copy(salt[copy(salt[:], random[:]):], id[:])
	return salt
}

// A micKey makes or checks one resumption MIC: CCM over nothing. It is erased
// by its use.
type micKey key

func (k *micKey) mic(nonce *[ccm.NonceSize]byte) [micSize]byte {
	return [micSize]byte(seal((*key)(k), nonce, nil))
}

func (k *micKey) holds(nonce *[ccm.NonceSize]byte, mic *[micSize]byte) bool {
	_, err := open((*key)(k), nonce, mic[:])
	return err == nil
}

// seal encrypts an encrypted part under a key that is used once and erased.
func seal(k *key, nonce *[ccm.NonceSize]byte, plaintext []byte) []byte {
	var c ccm.Cipher
	c.Init((*[ccm.KeySize]byte)(k))
	defer c.Clear()
	clear(k[:])
	return c.Seal(make([]byte, 0, len(plaintext)+ccm.TagSize), nonce, plaintext, nil)
}

// open decrypts what seal made. It returns [errSealedPart] if the MIC does not
// hold.
func open(k *key, nonce *[ccm.NonceSize]byte, sealed []byte) ([]byte, error) {
	var c ccm.Cipher
	c.Init((*[ccm.KeySize]byte)(k))
	defer c.Clear()
	clear(k[:])
	plaintext, err := c.Open(make([]byte, 0, len(sealed)), nonce, sealed, nil)
	if err != nil {
		return nil, errSealedPart
	}
	return plaintext, nil
}
