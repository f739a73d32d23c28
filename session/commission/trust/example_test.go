package trust_test

import (
	"encoding/hex"
	"fmt"
	"os"

	"github.com/matter-session/matter-session/session/commission/trust"
)

func ExampleParse() {
	list, err := os.ReadFile("paa.tlv")
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := trust.Parse(list)
	if err != nil {
		fmt.Println(err)
		return
	}
	keyID, _ := hex.DecodeString("10de4559bcaa8082867879c09a7f8eec8a887ef7") // a PAI's authority key ID
	paa, ok := store.Lookup(keyID)
	fmt.Printf("vendor %04X, test %v, found %v\n", paa.VendorID, paa.Test, ok)
	// Output: vendor 100B, test false, found true
}
