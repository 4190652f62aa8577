package crypto

import (
	"stile/policy/expr/clr"
)

var (
	typeRNG      = clr.Class(space + "RandomNumberGenerator")
	typeProvider = clr.Class(space + "RNGCryptoServiceProvider")
)

// generator is a RandomNumberGenerator over the host's randomness.
type generator struct{}

// RuntimeType names the .NET type.
func (generator) RuntimeType() *clr.Type { return typeProvider }

func randomSpecs() []clr.TypeSpec {
	names := [3]string{"data", "offset", "count"}
	return []clr.TypeSpec{
		{Type: typeRNG, Bases: "IDisposable", Members: []clr.MemberSpec{
			clr.Line("static RandomNumberGenerator Create()", constant(generator{})),
			clr.Line("void GetBytes(byte[] data)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				fillRandom(m, needBytes(m, a[1], "data"))
				return nil
			}),
			clr.Line("void GetBytes(byte[] data, int offset, int count)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				fillRandom(m, part(m, a[1], a[2], a[3], names))
				return nil
			}),
			clr.Line("void GetNonZeroBytes(byte[] data)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				fillNonZero(m, needBytes(m, a[1], "data"))
				return nil
			}),
		}},
		{Type: typeProvider, Bases: "RandomNumberGenerator", Members: []clr.MemberSpec{clr.Line("new()", constant(generator{}))}},
	}
}
