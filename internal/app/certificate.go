package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const certificateLife = 825 * 24 * time.Hour // what clients accept of a leaf certificate

// certificate gives the control listener's own certificate from the data folder,
// making one for loopback names (with AWS clients' sync- prefix) where there is
// none or it ends within a month.
func certificate(dir string, now time.Time) (tls.Certificate, error) {
	certFile, keyFile := filepath.Join(dir, "control-cert.pem"), filepath.Join(dir, "control-key.pem")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil {
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err == nil && (now.Add(30*24*time.Hour).Before(leaf.NotAfter) || !ownCertificate(leaf)) {
			return pair, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return pair, err
	}
	certPEM, keyPEM, err := selfSigned(now)
	if err != nil {
		return pair, err
	}
	if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
		return pair, err
	}
	if err := os.WriteFile(certFile, certPEM, 0o644); err != nil {
		return pair, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

// ownCertificate tells a certificate of selfSigned from one that somebody put in
// its place, which is never replaced.
func ownCertificate(leaf *x509.Certificate) bool {
	return leaf.Subject.String() == "CN=stile" && leaf.Issuer.String() == "CN=stile"
}

func selfSigned(now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "stile"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "sync-localhost", "sync-127.0.0.1"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}
