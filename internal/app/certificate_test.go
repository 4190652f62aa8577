package app

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCertificate: our own is made anew in its last month, another's never.
func TestCertificate(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	first, err := certificate(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	same, err := certificate(dir, now.Add(700*24*time.Hour))
	if err != nil || !bytes.Equal(first.Certificate[0], same.Certificate[0]) {
		t.Errorf("made anew too early: %v", err)
	}
	next, err := certificate(dir, now.Add(800*24*time.Hour))
	if err != nil || bytes.Equal(first.Certificate[0], next.Certificate[0]) {
		t.Errorf("not made anew in its last month: %v", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "control.example.com"}, NotBefore: now, NotAfter: now.Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"control-cert.pem": {Type: "CERTIFICATE", Bytes: der}, "control-key.pem": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := certificate(dir, now)
	if err != nil || !bytes.Equal(kept.Certificate[0], der) {
		t.Errorf("another's certificate was replaced: %v", err)
	}
}
