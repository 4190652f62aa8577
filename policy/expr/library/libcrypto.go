package library

import (
	"crypto/aes"
	"crypto/cipher"
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
	typeHash   = clr.Class("System.Security.Cryptography.HashAlgorithm")
	typeMD5    = clr.Class("System.Security.Cryptography.MD5")
	typeSHA1   = clr.Class("System.Security.Cryptography.SHA1")
	typeSHA256 = clr.Class("System.Security.Cryptography.SHA256")
	typeSHA384 = clr.Class("System.Security.Cryptography.SHA384")
	typeSHA512 = clr.Class("System.Security.Cryptography.SHA512")
	typeHMAC   = clr.Class("System.Security.Cryptography.HMAC")
	typeCrypto = clr.Statics("System.Security.Cryptography.CryptographicOperations")
)

// hasher is a HashAlgorithm; key is set for the keyed ones.
type hasher struct {
	typ   *clr.Type
	make  func() hash.Hash
	key   []byte
	keyed bool
}

func (h *hasher) RuntimeType() *clr.Type { return h.typ }

func (h *hasher) sum(m *clr.Machine, v clr.Value) clr.Value {
	b, ok := v.([]byte)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: buffer")
	}
	m.Work(len(b) / 64)
	d := h.make()
	if h.keyed {
		d = hmac.New(h.make, h.key)
	}
	d.Write(b)
	return d.Sum(nil)
}

func hashSpec(t *clr.Type, make func() hash.Hash) typeSpec {
	create := func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &hasher{typ: t, make: make} }
	return typeSpec{typ: t, bases: "HashAlgorithm", members: []memberSpec{
		{"static " + t.Def.Name + " Create()", create},
		{"static byte[] HashData(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return (&hasher{make: make}).sum(m, a[0])
		}},
	}}
}

func managedSpec(name string, base *clr.Type, make func() hash.Hash) typeSpec {
	t := clr.Class("System.Security.Cryptography." + name)
	return typeSpec{typ: t, bases: base.Def.Name, members: []memberSpec{
		{"new()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &hasher{typ: t, make: make} }},
	}}
}

func hmacSpec(name string, newHash func() hash.Hash) typeSpec {
	t := clr.Class("System.Security.Cryptography." + name)
	return typeSpec{typ: t, bases: "HMAC", members: []memberSpec{
		{"new()", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
			key := make([]byte, 64)
			for i := range key {
				key[i] = byte(m.Random())
			}
			return &hasher{t, newHash, key, true}
		}},
		{"new(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			key, ok := a[0].([]byte)
			if !ok {
				m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: key")
			}
			return &hasher{t, newHash, key, true}
		}},
	}}
}

var cryptoSpecs = []typeSpec{
	{typ: typeHash, members: []memberSpec{
		{"byte[] ComputeHash(byte[])", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*hasher).sum(m, a[1]) }},
		{"int HashSize", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(8 * a[0].(*hasher).make().Size())
		}},
		{"void Dispose()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return nil }},
	}},
	{typ: typeHMAC, bases: "HashAlgorithm", members: []memberSpec{
		{"byte[] Key", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return append([]byte{}, a[0].(*hasher).key...)
		}},
		{"set byte[] Key", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*hasher).key, _ = a[1].([]byte)
			return nil
		}},
	}},
	hashSpec(typeMD5, md5.New), hashSpec(typeSHA1, sha1.New), hashSpec(typeSHA256, sha256.New),
	hashSpec(typeSHA384, sha512.New384), hashSpec(typeSHA512, sha512.New),
	managedSpec("SHA1Managed", typeSHA1, sha1.New), managedSpec("SHA256Managed", typeSHA256, sha256.New),
	managedSpec("SHA384Managed", typeSHA384, sha512.New384), managedSpec("SHA512Managed", typeSHA512, sha512.New),
	managedSpec("MD5CryptoServiceProvider", typeMD5, md5.New),
	hmacSpec("HMACMD5", md5.New), hmacSpec("HMACSHA1", sha1.New), hmacSpec("HMACSHA256", sha256.New),
	hmacSpec("HMACSHA384", sha512.New384), hmacSpec("HMACSHA512", sha512.New),
	{typ: typeCrypto, members: []memberSpec{
		{"static bool FixedTimeEquals(byte[], byte[])", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			x, _ := a[0].([]byte)
			y, _ := a[1].([]byte)
			return hmac.Equal(x, y)
		}},
	}},
}

// cipherCBC is byte[].Encrypt and Decrypt: AES in CBC mode with PKCS 7 padding.
func cipherCBC(m *clr.Machine, a []clr.Value, encrypt bool) clr.Value {
	data, _ := a[0].([]byte)
	key, _ := a[2].([]byte)
	iv, _ := a[3].([]byte)
	if name := strings.ToLower(str(a[1])); !strings.HasPrefix(name, "aes") && name != "rijndael" {
		m.Throw(clr.TypeArgument, "The algorithm '"+str(a[1])+"' is not supported; use Aes.")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		m.Throw(clr.TypeCryptographic, "Specified key is not a valid size for this algorithm.")
	}
	if len(iv) != aes.BlockSize {
		m.Throw(clr.TypeCryptographic, "Specified initialization vector (IV) does not match the block size for this algorithm.")
	}
	m.Grow(len(data) + aes.BlockSize)
	if encrypt {
		n := aes.BlockSize - len(data)%aes.BlockSize
		buf := append([]byte{}, data...)
		for i := 0; i < n; i++ {
			buf = append(buf, byte(n))
		}
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(buf, buf)
		return buf
	}
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		m.Throw(clr.TypeCryptographic, "The input data is not a complete block.")
	}
	buf := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(buf, data)
	n := int(buf[len(buf)-1])
	if n == 0 || n > aes.BlockSize {
		m.Throw(clr.TypeCryptographic, "Padding is invalid and cannot be removed.")
	}
	for _, c := range buf[len(buf)-n:] {
		if int(c) != n {
			m.Throw(clr.TypeCryptographic, "Padding is invalid and cannot be removed.")
		}
	}
	return buf[:len(buf)-n]
}
