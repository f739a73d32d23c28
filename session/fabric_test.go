package session

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/matter-session/matter-session/session/cert"
	"github.com/matter-session/matter-session/session/internal/p256"
)

func TestDestinationIDVectors(t *testing.T) {
	var file struct {
		Tests []struct {
			RootPublicKey, FabricID, NodeID, CompressedFabricID, IPKEpochKey, OperationalIPK, InitiatorRandom, DestinationID string
		}
	}
	b, err := os.ReadFile("testdata/case_destination_id.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Tests) != 2 {
		t.Fatalf("%d vectors, want 2", len(file.Tests))
	}
	octets := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	number := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	epochKeys := 0
	for _, v := range file.Tests {
		f := &Fabric{id: FabricID(number(v.FabricID)), node: NodeID(number(v.NodeID)), rootPublicKey: [65]byte(octets(v.RootPublicKey))}
		f.compressed = compressedFabricID(&f.rootPublicKey, f.id)
		if got := hex.EncodeToString(f.compressed[:]); got != v.CompressedFabricID {
			t.Errorf("compressed fabric ID %s, want %s", got, v.CompressedFabricID)
		}
		ipk := key(octets(v.OperationalIPK))
		if v.IPKEpochKey != "" {
			epochKeys++
			epoch := [16]byte(octets(v.IPKEpochKey))
			if got := operationalGroupKey(&epoch, &f.compressed); got != ipk {
				t.Errorf("IPK %x, want %s", got[:], v.OperationalIPK)
			}
		}
		random, want := [32]byte(octets(v.InitiatorRandom)), [32]byte(octets(v.DestinationID))
		f.ipks = []key{{1}, ipk, {2}}
		if ids := f.DestinationIDs(&random, f.node); len(ids) != 3 || ids[1] != want {
			t.Errorf("destination IDs %x, want %s in the middle", ids, v.DestinationID)
		}
		if got, ok := f.matchDestination(&random, &want); !ok || got != ipk {
			t.Error("the destination ID is not known again")
		}
		for i := range want {
			bad := want
			bad[i] ^= 0x80
			if _, ok := f.matchDestination(&random, &bad); ok {
				t.Errorf("octet %d changed: still ours", i)
			}
		}
		f.clear()
		if _, ok := f.matchDestination(&random, &want); ok {
			t.Error("an erased fabric still answers")
		}
	}
	if epochKeys == 0 {
		t.Error("no vector with an epoch key")
	}
}

func TestNewFabric(t *testing.T) {
	a := newTestAuthority(t, 1, 0xABCD, true, 3)
	noc := a.noc(t, 42, nil, 0x00010002, 0x00020001)
	cfg := a.config(noc)
	cfg.Label = "home"
	f, err := NewFabric(cfg)
	if err != nil {
		t.Fatal(err)
	}
	root, icac, own := f.Certificates()
	if f.ID() != 0xABCD || f.NodeID() != 42 || f.Index() != 0 || f.Label() != "home" || !f.HasKey() ||
		f.RootPublicKey() != a.root.PublicKey || f.CompressedID() != compressedFabricID(&a.root.PublicKey, 0xABCD) ||
		string(root) != string(a.root.tlv) || string(icac) != string(a.icac.tlv) || string(own) != string(noc.tlv) {
		t.Errorf("got %+v", f.id)
	}
	if c := f.CATs(); len(c) != 2 || c[0] != 0x00010002 || c[1] != 0x00020001 {
		t.Errorf("CATs %x", c)
	}
	clear(cfg.NOC)
	clear(cfg.Key)
	if f.noc[0] != 0x15 || f.key.PublicKey() != noc.PublicKey {
		t.Error("the fabric keeps its caller's slices")
	}
	compressed := f.CompressedID()
	for _, s := range []string{fmt.Sprint(f), fmt.Sprintf("%v %+v %#v %s", f, f, f, f)} {
		if !strings.Contains(s, hex.EncodeToString(compressed[:])) || strings.Contains(s, hex.EncodeToString(f.ipks[0][:4])) || len(s) > 120 {
			t.Errorf("printed as %s", s)
		}
	}
}

func TestNewFabricWithoutItsKeyAsksTheHost(t *testing.T) {
	a := newTestAuthority(t, 2, 1, false, 1)
	cfg := a.config(a.noc(t, 1, nil))
	cfg.Key, cfg.ICAC = nil, []byte{}
	f, err := NewFabric(cfg)
	if err != nil || f.HasKey() || f.icac != nil {
		t.Errorf("got %v, %v", f, err)
	}
}

func TestNewFabricRejects(t *testing.T) {
	a := newTestAuthority(t, 3, 0x77, true, 1)
	good := a.noc(t, 1, nil)
	other := newTestAuthority(t, 4, 0x77, true, 1)
	var stranger [32]byte
	stranger[31] = 5
	for _, c := range []struct {
		name   string
		change func(c *FabricConfig)
		reason cert.Reason // 0: not a ChainError
		is     error
	}{
		{"no epoch key", func(c *FabricConfig) { c.EpochKeys = nil }, 0, errEpochKeys},
		{"four epoch keys", func(c *FabricConfig) { c.EpochKeys = make([][16]byte, 4) }, 0, errEpochKeys},
		{"key of another certificate", func(c *FabricConfig) { c.Key = stranger[:] }, 0, errKeyMismatch},
		{"key of 31 octets", func(c *FabricConfig) { c.Key = stranger[:31] }, 0, p256.ErrScalar},
		{"key 0", func(c *FabricConfig) { c.Key = make([]byte, 32) }, 0, p256.ErrScalar},
		{"root malformed", func(c *FabricConfig) { c.Root = c.Root[:len(c.Root)-1] }, 0, nil},
		{"NOC malformed", func(c *FabricConfig) { c.NOC = c.NOC[:9] }, 0, nil},
		{"ICAC malformed", func(c *FabricConfig) { c.ICAC = c.ICAC[:9] }, 0, nil},
		{"no root", func(c *FabricConfig) { c.Root = nil }, 0, nil},
		{"root that is a NOC", func(c *FabricConfig) { c.Root = c.NOC }, cert.ReasonNotCA, nil},
		{"foreign root", func(c *FabricConfig) { c.Root = other.root.tlv }, cert.ReasonIssuer, nil},
		{"ICAC missing", func(c *FabricConfig) { c.ICAC = nil }, cert.ReasonIssuer, nil},
		{"NOC that is a root", func(c *FabricConfig) { c.NOC = c.Root }, cert.ReasonIsCA, nil},
		{"expired", func(c *FabricConfig) { c.UTC = testNotAfter + 1 }, cert.ReasonExpired, nil},
		{"not yet valid", func(c *FabricConfig) { c.UTC = testNotBefore - 1 }, cert.ReasonNotYetValid, nil},
		{"CAT of version 0", func(c *FabricConfig) {
			n := a.noc(t, 1, nil, 0x00010000)
			k := n.key.Bytes()
			c.NOC, c.Key = n.tlv, k[:]
		}, cert.ReasonCAT, nil},
		{"root not signed by itself", func(c *FabricConfig) {
			n := len(c.Root) - 2 // the last octet of the signature
			c.Root = append([]byte(nil), c.Root...)
			c.Root[n] ^= 1
		}, cert.ReasonSignature, nil},
	} {
		cfg := a.config(good)
		c.change(&cfg)
		f, err := NewFabric(cfg)
		if err == nil || f != nil {
			t.Errorf("%s: taken", c.name)
			continue
		}
		var chain *cert.ChainError
		if errors.As(err, &chain) != (c.reason != 0) || chain != nil && chain.Reason != c.reason || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	// Without a trusted clock no validity is judged.
	cfg := a.config(a.noc(t, 1, func(c *cert.Certificate) { c.NotAfter = testNotBefore + 1 }))
	cfg.UTC = 0
	if _, err := NewFabric(cfg); err != nil {
		t.Errorf("no clock: %v", err)
	}
}

// A key that nobody reads is never printed, wherever it sits.
func TestCASESecretsAreNotPrinted(t *testing.T) {
	secret := sharedSecret(fill(32, 0xA0))
	r := ResumptionRecord{secret: secret, ID: [16]byte(fill(16, 0xD0))}
	for _, v := range []any{secret, &secret, &r} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
			s := fmt.Sprintf(verb, v)
			for _, leak := range []string{"a0a1a2", "160 161 162", "0xa0, 0xa1", "\xA0\xA1\xA2", `\xa0\xa1\xa2`} {
				if strings.Contains(s, leak) {
					t.Errorf("%T under %s: %s", v, verb, s)
				}
			}
		}
	}
}
