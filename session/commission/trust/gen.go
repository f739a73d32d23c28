//go:build ignore

// The program gen makes paa.tlv and paa-test.tlv of paa-roots.json.
package main

import (
	"encoding/hex"
	"encoding/json"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/commission/trust"
)

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

type root struct {
	SubjectDER   string    `json:"subject_der"`
	VendorID     *string   `json:"vendor_id"`
	SubjectKeyID string    `json:"subject_key_id"`
	PublicKey    string    `json:"public_key"`
	NotBefore    time.Time `json:"not_before"`
	NotAfter     time.Time `json:"not_after"`
	SHA256       string    `json:"sha256"`
}

func main() {
	b, err := os.ReadFile("paa-roots.json")
	check(err)
	var facts struct {
		Collected        string
		Production, Test []root
	}
	check(json.Unmarshal(b, &facts))
	collected, err := time.Parse(time.DateOnly, facts.Collected)
	check(err)
	write("paa.tlv", collected, facts.Production, false)
	write("paa-test.tlv", collected, facts.Test, true)
}

func write(name string, collected time.Time, roots []root, test bool) {
	l := trust.List{Collected: cert.Time(collected.Unix() - epoch)}
	for _, r := range roots {
		p := cert.PAA{
			Subject:   octets(r.SubjectDER),
			NotBefore: r.NotBefore.Unix() - epoch,
			NotAfter:  r.NotAfter.Unix() - epoch,
			Test:      test,
		}
		if r.VendorID != nil {
			id, err := strconv.ParseUint(*r.VendorID, 16, 16)
			check(err)
			p.VendorID, p.HasVendorID = uint16(id), true
		}
		fill(p.KeyID[:], r.SubjectKeyID)
		fill(p.PublicKey[:], r.PublicKey)
		fill(p.SHA256[:], r.SHA256)
		l.Authorities = append(l.Authorities, p)
	}
	check(os.WriteFile(name, l.Append(nil), 0o644))
}

func octets(s string) []byte {
	b, err := hex.DecodeString(s)
	check(err)
	return b
}

func fill(dst []byte, s string) {
	if b := octets(s); copy(dst, b) != len(dst) || len(b) != len(dst) {
		log.Fatalf("%s: got %d octets, want %d", s, len(b), len(dst))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
