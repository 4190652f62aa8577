package crypto

import (
	"stile/policy/expr/clr"
)

func symmetricSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{
		{Type: typeCipherMode, Enum: "CBC=1 ECB=2 OFB=3 CFB=4 CTS=5"},
		{Type: typePaddingMode, Enum: "None=1 PKCS7=2 Zeros=3 ANSIX923=4 ISO10126=5"},
		{Type: typeSymmetric, Bases: "IDisposable", Members: append(symmetricFields(), symmetricMethods()...)},
		{Type: typeExtensions, Members: []clr.MemberSpec{
			clr.Line("ext byte[] Encrypt(byte[], string alg, byte[] key, byte[] iv)", encryptAll(true)),
			clr.Line("ext byte[] Decrypt(byte[], string alg, byte[] key, byte[] iv)", encryptAll(false)),
			clr.Line("ext byte[] Encrypt(byte[], SymmetricAlgorithm alg)", encryptAll(true)),
			clr.Line("ext byte[] Decrypt(byte[], SymmetricAlgorithm alg)", encryptAll(false)),
			clr.Line("ext byte[] Encrypt(byte[], SymmetricAlgorithm alg, byte[] key, byte[] iv)", encryptAll(true)),
			clr.Line("ext byte[] Decrypt(byte[], SymmetricAlgorithm alg, byte[] key, byte[] iv)", encryptAll(false)),
		}},
	}
}

func encryptAll(encrypt bool) clr.Native {
	return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return crypt(m, a, encrypt) }
}

func symmetricFields() []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("byte[] Key", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return append([]byte{}, a[0].(*symmetric).ownKey(m)...)
		}),
		clr.Line("set byte[] Key", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s, key := a[0].(*symmetric), needBytes(m, a[1], "value")
			s.checkKey(m, key)
			s.key, s.bits = append([]byte{}, key...), 8*len(key)
			return nil
		}),
		clr.Line("byte[] IV", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return append([]byte{}, a[0].(*symmetric).ownIV(m)...)
		}),
		clr.Line("set byte[] IV", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s, iv := a[0].(*symmetric), needBytes(m, a[1], "value")
			s.checkIV(m, iv)
			s.iv = append([]byte{}, iv...)
			return nil
		}),
		clr.Line("int KeySize", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(a[0].(*symmetric).bits) }),
		clr.Line("set int KeySize", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s, n := a[0].(*symmetric), int(clr.AsInt64(a[1]))
			if !s.legal(n) {
				fail(m, "Specified key is not a valid size for this algorithm.")
			}
			s.key, s.bits = nil, n
			return nil
		}),
		clr.Line("int BlockSize", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(8 * a[0].(*symmetric).kind.size)
		}),
		clr.Line("set int BlockSize", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if int(clr.AsInt64(a[1])) != 8*a[0].(*symmetric).kind.size {
				fail(m, "Specified block size is not valid for this algorithm.")
			}
			return nil
		}),
		clr.Line("CipherMode Mode", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.Enum{Type: typeCipherMode, N: a[0].(*symmetric).mode}
		}),
		clr.Line("set CipherMode Mode", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			n := a[1].(clr.Enum).N
			if n != modeCBC && n != modeECB {
				fail(m, "Specified cipher mode is not valid for this algorithm.")
			}
			a[0].(*symmetric).mode = n
			return nil
		}),
		clr.Line("PaddingMode Padding", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.Enum{Type: typePaddingMode, N: a[0].(*symmetric).padding}
		}),
		clr.Line("set PaddingMode Padding", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			n := a[1].(clr.Enum).N
			if n < padNone || n > padISO10126 {
				fail(m, "Specified padding mode is not valid for this algorithm.")
			}
			a[0].(*symmetric).padding = n
			return nil
		}),
	}
}

func symmetricMethods() []clr.MemberSpec {
	own := func(encrypt bool) clr.Native {
		return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s := a[0].(*symmetric)
			return s.transform(m, s.ownKey(m), s.ownIV(m), encrypt)
		}
	}
	given := func(encrypt bool) clr.Native {
		return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			iv, _ := a[2].([]byte)
			return a[0].(*symmetric).transform(m, needBytes(m, a[1], "rgbKey"), iv, encrypt)
		}
	}
	return []clr.MemberSpec{
		clr.Line("static SymmetricAlgorithm Create()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return symmetricNamed("Rijndael") }),
		clr.Line("static SymmetricAlgorithm Create(string algName)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if s := symmetricNamed(needText(m, a[0], "name")); s != nil {
				return s
			}
			return nil
		}),
		clr.Line("ICryptoTransform CreateEncryptor()", own(true)), clr.Line("ICryptoTransform CreateDecryptor()", own(false)),
		clr.Line("ICryptoTransform CreateEncryptor(byte[] rgbKey, byte[] rgbIV)", given(true)),
		clr.Line("ICryptoTransform CreateDecryptor(byte[] rgbKey, byte[] rgbIV)", given(false)),
		clr.Line("void GenerateKey()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*symmetric).key = nil
			a[0].(*symmetric).ownKey(m)
			return nil
		}),
		clr.Line("void GenerateIV()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			a[0].(*symmetric).iv = nil
			a[0].(*symmetric).ownIV(m)
			return nil
		}),
		clr.Line("bool ValidKeySize(int bitLength)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*symmetric).legal(int(clr.AsInt64(a[1])))
		}),
		clr.Line("void Clear()", never),
	}
}
