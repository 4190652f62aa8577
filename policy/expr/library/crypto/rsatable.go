package crypto

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"

	"stile/policy/expr/clr"
)

func rsaSpecs() []clr.TypeSpec {
	names := []clr.MemberSpec{
		clr.Line("new(string name)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			s, ok := a[0].(string)
			return hashName{s, ok}
		}),
		clr.Line("string Name", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if h := a[0].(hashName); h.set {
				return h.name
			}
			return nil
		}),
		clr.Line("string ToString()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(hashName).name }),
		clr.Line("bool Equals(HashAlgorithmName other)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }),
	}
	padding := []clr.MemberSpec{
		clr.Line("static RSAEncryptionPadding Pkcs1", constant(encryptionPadding{})),
		clr.Line("static RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			if a[0].(hashName).name == "" {
				m.Throw(clr.TypeArgument, "The hash algorithm name cannot be null or empty.\nParameter name: hashAlgorithm")
			}
			return encryptionPadding{a[0].(hashName).name}
		}),
		clr.Line("RSAEncryptionPaddingMode Mode", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.Enum{Type: typeEncryptionMode, N: int32(clr.Bit(a[0].(encryptionPadding).hash != ""))}
		}),
		clr.Line("HashAlgorithmName OaepHashAlgorithm", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			h := a[0].(encryptionPadding).hash
			return hashName{h, h != ""}
		}),
	}
	for _, d := range digests {
		names = append(names, clr.Line("static HashAlgorithmName "+d.name, constant(hashName{d.name, true})))
		if d.name != "MD5" {
			padding = append(padding, clr.Line("static RSAEncryptionPadding Oaep"+d.name, constant(encryptionPadding{d.name})))
		}
	}
	return []clr.TypeSpec{
		{Type: typeHashName, Members: names},
		{Type: typeEncryptionMode, Enum: "Pkcs1 Oaep"}, {Type: typeSignatureMode, Enum: "Pkcs1 Pss"},
		{Type: typeEncryption, Members: padding},
		{Type: typeSignature, Members: []clr.MemberSpec{
			clr.Line("static RSASignaturePadding Pkcs1", constant(signaturePadding{})),
			clr.Line("static RSASignaturePadding Pss", constant(signaturePadding{true})),
			clr.Line("RSASignaturePaddingMode Mode", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return clr.Enum{Type: typeSignatureMode, N: int32(clr.Bit(a[0].(signaturePadding).pss))}
			}),
		}},
		{Type: typeAsymmetric, Bases: "IDisposable", Members: asymmetricMembers()},
		{Type: typeRSA, Bases: "AsymmetricAlgorithm", Members: append(rsaMembers(), rsaImports()...)},
	}
}

func asymmetricMembers() []clr.MemberSpec {
	return []clr.MemberSpec{
		clr.Line("int KeySize", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(a[0].(*RSA).publicKey(m).N.BitLen())
		}),
		clr.Line("string KeyExchangeAlgorithm", constant("RSA")), clr.Line("string SignatureAlgorithm", constant("RSA")),
		clr.Line("string ToXmlString(bool includePrivateParameters)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			key := a[0].(*RSA).publicKey(m)
			if a[1] == true {
				fail(m, "Key not valid for use in specified state.")
			}
			return "<RSAKeyValue><Modulus>" + base64.StdEncoding.EncodeToString(key.N.Bytes()) + "</Modulus><Exponent>" +
				base64.StdEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()) + "</Exponent></RSAKeyValue>"
		}),
		clr.Line("void FromXmlString(string xmlString)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			readXMLKey(m, a[0].(*RSA), needText(m, a[1], "xmlString"))
			return nil
		}),
		clr.Line("void Clear()", never),
	}
}

func rsaMembers() []clr.MemberSpec {
	names := [3]string{"data", "offset", "count"}
	return []clr.MemberSpec{
		clr.Line("static RSA Create()", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return &RSA{} }),
		clr.Line("byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			data := needBytes(m, a[1], "data")
			d, h := algorithm(m, a[2])
			return a[0].(*RSA).sign(m, h, d.sum(m, data), a[3])
		}),
		clr.Line("byte[] SignData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			data := part(m, a[1], a[2], a[3], names)
			d, h := algorithm(m, a[4])
			return a[0].(*RSA).sign(m, h, d.sum(m, data), a[5])
		}),
		clr.Line("byte[] SignHash(byte[] hash, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			sum := needBytes(m, a[1], "hash")
			_, h := algorithm(m, a[2])
			return a[0].(*RSA).sign(m, h, sum, a[3])
		}),
		clr.Line("bool VerifyData(byte[] data, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			data, signature := needBytes(m, a[1], "data"), needBytes(m, a[2], "signature")
			d, h := algorithm(m, a[3])
			return a[0].(*RSA).verify(m, h, d.sum(m, data), signature, a[4])
		}),
		clr.Line("bool VerifyData(byte[] data, int offset, int count, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			data, signature := part(m, a[1], a[2], a[3], names), needBytes(m, a[4], "signature")
			d, h := algorithm(m, a[5])
			return a[0].(*RSA).verify(m, h, d.sum(m, data), signature, a[6])
		}),
		clr.Line("bool VerifyHash(byte[] hash, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			sum, signature := needBytes(m, a[1], "hash"), needBytes(m, a[2], "signature")
			_, h := algorithm(m, a[3])
			return a[0].(*RSA).verify(m, h, sum, signature, a[4])
		}),
		clr.Line("byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*RSA).encrypt(m, needBytes(m, a[1], "data"), a[2])
		}),
		clr.Line("byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return a[0].(*RSA).decrypt(m, needBytes(m, a[1], "data"), a[2])
		}),
	}
}

// rsaImports take a key in; nothing takes a private one out.
func rsaImports() []clr.MemberSpec {
	der := func(name string, read func(b []byte) (any, error)) clr.MemberSpec {
		return clr.Line("void "+name+"(byte[] source, out int bytesRead)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b := needBytes(m, a[1], "source")
			a[0].(*RSA).take(m, b, read)
			a[2].(*clr.Ref).Set(int32(len(b)))
			return nil
		})
	}
	return []clr.MemberSpec{
		der("ImportRSAPrivateKey", func(b []byte) (any, error) { return x509.ParsePKCS1PrivateKey(b) }),
		der("ImportRSAPublicKey", func(b []byte) (any, error) { return x509.ParsePKCS1PublicKey(b) }),
		der("ImportPkcs8PrivateKey", x509.ParsePKCS8PrivateKey),
		der("ImportSubjectPublicKeyInfo", x509.ParsePKIXPublicKey),
		clr.Line("void ImportFromPem(string input)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			readPEMKey(m, a[0].(*RSA), needText(m, a[1], "input"))
			return nil
		}),
		clr.Line("byte[] ExportRSAPublicKey()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return x509.MarshalPKCS1PublicKey(a[0].(*RSA).publicKey(m))
		}),
		clr.Line("byte[] ExportSubjectPublicKeyInfo()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			b, err := x509.MarshalPKIXPublicKey(a[0].(*RSA).publicKey(m))
			if err != nil {
				fail(m, "The parameter is incorrect.")
			}
			return b
		}),
	}
}

// take reads a key of any of the standard forms.
func (r *RSA) take(m *clr.Machine, b []byte, read func(b []byte) (any, error)) {
	m.Work(rsaWork)
	key, err := read(b)
	if err == nil {
		switch k := key.(type) {
		case *rsa.PrivateKey:
			r.private, r.public = k, &k.PublicKey
			return
		case *rsa.PublicKey:
			r.private, r.public = nil, k
			return
		}
	}
	fail(m, "ASN1 corrupted data.")
}

// readPEMKey finds the one key of a PEM text, as RSA.ImportFromPem does.
func readPEMKey(m *clr.Machine, r *RSA, s string) {
	found := 0
	m.Work(len(s) / 64)
	for _, b := range pemBlocks(s) {
		read := map[string]func([]byte) (any, error){
			"RSA PRIVATE KEY": func(b []byte) (any, error) { return x509.ParsePKCS1PrivateKey(b) },
			"RSA PUBLIC KEY":  func(b []byte) (any, error) { return x509.ParsePKCS1PublicKey(b) },
			"PRIVATE KEY":     x509.ParsePKCS8PrivateKey, "PUBLIC KEY": x509.ParsePKIXPublicKey,
		}[b.label]
		if read == nil {
			continue
		}
		if found++; found > 1 {
			m.Throw(clr.TypeArgument, "The input contains multiple keys, but only one key can be imported.\nParameter name: input")
		}
		r.take(m, b.der, read)
	}
	if found == 0 {
		m.Throw(clr.TypeArgument, "No supported key formats were found. Check that the input represents the contents of a PEM-encoded key file, not the path to such a file.\nParameter name: input")
	}
}

// pemBlock is one block of a PEM text.
type pemBlock struct {
	label string
	der   []byte
}

// pemBlocks reads the blocks of a PEM text (RFC 7468) and passes over what is none.
func pemBlocks(s string) (out []pemBlock) {
	for {
		_, rest, ok := strings.Cut(s, "-----BEGIN ")
		if !ok {
			return out
		}
		label, rest, ok := strings.Cut(rest, "-----")
		if !ok {
			return out
		}
		body, rest, ok := strings.Cut(rest, "-----END "+label+"-----")
		if !ok {
			return out
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
		if err == nil {
			out = append(out, pemBlock{label, der})
		}
		s = rest
	}
}
