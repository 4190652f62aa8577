// Package identity says who calls and what they may do: roles, our own issuer of
// tokens with its published keys, and the verification of JSON Web Tokens.
//
// It is not a policy (validate-jwt checks issuers, audiences, claims and times)
// and not the place where a Principal is made (that is app alone). app, gateway
// and files call it.
//
// Invariants: a token whose signature was not verified with a key that the
// caller named, or that a discovery document the caller named publishes, is never
// accepted; a header's own keys (jwk, jku, x5u, x5c) are never used; an algorithm
// goes only with a key of its kind; private keys leave the package only into the
// KeyStore; our own issuer's keys are never fetched over the network.
package identity

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"stile/policy/exchange"
)

// KeyStore keeps the issuer's keys; app stands it on a kv space. Put returns when
// the value is durable.
type KeyStore interface {
	// Get gives the value of a name, nil where there is none.
	Get(name string) ([]byte, error)
	Put(name string, value []byte) error
}

// Audience is the `aud` of every token of ours.
const Audience = "stile-gateway"

// TokenLife is how long a token of Mint lives where its claims do not say.
const TokenLife = time.Hour

// How keys go round. A new one is made every RotateEvery and published for
// announced before it signs, so that whoever keeps the key set knows it in time;
// one that signs no more stays published for keysRetired, longer than any token of
// it may live.
const (
	RotateEvery = 30 * 24 * time.Hour
	announced   = 24 * time.Hour
	keysRetired = 30 * 24 * time.Hour
)

const (
	issuerRecord = "issuer/keys"
	recordFormat = 1
	rsaBits      = 2048
)

// DiscoveryPath and JWKSPath are where an issuer publishes, behind its URL.
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	JWKSPath      = "/.well-known/jwks.json"
)

// Issuer signs Stile's own tokens (RS256). It is safe for concurrent use.
type Issuer struct {
	issuer string
	store  KeyStore
	now    func() time.Time
	rotate sync.Mutex
	keys   atomic.Pointer[issuerKeys]
}

type issuerKeys struct {
	all    []issuerKey // newest first
	signs  int         // the one of all that signs
	signer jose.Signer
	public []PublicKey
	jwks   []byte
}

type issuerKey struct {
	Created time.Time `json:"created"`
	// Signs is when it begins to sign; zero: when it was made.
	Signs time.Time `json:"signs,omitzero"`
	DER   []byte    `json:"pkcs8"`
	key   *rsa.PrivateKey
	id    string
}

// OpenIssuer reads the issuer's keys from the store, or makes the first one and
// stores it. issuer is the `iss` claim, an http(s) URL without trailing slash.
func OpenIssuer(store KeyStore, issuer string, now func() time.Time) (*Issuer, error) {
	i := &Issuer{issuer: strings.TrimRight(issuer, "/"), store: store, now: now}
	data, err := store.Get(issuerRecord)
	if err != nil {
		return nil, fmt.Errorf("issuer keys: %w", err)
	}
	if data == nil {
		return i, i.Rotate()
	}
	list, err := readKeys(data)
	if err != nil {
		return nil, fmt.Errorf("issuer keys: %w", err)
	}
	if err := i.use(list); err != nil {
		return nil, err
	}
	return i, i.Maintain()
}

func readKeys(data []byte) ([]issuerKey, error) {
	if len(data) == 0 || data[0] != recordFormat {
		return nil, errors.New("the record has a format that this version does not read")
	}
	var list []issuerKey
	if err := json.Unmarshal(data[1:], &list); err != nil || len(list) == 0 {
		return nil, errors.New("the record is damaged")
	}
	for n := range list {
		key, err := x509.ParsePKCS8PrivateKey(list[n].DER)
		private, ok := key.(*rsa.PrivateKey)
		if err != nil || !ok {
			return nil, errors.New("the record holds a key that is not RSA in PKCS #8")
		}
		list[n].key = private
	}
	return list, nil
}

// Rotate makes a new key that signs at once. Keys that signed before stay published
// until no token of theirs can live.
func (i *Issuer) Rotate() error {
	i.rotate.Lock()
	defer i.rotate.Unlock()
	return i.add(i.now().UTC())
}

// Maintain makes a new key where one is due, lets an announced key sign where its
// time has come, and forgets keys whose tokens have all died. OpenIssuer calls it;
// app does from time to time.
func (i *Issuer) Maintain() error {
	i.rotate.Lock()
	defer i.rotate.Unlock()
	set, now := i.keys.Load(), i.now().UTC()
	if now.Sub(set.all[0].Created) >= RotateEvery {
		// Who was away for long has no key that is known: the new one signs later all the same.
		return i.add(now.Add(announced))
	}
	if kept := unretired(set.all, now); len(kept) < len(set.all) {
		return i.save(kept)
	}
	if signing(set.all, now) != set.signs {
		return i.use(set.all)
	}
	return nil
}

// add makes a key that signs from a time on; rotate is held.
func (i *Issuer) add(signs time.Time) error {
	key, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	now := i.now().UTC()
	list := []issuerKey{{Created: now, Signs: signs, DER: der, key: key}}
	if old := i.keys.Load(); old != nil {
		list = append(list, old.all...)
	}
	return i.save(unretired(list, now))
}

func (i *Issuer) save(list []issuerKey) error {
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := i.store.Put(issuerRecord, append([]byte{recordFormat}, data...)); err != nil {
		return fmt.Errorf("issuer keys: %w", err)
	}
	return i.use(list)
}

// begins is when a key signs, made keys of older versions among them.
func (k issuerKey) begins() time.Time {
	if k.Signs.IsZero() {
		return k.Created
	}
	return k.Signs
}

// signing finds the newest key whose time has come; the oldest where none has, as
// after a clock that went back.
func signing(list []issuerKey, now time.Time) int {
	for n := range list {
		if !list[n].begins().After(now) {
			return n
		}
	}
	return len(list) - 1
}

// unretired leaves out keys whose successor has signed for keysRetired.
func unretired(list []issuerKey, now time.Time) []issuerKey {
	for n := 1; n < len(list); n++ {
		if now.Sub(list[n-1].begins()) >= keysRetired {
			return list[:n:n]
		}
	}
	return list
}

func (i *Issuer) use(list []issuerKey) error {
	list = slices.Clone(list)
	set := &issuerKeys{all: list, signs: signing(list, i.now().UTC())}
	var published jose.JSONWebKeySet
	for n := range list {
		k := jose.JSONWebKey{Key: &list[n].key.PublicKey, Algorithm: string(jose.RS256), Use: "sig"}
		sum, err := k.Thumbprint(crypto.SHA256)
		if err != nil {
			return err
		}
		k.KeyID = base64.RawURLEncoding.EncodeToString(sum)
		list[n].id = k.KeyID
		published.Keys = append(published.Keys, k)
		set.public = append(set.public, PublicKey{ID: k.KeyID, Alg: "RS256", key: &list[n].key.PublicKey})
	}
	opts := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", list[set.signs].id)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: list[set.signs].key}, opts)
	if err != nil {
		return err
	}
	set.signer = signer
	if set.jwks, err = json.Marshal(published); err != nil {
		return err
	}
	i.keys.Store(set)
	return nil
}

// URL is the `iss` claim.
func (i *Issuer) URL() string { return i.issuer }

// JWKS is the document at JWKSPath.
func (i *Issuer) JWKS() []byte { return i.keys.Load().jwks }

// Discovery is the document at DiscoveryPath (OpenID Connect Discovery 1.0, the
// members that a verifier needs).
func (i *Issuer) Discovery() []byte {
	doc, err := json.Marshal(struct {
		Issuer    string   `json:"issuer"`
		JWKS      string   `json:"jwks_uri"`
		Algs      []string `json:"id_token_signing_alg_values_supported"`
		Subjects  []string `json:"subject_types_supported"`
		Responses []string `json:"response_types_supported"`
	}{i.issuer, i.issuer + JWKSPath, []string{"RS256"}, []string{"public"}, []string{"none"}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return doc
}

// wireClaims are the claims of a token in their order on the wire.
type wireClaims struct {
	Issuer       string `json:"iss"`
	Audience     string `json:"aud"`
	Subject      string `json:"sub"`
	Expires      int64  `json:"exp"`
	IssuedAt     int64  `json:"iat"`
	Role         string `json:"role,omitempty"`
	StateMachine string `json:"state_machine,omitempty"`
	Execution    string `json:"execution,omitempty"`
	State        string `json:"state,omitempty"`
	Command      uint64 `json:"command,omitempty"`
	Attempt      int    `json:"attempt,omitempty"`
	Act          string `json:"act,omitempty"`
}

// Mint signs a token with the claims. Empty Issuer and Audience become ours, a
// zero Expires is TokenLife from now. It costs about a millisecond: never call
// it where nobody reads the token.
func (i *Issuer) Mint(c exchange.Claims) (string, error) {
	now := i.now()
	if c.Issuer == "" {
		c.Issuer = i.issuer
	}
	if c.Audience == "" {
		c.Audience = Audience
	}
	if c.Expires.IsZero() {
		c.Expires = now.Add(TokenLife)
	}
	payload, err := json.Marshal(wireClaims{
		Issuer: c.Issuer, Audience: c.Audience, Subject: c.Subject, Expires: c.Expires.Unix(), IssuedAt: now.Unix(),
		Role: c.Role, StateMachine: c.StateMachine, Execution: c.Execution, State: c.State,
		Command: c.Command, Attempt: c.Attempt, Act: c.Act,
	})
	if err != nil {
		return "", err
	}
	jws, err := i.keys.Load().signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}
