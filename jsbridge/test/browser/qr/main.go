// Command qr draws the QR code of its argument, by a library that none of the decoders under test is made from: as JSON with
// the modules by rows, 1 is dark.
package main

import (
	"encoding/json"
	"log"
	"os"

	"rsc.io/qr"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: qr TEXT")
	}
	code, err := qr.Encode(os.Args[1], qr.M)
	if err != nil {
		log.Fatal(err)
	}
	rows := make([]string, code.Size)
	for y := range rows {
		row := make([]byte, code.Size)
		for x := range row {
			row[x] = '0'
			if code.Black(x, y) {
				row[x] = '1'
			}
		}
		rows[y] = string(row)
	}
	if err := json.NewEncoder(os.Stdout).Encode(rows); err != nil {
		log.Fatal(err)
	}
}
