package identity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // with crypto/sha256, the hashes that jwa names
	"errors"
	"math/big"
	"strings"
	"time"
)

// maxToken bounds a token, in bytes.
const maxToken = 64 << 10

// TokenError says why a token was refused; Reason is one of validate-jwt's
// LastError reasons (API Management's error handling page).
type TokenError struct{ Reason, Message string }

// Error gives reason and message.
func (e *TokenError) Error() string { return e.Reason + ": " + e.Message }

// KeysError is a TokenError for want of keys. Detail says why there are none; it names
// addresses and hosts, and is not for who brought the token.
type KeysError struct{ Detail string }

// Error gives the detail as well: it is for a log.
func (e *KeysError) Error() string { return e.Unwrap().Error() + " " + e.Detail }

// Unwrap is the refusal without the detail.
func (e *KeysError) Unwrap() error {
	return &TokenError{"TokenSignatureKeyNotFound", "The signing keys are not available. Access denied."}
}

func invalid(message string) error { return &TokenError{"JwtInvalid", message} }

// Key is a key that a policy document gives itself: raw bytes of a shared secret,
// or RSA n and e in base64url.
type Key struct {
	ID     string
	Secret []byte
	N, E   string
	// Public is an RSA or EC public key; nil for none.
	Public crypto.PublicKey
}

// Verifier verifies JSON Web Tokens. It is safe for concurrent use.
type Verifier struct {
	own     *Issuer
	fetcher *fetcher
	proven  proven
}

// NewVerifier makes a Verifier. own may be nil. get fetches a discovery document
// or key set over the network (see HTTPGet); nil means that none is reachable.
func NewVerifier(own *Issuer, get Get, now func() time.Time) *Verifier {
	return &Verifier{own: own, fetcher: newFetcher(get, now)}
}

// OwnIssuer is our own `iss`, "" where there is none.
func (v *Verifier) OwnIssuer() string {
	if v.own == nil {
		return ""
	}
	return v.own.URL()
}

// Verify checks the signature of a compact JWS with keys, or with the keys that
// the discovery documents at sources publish, and gives its claims. Errors are
// *TokenError. Times, issuers and audiences are the caller's business.
func (v *Verifier) Verify(ctx context.Context, token string, sources []Source, keys []Key) (*Token, error) {
	candidates, err := given(keys)
	sum := digestOf(token)
	if old := v.proven.get(sum); old != nil && err == nil {
		if t := v.again(ctx, old, sources, candidates); t != nil {
			return t, nil
		}
	}
	j, malformed := parseJWS(token)
	if malformed != nil {
		return nil, malformed
	}
	if err != nil {
		return nil, err
	}
	k, tried := j.verifiedBy(candidates)
	if k != nil {
		return v.keep(sum, token, j, *k, nil)
	}
	var unavailable error
	for _, src := range sources {
		p, err := v.provider(ctx, src, j.kid)
		if err != nil {
			unavailable = &KeysError{src.URL + ": " + err.Error()}
			continue
		}
		k, also := j.verifiedBy(p.keys)
		if k != nil {
			// Keys belong to the document that published them: another document's issuer
			// must not be taken for theirs.
			return v.keep(sum, token, j, *k, p)
		}
		tried = tried || also
	}
	switch {
	case tried:
		return nil, &TokenError{"TokenSignatureInvalid", "The signature does not verify. Access denied."}
	case unavailable != nil:
		return nil, unavailable
	}
	return nil, &TokenError{"TokenSignatureKeyNotFound", "No key for this token's kid and alg was found. Access denied."}
}

// keep gives the claims of a token that a key verified, a provider's or one that was
// given, and remembers that it did.
func (v *Verifier) keep(sum [sha256.Size]byte, token string, j *jws, k PublicKey, p *provider) (*Token, error) {
	issuer := ""
	if p != nil {
		issuer = p.issuer
	}
	read, err := j.token(nil)
	if err != nil {
		return nil, err
	}
	read = read.of(issuer, p != nil)
	if len(token) <= provenLength {
		v.proven.put(sum, j.by(k, read))
	}
	return read, nil
}

func given(keys []Key) ([]PublicKey, error) {
	var out []PublicKey
	for _, k := range keys {
		p := PublicKey{ID: k.ID}
		if k.Public != nil {
			pub, err := publicKey(k.Public)
			if err != nil {
				return nil, &TokenError{"TokenSignatureKeyNotFound", "A configured key cannot be used: " + err.Error() + ". Access denied."}
			}
			p.key = pub
		} else if k.N != "" || k.E != "" {
			rk, err := rsaKey(k.N, k.E)
			if err != nil {
				return nil, &TokenError{"TokenSignatureKeyNotFound", "A configured key cannot be used: " + err.Error() + ". Access denied."}
			}
			p.key = rk
		} else {
			p.key = k.Secret
		}
		out = append(out, p)
	}
	return out, nil
}

// provider gives issuer and keys that a discovery document publishes.
func (v *Verifier) provider(ctx context.Context, src Source, kid string) (*provider, error) {
	if v.own != nil && src.URL == v.own.URL()+DiscoveryPath {
		return &provider{issuer: v.own.URL(), keys: v.own.keys.Load().public}, nil
	}
	return v.fetcher.provider(ctx, src, kid)
}

// jws is a compact JWS taken apart; nothing of it is trusted yet.
type jws struct {
	alg, kid  string
	signed    string
	signature []byte
	payload   []byte
	// key verified it once, and read is what it says; nil where nothing of it is trusted
	// yet.
	key  any
	read *Token
}

// token reads the payload of a JWS whose signature was verified.
func (j *jws) token(issuers []string) (*Token, error) {
	p, err := strictJSON(j.payload)
	if err != nil {
		return nil, invalid("The token's payload: " + err.Error() + ".")
	}
	return &Token{payload: claims{p}, issuers: issuers, alg: j.alg}, nil
}

func parseJWS(token string) (*jws, error) {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return nil, invalid("The token is not a compact JWS of at most 64 KiB.")
	}
	header, err := unbase64(parts[0])
	if err != nil {
		return nil, invalid("The token's header is not base64url.")
	}
	j := &jws{signed: parts[0] + "." + parts[1]}
	if j.payload, err = unbase64(parts[1]); err != nil {
		return nil, invalid("The token's payload is not base64url.")
	}
	if j.signature, err = unbase64(parts[2]); err != nil {
		return nil, invalid("The token's signature is not base64url, or it has none.")
	}
	h, err := strictJSON(header)
	if err != nil {
		return nil, invalid("The token's header: " + err.Error() + ".")
	}
	if h.Get("crit").Exists() || h.Get("b64").Exists() {
		return nil, invalid("The token's header demands extensions (crit) that are not supported.")
	}
	if k := h.Get("kid"); k.Exists() {
		s, ok := k.Str()
		if !ok {
			return nil, invalid("The token's kid is not text.")
		}
		j.kid = s
	}
	j.alg, _ = h.Get("alg").Str()
	if _, ok := algorithms[j.alg]; !ok {
		return nil, invalid("The token's alg is not one that is allowed.")
	}
	return j, nil
}

// verifiedBy tries the keys that the token's kid and alg allow, and gives the one that
// verifies it. tried says that there was one.
func (j *jws) verifiedBy(keys []PublicKey) (by *PublicKey, tried bool) {
	for i := range keys {
		k := &keys[i]
		if !j.mayBeOf(k) {
			continue
		}
		tried = true
		if k.verify(j.alg, j.signed, j.signature) == nil {
			return k, true
		}
	}
	return nil, tried
}

// mayBeOf reports whether the token's kid and alg allow a key.
func (j *jws) mayBeOf(k *PublicKey) bool {
	if j.kid != "" && k.ID != "" && k.ID != j.kid || k.Alg != "" && k.Alg != j.alg || !k.fits(j.alg) {
		return false
	}
	return k.issuer == "" || j.from(k.issuer)
}

type algorithm struct {
	family string // RS, PS, ES or HS
	hash   crypto.Hash
	curve  string
}

// algorithms are those that are taken (RFC 7518 section 3.1); "none" is not among
// them in any spelling.
var algorithms = map[string]algorithm{
	"RS256": {"RS", crypto.SHA256, ""}, "RS384": {"RS", crypto.SHA384, ""}, "RS512": {"RS", crypto.SHA512, ""},
	"PS256": {"PS", crypto.SHA256, ""}, "PS384": {"PS", crypto.SHA384, ""}, "PS512": {"PS", crypto.SHA512, ""},
	"ES256": {"ES", crypto.SHA256, "P-256"}, "ES384": {"ES", crypto.SHA384, "P-384"}, "ES512": {"ES", crypto.SHA512, "P-521"},
	"HS256": {"HS", crypto.SHA256, ""}, "HS384": {"HS", crypto.SHA384, ""}, "HS512": {"HS", crypto.SHA512, ""},
}

// fits reports whether the algorithm goes with the key's kind, curve and length.
func (k PublicKey) fits(alg string) bool {
	a, ok := algorithms[alg]
	if !ok {
		return false
	}
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		return a.family == "RS" || a.family == "PS"
	case *ecdsa.PublicKey:
		return a.family == "ES" && key.Curve.Params().Name == a.curve
	case []byte:
		return a.family == "HS" && len(key) >= a.hash.Size()
	}
	return false
}

var errSignature = errors.New("the signature does not verify")

func (k PublicKey) verify(alg, signed string, signature []byte) error {
	a := algorithms[alg]
	h := a.hash.New()
	h.Write([]byte(signed))
	sum := h.Sum(nil)
	switch key := k.key.(type) {
	case *rsa.PublicKey:
		if a.family == "PS" {
			return rsa.VerifyPSS(key, a.hash, sum, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.VerifyPKCS1v15(key, a.hash, sum, signature)
	case *ecdsa.PublicKey:
		size := (key.Curve.Params().BitSize + 7) / 8
		if len(signature) != 2*size {
			return errSignature
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		if ecdsa.Verify(key, sum, r, s) {
			return nil
		}
	case []byte:
		mac := hmac.New(a.hash.New, key)
		mac.Write([]byte(signed))
		if hmac.Equal(mac.Sum(nil), signature) {
			return nil
		}
	}
	return errSignature
}
