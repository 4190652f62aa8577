package crypto

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeTransform = clr.Iface(space + "ICryptoTransform")
	typeHash      = clr.Class(space + "HashAlgorithm")
	typeKeyed     = clr.Class(space + "KeyedHashAlgorithm")
	typeHMAC      = clr.Class(space + "HMAC")
	typeFixedTime = clr.Statics(space + "CryptographicOperations")
)

// digest is a hash function with its .NET names: the abstract class, and what its
// Create and Managed give.
type digest struct {
	name string
	make func() hash.Hash
	// block is a new keyed hash's length of key.
	block int
}

var digests = []*digest{
	{"MD5", md5.New, 64}, {"SHA1", sha1.New, 64}, {"SHA256", sha256.New, 64},
	{"SHA384", sha512.New384, 128}, {"SHA512", sha512.New, 128},
}

// digestNamed finds a digest by HashAlgorithmName's spelling.
func digestNamed(name string) *digest {
	for _, d := range digests {
		if d.name == name {
			return d
		}
	}
	return nil
}

// hasher is a HashAlgorithm; keyed ones are HMACs. running is what TransformBlock
// has begun, result what was finished last.
type hasher struct {
	typ     *clr.Type
	digest  *digest
	key     []byte
	keyed   bool
	running hash.Hash
	result  []byte
}

// RuntimeType names the .NET type.
func (h *hasher) RuntimeType() *clr.Type { return h.typ }

func (h *hasher) start() hash.Hash {
	if h.keyed {
		return hmac.New(h.digest.make, h.key)
	}
	return h.digest.make()
}

func (h *hasher) sum(m *clr.Machine, b []byte) clr.Value {
	m.Work((len(b) + len(h.key)) / 64)
	d := h.start()
	d.Write(b)
	h.result, h.running = d.Sum(nil), nil
	return append([]byte{}, h.result...)
}

// write takes bytes of TransformBlock into the running hash.
func (h *hasher) write(m *clr.Machine, b []byte) {
	m.Work(len(b) / 64)
	if h.running == nil {
		m.Work(len(h.key) / 64)
		h.running = h.start()
	}
	h.running.Write(b)
}

// class makes a run-time type that no expression can name.
func class(name string, bases ...*clr.Type) *clr.Type {
	t := clr.Class(space + name)
	t.Def.Bases = bases
	return t
}

// newHasher makes a hasher of the class that Create of an abstract class gives.
func newHasher(d *digest, typ *clr.Type) *hasher { return &hasher{typ: typ, digest: d} }

// hashFamily is the types of one digest.
type hashFamily struct{ base, managed, provider, keyed *clr.Type }

var families = makeFamilies()

func makeFamilies() []hashFamily {
	var out []hashFamily
	for _, d := range digests {
		f := hashFamily{base: clr.Class(space + d.name), keyed: clr.Class(space + "HMAC" + d.name)}
		f.managed = clr.Class(space + d.name + "Managed")
		f.provider = clr.Class(space + d.name + "CryptoServiceProvider")
		out = append(out, f)
	}
	return out
}

// usual is the class that the abstract class's Create gives.
func (f hashFamily) usual(d *digest) *clr.Type {
	if d.name == "MD5" || d.name == "SHA1" {
		return f.provider
	}
	return f.managed
}

// hashNamed is HashAlgorithm.Create(name): CryptoConfig's names, which regard no case.
// What it does not know is null, as in .NET.
func hashNamed(m *clr.Machine, name string, keyedOnly bool) clr.Value {
	name = strings.ToUpper(strings.TrimSpace(name))
	name = strings.TrimPrefix(name, strings.ToUpper(space))
	switch name {
	case "HMAC", "KEYEDHASHALGORITHM":
		name = "HMACSHA1"
	case "SHA", "HASHALGORITHM":
		name = "SHA1"
	}
	for i, d := range digests {
		f := families[i]
		switch {
		case name == "HMAC"+d.name:
			return newKeyed(m, f.keyed, d, randomBytes(m, d.block))
		case keyedOnly:
		case name == d.name, strings.HasPrefix(name, "SHA-") && "SHA"+name[4:] == d.name && d.name != "SHA1":
			return newHasher(d, f.usual(d))
		case name == d.name+"MANAGED" && d.name != "MD5":
			return newHasher(d, f.managed)
		case name == d.name+"CRYPTOSERVICEPROVIDER":
			return newHasher(d, f.provider)
		}
	}
	return nil
}

func newKeyed(_ *clr.Machine, typ *clr.Type, d *digest, key []byte) *hasher {
	return &hasher{typ: typ, digest: d, key: key, keyed: true}
}

func hashSpecs() []clr.TypeSpec {
	out := []clr.TypeSpec{
		{Type: typeTransform, Bases: "IDisposable", Members: transformMembers()},
		{Type: typeHash, Bases: "ICryptoTransform", Members: hashMembers()},
		{Type: typeFixedTime, Members: []clr.MemberSpec{
			clr.Line("static bool FixedTimeEquals(byte[], byte[])", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				x, _ := a[0].([]byte)
				y, _ := a[1].([]byte)
				return hmac.Equal(x, y)
			}),
		}},
	}
	for i, d := range digests {
		f := families[i]
		create := func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return newHasher(d, f.usual(d)) }
		out = append(out, clr.TypeSpec{Type: f.base, Bases: "HashAlgorithm", Members: []clr.MemberSpec{
			clr.Line("static "+d.name+" Create()", create),
			clr.Line("static "+d.name+" Create(string hashName)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				h, ok := hashNamed(m, needText(m, a[0], "name"), false).(*hasher)
				if !ok {
					return nil
				}
				if !h.typ.Derives(f.base) {
					m.Throw(clr.TypeInvalidCast, "Specified cast is not valid.")
				}
				return h
			}),
			clr.Line("static byte[] HashData(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return newHasher(d, nil).sum(m, needBytes(m, a[0], "source"))
			}),
		}})
		out = append(out, concrete(f.provider, d))
		if d.name != "MD5" {
			out = append(out, concrete(f.managed, d))
		}
	}
	return out
}

func concrete(t *clr.Type, d *digest) clr.TypeSpec {
	return clr.TypeSpec{Type: t, Bases: d.name, Members: []clr.MemberSpec{
		clr.Line("new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return newHasher(d, t) }),
	}}
}

func hashMembers() []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("static HashAlgorithm Create()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value { return hashNamed(m, "SHA1", false) }),
		clr.Line("static HashAlgorithm Create(string hashName)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return hashNamed(m, needText(m, a[0], "name"), false)
		}),
		clr.Line("byte[] ComputeHash(byte[] buffer)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*hasher).sum(m, needBytes(m, a[1], "buffer"))
		}),
		clr.Line("byte[] ComputeHash(byte[] buffer, int offset, int count)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*hasher).sum(m, part(m, a[1], a[2], a[3], [3]string{"buffer", "offset", "count"}))
		}),
		clr.Line("byte[] Hash", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if h := a[0].(*hasher); h.result != nil {
				return append([]byte{}, h.result...)
			}
			return nil
		}),
		clr.Line("int HashSize", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(8 * a[0].(*hasher).digest.make().Size())
		}),
		clr.Line("void Initialize()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*hasher).running = nil
			return nil
		}),
		clr.Line("void Clear()", never),
	}
}

func hmacSpecs() []clr.TypeSpec {
	named := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return hashNamed(m, needText(m, a[0], "name"), true)
	}
	usual := func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value { return hashNamed(m, "HMAC", true) }
	out := []clr.TypeSpec{
		{Type: typeKeyed, Bases: "HashAlgorithm", Members: []clr.MemberSpec{
			clr.Line("static KeyedHashAlgorithm Create()", usual), clr.Line("static KeyedHashAlgorithm Create(string algName)", named),
			clr.Line("byte[] Key", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return append([]byte{}, a[0].(*hasher).key...)
			}),
			clr.Line("set byte[] Key", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				h := a[0].(*hasher)
				if h.running != nil {
					fail(m, "Hash key cannot be changed after the first write to the stream.")
				}
				h.key = append([]byte{}, needBytes(m, a[1], "value")...)
				return nil
			}),
		}},
		{Type: typeHMAC, Bases: "KeyedHashAlgorithm", Members: []clr.MemberSpec{
			clr.Line("static HMAC Create()", usual), clr.Line("static HMAC Create(string algorithmName)", named),
			clr.Line("string HashName", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*hasher).digest.name }),
		}},
	}
	for i, d := range digests {
		t := families[i].keyed
		withKey := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return newKeyed(m, t, d, append([]byte{}, needBytes(m, a[0], "key")...))
		}
		lines := []clr.MemberSpec{
			clr.Line("new()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
				return newKeyed(m, t, d, randomBytes(m, d.block))
			}),
			clr.Line("new(byte[] key)", withKey),
			clr.Line("static byte[] HashData(byte[] key, byte[] source)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return newKeyed(m, t, d, needBytes(m, a[0], "key")).sum(m, needBytes(m, a[1], "source"))
			}),
		}
		if d.name == "SHA1" {
			lines = append(lines, clr.Line("new(byte[] key, bool useManagedSha1)", withKey))
		}
		out = append(out, clr.TypeSpec{Type: t, Bases: "HMAC", Members: lines})
	}
	return out
}
