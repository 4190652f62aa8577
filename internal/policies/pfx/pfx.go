// Package pfx reads certificates with their private keys out of bytes: PFX (PKCS#12)
// and PEM.
//
// It trusts and checks nothing: who uses a certificate proves itself by it. The
// policies that bring a certificate themselves call it.
//
// Invariants: what comes out has a private key that fits its first certificate; no
// error holds a part of the bytes or the password.
package pfx

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"golang.org/x/crypto/pkcs12"
)

// ErrNone is the error for bytes that hold no certificate with its key.
var ErrNone = errors.New("the value is no certificate with its private key, as PFX or as PEM")

// Read reads the bytes of a certificate with its private key: PFX with its
// password, or PEM. No error holds a part of it.
func Read(data []byte, password string) (*tls.Certificate, error) {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return readPFX(data, password)
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, ErrNone
	}
	return &pair, nil
}

// readPFX puts the certificate of the private key first, then those that signed it,
// as they stand.
func readPFX(data []byte, password string) (*tls.Certificate, error) {
	blocks, err := pkcs12.ToPEM(data, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, errors.New("the password of the certificate is wrong")
	}
	if err != nil {
		return nil, ErrNone
	}
	var key crypto.PrivateKey
	var chain [][]byte
	for _, b := range blocks {
		switch b.Type {
		case "PRIVATE KEY":
			key = privateKey(b)
		case "CERTIFICATE":
			chain = append(chain, b.Bytes)
		}
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, ErrNone
	}
	for i, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		if own, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && own.Equal(signer.Public()) {
			chain[0], chain[i] = chain[i], chain[0]
			return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: c}, nil
		}
	}
	return nil, ErrNone
}

// privateKey reads a key as pkcs12 gives it: of RSA or of an elliptic curve.
func privateKey(b *pem.Block) crypto.PrivateKey {
	if k, err := x509.ParsePKCS1PrivateKey(b.Bytes); err == nil {
		return k
	}
	if k, err := x509.ParseECPrivateKey(b.Bytes); err == nil {
		return k
	}
	k, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		return nil
	}
	return k
}
