package commission

// Base38 packs 3 octets, taken as a little-endian number, into 5 characters,
// least significant first; a rest of 2 octets into 4 and of 1 into 2.
// Matter Core §5.1.3.1.

const base38Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-."

// base38Digit returns the value of c, or -1.
func base38Digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	case c == '-':
		return 36
	case c == '.':
		return 37
	}
	return -1
}

func appendBase38(dst, octets []byte) []byte {
	for len(octets) > 0 {
		n := min(3, len(octets))
		var v uint32
		for i := n - 1; i >= 0; i-- {
			v = v<<8 | uint32(octets[i])
		}
		for range [...]int{2, 4, 5}[n-1] {
			dst = append(dst, base38Alphabet[v%38])
			v /= 38
		}
		octets = octets[n:]
	}
	return dst
}

// parseBase38 decodes text, whose characters have been checked. If the text is
// not one that appendBase38 makes it returns the index of the group at fault
// and false: the group is 1 or 3 characters long, or its value exceeds its octets.
func parseBase38(text string) (octets []byte, fault int, ok bool) {
	for at := 0; at < len(text); at += 5 {
		group := text[at:min(at+5, len(text))]
		n := [...]int{0, 1, 0, 2, 3}[len(group)-1]
		var v uint32
		for i := len(group) - 1; i >= 0; i-- {
			v = v*38 + uint32(base38Digit(group[i]))
		}
		if n == 0 || v>>(8*n) != 0 {
			return nil, at, false
		}
		for range n {
			octets = append(octets, byte(v))
			v >>= 8
		}
	}
	return octets, 0, true
}
