package crypto

import (
	"crypto/cipher"

	"stile/policy/expr/clr"
)

// blocks is an ICryptoTransform over a block cipher: whole blocks pass, the last one
// is padded or stripped.
type blocks struct {
	typ     *clr.Type
	mode    cipher.BlockMode
	again   func() cipher.BlockMode // a mode from the beginning, for the next message
	size    int
	encrypt bool
	padding int32
	// held is a block that a decryption keeps back until it knows whether more comes.
	held []byte
}

// RuntimeType names the .NET type.
func (t *blocks) RuntimeType() *clr.Type { return t.typ }

// block transforms whole blocks of in.
func (t *blocks) block(m *clr.Machine, in []byte) []byte {
	if len(in) == 0 || len(in)%t.size != 0 {
		m.Throw(clr.TypeArgument, "Value was invalid.")
	}
	m.Grow(len(in))
	keep := !t.encrypt && t.padding != padNone && t.padding != padZeros
	data := append(append([]byte{}, t.held...), in...)
	t.held = nil
	if keep {
		cut := len(data) - t.size
		t.held, data = append([]byte{}, data[cut:]...), data[:cut]
	}
	t.mode.CryptBlocks(data, data)
	return data
}

// final transforms what is left and begins anew.
func (t *blocks) final(m *clr.Machine, in []byte) []byte {
	m.Grow(len(in) + t.size)
	data := append(append(make([]byte, 0, len(in)+2*t.size), t.held...), in...)
	t.held = nil
	defer func() { t.mode = t.again() }()
	if t.encrypt {
		data = padded(m, data, t.size, t.padding)
		t.mode.CryptBlocks(data, data)
		return data
	}
	if len(data)%t.size != 0 {
		fail(m, "The input data is not a complete block.")
	}
	t.mode.CryptBlocks(data, data)
	return stripped(m, data, t.size, t.padding)
}

// The numbers of PaddingMode.
const (
	padNone     = 1
	padPKCS7    = 2
	padZeros    = 3
	padANSIX923 = 4
	padISO10126 = 5
)

func padded(m *clr.Machine, data []byte, size int, mode int32) []byte {
	over := len(data) % size
	n := size - over
	switch mode {
	case padNone:
		if over != 0 {
			fail(m, "The input data is not a complete block.")
		}
		return data
	case padZeros:
		if over == 0 {
			return data
		}
		return append(data, make([]byte, n)...)
	}
	tail := make([]byte, n)
	switch mode {
	case padPKCS7:
		for i := range tail {
			tail[i] = byte(n)
		}
	case padISO10126:
		fillRandom(m, tail)
	}
	tail[n-1] = byte(n)
	return append(data, tail...)
}

func stripped(m *clr.Machine, data []byte, size int, mode int32) []byte {
	if mode == padNone || mode == padZeros {
		return data
	}
	bad := len(data) == 0
	n := 0
	if !bad {
		n = int(data[len(data)-1])
		bad = n == 0 || n > size
	}
	if !bad && mode != padISO10126 {
		want := byte(0)
		if mode == padPKCS7 {
			want = byte(n)
		}
		for _, c := range data[len(data)-n : len(data)-1] {
			bad = bad || c != want
		}
	}
	if bad {
		fail(m, "Padding is invalid and cannot be removed.")
	}
	return data[:len(data)-n]
}

// transformMembers are ICryptoTransform's, for ciphers and hashes both.
func transformMembers() []clr.MemberSpec {
	unit := func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if t, ok := a[0].(*blocks); ok {
			return int32(t.size)
		}
		return int32(1)
	}
	names := [3]string{"inputBuffer", "inputOffset", "inputCount"}
	return []clr.MemberSpec{
		clr.Line("int InputBlockSize", unit), clr.Line("int OutputBlockSize", unit),
		clr.Line("bool CanReuseTransform", constant(true)), clr.Line("bool CanTransformMultipleBlocks", constant(true)),
		clr.Line("byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			in := part(m, a[1], a[2], a[3], names)
			if t, ok := a[0].(*blocks); ok {
				return t.final(m, in)
			}
			h := a[0].(*hasher)
			h.write(m, in)
			h.result, h.running = h.running.Sum(nil), nil
			m.Grow(len(in))
			return append([]byte{}, in...)
		}),
		clr.Line("int TransformBlock(byte[] inputBuffer, int inputOffset, int inputCount, byte[] outputBuffer, int outputOffset)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			in := part(m, a[1], a[2], a[3], names)
			if h, ok := a[0].(*hasher); ok {
				h.write(m, in)
				if out, ok := a[4].([]byte); ok {
					put(m, out, a[5], in)
				}
				return int32(len(in))
			}
			data := a[0].(*blocks).block(m, in)
			put(m, needBytes(m, a[4], "outputBuffer"), a[5], data)
			return int32(len(data))
		}),
	}
}

func put(m *clr.Machine, out []byte, at clr.Value, data []byte) {
	i := int(clr.AsInt64(at))
	if i < 0 || i > len(out)-len(data) {
		m.Throw(clr.TypeArgument, "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.")
	}
	copy(out[i:], data)
}
