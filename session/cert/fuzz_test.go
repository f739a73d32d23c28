package cert

import (
	"bytes"
	"reflect"
	"testing"
)

func FuzzParseTLV(f *testing.F) {
	tlvs, _ := matterJS(f)
	for _, b := range tlvs {
		f.Add(b)
	}
	c := newForge(f).noc
	c.Extensions = append(c.Extensions, foreign(true))
	f.Add(c.AppendTLV(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseTLV(b)
		if err != nil {
			return
		}
		if got := c.AppendTLV(nil); !bytes.Equal(got, b) {
			t.Errorf("got %x, want %x", got, b)
		}
		// The same certificate by way of X.509, if it fits there.
		d, err := ParseDER(c.AppendDER(nil))
		if err != nil {
			if len(c.AppendDER(nil)) <= MaxDERSize {
				t.Fatalf("%x: %v", c.AppendDER(nil), err)
			}
			return
		}
		c.tlv = nil
		if !reflect.DeepEqual(d, c) {
			t.Errorf("got %+v, want %+v", d, c)
		}
		_ = VerifyChain(c, c, c, 1)
	})
}

func FuzzParseDER(f *testing.F) {
	_, ders := specification(f)
	for _, b := range ders {
		f.Add(b)
	}
	_, tbs := matterJS(f)
	for _, b := range tbs {
		f.Add(appendSigned(nil, b, &[64]byte{31: 1, 63: 1}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseDER(b)
		if err != nil {
			return
		}
		if got := c.AppendDER(nil); !bytes.Equal(got, b) {
			t.Errorf("got %x, want %x", got, b)
		}
		d, err := ParseTLV(c.AppendTLV(nil))
		if err != nil {
			t.Fatalf("%x: %v", c.AppendTLV(nil), err)
		}
		d.tlv = nil
		if !reflect.DeepEqual(d, c) {
			t.Errorf("got %+v, want %+v", d, c)
		}
	})
}

func FuzzParseAttestation(f *testing.F) {
	m := newMaker()
	for _, a := range []attestation{m.paa, m.pai, m.dac} {
		f.Add(a.der())
	}
	m.dac.subject = dn(commonName("Mvid:FFF1 Mpid:8000"))
	f.Add(m.dac.der())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseAttestation(b)
		if err != nil {
			return
		}
		// The parts are the input's: put together they are the input.
		if got := appendSigned(nil, c.tbs, &c.signature); !bytes.Equal(got, b) {
			t.Errorf("got %x, want %x", got, b)
		}
		// What an operational certificate says is said alike.
		if o, err := ParseDER(b); err == nil {
			if o.IsCA() != c.IsCA || !bytes.Equal(o.SubjectKeyID(), c.SubjectKeyID) || !bytes.Equal(o.Serial, c.Serial) {
				t.Errorf("got %+v, want %+v", c, o)
			}
		}
		_ = CheckAttestation(c, c, nil, 1)
	})
}

func FuzzParseCSR(f *testing.F) {
	k := newKey("csr")
	f.Add(csrWith("\x30\x00", "\xa0\x00", k))
	f.Add(csrWith("\x30\x08\x06\x03\x55\x04\x0a\x0c\x01a", "", k))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := ParseCSR(b)
		if err != nil {
			if key != [65]byte{} {
				t.Error("a key beside an error")
			}
			// Signed anew, as much of it as is a request is one: the fuzzer cannot
			// sign, so this is how it gets past the signature.
			public := k.PublicKey()
			body, _, ok := parseSigned(b)
			if ok && bytes.Contains(body, public[:]) {
				signature, _ := k.Sign(nil, body)
				if key, err := ParseCSR(appendSigned(nil, body, &signature)); err == nil && key != public {
					t.Errorf("got %x", key)
				}
			}
			return
		}
		// The same key in a request of ours reads the same.
		body, signature, _ := parseSigned(b)
		if got := appendSigned(nil, body, &signature); !bytes.Equal(got, b) {
			t.Errorf("got %x, want %x", got, b)
		}
	})
}

func FuzzParseSignedDeclaration(f *testing.F) {
	d := newDeclaration()
	f.Add(signed(f, d).AppendCMS(nil))
	d.HasOrigin = true
	d.Authorities = [][KeyIDSize]byte{{1}}
	f.Add(signed(f, d).AppendCMS(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSignedDeclaration(b)
		if err != nil {
			return
		}
		again, err := ParseSignedDeclaration(s.AppendCMS(nil))
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("got %+v, %v; want %+v", again, err, s)
		}
		content, err := parseDeclaration(s.Declaration.AppendTLV(nil))
		if err != nil || !reflect.DeepEqual(content, s.Declaration) {
			t.Errorf("got %+v, %v; want %+v", content, err, s.Declaration)
		}
	})
}
