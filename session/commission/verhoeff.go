package commission

// The check digit of a manual code is Verhoeff's: digits are elements of the
// dihedral group of order 10, each permuted by its distance from the right end.
// It finds every single wrong digit and every swap of two unlike neighbours.
// Matter Core §5.1.4.1.5.

// verhoeffPermutation is the permutation of the first place; that of place i is
// its i-th power. Its period is 8.
var verhoeffPermutation = [10]byte{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}

// dihedral multiplies in the group of order 10: 0..4 are rotations, 5..9 reflections.
func dihedral(a, b byte) byte {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return (a+b-5)%5 + 5
	case b < 5:
		return (a-5+5-b)%5 + 5
	default:
		return (a + 5 - b) % 5
	}
}

// verhoeffSum returns 0 if the last of digits (values 0..9) is the check digit
// of those before it.
func verhoeffSum(digits []byte) byte {
	var sum byte
	for i := range digits {
		d := digits[len(digits)-1-i]
		for range i % 8 {
			d = verhoeffPermutation[d]
		}
		sum = dihedral(sum, d)
	}
	return sum
}

// verhoeffDigit returns the check digit to write after digits.
func verhoeffDigit(digits []byte) byte {
	sum := verhoeffSum(append(digits[:len(digits):len(digits)], 0))
	if sum == 0 || sum > 4 {
		return sum // a reflection undoes itself
	}
	return 5 - sum
}
