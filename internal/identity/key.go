package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"stile/jsonval"
)

// PublicKey is one key that may verify signatures: an RSA or EC public key, or
// the bytes of a shared secret.
type PublicKey struct {
	// ID is the kid; empty where the key has none.
	ID string
	// Alg is the one algorithm that the key is for; empty where it does not say.
	Alg string
	// issuer is whose tokens the key signs; empty: whose the set is. It may hold
	// {tenantid} for the token's own tenant.
	issuer string
	key    any // *rsa.PublicKey, *ecdsa.PublicKey or []byte
}

// Limits of the keys that are taken (NIST SP 800-131A; RFC 7518 sections 3.2, 3.3).
const (
	minRSABits = 2048
	maxRSABits = 8192
	maxKeys    = 100
)

// rsaKey makes an RSA key of modulus and exponent in base64url (JWK's n and e).
func rsaKey(n, e string) (*rsa.PublicKey, error) {
	nb, err := unbase64(n)
	if err != nil {
		return nil, errors.New("the modulus is not base64url")
	}
	eb, err := unbase64(e)
	if err != nil || len(eb) > 4 {
		return nil, errors.New("the exponent is not base64url of at most 4 bytes")
	}
	k := &rsa.PublicKey{N: new(big.Int).SetBytes(nb), E: int(new(big.Int).SetBytes(eb).Int64())}
	switch bits := k.N.BitLen(); {
	case bits < minRSABits || bits > maxRSABits:
		return nil, fmt.Errorf("an RSA key has %d to %d bits, this one has %d", minRSABits, maxRSABits, bits)
	case k.E < 3 || k.E&1 == 0 || k.N.Bit(0) == 0:
		return nil, errors.New("the RSA exponent or modulus is not odd")
	case weakPrimes(k.N):
		return nil, errors.New("the RSA key is one of a generator known to be weak (CVE-2017-15361)")
	}
	return k, nil
}

// weakPrimes tells moduli of the Infineon library by the structure of their
// primes: such a modulus is a power of 65537 modulo each small prime (Nemec et
// al., "The Return of Coppersmith's Attack", 2017). A good modulus passes all of
// these by chance with a probability below 2^-27.
func weakPrimes(n *big.Int) bool {
	for _, p := range []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		r := new(big.Int).Mod(n, big.NewInt(p)).Int64()
		x, found := int64(1), false
		for range p {
			if x == r {
				found = true
				break
			}
			x = x * 65537 % p
		}
		if !found {
			return false
		}
	}
	return true
}

// ecKey makes a key of a named curve's coordinates, each of the curve's full
// length (RFC 7518 section 6.2.1).
func ecKey(crv, x, y string) (*ecdsa.PublicKey, error) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	curve, ok := curves[crv]
	if !ok {
		return nil, errors.New("the curve is not P-256, P-384 or P-521")
	}
	size := (curve.Params().BitSize + 7) / 8
	xb, errX := unbase64(x)
	yb, errY := unbase64(y)
	if errX != nil || errY != nil || len(xb) != size || len(yb) != size {
		return nil, errors.New("the coordinates have not the curve's length")
	}
	return ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, xb, yb))
}

// ParseJWKS reads a published set of keys. Keys that Stile cannot use for
// signatures are left out; the set is refused as a whole where it is malformed,
// holds a shared secret or private key in public, or uses one kid twice.
func ParseJWKS(doc []byte) ([]PublicKey, error) {
	v, err := strictJSON(doc)
	if err != nil {
		return nil, err
	}
	list := v.Get("keys")
	if list.Kind() != jsonval.ArrayKind || list.Len() > maxKeys {
		return nil, fmt.Errorf("the key set needs a list `keys` of at most %d", maxKeys)
	}
	var out []PublicKey
	seen := map[string]bool{}
	for _, item := range list.Items() {
		if item.Kind() != jsonval.ObjectKind {
			return nil, errors.New("a key of the set is not an object")
		}
		if kid := text(item, "kid"); kid != "" {
			if seen[kid] {
				return nil, errors.New("two keys of the set have one kid")
			}
			seen[kid] = true
		}
		if kty := text(item, "kty"); kty == "oct" || item.Get("d").Exists() {
			return nil, errors.New("the key set publishes a secret or private key")
		}
		if k, err := parseJWK(item); err == nil {
			out = append(out, k)
		}
	}
	return out, nil
}

// ParseJWK reads one key, shared secrets included, for tests and for keys that a
// person configured.
func ParseJWK(doc []byte) (PublicKey, error) {
	v, err := strictJSON(doc)
	if err != nil {
		return PublicKey{}, err
	}
	return parseJWK(v)
}

func parseJWK(v jsonval.Value) (PublicKey, error) {
	k := PublicKey{ID: text(v, "kid"), Alg: text(v, "alg"), issuer: text(v, "issuer")}
	if own := v.Get("issuer"); own.Exists() && k.issuer == "" {
		return k, errors.New("the key's issuer is not text")
	}
	if use := v.Get("use"); use.Exists() && text(v, "use") != "sig" {
		return k, errors.New("the key is not for signatures")
	}
	if ops := v.Get("key_ops"); ops.Exists() && !slices.ContainsFunc(ops.Items(), func(o jsonval.Value) bool {
		s, _ := o.Str()
		return s == "verify"
	}) {
		return k, errors.New("the key is not for verifying")
	}
	var err error
	switch text(v, "kty") {
	case "RSA":
		k.key, err = rsaKey(text(v, "n"), text(v, "e"))
	case "EC":
		k.key, err = ecKey(text(v, "crv"), text(v, "x"), text(v, "y"))
	case "oct":
		var b []byte
		b, err = unbase64(text(v, "k"))
		k.key = b
	default:
		err = errors.New("the key is neither RSA, EC nor oct")
	}
	if err != nil {
		return PublicKey{}, err
	}
	if k.Alg != "" && !k.fits(k.Alg) {
		return PublicKey{}, errors.New("the key's alg does not go with its kind")
	}
	return k, nil
}

// text gives a string member, "" where it is absent or of another kind.
func text(v jsonval.Value, name string) string {
	s, _ := v.Get(name).Str()
	return s
}

// strictJSON reads one JSON object in which no object has a member twice; names
// are compared exactly, never without regard to case.
func strictJSON(doc []byte) (jsonval.Value, error) {
	v, err := jsonval.Parse(slices.Clone(doc))
	if err != nil {
		return v, errors.New("not a JSON text")
	}
	if v.Kind() != jsonval.ObjectKind {
		return v, errors.New("not a JSON object")
	}
	return v, noDuplicates(v)
}

func noDuplicates(v jsonval.Value) (err error) {
	seen := map[string]bool{}
	v.EachMember(func(name string, m jsonval.Value) bool {
		if seen[name] {
			err = errors.New("the member " + name + " stands twice")
			return false
		}
		seen[name] = true
		err = noDuplicates(m)
		return err == nil
	})
	v.EachItem(func(it jsonval.Value) bool {
		if err == nil {
			err = noDuplicates(it)
		}
		return err == nil
	})
	return err
}

// unbase64 reads base64url as RFC 7515 has it: no padding, no line ends, no bits
// behind the last byte.
func unbase64(s string) ([]byte, error) {
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("not base64url")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
