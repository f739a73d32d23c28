package dnssd

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/matter-session/matter-session/web/transport/relay"
)

var decimals = map[string]relay.Field{
	"D": relay.Discriminator, "CM": relay.CommissionMode, "DT": relay.DeviceType, "PH": relay.PairingHint,
	"SII": relay.IdleInterval, "SAI": relay.ActiveInterval, "SAT": relay.ActiveThreshold, "ICD": relay.LongIdleTime,
}

// parseTXT reads a TXT record's key=value strings into n: keys in any case, the
// first of equal ones counts (RFC 6763 §6.4). What is malformed is left out.
func parseTXT(texts []string, n *relay.Node) {
	seen := map[string]bool{}
	for _, text := range texts[:min(len(texts), maxStrings)] {
		key, value, _ := strings.Cut(text, "=")
		key = strings.ToUpper(key)
		if key == "" || seen[key] {
			continue
		}
		seen[key] = true
		switch field, ok := decimals[key]; {
		case ok:
			if v, ok := decimal(value, 10); ok {
				n.Set(field, v)
			}
		case key == "VP":
			vendor, product, both := strings.Cut(value, "+")
			v, ok := decimal(vendor, 5)
			p, okP := decimal(product, 5)
			if ok && (!both || okP) {
				n.Set(relay.VendorID, v)
				if both {
					n.Set(relay.ProductID, p)
				}
			}
		case key == "DN":
			n.Name = plain(value, relay.MaxName)
		case key == "PI":
			n.Instruction = plain(value, relay.MaxInstruction)
		}
	}
}

func decimal(s string, digits int) (uint32, bool) {
	if len(s) > digits || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseUint(s, 10, 32)
	return uint32(v), err == nil
}

// plain returns s if it is text of at most greatest octets that does nothing to a
// screen, else nothing.
func plain(s string, greatest int) string {
	if len(s) > greatest || !utf8.ValidString(s) {
		return ""
	}
	for _, c := range s {
		if c < 0x20 || c >= 0x7F && c < 0xA0 {
			return ""
		}
	}
	return s
}
