package session

import (
	"bytes"
	"errors"
	"testing"

	"github.com/matter-session/matter-session/session/internal/ccm"
	"github.com/matter-session/matter-session/session/message"
)

func TestGroupKeyVectors(t *testing.T) {
	var file struct {
		Tests []struct {
			EpochKey, CompressedFabricID, EncryptionKey, PrivacyKey octets
			GroupSessionID                                          SessionID
		}
	}
	readVectors(t, "chip_group_keys.json", &file)
	if len(file.Tests) != 3 {
		t.Errorf("%d vectors, want 3", len(file.Tests))
	}
	for i, v := range file.Tests {
		k := deriveGroupKeys((*[16]byte)(v.EpochKey), (*[8]byte)(v.CompressedFabricID))
		if !bytes.Equal(k.operational[:], v.EncryptionKey) || !bytes.Equal(k.privacy[:], v.PrivacyKey) || k.sessionID != v.GroupSessionID {
			t.Errorf("%d: got %x, %x, %d", i, k.operational[:], k.privacy[:], k.sessionID)
		}
		if k.clear(); k != (groupKeys{}) {
			t.Errorf("%d: keys left after clear", i)
		}
	}
}

func TestPrivacyNonceVector(t *testing.T) {
	var file struct {
		PrivacyNonce struct {
			SessionID  SessionID
			MIC, Nonce octets
		}
	}
	readVectors(t, "misc.json", &file)
	v := file.PrivacyNonce
	if got := privacyNonce(v.SessionID, (*[ccm.TagSize]byte)(v.MIC)); !bytes.Equal(got[:], v.Nonce) {
		t.Errorf("got %x, want %x", got, v.Nonce)
	}
}

// A messageVector is one message of chip_messages.json.
type messageVector struct {
	Name                      string
	Payload, Plain, Encrypted octets
	Privacy                   octets // the message on the wire, if it has privacy
	EncryptKey, PrivacyKey    octets
	EpochKey                  octets
	CompressedFabricID        octets
	PrivacyNonce, NonceUsed   octets
	SessionID                 SessionID
	GroupID                   uint16
	Accept                    bool
}

func messageVectors(t testing.TB) []messageVector {
	t.Helper()
	var file struct{ Tests []messageVector }
	readVectors(t, "chip_messages.json", &file)
	if len(file.Tests) != 7 {
		t.Errorf("%d vectors, want 7", len(file.Tests))
	}
	return file.Tests
}

// openMessage opens a datagram as a group session does, with keys that are
// tried, or a unicast session whose peer is node 0, as in PASE.
func openMessage(sealing, privacy *ccm.Cipher, datagram []byte) (message.Header, []byte, error) {
	h, n, err := message.ParseHeader(datagram)
	header := datagram[:n]
	if len(datagram) > 3 && datagram[3]&0x80 != 0 { // before anything else: the header is not to be read yet
		if header, err = deobfuscateHeader(privacy, nil, datagram); err != nil {
			return message.Header{}, nil, err
		}
		h, n, err = message.ParseHeader(header)
	}
	if err != nil {
		return message.Header{}, nil, err
	}
	nonce := makeNonce(h.SecurityFlags(), h.Counter, NodeID(h.Source))
	plain, err := sealing.Open(nil, &nonce, datagram[n:], header)
	return h, plain, err
}

func TestMessageVectors(t *testing.T) {
	for _, v := range messageVectors(t) {
		c := ccm.New((*[16]byte)(v.EncryptKey))
		privacy := privacyKey((*key)(v.EncryptKey))
		p := ccm.New((*[16]byte)(&privacy))
		if v.PrivacyKey != nil && !bytes.Equal(privacy[:], v.PrivacyKey) {
			t.Errorf("%s: privacy key %x, want %x", v.Name, privacy[:], v.PrivacyKey)
		}
		if v.EpochKey != nil {
			k := deriveGroupKeys((*[16]byte)(v.EpochKey), (*[8]byte)(v.CompressedFabricID))
			if !bytes.Equal(k.operational[:], v.EncryptKey) || k.sessionID != v.SessionID {
				t.Errorf("%s: derived %x, %d", v.Name, k.operational[:], k.sessionID)
			}
		}
		wire := v.Encrypted
		if v.Privacy != nil {
			wire = v.Privacy
		}
		before := bytes.Clone(wire)
		h, plain, err := openMessage(c, p, wire)
		if !bytes.Equal(wire, before) {
			t.Errorf("%s: opening changed the datagram", v.Name)
		}
		if !v.Accept && h.Type == message.Unicast && h.Privacy {
			continue // to be dropped for its flags: see TestUnicastWithPrivacyIsDropped
		}
		if !v.Accept {
			if !errors.Is(err, ccm.ErrAuthentication) {
				t.Errorf("%s: got %v, want ErrAuthentication", v.Name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		header, err := h.Append(nil)
		if err != nil {
			t.Fatal(v.Name, err)
		}
		protocol, n, err := message.ParseProtocolHeader(plain)
		if err != nil {
			t.Fatal(v.Name, err)
		}
		if got := append(bytes.Clone(header), plain...); !bytes.Equal(got, v.Plain) {
			t.Errorf("%s: got %x, want %x", v.Name, got, v.Plain)
		}
		if !bytes.Equal(plain[n:], v.Payload) || SessionID(h.SessionID) != v.SessionID || h.DestinationGroup != v.GroupID {
			t.Errorf("%s: got payload %x, session %d, group %d", v.Name, plain[n:], h.SessionID, h.DestinationGroup)
		}

		// And back.
		if plain, err = protocol.Append(nil); err != nil {
			t.Fatal(v.Name, err)
		}
		nonce := makeNonce(h.SecurityFlags(), h.Counter, NodeID(h.Source))
		if !bytes.Equal(nonce[:], v.NonceUsed) {
			t.Errorf("%s: nonce %x, want %x", v.Name, nonce, v.NonceUsed)
		}
		sealed := c.Seal(header, &nonce, append(plain, v.Payload...), header)
		if !bytes.Equal(sealed, v.Encrypted) {
			t.Errorf("%s: sealed %x, want %x", v.Name, sealed, v.Encrypted)
		}
		if n := datagramPrivacyNonce(sealed); v.PrivacyNonce != nil && !bytes.Equal(n[:], v.PrivacyNonce) {
			t.Errorf("%s: privacy nonce %x, want %x", v.Name, n, v.PrivacyNonce)
		}
		if h.Privacy {
			if obfuscateHeader(p, sealed, len(header)); !bytes.Equal(sealed, v.Privacy) {
				t.Errorf("%s: obfuscated %x, want %x", v.Name, sealed, v.Privacy)
			}
		}
	}
}

// TestUnicastWithPrivacyIsDropped: peers drop it, and so do we, whatever its tag
// says.
func TestUnicastWithPrivacyIsDropped(t *testing.T) {
	dropped := 0
	for _, v := range messageVectors(t) {
		if v.Plain[3] != 0x80 {
			continue
		}
		dropped++
		for name, datagram := range map[string][]byte{"clear": v.Encrypted, "obfuscated": v.Privacy} {
			s := &Session{id: v.SessionID}
			s.decrypt.Init((*[16]byte)(v.EncryptKey))
			if _, err := s.Open(nil, datagram); !errors.Is(err, ErrUnexpected) {
				t.Errorf("%s, %s: got %v, want ErrUnexpected", v.Name, name, err)
			}
		}
	}
	if dropped != 1 {
		t.Errorf("%d such messages, want 1", dropped)
	}
}

// privateGroupMessage seals a group message with privacy and the given
// extensions, and returns its header too.
func privateGroupMessage(t testing.TB, sealing, privacy *ccm.Cipher, h message.Header) (datagram, header []byte) {
	t.Helper()
	h.Type, h.Privacy = message.Group, true
	header, err := h.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	nonce := makeNonce(h.SecurityFlags(), h.Counter, NodeID(h.Source))
	datagram = sealing.Seal(bytes.Clone(header), &nonce, []byte{5, 0x64, 0xee, 0x0e, 0x20, 0x7d}, header)
	obfuscateHeader(privacy, datagram, len(header))
	return datagram, header
}

func groupCiphers() (sealing, privacy *ccm.Cipher) {
	k := deriveGroupKeys(&[16]byte{1}, &[8]byte{2})
	return ccm.New((*[16]byte)(&k.operational)), ccm.New((*[16]byte)(&k.privacy))
}

func TestPrivacyWithEveryHeader(t *testing.T) {
	sealing, privacy := groupCiphers()
	for _, source := range []bool{false, true} {
		for _, destination := range []message.DestinationKind{message.NoDestination, message.NodeDestination, message.GroupDestination} {
			for _, extensions := range []int{-1, 0, 1, 30, 500} {
				h := message.Header{
					SessionID: 0x1234, Counter: 0x12345678, HasSource: source, Destination: destination,
					HasExtensions: extensions >= 0, Extensions: bytes.Repeat([]byte{0xE5}, max(0, extensions)),
				}
				datagram, header := privateGroupMessage(t, sealing, privacy, h)
				if bytes.Equal(datagram[4:len(header)], header[4:]) {
					t.Errorf("%+v: not obfuscated", h)
				}
				got, err := deobfuscateHeader(privacy, []byte("before"), datagram)
				if err != nil || !bytes.Equal(got, append([]byte("before"), header...)) {
					t.Errorf("%+v: got %x, %v, want %x", h, got, err, header)
				}
				if _, _, err := openMessage(sealing, privacy, datagram); err != nil {
					t.Errorf("%+v: %v", h, err)
				}
				for n := range datagram { // cut anywhere, nothing opens
					if _, _, err := openMessage(sealing, privacy, datagram[:n]); err == nil {
						t.Errorf("%+v: %d of %d octets open", h, n, len(datagram))
					}
				}
			}
		}
	}
}

func TestDeobfuscateRefuses(t *testing.T) {
	sealing, privacy := groupCiphers()
	datagram, header := privateGroupMessage(t, sealing, privacy, message.Header{
		HasSource: true, Destination: message.GroupDestination, HasExtensions: true, Extensions: []byte{1, 2, 3},
	})
	for n := range len(header) + ccm.TagSize {
		got, err := deobfuscateHeader(privacy, nil, datagram[:n])
		if n < 4+16+ccm.TagSize && err == nil { // shorter than the header without its extensions
			t.Errorf("%d octets: got %x", n, got)
		}
		if err != nil && (len(got) != 0 || !errors.Is(err, ErrTruncated) && !errors.Is(err, message.ErrTruncated)) {
			t.Errorf("%d octets: got %x, %v, want ErrTruncated", n, got, err)
		}
	}
	both := append([]byte{0x03}, datagram[1:]...)
	if _, err := deobfuscateHeader(privacy, nil, both); !errors.Is(err, message.ErrReserved) {
		t.Errorf("node and group: got %v, want ErrReserved", err)
	}
	version := append([]byte{0x16}, datagram[1:]...)
	if _, err := deobfuscateHeader(privacy, nil, version); !errors.Is(err, message.ErrVersion) {
		t.Errorf("version 1: got %v, want ErrVersion", err)
	}
}

// TestField_F34_PrivateGroupMessages: the vectors with privacy open; with any
// bit of the header, text or tag changed they do not, and nothing panics.
func TestField_F34_PrivateGroupMessages(t *testing.T) {
	opened := 0
	for _, v := range messageVectors(t) {
		if v.Privacy == nil || !v.Accept {
			continue
		}
		k := deriveGroupKeys((*[16]byte)(v.EpochKey), (*[8]byte)(v.CompressedFabricID))
		sealing, privacy := ccm.New((*[16]byte)(&k.operational)), ccm.New((*[16]byte)(&k.privacy))
		if _, _, err := openMessage(sealing, privacy, v.Privacy); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		opened++
		for i := range 8 * len(v.Privacy) {
			changed := bytes.Clone(v.Privacy)
			changed[i/8] ^= 1 << (i % 8)
			if _, plain, err := openMessage(sealing, privacy, changed); err == nil || len(plain) != 0 {
				t.Errorf("%s: bit %d changed: opened %x", v.Name, i, plain)
			}
		}
		other := deriveGroupKeys((*[16]byte)(v.EncryptKey), (*[8]byte)(v.CompressedFabricID))
		if _, _, err := openMessage(ccm.New((*[16]byte)(&other.operational)), ccm.New((*[16]byte)(&other.privacy)), v.Privacy); err == nil {
			t.Errorf("%s: opened with another key", v.Name)
		}
	}
	if opened != 1 {
		t.Errorf("%d messages with privacy, want 1", opened)
	}
}

// FuzzPrivacy: any octets de-obfuscate to a header that obfuscates back to them,
// or are refused; the datagram is never changed.
func FuzzPrivacy(f *testing.F) {
	sealing, privacy := groupCiphers()
	for _, h := range []message.Header{
		{HasSource: true, Source: 1, Destination: message.GroupDestination, DestinationGroup: 2},
		{HasExtensions: true, Extensions: []byte{1, 2, 3}},
	} {
		datagram, _ := privateGroupMessage(f, sealing, privacy, h)
		f.Add(datagram)
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		before := bytes.Clone(datagram)
		header, err := deobfuscateHeader(privacy, nil, datagram)
		if !bytes.Equal(datagram, before) {
			t.Fatal("the datagram was changed")
		}
		if err != nil {
			if len(header) != 0 {
				t.Fatalf("%x beside %v", header, err)
			}
			return
		}
		if _, n, err := message.ParseHeader(header); err != nil && !errors.Is(err, message.ErrReserved) || err == nil && n != len(header) {
			t.Fatalf("%x parses as %d octets, %v", header, n, err)
		}
		copy(datagram, header)
		obfuscateHeader(privacy, datagram, len(header))
		if !bytes.Equal(datagram, before) {
			t.Fatalf("obfuscated again %x, was %x", datagram, before)
		}
	})
}
