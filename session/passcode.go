package session

import (
	"errors"
	"io"
)

// ErrPasscode: a number that may not be a device's passcode.
var ErrPasscode = errors.New("session: not an allowed passcode")

const maxPasscode = 99_999_998

// CheckPasscode returns [ErrPasscode] unless p is in 1..99999998 and none of
// those that are too easily guessed. Matter Core §5.1.7.1.
func CheckPasscode(p uint32) error {
	if p < 1 || p > maxPasscode {
		return ErrPasscode
	}
	if p%11_111_111 == 0 || p == 12_345_678 || p == 87_654_321 {
		return ErrPasscode
	}
	return nil
}

// passcodeTries bounds rejection sampling: one try in four fails, so 128 in a
// row mean that the source is broken.
const passcodeTries = 128

var errRandom = errors.New("session: the random source is broken")

// GeneratePasscode draws an allowed passcode from rand, each as likely as
// another. It returns rand's error.
func GeneratePasscode(rand io.Reader) (uint32, error) {
	var b [4]byte
	for range passcodeTries {
		if _, err := io.ReadFull(rand, b[:]); err != nil {
			return 0, err
		}
		// 27 bits are what a passcode has in a setup payload.
		p := (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24) & (1<<27 - 1)
		if CheckPasscode(p) == nil {
			return p, nil
		}
	}
	return 0, errRandom
}
