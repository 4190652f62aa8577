// Package crypto is the allow-list's share of System.Security.Cryptography: hashes,
// keyed hashes, symmetric ciphers, RSA, certificates and names, with the values behind
// them.
//
// It is no cryptography of its own: Go's standard library computes, the types here
// give .NET's members, defaults and messages. It verifies no chain and reads no trust
// store (Deployment.Trusts does), and makes no key pair. Package library joins Specs to its
// tables; nothing else calls it.
//
// Invariants: randomness comes from the Machine alone; a private key that came in with
// a certificate can be used and never be read; work is charged by the bytes that it
// takes.
package crypto

import (
	"stile/policy/expr/clr"
)

const space = "System.Security.Cryptography."

// Specs gives the tables of this package.
func Specs() []clr.TypeSpec {
	var all []clr.TypeSpec
	for _, part := range [][]clr.TypeSpec{
		hashSpecs(), hmacSpecs(), symmetricSpecs(), rsaSpecs(), randomSpecs(), oidSpecs(), certificateSpecs(),
	} {
		all = append(all, part...)
	}
	return all
}

// never is a Dispose: nothing here holds more than memory.
func never(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }

// constant gives the same value always.
func constant(v clr.Value) clr.Native {
	return func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return v }
}

// needBytes reads a byte[] argument that must not be null.
func needBytes(m *clr.Machine, v clr.Value, name string) []byte {
	b, ok := v.([]byte)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: "+name)
	}
	return b
}

// part cuts the window that an offset and a count name out of a buffer.
func part(m *clr.Machine, v, offset, count clr.Value, names [3]string) []byte {
	b := needBytes(m, v, names[0])
	from, n := int(clr.AsInt64(offset)), int(clr.AsInt64(count))
	if from < 0 {
		m.Throw(clr.TypeArgumentRange, "Non-negative number required.\nParameter name: "+names[1])
	}
	if n < 0 || n > len(b) {
		m.Throw(clr.TypeArgument, "Value was invalid.")
	}
	if from > len(b)-n {
		m.Throw(clr.TypeArgument, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.")
	}
	return b[from : from+n]
}

// text reads a string argument; null is "".
func text(v clr.Value) string {
	s, _ := v.(string)
	return s
}

// needText reads a string argument that must not be null.
func needText(m *clr.Machine, v clr.Value, name string) string {
	s, ok := v.(string)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: "+name)
	}
	return s
}

// fail throws a CryptographicException.
func fail(m *clr.Machine, message string) { m.Throw(clr.TypeCryptographic, message) }

// randomBytes takes n bytes of the host's randomness.
func randomBytes(m *clr.Machine, n int) []byte {
	m.Grow(n)
	out := make([]byte, n)
	fillRandom(m, out)
	return out
}

func fillRandom(m *clr.Machine, into []byte) {
	m.Work(len(into) / 8)
	for i := 0; i < len(into); i += 8 {
		for word, k := m.Random(), 0; k < 8 && i+k < len(into); k++ {
			into[i+k], word = byte(word), word>>8
		}
	}
}

// source is the host's randomness as an io.Reader for the standard library.
type source struct{ m *clr.Machine }

// Read fills b and never fails.
func (s source) Read(b []byte) (int, error) {
	fillRandom(s.m, b)
	return len(b), nil
}
