// Package clientcert judges the certificate that a caller showed: times, trust, and
// whether it is one of the identities that are allowed.
//
// It is not a policy (internal/policies has validate-client-certificate), fetches
// nothing and knows no clock: chain and time are given. internal/policies calls it.
//
// Invariants: what is not known counts against the certificate; an issuer counts only
// where it signed.
package clientcert

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"time"
)

// Claims are the attributes of an identity by which a certificate is told.
var Claims = []string{"thumbprint", "serial-number", "common-name", "subject", "dns-name", "issuer-subject",
	"issuer-thumbprint", "issuer-certificate-id"}

// Check is what is asked of a certificate.
type Check struct {
	Revocation, Trust, NotBefore, NotAfter bool
	// Identities are claims by name; a certificate must match all of one of them. None:
	// any certificate will do.
	Identities []map[string]string
	// Issuers are certificates, DER, by the ids in claims; one whose value is away is
	// told of by Away.
	Issuers map[string][]byte
	Away    map[string]string
	// Roots are who may sign; nil: the machine's own list. Lacking says why they cannot
	// be known.
	Roots   *x509.CertPool
	Lacking string
}

// Refusal says why a certificate is not taken.
type Refusal struct {
	Reason, Message string
	// Away says that nothing is wrong with the certificate, as far as is known: what it
	// must be held against cannot be had now.
	Away bool
}

// Error gives reason and message.
func (r *Refusal) Error() string { return r.Reason + ": " + r.Message }

// Judge judges a chain, DER, the caller's own certificate first. nil: it is taken.
func (v *Check) Judge(chain [][]byte, now time.Time) *Refusal {
	if len(chain) == 0 {
		return refuse("ClientCertificateNotFound", "The request came without a client certificate.")
	}
	certificates := make([]*x509.Certificate, len(chain))
	for i, der := range chain {
		made, err := x509.ParseCertificate(der)
		if err != nil {
			return refuse("ClientCertificateInvalid", "The client certificate cannot be read.")
		}
		certificates[i] = made
	}
	leaf := certificates[0]
	switch {
	case v.NotBefore && now.Before(leaf.NotBefore):
		return refuse("ClientCertificateNotYetValid", "The client certificate is not valid yet.")
	case v.NotAfter && now.After(leaf.NotAfter):
		return refuse("ClientCertificateExpired", "The client certificate has expired.")
	}
	issuers, err := v.issuersOf(certificates, now)
	switch {
	case err != nil:
		return err
	case v.Revocation:
		return refuse("ClientCertificateRevocationUnknown", "Whether the client certificate was revoked is not known.")
	case len(v.Identities) == 0:
		return nil
	}
	for _, claims := range v.Identities {
		ok, err := v.matches(claims, leaf, issuers)
		if ok || err != nil {
			return err
		}
	}
	return refuse("ClientCertificateIdentityNotMatched", "The client certificate is none of the identities that are allowed.")
}

// issuersOf gives the certificates that are known to have signed the first one: those
// of its chains to a root, or where trust is not asked for those that came with it.
func (v *Check) issuersOf(chain []*x509.Certificate, now time.Time) (out []*x509.Certificate, wrong *Refusal) {
	leaf, pool := chain[0], x509.NewCertPool()
	if !v.Trust {
		if bytes.Equal(leaf.RawIssuer, leaf.RawSubject) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil {
			out = append(out, leaf)
		}
		for _, c := range chain[1:] {
			if leaf.CheckSignatureFrom(c) == nil {
				out = append(out, c)
			}
		}
		return out, nil
	}
	if v.Lacking != "" {
		return nil, away("the authorities of client certificates: " + v.Lacking)
	}
	for _, c := range chain[1:] {
		pool.AddCert(c)
	}
	// The times are judged apart: a chain is asked for at a time at which the
	// certificate holds.
	if now.Before(leaf.NotBefore) {
		now = leaf.NotBefore
	}
	if now.After(leaf.NotAfter) {
		now = leaf.NotAfter
	}
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: v.Roots, Intermediates: pool, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return nil, refuse("ClientCertificateNotTrusted", "The client certificate is not trusted.")
	}
	for _, c := range chains {
		out = append(out, c[min(1, len(c)-1)])
	}
	return out, nil
}

func (v *Check) matches(claims map[string]string, leaf *x509.Certificate, issuers []*x509.Certificate) (bool, *Refusal) {
	for _, name := range Claims {
		want, asked := claims[name]
		if !asked {
			continue
		}
		ok := false
		switch name {
		case "thumbprint":
			ok = plainHex(want) == Thumbprint(leaf)
		case "serial-number":
			ok = strings.TrimLeft(plainHex(want), "0") == strings.ToUpper(leaf.SerialNumber.Text(16))
		case "common-name":
			ok = strings.EqualFold(want, leaf.Subject.CommonName)
		case "subject":
			ok = sameName(want, leaf.Subject.Names)
		case "issuer-subject":
			ok = sameName(want, leaf.Issuer.Names)
		case "dns-name":
			for _, n := range leaf.DNSNames {
				ok = ok || strings.EqualFold(want, n)
			}
		case "issuer-thumbprint":
			for _, i := range issuers {
				ok = ok || plainHex(want) == Thumbprint(i)
			}
		case "issuer-certificate-id":
			if reason, gone := v.Away[want]; gone {
				return false, away("certificate " + want + ": " + reason)
			}
			for _, i := range issuers {
				ok = ok || bytes.Equal(i.Raw, v.Issuers[want])
			}
		}
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

func refuse(reason, message string) *Refusal { return &Refusal{Reason: reason, Message: message} }

func away(message string) *Refusal {
	return &Refusal{Reason: "SecretUnavailable", Message: message, Away: true}
}

// Thumbprint is the name that API Management gives a certificate, no protection.
func Thumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// plainHex is hex digits as people copy them, with spaces and colons taken out.
func plainHex(text string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", ":", "", "\u200e", "").Replace(text))
}
