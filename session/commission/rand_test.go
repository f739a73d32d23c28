package commission

import (
	"crypto/rand"
	"errors"
)

// testRand is randomness that can be used as a value.
type testRand struct{}

func (testRand) Read(b []byte) (int, error) { return rand.Read(b) }

// noRand has none.
type noRand struct{}

func (noRand) Read([]byte) (int, error) { return 0, errors.New("test: no randomness") }
