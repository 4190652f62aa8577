package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"strings"

	"stile/policy/expr/clr"
)

var (
	typeSymmetric   = clr.Class(space + "SymmetricAlgorithm")
	typeCipherMode  = clr.EnumType(space + "CipherMode")
	typePaddingMode = clr.EnumType(space + "PaddingMode")
	typeExtensions  = clr.Statics("CryptoExtensions")
	typeBlocks      = class("CryptoTransform", typeTransform)
)

const (
	modeCBC = 1
	modeECB = 2
)

// symmetricKind is an algorithm that Create knows.
type symmetricKind struct {
	typ *clr.Type
	// name is what messages call it; aliases are CryptoConfig's names, in upper case.
	name    string
	aliases []string
	// bits are the legal lengths of keys, the longest last: what a new one has.
	bits  []int
	size  int
	block func(key []byte) (cipher.Block, error)
}

var symmetricKinds = []*symmetricKind{
	{class("AesCryptoServiceProvider", typeSymmetric), "Aes", []string{"AES", "AESCRYPTOSERVICEPROVIDER"}, []int{128, 192, 256}, 16, aes.NewCipher},
	{class("AesManaged", typeSymmetric), "Aes", []string{"AESMANAGED"}, []int{128, 192, 256}, 16, aes.NewCipher},
	{class("RijndaelManaged", typeSymmetric), "Rijndael", []string{"RIJNDAEL", "RIJNDAELMANAGED", "SYMMETRICALGORITHM"}, []int{128, 192, 256}, 16, aes.NewCipher},
	{class("TripleDESCryptoServiceProvider", typeSymmetric), "TripleDES", []string{"TRIPLEDES", "3DES", "TRIPLE DES", "TRIPLEDESCRYPTOSERVICEPROVIDER"}, []int{128, 192}, 8, tripleDES},
	{class("DESCryptoServiceProvider", typeSymmetric), "DES", []string{"DES", "DESCRYPTOSERVICEPROVIDER"}, []int{64}, 8, des.NewCipher},
}

// tripleDES takes two keys as three, the first once more.
func tripleDES(key []byte) (cipher.Block, error) {
	if len(key) == 16 {
		key = append(append([]byte{}, key...), key[:8]...)
	}
	return des.NewTripleDESCipher(key)
}

// symmetricNamed is SymmetricAlgorithm.Create(name); nil where it is not known.
func symmetricNamed(name string) *symmetric {
	name = strings.ToUpper(strings.TrimSpace(name))
	name = strings.TrimPrefix(name, strings.ToUpper(space))
	for _, k := range symmetricKinds {
		for _, alias := range k.aliases {
			if alias == name {
				return &symmetric{kind: k, mode: modeCBC, padding: padPKCS7, bits: k.bits[len(k.bits)-1]}
			}
		}
	}
	return nil
}

// symmetric is a SymmetricAlgorithm. A key and a vector that nobody set are made when
// they are first asked for.
type symmetric struct {
	kind          *symmetricKind
	key, iv       []byte
	bits          int
	mode, padding int32
}

// RuntimeType names the .NET type.
func (s *symmetric) RuntimeType() *clr.Type { return s.kind.typ }

func (s *symmetric) legal(bits int) bool {
	for _, n := range s.kind.bits {
		if n == bits {
			return true
		}
	}
	return false
}

func (s *symmetric) checkKey(m *clr.Machine, key []byte) {
	if !s.legal(8 * len(key)) {
		fail(m, "Specified key is not a valid size for this algorithm.")
	}
	if s.weak(key) {
		fail(m, "Specified key is a known weak key for '"+s.kind.name+"' and cannot be used.")
	}
}

func (s *symmetric) checkIV(m *clr.Machine, iv []byte) {
	if len(iv) != s.kind.size {
		fail(m, "Specified initialization vector (IV) does not match the block size for this algorithm.")
	}
}

// weak tells the keys that .NET refuses: for TripleDES those that make it DES.
func (s *symmetric) weak(key []byte) bool {
	switch s.kind.name {
	case "TripleDES":
		k := parity(key)
		return string(k[:8]) == string(k[8:16]) || len(k) == 24 && string(k[8:16]) == string(k[16:])
	case "DES":
		k := string(parity(key))
		return strings.Contains(weakDES, k)
	}
	return false
}

// parity clears the bits that DES does not use.
func parity(key []byte) []byte {
	out := append([]byte{}, key...)
	for i := range out {
		out[i] &= 0xfe
	}
	return out
}

// weakDES holds the weak and half weak keys of DES, without parity, one after another
// with a byte between that no key has.
const weakDES = "\x00\x00\x00\x00\x00\x00\x00\x00\x01\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe\x01" +
	"\x1e\x1e\x1e\x1e\x0e\x0e\x0e\x0e\x01\xe0\xe0\xe0\xe0\xf0\xf0\xf0\xf0\x01" +
	"\x00\xfe\x00\xfe\x00\xfe\x00\xfe\x01\xfe\x00\xfe\x00\xfe\x00\xfe\x00\x01" +
	"\x1e\xe0\x1e\xe0\x0e\xf0\x0e\xf0\x01\xe0\x1e\xe0\x1e\xf0\x0e\xf0\x0e\x01" +
	"\x00\xe0\x00\xe0\x00\xf0\x00\xf0\x01\xe0\x00\xe0\x00\xf0\x00\xf0\x00\x01" +
	"\x1e\xfe\x1e\xfe\x0e\xfe\x0e\xfe\x01\xfe\x1e\xfe\x1e\xfe\x0e\xfe\x0e\x01" +
	"\x00\x1e\x00\x1e\x00\x0e\x00\x0e\x01\x1e\x00\x1e\x00\x0e\x00\x0e\x00\x01" +
	"\xe0\xfe\xe0\xfe\xf0\xfe\xf0\xfe\x01\xfe\xe0\xfe\xe0\xfe\xf0\xfe\xf0"

func (s *symmetric) ownKey(m *clr.Machine) []byte {
	for try := 0; s.key == nil; try++ {
		key := randomBytes(m, s.bits/8)
		for i := range key { // a host whose randomness repeats itself gets another key too
			key[i] += byte(try * i)
		}
		if !s.weak(key) {
			s.key = key
		}
	}
	return s.key
}

func (s *symmetric) ownIV(m *clr.Machine) []byte {
	if s.iv == nil {
		s.iv = randomBytes(m, s.kind.size)
	}
	return s.iv
}

// transform makes an encryptor or decryptor.
func (s *symmetric) transform(m *clr.Machine, key, iv []byte, encrypt bool) *blocks {
	s.checkKey(m, key)
	if s.mode != modeECB {
		s.checkIV(m, iv)
	}
	block, err := s.kind.block(key)
	if err != nil {
		fail(m, "Specified key is not a valid size for this algorithm.")
	}
	vector := append([]byte{}, iv...)
	again := func() cipher.BlockMode {
		switch {
		case s.mode == modeECB:
			return ecb{block, encrypt}
		case encrypt:
			return cipher.NewCBCEncrypter(block, vector)
		}
		return cipher.NewCBCDecrypter(block, vector)
	}
	return &blocks{typ: typeBlocks, mode: again(), again: again, size: s.kind.size, encrypt: encrypt, padding: s.padding}
}

// ecb enciphers each block by itself.
type ecb struct {
	block   cipher.Block
	encrypt bool
}

// BlockSize is the cipher's.
func (e ecb) BlockSize() int { return e.block.BlockSize() }

// CryptBlocks handles whole blocks.
func (e ecb) CryptBlocks(dst, src []byte) {
	for n := e.block.BlockSize(); len(src) >= n; dst, src = dst[n:], src[n:] {
		if e.encrypt {
			e.block.Encrypt(dst, src)
		} else {
			e.block.Decrypt(dst, src)
		}
	}
}

// crypt is the whole of byte[].Encrypt and byte[].Decrypt.
func crypt(m *clr.Machine, a []clr.Value, encrypt bool) clr.Value {
	data := needBytes(m, a[0], "input")
	alg, ok := a[1].(*symmetric)
	if name, named := a[1].(string); named {
		if alg = symmetricNamed(name); alg == nil {
			m.Throw(clr.TypeArgument, "The algorithm '"+name+"' is not supported; use Aes.")
		}
	} else if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: alg")
	}
	if len(a) == 2 {
		return alg.transform(m, alg.ownKey(m), alg.ownIV(m), encrypt).final(m, data)
	}
	key, _ := a[2].([]byte)
	iv, _ := a[3].([]byte)
	return alg.transform(m, key, iv, encrypt).final(m, data)
}
