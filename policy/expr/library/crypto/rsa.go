package crypto

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"math/big"

	"stile/policy/expr/clr"
)

var (
	typeAsymmetric     = clr.Class(space + "AsymmetricAlgorithm")
	typeRSA            = clr.Class(space + "RSA")
	typeHashName       = clr.Struct(space+"HashAlgorithmName", hashName{})
	typeEncryption     = clr.Class(space + "RSAEncryptionPadding")
	typeSignature      = clr.Class(space + "RSASignaturePadding")
	typeEncryptionMode = clr.EnumType(space + "RSAEncryptionPaddingMode")
	typeSignatureMode  = clr.EnumType(space + "RSASignaturePaddingMode")
	typeRSAClass       = class("RSACng", typeRSA)
)

// hashName is HashAlgorithmName; set is false for default(HashAlgorithmName).
type hashName struct {
	name string
	set  bool
}

// RuntimeType names the .NET type.
func (hashName) RuntimeType() *clr.Type { return typeHashName }

// String gives the name.
func (h hashName) String() string { return h.name }

// encryptionPadding is RSAEncryptionPadding; hash is empty for Pkcs1.
type encryptionPadding struct{ hash string }

// RuntimeType names the .NET type.
func (encryptionPadding) RuntimeType() *clr.Type { return typeEncryption }

// String is Pkcs1 or Oaep with the hash's name.
func (p encryptionPadding) String() string {
	if p.hash == "" {
		return "Pkcs1"
	}
	return "Oaep" + p.hash
}

// signaturePadding is RSASignaturePadding.
type signaturePadding struct{ pss bool }

// RuntimeType names the .NET type.
func (signaturePadding) RuntimeType() *clr.Type { return typeSignature }

// String is Pkcs1 or Pss.
func (p signaturePadding) String() string {
	if p.pss {
		return "Pss"
	}
	return "Pkcs1"
}

// RSA is System.Security.Cryptography.RSA: a public key, and a private one that can be
// used and never be read.
type RSA struct {
	public  *rsa.PublicKey
	private *rsa.PrivateKey
}

// RuntimeType names the .NET type.
func (*RSA) RuntimeType() *clr.Type { return typeRSAClass }

// hashID maps HashAlgorithmName's spelling to the standard library's.
func hashID(name string) crypto.Hash {
	switch name {
	case "MD5":
		return crypto.MD5
	case "SHA1":
		return crypto.SHA1
	case "SHA256":
		return crypto.SHA256
	case "SHA384":
		return crypto.SHA384
	case "SHA512":
		return crypto.SHA512
	}
	return 0
}

// algorithm reads a HashAlgorithmName argument.
func algorithm(m *clr.Machine, v clr.Value) (*digest, crypto.Hash) {
	name := v.(hashName).name
	if name == "" {
		m.Throw(clr.TypeArgument, "The hash algorithm name cannot be null or empty.\nParameter name: hashAlgorithm")
	}
	d := digestNamed(name)
	if d == nil {
		fail(m, "'"+name+"' is not a known hash algorithm.")
	}
	return d, hashID(name)
}

func (r *RSA) publicKey(m *clr.Machine) *rsa.PublicKey {
	if r.public == nil {
		fail(m, "Key does not exist.")
	}
	return r.public
}

func (r *RSA) privateKey(m *clr.Machine) *rsa.PrivateKey {
	if r.publicKey(m); r.private == nil {
		fail(m, "Key does not exist.")
	}
	return r.private
}

// rsaWork is what an operation with a private key of 2,048 bits costs in steps.
const rsaWork = 2000

// privateWork is what an operation with a private key costs: its time grows with the
// third power of the key's length.
func privateWork(key *rsa.PublicKey) int {
	k := max(key.N.BitLen()/2048, 1)
	return min(rsaWork*k*k*k, 75_000) // one of the longest is within an expression's budget
}

func (r *RSA) sign(m *clr.Machine, h crypto.Hash, sum []byte, padding clr.Value) clr.Value {
	p := needSignature(m, padding)
	key := r.privateKey(m)
	if len(sum) != h.Size() {
		fail(m, "The specified hash is not a valid size for this hash algorithm.")
	}
	m.Work(privateWork(&key.PublicKey))
	var out []byte
	var err error
	if p.pss {
		out, err = rsa.SignPSS(source{m}, key, h, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		out, err = rsa.SignPKCS1v15(nil, key, h, sum)
	}
	if err != nil {
		fail(m, "The parameter is incorrect.")
	}
	return out
}

func (r *RSA) verify(m *clr.Machine, h crypto.Hash, sum, signature []byte, padding clr.Value) clr.Value {
	p := needSignature(m, padding)
	key := r.publicKey(m)
	m.Work(rsaWork / 10)
	if len(sum) != h.Size() {
		return false
	}
	if p.pss {
		return rsa.VerifyPSS(key, h, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	}
	return rsa.VerifyPKCS1v15(key, h, sum, signature) == nil
}

func needSignature(m *clr.Machine, v clr.Value) signaturePadding {
	p, ok := v.(signaturePadding)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: padding")
	}
	return p
}

func needEncryption(m *clr.Machine, v clr.Value) encryptionPadding {
	p, ok := v.(encryptionPadding)
	if !ok {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: padding")
	}
	return p
}

// oaepDigest is the hash of an OAEP padding.
func oaepDigest(m *clr.Machine, name string) *digest {
	d := digestNamed(name)
	if d == nil {
		fail(m, "'"+name+"' is not a known hash algorithm.")
	}
	return d
}

func (r *RSA) encrypt(m *clr.Machine, data []byte, padding clr.Value) clr.Value {
	p := needEncryption(m, padding)
	key := r.publicKey(m)
	m.Work(rsaWork / 10)
	if p.hash == "" {
		return encryptPKCS1(m, key, data)
	}
	out, err := rsa.EncryptOAEP(oaepDigest(m, p.hash).make(), source{m}, key, data, nil)
	if err != nil {
		fail(m, "The parameter is incorrect.")
	}
	return out
}

// encryptPKCS1 is RSAES-PKCS1-v1_5 (RFC 8017, 7.2.1) over the host's randomness, which
// the standard library's no longer takes.
func encryptPKCS1(m *clr.Machine, key *rsa.PublicKey, data []byte) []byte {
	k := key.Size()
	if len(data) > k-11 {
		fail(m, "The parameter is incorrect.")
	}
	block := make([]byte, k)
	block[1] = 2
	filler := block[2 : k-len(data)-1]
	fillNonZero(m, filler)
	copy(block[k-len(data):], data)
	c := new(big.Int).SetBytes(block)
	c.Exp(c, big.NewInt(int64(key.E)), key.N)
	return c.FillBytes(block)
}

func fillNonZero(m *clr.Machine, b []byte) {
	fillRandom(m, b)
	for i := range b {
		for try := byte(0); b[i] == 0; try++ {
			b[i] = byte(m.Random()) + try
		}
	}
}

func (r *RSA) decrypt(m *clr.Machine, data []byte, padding clr.Value) clr.Value {
	p := needEncryption(m, padding)
	key := r.privateKey(m)
	m.Work(privateWork(&key.PublicKey))
	var out []byte
	var err error
	if p.hash == "" {
		out, err = rsa.DecryptPKCS1v15(nil, key, data)
	} else {
		out, err = rsa.DecryptOAEP(oaepDigest(m, p.hash).make(), nil, key, data, nil)
	}
	if err != nil {
		fail(m, "The parameter is incorrect.")
	}
	return out
}

// sum hashes data for a signature.
func (d *digest) sum(m *clr.Machine, data []byte) []byte {
	m.Work(len(data) / 64)
	h := d.make()
	h.Write(data)
	return h.Sum(nil)
}

// sameKey tells whether two keys are one: what CopyWithPrivateKey asks for.
func sameKey(a, b *rsa.PublicKey) bool {
	return a != nil && b != nil && a.E == b.E && a.N.Cmp(b.N) == 0
}

// thumbprint is a certificate's name in API Management, no protection.
func thumbprint(der []byte) []byte {
	sum := sha1.Sum(der)
	return sum[:]
}
