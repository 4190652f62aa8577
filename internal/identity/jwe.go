package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// DecryptionKey opens encrypted tokens: the bytes of a shared secret, or an RSA
// private key.
type DecryptionKey struct {
	// ID is the kid; empty where the key has none.
	ID      string
	Secret  []byte
	Private crypto.PrivateKey
}

// How a token's own key may be wrapped, and how its content may be encrypted (RFC
// 7518 sections 4 and 5). Not among them: RSA1_5, whose padding tells too much
// (RFC 8725 section 3.2), and passwords, whose cost the token would choose.
var (
	wraps = []jose.KeyAlgorithm{jose.DIRECT, jose.A128KW, jose.A192KW, jose.A256KW, jose.A128GCMKW, jose.A192GCMKW,
		jose.A256GCMKW, jose.RSA_OAEP, jose.RSA_OAEP_256}
	contents = []jose.ContentEncryption{jose.A128CBC_HS256, jose.A192CBC_HS384, jose.A256CBC_HS512, jose.A128GCM, jose.A192GCM, jose.A256GCM}
)

// wrapBytes is how long the shared secret of an algorithm is.
var wrapBytes = map[jose.KeyAlgorithm]int{jose.A128KW: 16, jose.A192KW: 24, jose.A256KW: 32,
	jose.A128GCMKW: 16, jose.A192GCMKW: 24, jose.A256GCMKW: 32}

// directBytes is how long the shared secret is that encrypts the content itself.
var directBytes = map[jose.ContentEncryption]int{jose.A128CBC_HS256: 32, jose.A192CBC_HS384: 48, jose.A256CBC_HS512: 64,
	jose.A128GCM: 16, jose.A192GCM: 24, jose.A256GCM: 32}

// Decrypt opens a compact JWE and gives the compact JWS inside, whose signature is
// not verified here. A token of three parts is given back as it is. Errors are
// *TokenError and say nothing of why a key did not open it.
func Decrypt(token string, keys []DecryptionKey) (string, error) {
	if strings.Count(token, ".") != 4 {
		return token, nil
	}
	inner, err := openJWE(token, keys)
	if err == nil && strings.Count(string(inner), ".") != 2 {
		err = invalid("The encrypted token does not hold a signed one.")
	}
	if err != nil {
		return "", err
	}
	return string(inner), nil
}

// openJWE gives what is inside a compact JWE.
func openJWE(token string, keys []DecryptionKey) ([]byte, error) {
	if len(token) > maxToken {
		return nil, invalid("The token is longer than 64 KiB.")
	}
	parts := strings.Split(token, ".")
	wrap, content, kid, err := jweHeader(parts[0])
	if err != nil {
		return nil, err
	}
	parsed, err := jose.ParseEncryptedCompact(token, wraps, contents)
	if err != nil {
		return nil, invalid("The token is not a compact JWE.")
	}
	tried := false
	for _, k := range keys {
		key := k.fit(wrap, content)
		if key == nil || kid != "" && k.ID != "" && k.ID != kid {
			continue
		}
		tried = true
		if inner, err := parsed.Decrypt(key); err == nil {
			return inner, nil
		}
	}
	if !tried {
		return nil, invalid("No key for decrypting this token's alg, enc and kid is configured. Access denied.")
	}
	return nil, invalid("The token cannot be decrypted. Access denied.")
}

// jweHeader reads the protected header as strictly as that of a JWS.
func jweHeader(part string) (wrap jose.KeyAlgorithm, content jose.ContentEncryption, kid string, err error) {
	text64, err := unbase64(part)
	if err != nil {
		return "", "", "", invalid("The token's header is not base64url.")
	}
	h, err := strictJSON(text64)
	if err != nil {
		return "", "", "", invalid("The token's header: " + err.Error() + ".")
	}
	// A compressed text says by its length what is in it, and may be a bomb.
	for _, name := range []string{"crit", "zip", "b64"} {
		if h.Get(name).Exists() {
			return "", "", "", invalid("The token's header has " + name + ", which is not supported.")
		}
	}
	if k := h.Get("kid"); k.Exists() {
		var ok bool
		if kid, ok = k.Str(); !ok {
			return "", "", "", invalid("The token's kid is not text.")
		}
	}
	wrap, content = jose.KeyAlgorithm(text(h, "alg")), jose.ContentEncryption(text(h, "enc"))
	if !slices.Contains(wraps, wrap) || !slices.Contains(contents, content) {
		return "", "", "", invalid("The token's alg or enc is not one that is allowed.")
	}
	return wrap, content, kid, nil
}

// fit gives the key where it goes with the algorithms, in kind and length, else nil.
func (k DecryptionKey) fit(wrap jose.KeyAlgorithm, content jose.ContentEncryption) any {
	switch wrap {
	case jose.RSA_OAEP, jose.RSA_OAEP_256:
		if private, ok := k.Private.(*rsa.PrivateKey); ok && private.N.BitLen() >= minRSABits {
			return private
		}
		return nil
	case jose.DIRECT:
		if len(k.Secret) == directBytes[content] {
			return k.Secret
		}
		return nil
	}
	if len(k.Secret) == wrapBytes[wrap] {
		return k.Secret
	}
	return nil
}

// publicKey checks a key of a certificate by the rules of published ones.
func publicKey(key crypto.PublicKey) (any, error) {
	encode := base64.RawURLEncoding.EncodeToString
	switch k := key.(type) {
	case *rsa.PublicKey:
		return rsaKey(encode(k.N.Bytes()), encode(big.NewInt(int64(k.E)).Bytes()))
	case *ecdsa.PublicKey:
		switch k.Curve.Params().Name {
		case "P-256", "P-384", "P-521":
			return k, nil
		}
	}
	return nil, errors.New("it is neither RSA nor on P-256, P-384 or P-521")
}
